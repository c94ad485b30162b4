"""The journal: every request, its answer, and every attempt at a notification, for people and for tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
from msgspec import structs

from vkpay_simulator.redact import redact, redact_headers

ENTRIES = 10_000
BODY_BYTES = 16_384
SHORT_BYTES = 256


class _Fields(msgspec.Struct, kw_only=True, frozen=True):
    """What an entry and a line have in common."""

    kind: Literal["request", "notify"]
    provider: str | None
    operation: str | None
    subject: str | None
    at_ms: int
    real_ms: int
    duration_ms: int
    method: str
    target: str
    status: int | None
    faults: tuple[str, ...] = ()
    explain: str = ""


class Entry(_Fields, kw_only=True, frozen=True):
    """One line. ``at_ms`` is business time, ``real_ms`` the machine's. ``status`` is ``None`` when no answer
    came or went. ``faults`` names the injected faults it met; ``explain`` says why it was rejected."""

    number: int = 0
    request_headers: dict[str, str]
    request_body: str
    response_headers: Mapping[str, str] = {}
    response_body: str = ""


class Body(NamedTuple):
    """As much of a body as is ever shown, and how long the whole is."""

    head: bytes = b""
    size: int = 0


_NOTHING = Body()


class Line(_Fields, kw_only=True, frozen=True):
    """An entry as it is written: what looking for secrets costs is paid for those that somebody reads."""

    request_headers: Mapping[str, str]
    request_body: Body
    response_headers: Mapping[str, str] = {}
    response_body: Body = Body()

    def entry(self, number: int) -> Entry:
        shown = {
            "number": number,
            "target": redact(self.target),
            "request_headers": redact_headers(self.request_headers),
            "request_body": _shown(self.request_body),
            "response_headers": redact_headers(self.response_headers),
            "response_body": _shown(self.response_body),
        }
        return Entry(**structs.asdict(self) | shown)


class Journal:
    """The newest entries, numbered from 1; older ones fall off."""

    def __init__(self, limit: int = ENTRIES) -> None:
        self._lines: deque[Line] = deque(maxlen=limit)
        self._written = 0

    def write(self, line: Line) -> None:
        self._written += 1
        self._lines.append(line)

    def find(
        self,
        *,
        provider: str | None = None,
        operation: str | None = None,
        out_trade_no: str | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """The newest ``limit`` entries that match, oldest first. ``operation`` may hold ``*``."""
        found = [
            (number, line)
            for number, line in enumerate(self._lines, self._written - len(self._lines) + 1)
            if provider in (None, line.provider)
            and out_trade_no in (None, line.subject)
            and (operation is None or fnmatchcase(line.operation or "", operation))
        ]
        return [line.entry(number) for number, line in found[-limit:]]

    def reset(self) -> None:
        self._lines.clear()
        self._written = 0


def kept(body: bytes) -> Body:
    """What the journal keeps of a body."""
    return Body(body[:BODY_BYTES], len(body)) if body else _NOTHING


def shown(body: bytes) -> str:
    """A body as the journal shows it: text, without secrets, cut where it gets long; of a file its size."""
    return _shown(kept(body)) if len(body) > SHORT_BYTES else _often_shown(kept(body))


def _shown(body: Body) -> str:
    if b"\0" in body.head:
        return f"({body.size} bytes that are no text)"
    text = redact(body.head.decode(errors="replace"))
    return text if body.size <= BODY_BYTES else f"{text}… ({body.size} bytes)"


_often_shown = lru_cache(maxsize=256)(_shown)  # a receiver acknowledges everything in the same few words
