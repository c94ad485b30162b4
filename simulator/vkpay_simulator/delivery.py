"""Notifications on their way to the merchant: what is to be sent, when, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct


class Outgoing(Struct, frozen=True, kw_only=True):
    """One attempt as it goes out: the provider signs anew for every attempt.

    ``query`` is put after the delivery's address, for providers that sign there.
    """

    headers: dict[str, str]
    body: bytes
    query: str = ""
    method: str = "POST"

    def target(self, url: str) -> str:
        """The address of this attempt."""
        return f"{url}{'&' if '?' in url else '?'}{self.query}" if self.query else url


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One attempt as it went. ``status`` is ``None`` when no answer came; ``error`` then says why.

    ``at_ms`` is the business time it was due, ``duration_ms`` real time.
    """

    at_ms: int
    status: int | None = None
    reply: str = ""
    error: str = ""
    accepted: bool = False
    lost: bool = False
    duration_ms: int = 0


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A notification and its attempts.

    ``build(attempt)`` makes the signed request of the attempt (0 is the first); ``accepts(status, body)`` is
    the provider's rule for an acknowledgement; ``pauses`` are the seconds before each re-send, counted from
    the attempt before. ``subject`` is the merchant's number it is about, for faults and for people.
    ``state``: ``pending``, ``delivered`` (accepted), ``exhausted`` (the pauses are over), ``refused`` (the
    address may not be called; ``note`` says what to do). ``turn`` counts the sends of the schedule, ``sends``
    also those by hand; a send that a fault doubled has two attempts. ``first_copies``: a provider that sends the first
    one several times at once; ``missed`` is told of every send that nobody accepted.
    """

    id: str
    provider: str
    event: str
    subject: str
    url: str
    build: Callable[[int], Outgoing]
    accepts: Callable[[int, bytes], bool]
    pauses: Sequence[float]
    timeout_s: float = 5.0
    first_copies: int = 1
    missed: Callable[[], None] = lambda: None
    attempts: list[Attempt] = field(default_factory=list)
    state: str = "pending"
    note: str = ""
    turn: int = 0
    sends: int = 0
    next_ms: int | None = None
