"""The end of a refund is told once: by its notification, a query or the answer to the call, whoever is first."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationMismatch, NotificationResult, Refund, RefundedOrder, RefundState
from vkpay_async.models import Notification
from vkpay_async.notify.routes import payment_path


def listen(shop: Shop, *failures: Exception) -> list[RefundedOrder]:
    told: list[RefundedOrder] = []
    left = list(failures)

    @shop.pay.on_refunded("goods")
    async def refunded(order: RefundedOrder) -> None:
        told.append(order)
        if left:
            raise left.pop(0)

    return told


async def begun(shop: Shop, state: RefundState = RefundState.PROCESSING) -> Refund:
    shop.bank.refund_state = state
    await shop.paid()
    refund = await shop.pay.refund(out_trade_no="order_0001", refund_fee=5000)
    await shop.pay.idle()
    return refund


async def notify(shop: Shop, refund: Refund, state: RefundState = RefundState.SUCCESS) -> NotificationResult:
    news = msgspec.structs.replace(refund, state=state, raw_state=state.value)
    event = Notification(kind="refund", id="1", event="REFUND", refund=news)
    return await shop.deliver(payment_path("wxpay_h5", "order_0001"), event)


async def ask(shop: Shop, state: RefundState = RefundState.SUCCESS) -> None:
    number, refund = next(iter(shop.bank.refunds.items()))
    shop.bank.refunds[number] = msgspec.structs.replace(refund, state=state, raw_state=state.value)
    await shop.pay.query_refund(out_trade_no="order_0001")
    await shop.pay.idle()


async def test_a_notification_tells_it(shop: Shop) -> None:
    told = listen(shop)
    refund = await begun(shop)
    assert told == []
    for _ in range(2):
        assert accepted(await notify(shop, refund))
    await ask(shop)
    (order,) = told
    assert isinstance(order, RefundedOrder)
    assert (order.out_trade_no, order.status, order.refund_fee) == ("order_0001", 2, 5000)
    assert (order.refund.out_refund_no, order.refund.state) == ("order_0001-1", RefundState.SUCCESS)
    event = (await shop.events())[1]
    assert (event.kind, event.state, event.source) == ("refund", "done", 1)
    assert order.idempotency_key == event.id


async def test_a_query_tells_it(shop: Shop) -> None:
    told = listen(shop)
    refund = await begun(shop)
    await ask(shop)
    await ask(shop)
    assert accepted(await notify(shop, refund))
    assert len(told) == 1
    assert (await shop.events())[1].source == 0


async def test_the_answer_to_the_call_tells_it(shop: Shop) -> None:
    told = listen(shop)
    refund = await begun(shop, RefundState.SUCCESS)
    assert len(told) == 1
    assert accepted(await notify(shop, refund))
    await ask(shop)
    await shop.pay.refund(out_trade_no="order_0001", out_refund_no="order_0001-1")
    await shop.pay.idle()
    assert len(told) == 1
    assert (await shop.pay.orders.require("order_0001")).refund_list[0].state == "SUCCESS"


async def test_all_three_at_once_tell_it_once(shop_on_disk: Shop) -> None:
    shop = shop_on_disk
    told = listen(shop)
    refund = await begun(shop)
    number = refund.out_refund_no
    shop.bank.refunds[number] = msgspec.structs.replace(refund, state=RefundState.SUCCESS)
    shop.bank.refund_state = RefundState.SUCCESS
    await asyncio.gather(
        *(notify(shop, refund) for _ in range(10)),
        *(shop.pay.query_refund(out_trade_no="order_0001") for _ in range(10)),
        *(shop.pay.refund(out_trade_no="order_0001", out_refund_no=number) for _ in range(10)),
    )
    await shop.pay.idle()
    assert len(told) == 1


@pytest.mark.parametrize(
    ("state", "status", "refund_fee"),
    [(RefundState.SUCCESS, 2, 5000), (RefundState.CLOSED, 1, 0), (RefundState.ABNORMAL, 2, 5000)],
)
async def test_every_end_is_told(shop: Shop, state: RefundState, status: int, refund_fee: int) -> None:
    told = listen(shop)
    assert accepted(await notify(shop, await begun(shop), state))
    (order,) = told
    assert (order.refund.state, order.status, order.refund_fee) == (state, status, refund_fee)


async def test_one_that_a_person_mended_is_told_again(shop: Shop) -> None:
    told = listen(shop)
    refund = await begun(shop)
    await notify(shop, refund, RefundState.ABNORMAL)
    await notify(shop, refund, RefundState.SUCCESS)
    assert [order.refund.state for order in told] == [RefundState.ABNORMAL, RefundState.SUCCESS]


async def test_what_is_not_its_end_is_acknowledged_and_told_to_nobody(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await notify(shop, await begun(shop), RefundState.PROCESSING))
    assert told == []
    assert (await shop.pay.orders.require("order_0001")).refund_list[0].state == "PROCESSING"


async def test_a_handler_that_fails_is_told_again(shop: Shop) -> None:
    told = listen(shop, RuntimeError("no book"))
    assert accepted(await notify(shop, await begun(shop)))
    event = (await shop.events())[1]
    assert (event.state, event.error) == ("failed", "RuntimeError: no book")
    assert await shop.redeliver(15_000) == 1
    first, second = told
    assert first.idempotency_key == second.idempotency_key
    assert second.refund == first.refund
    assert second.refund_list == first.refund_list
    row = await shop.pay.orders.require("order_0001")
    assert (row.user_order_success, row.handler_error) == (None, None)


async def test_one_made_elsewhere_is_kept_for_a_person(shop: Shop) -> None:
    told = listen(shop)
    refund = msgspec.structs.replace(await begun(shop), out_refund_no="at-the-console")
    assert accepted(await notify(shop, refund))
    assert told == []
    event = (await shop.events())[1]
    assert event.state == "unmatched"
    assert "refund at-the-console was not made through this ledger" in str(event.error)
    again = await shop.pay._pipeline.replay(event.id)
    assert again.state == "unmatched"


async def test_one_that_does_not_fit_is_matched_again(shop: Shop) -> None:
    told = listen(shop)
    refund = msgspec.structs.replace(await begun(shop), total_fee=1)
    assert isinstance((await notify(shop, refund)).error, NotificationMismatch)
    assert (await shop.pay.orders.require("order_0001")).refund_list[0].state == "PROCESSING"
    event = (await shop.events())[1]
    with pytest.raises(NotificationMismatch, match="total 1 does not fit ours, 19900"):
        await shop.pay._pipeline.replay(event.id)
    assert told == []


async def test_a_query_that_does_not_fit_is_not_believed(shop: Shop) -> None:
    told = listen(shop)
    refund = await begun(shop)
    wrong = msgspec.structs.replace(refund, state=RefundState.SUCCESS, mch_id="1900000007")
    shop.bank.refunds[refund.out_refund_no] = wrong
    with pytest.raises(NotificationMismatch, match="merchant"):
        await shop.pay.query_refund(out_trade_no="order_0001")
    assert told == []
    assert (await shop.pay.orders.require("order_0001")).refund_list[0].state == "PROCESSING"
