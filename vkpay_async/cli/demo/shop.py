"""The merchant's side of the demo: the SDK over a fresh ledger, its notify receiver, and what came in there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from aiohttp import web

from vkpay_async.cli.demo.simulator import Simulator, config_in, running_simulator
from vkpay_async.client import VKPay
from vkpay_async.models import Transfer, TransferAuthorization
from vkpay_async.notify import NotificationResult
from vkpay_async.notify.routes import parse_path
from vkpay_async.order import PaidOrder
from vkpay_async.web.aiohttp import vkpay_app

HOST = "127.0.0.1"
PREFIX = "/pay"
ORDER_TYPE = "goods"
PARTNER = "partner"


class WatchedPay(VKPay):
    """Keeps what became of every notification, by the number in its address."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.arrived: dict[str, list[NotificationResult]] = defaultdict(list)
        self._news = asyncio.Condition()

    async def handle_notification(
        self, *, path: str, headers: Mapping[str, str], body: bytes, method: str = "POST", query: str = ""
    ) -> NotificationResult:
        result = await super().handle_notification(
            path=path, headers=headers, body=body, method=method, query=query
        )
        async with self._news:
            self.arrived[result.number or parse_path(path).number].append(result)
            self._news.notify_all()
        return result

    async def first_arrival(self, number: str) -> NotificationResult:
        """Waits for the first notification about an order, transfer or authorisation."""
        async with self._news:
            await self._news.wait_for(lambda: self.arrived[number])
        return self.arrived[number][0]


class Shop:
    """A merchant's application, and the people around it.

    ``handled`` counts the runs of each order's handler, ``transferred`` and ``authorized`` have what their handlers were
    told, and ``sub_merchants`` the arguments that name the service provider's first sub-merchant, by provider. ``prefix`` begins every
    number, so that a database that outlives the demo can be used again.
    """

    def __init__(
        self,
        pay: WatchedPay,
        simulator: Simulator,
        sub_merchants: dict[str, dict[str, str]],
        *,
        prefix: str = "",
    ) -> None:
        self.prefix = prefix
        self.pay = pay
        self.simulator = simulator
        self.sub_merchants = sub_merchants
        self.handled: Counter[str] = Counter()
        self.transferred: dict[str, list[Transfer]] = defaultdict(list)
        self.authorized: dict[str, list[TransferAuthorization]] = defaultdict(list)
        self.code_url: str | None = None
        pay.on_paid(ORDER_TYPE)(self._paid)
        pay.on_transferred(self._transferred)
        pay.on_transfer_authorized(self._authorized)

    async def _paid(self, order: PaidOrder) -> None:
        self.handled[order.out_trade_no] += 1

    async def _transferred(self, transfer: Transfer) -> None:
        self.transferred[transfer.out_bill_no].append(transfer)

    async def _authorized(self, authorization: TransferAuthorization) -> None:
        self.authorized[authorization.out_authorization_no].append(authorization)


@contextlib.asynccontextmanager
async def open_shop(port: int, seed: int | None, database: str | None = None) -> AsyncIterator[Shop]:
    """Simulator, SDK and receiver, on free ports and in a folder that goes away; ``database`` is one that stays.

    Raises :class:`SimulatorFailed`.
    """
    with tempfile.TemporaryDirectory(prefix="vkpay-demo-") as name:
        folder = Path(name)
        async with running_simulator(folder, port, seed) as simulator:
            config = tomllib.loads(config_in(folder).read_text(encoding="utf-8"))
            async with _receiving(lambda url: _sdk(config, url, database or _own(folder))) as pay:
                for pid in config["merchants"]:
                    await simulator.notify_at(pay.config.notify_base(pid), pid=pid)
                prefix = token_hex(3) if database else ""
                yield Shop(pay, simulator, _sub_merchants(config["merchants"][PARTNER]), prefix=prefix)


def _own(folder: Path) -> str:
    return f"sqlite:///{folder / 'vkpay.db'}"


def _sdk(config: dict[str, Any], notify_url: str, database: str) -> WatchedPay:
    return WatchedPay.from_dict({**config, "notify_url": notify_url}, database=database)


@contextlib.asynccontextmanager
async def _receiving(sdk: Callable[[str], WatchedPay]) -> AsyncIterator[WatchedPay]:
    """The SDK with its notify routes on a free port, whose address it is made with."""
    with socket.create_server((HOST, 0)) as listening:
        pay = sdk(f"http://{HOST}:{listening.getsockname()[1]}{PREFIX}")
        app = web.Application()
        app.add_subapp(PREFIX, vkpay_app(pay))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            yield pay
        finally:
            await runner.cleanup()


def _sub_merchants(partner: dict[str, Any]) -> dict[str, dict[str, str]]:
    wxpay = partner["wxpay"]["mp-weixin"]["subMerchants"][0]
    alipay = partner["alipay"]["h5"]["appAuthTokens"][0]
    huawei = partner["huawei"]["mp-harmony"]["subMerchants"][0]
    return {
        "wxpay": {"sub_mchid": wxpay["subMchid"]},
        "alipay": {"app_auth_token": alipay["appAuthToken"]},
        "huawei": {"sub_mchid": huawei["subMchid"]},
    }
