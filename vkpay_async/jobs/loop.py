"""The embedded engine: the jobs run inside the application's own process, as long as it does."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from vkpay_async.errors import VKPayError
from vkpay_async.jobs.schedule import JOBS, Job
from vkpay_async.service.context import Context

log = logging.getLogger("vkpay_async.jobs")

LONGEST_PAUSE_S = 300


class JobLoop:
    """Runs each job again and again while the block lasts: ``async with JobLoop(context): …``.

    A job that found something looks again at once; one that fails is logged, pauses longer each time, and does not stop
    the others. At the end of the block no run begins, and those under way are waited for. ``sleep`` is a parameter so
    that a test does not wait.
    """

    def __init__(
        self,
        context: Context,
        *,
        jobs: Sequence[Job] = JOBS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._context = context
        self._jobs = jobs
        self._sleep = sleep
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._run(job), name=f"vkpay-job-{job.name}") for job in self._jobs
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def _run(self, job: Job) -> None:
        # Processes that were started together do not ask the database together.
        pause, failures = job.every_s * random.random(), 0  # noqa: S311 - a pause, not a secret
        while await self._paused(pause):
            count = await self._once(job)
            failures = failures + 1 if count is None else 0
            pause = 0 if count else _pause(job, failures)

    async def _once(self, job: Job) -> int | None:
        """How much it did, ``None`` when it failed."""
        try:
            return await job.run(self._context)
        except VKPayError as error:
            log.error("job %s failed and is tried again: %s", job.name, error)
        except Exception:
            log.exception("job %s failed and is tried again", job.name)
        return None

    async def _paused(self, seconds: float) -> bool:
        """Whether to go on afterwards."""
        waits = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._stopping.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return not self._stopping.is_set()


def _pause(job: Job, failures: int) -> float:
    longer = min(job.every_s << min(failures, 10), LONGEST_PAUSE_S)
    return max(job.every_s, longer) * random.uniform(0.8, 1.2)  # noqa: S311 - a pause, not a secret
