"""One run: orders are paid while their shop is being shot at; then peace, and a look at the books."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import msgspec

from tests.chaos import books
from tests.chaos.books import Findings
from tests.chaos.crew import Crew, crew_of
from tests.chaos.plan import HANDLER_TIMEOUT_S, Blow, Fate, Plan
from tests.chaos.shop import Told
from vkpay_async import VKPay
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.running import RunningSimulator

SECONDS_A_SECOND = 15
"""How much faster the provider's time goes, so that what was not accepted comes again soon."""

Outage = Callable[[Blow], Awaitable[None]]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. ``ended`` counts the processes that ended, by their exit code; times in seconds."""

    findings: Findings
    left: int
    ended: dict[int, int]
    sends: int
    paying_s: float
    settling_s: float


class Run:
    """``outage`` takes the database away as a blow says, and brings it back."""

    def __init__(
        self, *, plan: Plan, sim: RunningSimulator, database: str, folder: Path, outage: Outage
    ) -> None:
        self.plan = plan
        self.sim = sim
        self.database = database
        self.folder = folder
        self.outage = outage

    async def go(self, patience_s: float) -> Result:
        (self.folder / "runs").mkdir()
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.sim.notify_url = f"http://127.0.0.1:{listening.getsockname()[1]}/pay"
        config = {
            **self.sim.config,
            "handler_timeout": HANDLER_TIMEOUT_S,
            "handler_attempts": 1000,
            "reply_policy": self.plan.reply_policy,
        }
        told = Told(config=config, database=self.database, fates=self.plan.fates)
        (self.folder / "told.json").write_bytes(msgspec.json.encode(told))
        with listening:
            async with VKPay.from_dict(config, database=self.database) as pay:
                await books.fill(pay, self.sim, self.plan)
                async with crew_of(self.folder, listening) as crew:
                    return await self._under_fire(pay, crew, patience_s)

    async def _under_fire(self, pay: VKPay, crew: Crew, patience_s: float) -> Result:
        start = time.monotonic()
        async with self._time_flies():
            await asyncio.gather(self._pay(), self._strike(crew))
        peace = time.monotonic()
        await self._ready(patience_s)
        await self.sim.advance("25h")
        left = await self._settle(pay, peace + patience_s)
        return Result(
            findings=await books.examine(pay.orders, self.plan, self.folder),
            left=left,
            ended=crew.ended,
            sends=sum(len(delivery.attempts) for delivery in self.sim.deliveries()),
            paying_s=peace - start,
            settling_s=time.monotonic() - peace,
        )

    async def _pay(self) -> None:
        rng = Random(self.plan.seed)
        paid = [fate for fate in self.plan.fates if fate.paid]
        wxpay, start = self.sim.world.providers["wxpay"], time.monotonic()
        for n, fate in enumerate(paid):
            await asyncio.sleep(max(0.0, start + n * self.plan.paying_s / len(paid) - time.monotonic()))
            self._spoil(fate)
            # Not ``sim.pay``, which looks through every order of every provider.
            self.sim._call(lambda number=fate.number: wxpay.pay(number))
            if fate.resent:
                await self._resend_any(rng)

    def _spoil(self, fate: Fate) -> None:
        if fate.sends_lost != 0:
            self.sim.fault("lose_notify", times=fate.sends_lost, out_trade_no=fate.number)
        if fate.copies > 1:
            self.sim.fault("duplicate_notify", copies=fate.copies, times=2, out_trade_no=fate.number)

    async def _resend_any(self, rng: Random) -> None:
        """An old one comes once more, behind younger ones; not waited for."""
        world = self.sim.world

        def again() -> None:
            delivery = rng.choice(list(world.deliveries.values()))
            with contextlib.suppress(SimulatorError):
                world.sender._track(delivery, world.sender._send(delivery, world.clock.now()))

        self.sim._call(again)

    async def _strike(self, crew: Crew) -> None:
        start, waiting = time.monotonic(), []
        for blow in self.plan.blows:
            await asyncio.sleep(max(0.0, start + blow.at_s - time.monotonic()))
            if blow.kind == "kill":
                crew.kill(blow.target)
            elif blow.kind == "freeze":
                waiting.append(asyncio.create_task(crew.freeze(blow.target, blow.seconds)))
            else:
                await self.outage(blow)
        await asyncio.gather(*waiting)

    @asynccontextmanager
    async def _time_flies(self) -> AsyncIterator[None]:
        world = self.sim.world

        def forward() -> None:
            world.clock.move_to(world.clock.now() + SECONDS_A_SECOND * 500)
            world.agenda.changed()

        async def flying() -> None:
            while True:
                await asyncio.sleep(0.5)
                self.sim._call(forward)

        task = asyncio.create_task(flying())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _ready(self, patience_s: float) -> None:
        """Twice in a row, since either receiver may answer."""
        end, answers = time.monotonic() + patience_s, 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while answers < 2 and time.monotonic() < end:
                try:
                    async with session.get(f"{self.sim.notify_url}/ready") as answer:
                        answers = answers + 1 if answer.status == 200 else 0
                except (aiohttp.ClientError, TimeoutError):
                    answers = 0
                await asyncio.sleep(0.05)

    async def _settle(self, pay: VKPay, end: float) -> int:
        paid = sum(fate.paid for fate in self.plan.fates)
        while True:
            left = await books.unsettled(pay.orders, paid)
            if left == 0 or time.monotonic() > end:
                return left
            await asyncio.sleep(0.1)


def report(result: Result, plan: Plan, backend: str) -> dict[str, Any]:
    """What is printed of a run."""
    found = result.findings
    return {
        "database": backend,
        "seed": plan.seed,
        "orders": len(plan.fates),
        "reply_policy": plan.reply_policy,
        "sends": result.sends,
        "killed": result.ended.get(-9, 0),
        "died": result.ended.get(70, 0),
        "outages": sum(blow.kind.startswith("database") for blow in plan.blows),
        "freezes": sum(blow.kind == "freeze" for blow in plan.blows),
        "lost": len(found.lost),
        "doubled": len(found.doubled),
        "left": result.left,
        "paying_s": round(result.paying_s, 1),
        "settling_s": round(result.settling_s, 1),
    }
