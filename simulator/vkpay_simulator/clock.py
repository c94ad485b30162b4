"""Business time, which can be moved, and the agenda of what is due in it."""

from __future__ import annotations

import heapq
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

Action = Callable[[], Awaitable[None] | None]

CHINA = timezone(timedelta(hours=8))

# What is due within this time is waited for together, so that a silent receiver costs its time limit once.
TOGETHER_MS = 1000

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")


def seconds_of(text: str) -> float:
    """``24h4m`` → 86640. A bare number is seconds. Raises :class:`ValueError` for anything else."""
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([dhms])", text))
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    raise ValueError(f"{text!r} is no length of time: write seconds (90) or units (24h4m, 1d, 15s)")


def china_rfc3339(ms: int) -> str:
    """``2018-06-08T10:34:56+08:00``, as WeChat Pay writes times."""
    return _rfc3339(ms // 1000)


def china_text(ms: int) -> str:
    """``2018-06-08 10:34:56`` in UTC+8, as Alipay writes times."""
    return _rfc3339(ms // 1000)[:19].replace("T", " ")


@lru_cache(maxsize=512)  # what happens at one time is written down many times
def _rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, CHINA).isoformat()


class Clock:
    """Milliseconds since the epoch: the machine's clock plus what it was advanced by.

    ``real`` is a parameter so that a test can hold time still.
    """

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._offset_ms = 0

    def real_ms(self) -> int:
        """The machine's own time, for signature timestamps."""
        return int(self._real() * 1000)

    def now(self) -> int:
        """Business time in milliseconds."""
        return self.real_ms() + self._offset_ms

    @property
    def offset_ms(self) -> int:
        return self._offset_ms

    def move_to(self, ms: int) -> None:
        """Moves business time forward to ``ms``; earlier moments are ignored."""
        self._offset_ms += max(0, ms - self.now())

    def reset(self) -> None:
        self._offset_ms = 0


async def _at_once() -> None:
    pass


@dataclass(slots=True)
class Due:
    """One entry of the agenda. ``cancel()`` takes it off."""

    action: Action | None

    def cancel(self) -> None:
        self.action = None


class Agenda:
    """What happens when: expiry, settlement, re-sent notifications.

    Entries run in the order of their time, each with business time standing at that time or later. An action may
    leave work running (a notification on its way): ``settled`` waits for it, and is asked at every stop of a
    moved clock, since what comes next may be counted from what that work does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Due]] = []
        self._numbers = itertools.count()
        self._life = 0
        self.changed: Callable[[], None] = lambda: None
        self.settled: Callable[[], Awaitable[None]] = _at_once

    def at(self, at_ms: int, action: Action) -> Due:
        due = Due(action)
        heapq.heappush(self._heap, (at_ms, next(self._numbers), due))
        self.changed()
        return due

    def after(self, seconds: float, action: Action) -> Due:
        return self.at(self._clock.now() + int(seconds * 1000), action)

    def next_at(self) -> int | None:
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    async def run_due(self) -> None:
        """Runs everything due by now, and what that in turn makes due by now."""
        while action := self._pop_due():
            if (work := action()) is not None:
                await work

    async def advance(self, seconds: float) -> None:
        """Moves business time forward, stopping at every entry on the way. One call at a time."""
        target, life = self._clock.now() + round(seconds * 1000), self._life
        await self.settled()
        while life == self._life and (at := self.next_at()) is not None and at <= target:
            await self._run_until(min(at + TOGETHER_MS, target))
            await self.settled()
        if life == self._life:
            self._clock.move_to(target)
        self.changed()

    async def _run_until(self, until_ms: int) -> None:
        while (at := self.next_at()) is not None and at <= until_ms:
            self._clock.move_to(at)
            await self.run_due()

    def clear(self) -> None:
        """Takes everything off. Time that is being moved stops where it is."""
        self._heap.clear()
        self._life += 1

    def _pop_due(self) -> Action | None:
        at = self.next_at()
        return None if at is None or at > self._clock.now() else heapq.heappop(self._heap)[2].action
