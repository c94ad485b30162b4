"""One process of a shop: a receiver with its notify routes, or a worker with its jobs.

``python -m tests.chaos.shop receiver|worker FOLDER [FD]``; ``FOLDER`` holds what the run told its processes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import text

from tests.chaos import plan
from tests.chaos.plan import Fate
from vkpay_async import PaidOrder, VKPay
from vkpay_async.errors import LedgerUnavailable
from vkpay_async.jobs import JOBS, JobLoop, loop
from vkpay_async.jobs import orders as order_jobs
from vkpay_async.notify import running
from vkpay_async.web.aiohttp import vkpay_app

INSERT = text("INSERT INTO effects (out_trade_no, n) VALUES (:number, :n)")
JOBS_USED = ("redeliver", "repair")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a run tells its processes."""

    config: dict[str, Any]
    database: str
    fates: list[Fate]


class Goods:
    """The handlers. What each run of one was told is a line of a file of the order's, whatever dies meanwhile."""

    def __init__(self, folder: Path, fates: list[Fate]) -> None:
        self._runs = folder / "runs"
        self._fates = {fate.number: fate for fate in fates}

    async def tea(self, order: PaidOrder, tx: Any) -> None:
        before = self._noted(order)
        await tx.execute(INSERT, {"number": order.out_trade_no, "n": before})
        await self._suffered(order.out_trade_no, before)

    async def book(self, order: PaidOrder) -> None:
        await self._suffered(order.out_trade_no, self._noted(order))

    def _noted(self, order: PaidOrder) -> int:
        """How many runs there were before this one."""
        with (self._runs / order.out_trade_no).open("ab", buffering=0) as file:
            before = file.tell()
            line = f"{order.idempotency_key}\n".encode()
            file.write(line)
        return before // len(line)

    async def _suffered(self, number: str, before: int) -> None:
        fate = self._fates[number]
        await asyncio.sleep(fate.slow_s)
        if fate.dies and before == 0:
            os._exit(70)
        if fate.hangs and before == 0:
            await asyncio.sleep(3600)
        if fate.blocks and before == 0:
            time.sleep(plan.STALL_S)  # noqa: ASYNC251 - the fault that it plays
        if before < fate.fails:
            raise RuntimeError("the warehouse is closed")


def hasten() -> None:
    """The pauses that in production are for people and networks, as short as a test needs them."""
    running.FIRST_PAUSE_MS, running.LONGEST_PAUSE_MS = 200, 2_000
    running.LEASE_MARGIN_MS = plan.LEASE_MARGIN_MS
    loop.LONGEST_PAUSE_S = 2
    order_jobs.LEASE_MS, order_jobs.MINUTE_MS, order_jobs.LONGEST_PAUSE_MS = 4_000, 1_000, 2_000


async def receive(pay: VKPay, listening: socket.socket) -> None:
    app = web.Application()
    app.add_subapp("/pay", vkpay_app(pay))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await asyncio.Event().wait()


async def work(pay: VKPay) -> None:
    jobs = [msgspec.structs.replace(job, every_s=1) for job in JOBS if job.name in JOBS_USED]
    async with JobLoop(pay.context, jobs=jobs):
        await asyncio.Event().wait()


async def main(role: str, folder: Path, rest: list[str]) -> None:
    told = msgspec.json.decode((folder / "told.json").read_bytes(), type=Told)
    pay = VKPay.from_dict(told.config, database=told.database)
    goods = Goods(folder, told.fates)
    pay.on_paid("tea")(goods.tea)
    pay.on_paid("book")(goods.book)
    while True:
        try:
            await pay.orders.open()
            break
        except LedgerUnavailable:
            await asyncio.sleep(0.2)
    await (receive(pay, socket.socket(fileno=int(rest[0]))) if role == "receiver" else work(pay))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    hasten()
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
