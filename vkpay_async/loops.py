"""The running loop, remembered: in Python 3.11 asking for it is a system call, which costs as much as a whole coroutine."""

from __future__ import annotations

import asyncio


class RunningLoop:
    """Asks once for each loop. One object serves one thread."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> asyncio.AbstractEventLoop:
        loop = self._loop
        if loop is None or not loop.is_running():
            loop = self._loop = asyncio.get_running_loop()
        return loop
