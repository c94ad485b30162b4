"""``vkpay serve`` as a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.vkpay_async.cli.process import Start, Started
from tests.vkpay_async.fake import GENUINE
from vkpay_async.models import Notification, Trade, TradeState
from vkpay_async.notify.routes import payment_path


class Served(Started):
    """A running ``vkpay serve``."""

    def __init__(self, process: asyncio.subprocess.Process, said: dict[str, Any], log: Path) -> None:
        super().__init__(process, said, log)
        self.url: str = said["addresses"][0]
        self.workers: list[int] = said["workers"]

    async def get(self, path: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as reply:
            return reply.status, await reply.json()

    async def ask(self, **headers: str) -> dict[str, Any]:
        """Over a connection of its own; the front door refuses with the number of its process."""
        question = {"action": "pay/queryPayment", "data": {"out_trade_no": "order_0001"}}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + "/", json=question, headers=headers) as reply,
        ):
            answer: dict[str, Any] = await reply.json()
            return answer

    async def notify(self, out_trade_no: str = "order_0001") -> tuple[int, bytes]:
        trade = Trade(
            out_trade_no=out_trade_no,
            state=TradeState.SUCCESS,
            raw_state="SUCCESS",
            transaction_id="4200",
            total_fee=19900,
            appid="wx1",
            mch_id="1900000001",
        )
        body = msgspec.json.encode(Notification(kind="payment", id="1", event="PAID", trade=trade))
        path = payment_path("wxpay_h5", out_trade_no)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + path, data=body, headers=GENUINE) as reply,
        ):
            return reply.status, await reply.read()

    async def closed(self) -> bool:
        """Whether no new connection is taken."""
        try:
            await self.get("/health")
        except aiohttp.ClientConnectionError:
            return True
        return False


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
def serve(start: Start) -> Serve:
    async def serve(*args: str) -> Served:
        started = await start("serve", "--port", "0", *args)
        return Served(started.process, started.said, started.log)

    return serve
