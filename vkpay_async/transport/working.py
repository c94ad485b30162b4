"""Work for a processor beside the event loop.

Crypto libraries hold the GIL for the whole of a signature or a verification, and as many threads as the default executor
has contend for it with the loop, which then waits longer than for one of them: a hundred verifications at once stalled it
for 25 ms, with two threads that step back between two pieces of work for 5 ms (``benchmarks.huawei``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREADS = 2
"""One for the short pieces while a long one is under way."""


class Workers:
    """A few threads of one event loop, started when there is work."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``. Raises what it raises."""
        loop = asyncio.get_running_loop()
        if self._pool is None or self._loop is not loop:
            self.close()
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="vkpay-work")
            self._loop = loop
        return await loop.run_in_executor(self._pool, _done, work)

    def close(self) -> None:
        """Takes no more work; what is under way ends by itself."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)


def _done(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        time.sleep(0)  # gives the GIL away, so that the loop has its turn before the next piece
