"""A command in a process of its own, with a shop's module in its folder."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30.0
COMMAND = (sys.executable, "-c", "from vkpay_async.cli import main; main()")

SHOP = """
import asyncio, os
from pathlib import Path

from tests.vkpay_async.fake import Bank, FakeProvider, Wire, settings
from vkpay_async import VKPay, VKPayError, config_from_dict, registry
from vkpay_async.web.front_door import FrontDoor

if Path("broken").exists():
    os._exit(3)

FakeProvider.bank = Bank()
registry.provider_class = lambda name: FakeProvider
config = config_from_dict(settings())
pay = VKPay(config, database=os.environ.get("SHOP_DATABASE", "sqlite:///pay.db"), transport=Wire(config.http))


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


class Started:
    """A running command, and what its first line said."""

    def __init__(self, process: asyncio.subprocess.Process, said: dict[str, Any], log: Path) -> None:
        self.process = process
        self.said = said
        self.log = log

    async def end(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


Start = Callable[..., Awaitable[Started]]
