"""Notifications at an address that is set once for all orders."""

from __future__ import annotations

import msgspec

from tests.vkpay_async.fake import GENUINE, Shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationMismatch, OrderNotFound, RefundState
from vkpay_async.models import Notification, NotifyReply, Refund
from vkpay_async.notify.routes import console_path, payment_path

ADDRESS = console_path("wxpay_h5")


async def numbered(shop: Shop, number: str = "P1", out_trade_no: str = "order_0001") -> None:
    await shop.order(out_trade_no)
    await shop.pay.orders.set_providers_number(out_trade_no, number)


def paid(shop: Shop, **fields: object) -> Notification:
    trade = msgspec.structs.replace(shop.trade(), **fields)
    return Notification(kind="payment", id="1", event="PAID", trade=trade)


async def test_the_order_is_the_one_that_the_notification_names(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    result = await shop.deliver(ADDRESS, paid(shop))
    assert accepted(result)
    assert (result.first, result.number) == (True, "order_0001")
    assert [order.out_trade_no for order in shop.runs] == ["order_0001"]


async def test_or_the_one_with_the_providers_number(shop: Shop) -> None:
    shop.listen()
    await numbered(shop)
    result = await shop.deliver(ADDRESS, paid(shop, out_trade_no="", provider_order_no="P1"))
    assert (accepted(result), result.number) == (True, "order_0001")
    assert (await shop.pay.orders.require("order_0001")).status == 1


async def test_a_refund_is_found_alike(shop: Shop) -> None:
    await numbered(shop)
    await shop.notify()
    await shop.pay.refund(out_trade_no="order_0001", out_refund_no="R1")
    refund = Refund(
        out_trade_no="",
        provider_order_no="P1",
        out_refund_no="R1",
        state=RefundState.SUCCESS,
        raw_state="SUCCESS",
        refund_fee=19900,
        total_fee=19900,
    )
    event = Notification(kind="refund", id="2", event="REFUNDED", refund=refund)
    assert accepted(await shop.deliver(ADDRESS, event))
    assert (await shop.pay.orders.require("order_0001")).refund_list[0].state == "SUCCESS"


async def test_a_number_that_nobody_has_is_refused(shop: Shop) -> None:
    await numbered(shop)
    result = await shop.deliver(ADDRESS, paid(shop, out_trade_no="", provider_order_no="P2"))
    assert isinstance(result.error, OrderNotFound)


async def test_one_that_several_have_finds_none_of_them(shop: Shop) -> None:
    await numbered(shop)
    await numbered(shop, "P1", "order_0002")
    result = await shop.deliver(ADDRESS, paid(shop, out_trade_no="", provider_order_no="P1"))
    assert isinstance(result.error, OrderNotFound)


async def test_somebody_elses_payment_under_our_orders_address_pays_nothing(shop: Shop) -> None:
    """What is paid is the other order; an address can be made up."""
    shop.listen()
    await numbered(shop)
    await numbered(shop, "P2", "order_0002")
    event = paid(shop, out_trade_no="order_0001", provider_order_no="P2")
    result = await shop.deliver(payment_path("wxpay_h5", "order_0001"), event)
    assert isinstance(result.error, NotificationMismatch)
    assert (await shop.pay.orders.require("order_0001")).status == 0
    assert shop.runs == []


async def test_an_order_that_was_given_no_number_is_not_paid_by_one(shop: Shop) -> None:
    await shop.order()
    event = paid(shop, provider_order_no="P1")
    result = await shop.deliver(payment_path("wxpay_h5", "order_0001"), event)
    assert isinstance(result.error, NotificationMismatch)


async def test_a_notification_may_want_an_answer_of_its_own(shop: Shop) -> None:
    echo = NotifyReply(status=200, body=b"4375120948345356249", content_type="text/plain")
    result = await shop.deliver(ADDRESS, Notification(kind="other", id="1", event="CHECK", reply=echo))
    assert result.reply == echo


async def test_the_query_reaches_the_provider(shop: Shop) -> None:
    await shop.pay.handle_notification(
        path=ADDRESS, headers=GENUINE, body=b"", method="GET", query="echostr=1&nonce=2"
    )
    raw = shop.bank.last("notification")
    assert (raw.method, raw.query) == ("GET", "echostr=1&nonce=2")
