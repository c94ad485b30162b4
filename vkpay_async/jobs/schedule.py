"""The jobs there are, how often each is run, and running them once.

Each takes its rows by a conditional update, so that any number may run anywhere at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.jobs.looking import BATCH
from vkpay_async.jobs.orders import delete, expire, repair
from vkpay_async.jobs.settling import refunds, transfers
from vkpay_async.service.context import Context


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A function that does what is due and says how much that was, and the seconds from one run to the next."""

    name: str
    run: Callable[[Context], Awaitable[int]]
    every_s: int


class JobCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many handlers each job ran, orders, refunds and transfers it asked after, orders it deleted."""

    redeliver: int = 0
    repair: int = 0
    expire: int = 0
    refunds: int = 0
    transfers: int = 0
    delete: int = 0


async def redeliver(context: Context, most: int = BATCH) -> int:
    """Runs the handlers that failed before, or whose process died, when their time has come; how many.

    No more than run at once: those that wait for their turn would wait on their lease.
    """
    return await context.pipeline.redeliver(min(most, context.config.handlers_at_once))


JOBS: tuple[Job, ...] = (
    Job(name="redeliver", run=redeliver, every_s=5),
    Job(name="repair", run=repair, every_s=15),
    Job(name="expire", run=expire, every_s=15),
    Job(name="refunds", run=refunds, every_s=30),
    Job(name="transfers", run=transfers, every_s=30),
    Job(name="delete", run=delete, every_s=3600),
)


async def run_once(context: Context, names: Sequence[str] = ()) -> JobCounts:
    """Runs the named jobs, or all, one after the other, and waits for the handlers they set off.

    One that fails does not keep the others from running; its error is raised when they have. Raises
    :class:`InvalidArgument` for a name there is not.
    """
    counts: dict[str, int] = {}
    failures: list[Exception] = []
    for job in _named(names):
        try:
            counts[job.name] = await job.run(context)
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
    await context.pipeline.close()
    if failures:
        raise failures[0]
    return JobCounts(**counts)


def _named(names: Sequence[str]) -> Sequence[Job]:
    known = {job.name: job for job in JOBS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidArgument(f"no job {unknown[0]!r}; there are {', '.join(known)}")
    return [known[name] for name in names] or JOBS
