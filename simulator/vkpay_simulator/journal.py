"""The journal: every request, its answer, and every attempt at a notification, for people and for tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from vkpay_simulator.redact import redact

ENTRIES = 10_000
BODY_BYTES = 16_384


class Entry(msgspec.Struct, kw_only=True, frozen=True):
    """One line. ``at_ms`` is business time, ``real_ms`` the machine's. ``status`` is ``None`` when no answer
    came or went. ``faults`` names the injected faults it met; ``explain`` says why it was rejected."""

    number: int = 0
    kind: Literal["request", "notify"]
    provider: str | None
    operation: str | None
    subject: str | None
    at_ms: int
    real_ms: int
    duration_ms: int
    method: str
    target: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    response_headers: Mapping[str, str] = {}
    response_body: str = ""
    faults: tuple[str, ...] = ()
    explain: str = ""


class Journal:
    """The newest entries, numbered from 1; older ones fall off."""

    def __init__(self, limit: int = ENTRIES) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._written = 0

    def write(self, entry: Entry) -> None:
        self._written += 1
        self._entries.append(msgspec.structs.replace(entry, number=self._written))

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
            entry
            for entry in self._entries
            if provider in (None, entry.provider)
            and out_trade_no in (None, entry.subject)
            and (operation is None or fnmatchcase(entry.operation or "", operation))
        ]
        return found[-limit:]

    def reset(self) -> None:
        self._entries.clear()
        self._written = 0


def shown(body: bytes) -> str:
    """A body as the journal keeps it: text, without secrets, cut where it gets long; of a file its size."""
    if b"\0" in body[:BODY_BYTES]:
        return f"({len(body)} bytes that are no text)"
    text = redact(body[:BODY_BYTES].decode(errors="replace"))
    return text if len(body) <= BODY_BYTES else f"{text}… ({len(body)} bytes)"
