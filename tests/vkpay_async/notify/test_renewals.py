"""A renewal gets an order of its own, and its handler is the one of the first."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationMismatch, NotificationResult, OrderNotFound
from vkpay_async.ledger import Ledger
from vkpay_async.models import Notification
from vkpay_async.notify.routes import console_path, payment_path

ADDRESS = console_path("wxpay_h5")


async def subscribed(shop: Shop) -> None:
    shop.listen()
    await shop.order(user_id="u1", custom={"plan": "gold"})
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    await shop.notify()


async def renewed(shop: Shop, number: str = "tx2", path: str = ADDRESS, **fields: Any) -> NotificationResult:
    known = {
        "out_trade_no": "",
        "provider_order_no": "P1",
        "transaction_id": number,
        "recurring": True,
        "total_fee": 2500,
        "product_id": "vip",
        "quantity": 1,
    }
    trade = msgspec.structs.replace(shop.trade(), **known | fields)
    event = Notification(kind="renewal", id=number, event="DID_RENEW", trade=trade)
    return await shop.deliver(path, event)


async def test_it_is_paid_under_its_own_number(shop: Shop) -> None:
    await subscribed(shop)
    result = await renewed(shop)
    assert accepted(result)
    assert (result.first, result.number) == (True, "tx2")
    order = await shop.pay.orders.require("tx2")
    assert (order.status, order.total_fee, order.transaction_id) == (1, 2500, "tx2")
    assert (order.type, order.user_id, order.custom) == ("goods", "u1", {"plan": "gold"})
    assert (order.renewal_of, order.provider_order_no) == ("order_0001", None)
    assert order.notify_path == payment_path("wxpay_h5", "tx2")
    first = await shop.pay.orders.require("order_0001")
    assert (first.status, first.total_fee, first.renewal_of) == (1, 19900, None)
    assert [(run.out_trade_no, run.renewal_of) for run in shop.runs] == [
        ("order_0001", None),
        ("tx2", "order_0001"),
    ]


async def test_once_however_often_it_is_told(shop: Shop) -> None:
    await subscribed(shop)
    results = await asyncio.gather(*(renewed(shop) for _ in range(20)))
    assert all(accepted(result) for result in results)
    assert sum(result.first for result in results) == 1
    await shop.pay.idle()
    assert [run.out_trade_no for run in shop.runs] == ["order_0001", "tx2"]


async def test_one_after_the_other(shop: Shop) -> None:
    await subscribed(shop)
    for number in ("tx2", "tx3", "tx4"):
        assert accepted(await renewed(shop, number))
    assert [run.renewal_of for run in shop.runs] == [None, *["order_0001"] * 3]


async def test_the_first_orders_price_where_none_is_told(shop: Shop) -> None:
    await subscribed(shop)
    await renewed(shop, total_fee=None)
    assert (await shop.pay.orders.require("tx2")).total_fee == 19900


async def test_it_may_come_before_the_first_payment(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    assert accepted(await renewed(shop))
    assert (await shop.pay.orders.require("order_0001")).status == 0
    assert accepted(await shop.notify())
    assert [run.out_trade_no for run in shop.runs] == ["tx2", "order_0001"]


async def test_what_somebody_has_ordered_pays_that_order(shop: Shop) -> None:
    """An upgrade goes on from a subscription too, and was bought under an order of its own."""
    shop.listen()
    await shop.order()
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    assert accepted(await renewed(shop, recurring=False, total_fee=19900))
    assert (await shop.pay.orders.require("order_0001")).transaction_id == "tx2"


async def test_unless_another_payment_has(shop: Shop) -> None:
    await subscribed(shop)
    assert accepted(await renewed(shop, recurring=False))
    assert (await shop.pay.orders.require("tx2")).renewal_of == "order_0001"


async def test_the_first_payment_once_more(shop: Shop) -> None:
    await subscribed(shop)
    first = (await shop.pay.orders.require("order_0001")).transaction_id
    assert accepted(await renewed(shop, str(first), total_fee=19900))
    assert len(shop.runs) == 1


@pytest.mark.parametrize(
    "wrong", [{"provider_order_no": "P2"}, {"appid": "wx2"}, {"mch_id": "1900000002"}], ids=str
)
async def test_anothers_makes_no_order(shop: Shop, wrong: dict[str, Any]) -> None:
    await subscribed(shop)
    result = await renewed(shop, path=payment_path("wxpay_h5", "order_0001"), **wrong)
    assert isinstance(result.error, NotificationMismatch)
    assert await shop.pay.orders.get("tx2") is None


async def test_of_nothing(shop: Shop) -> None:
    assert isinstance((await renewed(shop)).error, OrderNotFound)


async def test_a_process_that_died_in_between(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is kept and its payment is not: the next word of it, or the repair job, pays it."""
    await subscribed(shop)

    async def dies(*_: object) -> None:
        raise RuntimeError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "claim", dies)
        assert (await renewed(shop)).error is not None
    assert (await shop.pay.orders.require("tx2")).status == 0
    assert accepted(await renewed(shop))
    assert (await shop.pay.orders.require("tx2")).status == 1


async def test_and_the_repair_job_finds_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await subscribed(shop)

    async def dies(*_: object) -> None:
        raise RuntimeError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "claim", dies)
        await renewed(shop)
    shop.paid_at_bank("tx2", transaction_id="tx2", total_fee=2500)
    shop.clock.ms += 120_000
    await shop.pay.run_jobs()
    order = await shop.pay.orders.require("tx2")
    assert (order.status, order.transaction_id) == (1, "tx2")
    assert shop.bank.last("query").expand_data["transaction_id"] == "tx2"
