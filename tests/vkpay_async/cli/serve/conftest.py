"""``vkpay serve`` as a process of its own, with a shop's module in the test's folder."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.vkpay_async.fake import GENUINE, Bank, Clock, open_shop
from vkpay_async.models import Notification, Trade, TradeState
from vkpay_async.notify.routes import payment_path

ROOT = Path(__file__).parents[4]
PATIENCE_S = 30.0
COMMAND = (sys.executable, "-c", "from vkpay_async.cli import main; main()", "serve", "--port", "0", "--json")

SHOP = """
import asyncio, os
from pathlib import Path

from tests.vkpay_async.fake import Bank, FakeProvider, Wire, settings
from vkpay_async import VKPay, VKPayError, config_from_dict
from vkpay_async.providers import registry
from vkpay_async.web.front_door import FrontDoor

if Path("broken").exists():
    os._exit(3)

FakeProvider.bank = Bank()
registry.PROVIDERS.update(wxpay=FakeProvider, alipay=FakeProvider)
config = config_from_dict(settings())
pay = VKPay(config, database="sqlite:///pay.db", transport=Wire(config.http))


async def go(name):
    Path(f"{name}-runs").touch()
    while not Path("go").exists():
        await asyncio.sleep(0.01)


@pay.on_paid("goods")
async def ship(order):
    await go("handler")
    Path("shipped").write_text(order.out_trade_no)


async def authorize(action, arguments, headers):
    if headers.get("slow"):
        await go("request")
    raise VKPayError("refused", code=os.getpid())


door = FrontDoor(pay, authorize=authorize)


def make():
    return pay
"""


async def until(happened: Callable[[], Any]) -> None:
    """Waits for something that another process does."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


async def until_true(asked: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asked():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


class Served:
    """A running ``vkpay serve``, and what it said at its start."""

    def __init__(self, process: asyncio.subprocess.Process, said: dict[str, Any], log: Path) -> None:
        self.process = process
        self.said = said
        self.log = log
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

    async def end(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, with ``shop.py``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "simulator"))))
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    return tmp_path


@pytest.fixture
async def order(folder: Path, bank: Bank, clock: Clock) -> None:
    """An order that is not paid."""
    shop = open_shop(bank, clock, f"sqlite:///{folder}/pay.db")
    async with shop.pay:
        await shop.order()


@pytest.fixture
async def serve(folder: Path) -> AsyncIterator[Serve]:
    started: list[asyncio.subprocess.Process] = []

    async def start(*args: str) -> Served:
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, *args, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        started.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, (folder / "log").read_text()
        return Served(process, json.loads(line), folder / "log")

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()
