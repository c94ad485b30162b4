"""Who waits for an order, and is woken when something happens to it in this process."""

from __future__ import annotations

import asyncio
import contextlib


class Waiting:
    """Events by number. ``wake`` costs nothing when nobody waits."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    def wake(self, number: str) -> None:
        for event in self._events.get(number, ()):
            event.set()

    async def wait(self, number: str, seconds: float) -> None:
        """Until something happened to the number, at most ``seconds``."""
        event = asyncio.Event()
        waiting = self._events.setdefault(number, set())
        waiting.add(event)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            waiting.discard(event)
            if not waiting:
                self._events.pop(number, None)
