"""A ledger with a notification in every state, made by a shop whose handlers fail."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import PaidOrder
from vkpay_async.errors import NotificationMismatch
from vkpay_async.models import Notification
from vkpay_async.notify.routes import payment_path

APP = """
from pathlib import Path
from tests.vkpay_async.fake import settings
from vkpay_async import VKPay, config_from_dict

pay = VKPay(config_from_dict(settings()), database="sqlite:///vkpay.db")

@pay.on_paid("goods")
async def ship(order):
    if Path("broken").exists():
        raise KeyError("still broken")
    Path("shipped").write_text(order.out_trade_no)
"""


@pytest.fixture
def events(tmp_path: Path, bank: Bank, clock: Clock) -> dict[str, str]:
    """The ids, by the order's number: each number names its state."""
    shop = open_shop(bank, clock, f"sqlite:///{tmp_path}/vkpay.db", handler_attempts=1)
    patient = open_shop(bank, clock, f"sqlite:///{tmp_path}/vkpay.db")

    async def fail(order: PaidOrder) -> None:
        raise ConnectionError("the warehouse does not answer\x1b[2J")

    for one in (shop, patient):
        one.pay.on_paid("bad")(fail)
        one.listen()
    return asyncio.run(_filled(shop, patient))


async def _filled(shop: Shop, patient: Shop) -> dict[str, str]:
    async with shop.pay, patient.pay:
        for number, who, order_type, fee in (
            ("done-1", shop, "goods", 19900),
            ("parked-1", shop, "bad", 19900),
            ("failed-1", patient, "bad", 19900),
            ("nohandler-1", shop, "gift", 19900),
            ("unfit-1", shop, "goods", 100),
        ):
            await who.order(number, type=order_type)
            await _told(who, number, fee)
            await who.pay.idle()
        return {
            number: (await shop.pay.orders.events(number))[0].id
            for number in ("done-1", "parked-1", "failed-1", "nohandler-1", "unfit-1")
        }


async def _told(shop: Shop, number: str, fee: int) -> None:
    shop.clock.ms += 1000
    trade = shop.trade(number, total_fee=fee, openid="oPayerWhoIsHidden")
    body = msgspec.json.encode(Notification(kind="payment", id="1", event="PAID", trade=trade))
    headers = {"X-Signature": "genuine", "Phone": "13800138000"}
    result = await shop.deliver(payment_path("wxpay_h5", number), body, headers)
    assert result.error is None or isinstance(result.error, NotificationMismatch)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[str]:
    before, path = set(sys.modules), list(sys.path)
    (tmp_path / "shop_to_replay.py").write_text(APP)
    yield "shop_to_replay:pay"
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def settings_file(write_config: Any) -> None:
    from tests.vkpay_async.fake import settings

    write_config(settings())
