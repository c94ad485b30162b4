"""Time limits of one length, for many at once, on one timer: a timer of its own for each would cost more than what it limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from vkpay_async.loops import RunningLoop

T = TypeVar("T")

_RESOLUTION_S = 0.002
"""A loop's timers may ring a little early: uvloop counts milliseconds."""


class Deadlines(Generic[T]):
    """Calls ``expire`` with each item whose time is over and that was not discarded. All are given the same time."""

    def __init__(self, expire: Callable[[T], None]) -> None:
        self._expire = expire
        self._due: dict[T, float] = {}
        self._running = RunningLoop()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: T, seconds: float) -> None:
        loop = self._running()
        when = loop.time() + seconds
        self._due[item] = when
        if self._timer is None or self._loop is not loop:
            self._loop, self._timer = loop, loop.call_at(when, self._sweep, loop)

    def discard(self, item: T) -> None:
        self._due.pop(item, None)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._due:
            item, when = next(iter(self._due.items()))
            if when > loop.time() + _RESOLUTION_S:
                self._timer = loop.call_at(when, self._sweep, loop)
                return
            del self._due[item]
            self._expire(item)
