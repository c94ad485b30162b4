"""A payment's notification: the order moves once, its handler runs until it has answered, and once."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.fake import GENUINE, Bank, Clock, Shop, open_shop
from vkpay_async import NotificationResult, PaidOrder, TradeState
from vkpay_async.models import Notification, RefundState
from vkpay_async.notify.routes import payment_path


def accepted(result: NotificationResult) -> bool:
    assert result.error is None
    return {b"got it": True, b"again": False}[result.reply.body]


async def test_the_order_is_paid_and_its_handler_told(shop: Shop) -> None:
    shop.listen()
    await shop.order(custom={"goods_id": "g1"}, user_id="u1")
    result = await shop.notify()
    assert accepted(result)
    assert result.first
    assert result.notification is not None
    (order,) = shop.runs
    assert isinstance(order, PaidOrder)
    assert (order.status, order.transaction_id, order.openid) == (1, "4200-order_0001", "payer")
    assert (order.data["goods_id"], order.data["user_id"], order.data["total_fee"]) == ("g1", "u1", 19900)
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.user_order_success, row.handler_error, row.notify_mode) == (1, True, None, 1)


async def test_a_second_copy_gets_the_same_reply_and_changes_nothing(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    first = await shop.notify()
    before = await shop.pay.orders.require("order_0001")
    second = await shop.notify()
    assert (first.reply, first.first, second.first) == (second.reply, True, False)
    assert await shop.pay.orders.require("order_0001") == before
    assert len(shop.runs) == 1


async def test_fifty_copies_at_once_are_one(shop_on_disk: Shop) -> None:
    shop = shop_on_disk

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        shop.runs.append(order)
        await asyncio.sleep(0)

    await shop.order()
    results = await asyncio.gather(*(shop.notify() for _ in range(50)))
    assert sum(result.first for result in results) == 1
    assert all(map(accepted, results))
    assert len(shop.runs) == 1


async def test_fifty_copies_over_two_processes_are_one(bank: Bank, clock: Clock, database: str) -> None:
    shops = [open_shop(bank, clock, database) for _ in range(2)]
    runs: list[PaidOrder] = []
    for shop in shops:
        shop.runs = runs
        shop.listen()
    async with shops[0].pay, shops[1].pay:
        await shops[0].order()
        results = await asyncio.gather(*(shops[n % 2].notify() for n in range(50)))
        assert sum(result.first for result in results) == 1
        assert len(runs) == 1
        assert accepted(await shops[0].notify())
        assert accepted(await shops[1].notify())
    assert len(runs) == 1


@pytest.mark.parametrize(("answer", "success"), [(False, False), (True, True), (None, True), (0, True)])
async def test_what_a_handler_answers_is_final(shop: Shop, answer: Any, success: bool) -> None:
    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> Any:
        shop.runs.append(order)
        return answer

    await shop.order()
    for _ in range(3):
        assert accepted(await shop.notify())
    row = await shop.pay.orders.require("order_0001")
    assert (row.user_order_success, row.handler_error) == (success, None)
    assert len(shop.runs) == 1


async def test_an_order_nobody_handles_is_paid_all_the_same(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.listen("vip")
    await shop.order()
    assert accepted(await shop.notify())
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.user_order_success) == (1, None)
    assert "no handler for type 'goods'; register one with @pay.on_paid" in caplog.text


async def test_a_handler_registered_later_still_runs(shop: Shop) -> None:
    await shop.order()
    await shop.notify()
    shop.listen()
    assert accepted(await shop.notify())
    assert len(shop.runs) == 1


async def test_money_for_a_closed_order_is_not_lost(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    await shop.pay.close_payment(out_trade_no="order_0001")
    result = await shop.notify()
    assert (accepted(result), result.first) == (True, True)
    assert (await shop.pay.orders.require("order_0001")).status == 1
    assert len(shop.runs) == 1


async def test_paying_in_a_way_that_was_offered_before_makes_it_the_orders(shop: Shop) -> None:
    shop.listen()
    await shop.order(provider="wxpay")
    await shop.order(provider="alipay")
    assert (await shop.pay.orders.require("order_0001")).pay_type == "alipay_h5"
    assert accepted(await shop.notify(pay_type="wxpay_h5"))
    (order,) = shop.runs
    assert (order.pay_type, order.mch_id, order.provider_appid) == ("wxpay_h5", "1900000001", "wx1")
    await shop.pay.refund(out_trade_no="order_0001")
    assert shop.bank.last("refund").order.pay_type == "wxpay_h5"


async def test_paying_twice_is_told(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.listen()
    await shop.paid()
    assert accepted(await shop.notify(transaction_id="4200-second"))
    assert "order order_0001 was paid twice: by 4200-order_0001, and now by 4200-second" in caplog.text
    assert (await shop.pay.orders.require("order_0001")).transaction_id == "4200-order_0001"
    caplog.clear()
    await shop.notify()
    await shop.notify(transaction_id=None)
    assert caplog.text == ""
    assert len(shop.runs) == 1


async def test_a_trade_that_ended_unpaid_closes_the_order(shop: Shop, clock: Clock) -> None:
    await shop.order()
    trade = shop.trade(state=TradeState.CLOSED, raw_state="CLOSED")
    event = Notification(kind="closed", id="1", event="TRADE_CLOSED", trade=trade)
    result = await shop.deliver(payment_path("wxpay_h5", "order_0001"), event)
    assert accepted(result)
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.cancel_date) == (-1, clock())


async def test_a_trade_that_ended_elsewhere_leaves_the_order_payable(shop: Shop) -> None:
    await shop.order(provider="wxpay")
    await shop.order(provider="alipay")
    event = Notification(kind="closed", id="1", event="CLOSED", trade=shop.trade(state=TradeState.CLOSED))
    assert accepted(await shop.deliver(payment_path("wxpay_h5", "order_0001"), event))
    assert (await shop.pay.orders.require("order_0001")).status == 0


@pytest.mark.parametrize("state", [RefundState.SUCCESS, RefundState.CLOSED, RefundState.ABNORMAL])
async def test_a_refunds_notification_settles_it(shop: Shop, state: RefundState) -> None:
    await shop.paid()
    refund = await shop.pay.refund(out_trade_no="order_0001")
    event = Notification(
        kind="refund", id="1", event="REFUND", refund=msgspec.structs.replace(refund, state=state)
    )
    for _ in range(2):
        assert accepted(await shop.deliver(payment_path("wxpay_h5", "order_0001"), event))
    row = await shop.pay.orders.require("order_0001")
    closed = state is RefundState.CLOSED
    assert (row.refund_list[0].state, row.refund_fee) == (state.value, 0 if closed else 19900)
    assert row.status == (1 if closed else 3)


async def test_a_refund_made_elsewhere_is_acknowledged(shop: Shop) -> None:
    await shop.paid()
    refund = await shop.pay.refund(out_trade_no="order_0001", refund_fee=100)
    other = msgspec.structs.replace(refund, out_refund_no="at-the-console")
    event = Notification(kind="refund", id="1", event="REFUND", refund=other)
    assert accepted(await shop.deliver(payment_path("wxpay_h5", "order_0001"), event))
    assert (await shop.pay.orders.require("order_0001")).refund_num == 1


async def test_news_of_another_kind_is_acknowledged_and_left_alone(shop: Shop) -> None:
    await shop.order()
    before = await shop.pay.orders.require("order_0001")
    for event in (
        Notification(kind="other", id="1", event="SOMETHING"),
        Notification(kind="other", id="1", event="PARTIAL_REFUND", trade=shop.trade()),
    ):
        result = await shop.deliver(payment_path("wxpay_h5", "order_0001"), event)
        assert accepted(result)
        assert result.notification == event
    assert await shop.pay.orders.require("order_0001") == before


async def test_headers_reach_the_provider_in_lower_case_and_the_body_as_it_came(shop: Shop) -> None:
    await shop.order()
    await shop.pay.handle_notification(
        path="/vk-pay-notify/wxpay_h5/order_0001",
        headers={**GENUINE, "Wechatpay-Serial": "5F"},
        body=b" {\xff\r\n",
        method="PUT",
    )
    raw = shop.bank.last("notification")
    assert (raw.body, raw.method, raw.headers["wechatpay-serial"]) == (b" {\xff\r\n", "PUT", "5F")
