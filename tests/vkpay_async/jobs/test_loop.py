"""The embedded engine, over a sleep that waits for the test."""

from __future__ import annotations

import asyncio
import heapq

import pytest

from tests.vkpay_async.fake import Shop
from vkpay_async import VKPayError
from vkpay_async.jobs import JOBS, Job, JobLoop
from vkpay_async.service.context import Context


class Nap:
    """Time that passes when :meth:`pass_by` says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    async def __call__(self, seconds: float) -> None:
        if seconds <= 0:
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, id(woken), woken))
        await woken.wait()

    async def pass_by(self, seconds: float) -> None:
        end = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, woken = heapq.heappop(self._sleepers)
            woken.set()
            await settle()
        self.now = end


async def settle() -> None:
    """Lets every task come to its next wait: nothing here waits for anything but the loop."""
    for _ in range(100):
        await asyncio.sleep(0)


def job(name: str, run: object, every_s: int = 10) -> Job:
    async def once(context: Context) -> int:
        return run()  # type: ignore[operator, no-any-return]

    return Job(name=name, run=once, every_s=every_s)


async def test_each_job_runs_at_its_own_pace(shop: Shop) -> None:
    nap, runs = Nap(), {"often": 0, "rarely": 0}

    def counted(name: str) -> object:
        def run() -> int:
            runs[name] += 1
            return 0

        return run

    jobs = [job("often", counted("often"), 10), job("rarely", counted("rarely"), 100)]
    async with JobLoop(shop.pay.context, jobs=jobs, sleep=nap):
        await nap.pass_by(1000)
    assert 80 <= runs["often"] <= 126
    assert 8 <= runs["rarely"] <= 13


async def test_a_job_that_found_something_looks_again_at_once(shop: Shop) -> None:
    nap, found = Nap(), [3, 2, 1, 0]
    async with JobLoop(shop.pay.context, jobs=[job("busy", lambda: found.pop(0))], sleep=nap):
        await nap.pass_by(10)
    assert found == []


@pytest.mark.parametrize("error", [VKPayError("the database is gone; start it"), KeyError("defect")])
async def test_a_failing_job_stops_neither_itself_nor_the_others(
    shop: Shop, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    nap, failed, fine = Nap(), 0, 0

    def fails() -> int:
        nonlocal failed
        failed += 1
        raise error

    def works() -> int:
        nonlocal fine
        fine += 1
        return 0

    async with JobLoop(shop.pay.context, jobs=[job("bad", fails), job("good", works)], sleep=nap):
        await nap.pass_by(2000)
    assert fine >= 160
    assert 5 <= failed <= 14, "its pauses grow to five minutes"
    assert "job bad failed" in caplog.text
    assert str(error) in caplog.text


async def test_the_end_waits_for_the_run_that_is_under_way(shop: Shop) -> None:
    nap, entered, leave, done = Nap(), asyncio.Event(), asyncio.Event(), []

    async def slow(context: Context) -> int:
        entered.set()
        await leave.wait()
        done.append("done")
        return 1

    async with JobLoop(shop.pay.context, jobs=[Job(name="slow", run=slow, every_s=1)], sleep=nap):
        await nap.pass_by(1)
        await entered.wait()
        asyncio.get_running_loop().call_soon(leave.set)
    assert done == ["done"]


async def test_the_jobs_run_beside_the_application(shop: Shop) -> None:
    nap = Nap()
    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    shop.clock.ms += 60_000
    async with shop.pay.jobs_running(sleep=nap):
        await nap.pass_by(60)
        await shop.pay.idle()
    assert len(shop.runs) == 1
    assert {task.get_name() for task in asyncio.all_tasks()} & {
        f"vkpay-job-{job.name}" for job in JOBS
    } == set()
