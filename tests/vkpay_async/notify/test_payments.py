"""A payment's notification: the order moves once, its handler runs until it has answered, and once."""

from __future__ import annotations

import asyncio
import logging
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


async def test_a_handler_that_raises_is_tried_again_with_the_next_copy(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [KeyError("g1"), RuntimeError("no stock")]

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        shop.runs.append(order)
        if failures:
            raise failures.pop(0)

    await shop.order()
    assert not accepted(await shop.notify())
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.user_order_success, row.handler_error) == (1, False, "KeyError: 'g1'")
    assert "the handler of order order_0001 (type 'goods') failed" in caplog.text
    assert not accepted(await shop.notify())
    again = await shop.notify()
    assert (accepted(again), again.first) == (True, False)
    row = await shop.pay.orders.require("order_0001")
    assert (row.user_order_success, row.handler_error) == (True, None)
    assert accepted(await shop.notify())
    assert len(shop.runs) == 3


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


async def test_a_handler_has_a_time_limit(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_timeout=0.01)

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        await asyncio.Event().wait()

    async with shop.pay:
        await shop.order()
        assert not accepted(await shop.notify())
        row = await shop.pay.orders.require("order_0001")
        assert (row.user_order_success, row.handler_error) == (False, "TimeoutError: ")


async def test_a_handler_that_waits_for_something_cancelled_has_failed(shop: Shop) -> None:
    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        dead: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dead.cancel()
        await dead

    await shop.order()
    assert not accepted(await shop.notify())
    error = (await shop.pay.orders.require("order_0001")).handler_error
    assert error == "RuntimeError: something the handler waited for was cancelled"


async def test_a_handler_outlives_the_request_that_started_it(shop: Shop) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        started.set()
        await go_on.wait()
        shop.runs.append(order)

    await shop.order()
    request = asyncio.create_task(shop.notify())
    await asyncio.wait_for(started.wait(), 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    second = asyncio.create_task(shop.notify())
    go_on.set()
    assert accepted(await second)
    assert len(shop.runs) == 1


async def test_closing_waits_for_handlers(shop: Shop, bank: Bank, clock: Clock, database: str) -> None:
    shop = open_shop(bank, clock, database)
    started, go_on = asyncio.Event(), asyncio.Event()

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        started.set()
        await go_on.wait()
        shop.runs.append(order)

    async with shop.pay:
        await shop.order()
        request = asyncio.create_task(shop.notify())
        await asyncio.wait_for(started.wait(), 5)
        request.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
    assert len(shop.runs) == 1
    await asyncio.wait([request])
    async with shop.pay:
        assert (await shop.pay.orders.require("order_0001")).user_order_success is True


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


async def test_a_dead_process_loses_its_claim_in_time(shop: Shop, clock: Clock) -> None:
    shop.listen()
    await shop.order()
    order = await shop.pay.orders.require("order_0001")
    await shop.pay.orders.mark_paid(order, shop.trade(), now=clock(), notify_mode=1)
    assert await shop.pay.orders.claim_handler("order_0001", now=clock(), lease_ms=65_000)
    clock.ms += 64_999
    assert not accepted(await shop.notify())
    assert shop.runs == []
    clock.ms += 1
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


@pytest.mark.parametrize("open_database", [True, False])
async def test_without_its_database_nothing_is_acknowledged(
    shop_on_disk: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, open_database: bool
) -> None:
    shop = shop_on_disk
    shop.listen()
    await shop.order()
    broken = OSError("disk full")

    async def fail(*_: Any, **__: Any) -> Any:
        raise broken

    with monkeypatch.context() as patch:
        patch.setattr(shop.pay.orders, "mark_paid" if open_database else "get", fail)
        result = await shop.notify()
    assert result.reply.status == 500
    assert str(result.error) == "not stored: OSError; the provider comes again"
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1
    assert shop.runs == []
    assert accepted(await shop.notify())
    assert len(shop.runs) == 1


async def test_an_outcome_that_could_not_be_stored_is_not_acknowledged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    shop.listen()
    await shop.order()

    async def fail(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(shop.pay.orders, "finish_handler", fail)
        result = await shop.notify()
    assert result.reply.body == b"again"
    assert not accepted(await shop.notify())
    clock.ms += 65_000
    assert accepted(await shop.notify())
    assert len(shop.runs) == 2


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
