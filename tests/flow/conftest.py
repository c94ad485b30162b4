"""A shop: the SDK with its notify receiver on a free port, and the simulator that pays it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from vkpay_async import PaidOrder, Payment, VKPay, config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.providers.base import Env
from vkpay_async.transport import Transport, pause_before
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_simulator.running import RunningSimulator


class Shop:
    """``shipped`` lists the handler's runs that succeeded; ``fails`` makes the next ones raise."""

    def __init__(self, pay: VKPay, sim: RunningSimulator) -> None:
        self.pay = pay
        self.sim = sim
        self.shipped: list[str] = []
        self.runs = 0
        self.fails = 0
        self._numbers = 0
        pay.on_paid("goods")(self._ship)

    async def order(self, provider: str, total_fee: int = 19900, **more: Any) -> Payment:
        self._numbers += 1
        return await self.pay.create_payment(
            provider=provider,
            platform="h5",
            need_qrcode=True,
            out_trade_no=f"{provider}_{self._numbers:06d}",
            total_fee=total_fee,
            subject="Tea 500 g",
            type="goods",
            custom={"goods_id": "g1"},
            **more,
        )

    async def status(self, out_trade_no: str) -> int:
        return (await self.pay.orders.require(out_trade_no)).status

    async def _ship(self, order: PaidOrder) -> None:
        self.runs += 1
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the warehouse is closed")
        self.shipped.append(order.out_trade_no)


async def open_shop(
    sim: RunningSimulator, database: Path, env: Env = SYSTEM_ENV, **settings: Any
) -> tuple[Shop, web.AppRunner]:
    """One attempt a call: what comes back is what the provider said, and no test waits for a repeat."""
    listening = socket.create_server(("127.0.0.1", 0))
    sim.notify_url = f"http://127.0.0.1:{listening.getsockname()[1]}/pay"
    config = config_from_dict({**sim.config, **settings})
    pay = VKPay(
        config,
        database=f"sqlite:///{database}",
        env=env,
        transport=Transport(config.http, policy=pause_before(1)),
    )
    app = web.Application()
    app.add_subapp("/pay", vkpay_app(pay))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    return Shop(pay, sim), runner


@pytest.fixture
async def shop(vkpay_sim: RunningSimulator, tmp_path: Path) -> AsyncIterator[Shop]:
    opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db")
    yield opened
    await runner.cleanup()


@pytest.fixture
async def handling_shop(vkpay_sim: RunningSimulator, tmp_path: Path) -> AsyncIterator[Shop]:
    """It tells the provider of a success only when its handler has had one."""
    opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db", reply_policy="handled")
    yield opened
    await runner.cleanup()
