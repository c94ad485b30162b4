"""Genuine, and does not fit: refused, and kept for a person to see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationMismatch, OrderNotFound


@pytest.fixture
def sole(bank: Bank, clock: Clock) -> Shop:
    """One merchant alone: whose a notification is needs no order."""
    shop = open_shop(bank, clock, "sqlite://", merchants={})
    shop.listen()
    return shop


async def test_money_for_an_order_that_is_not_there(sole: Shop) -> None:
    async with sole.pay:
        for _ in range(2):
            result = await sole.notify("order_0009")
            assert isinstance(result.error, OrderNotFound)
            assert result.reply.body == b"again"
        event = await sole.event("order_0009")
        assert (event.state, event.attempts, event.due) == ("unmatched", 0, None)
        assert event.error == "a notification for order 'order_0009', which is not in the ledger"
        assert event.body
        with pytest.raises(OrderNotFound):
            await sole.pay._pipeline.replay(event.id)

        await sole.order("order_0009")
        assert (await sole.pay._pipeline.replay(event.id)).state == "done"
        order = await sole.pay.orders.require("order_0009")
        assert (order.status, order.user_order_success, order.notify_mode) == (1, True, 1)
        assert len(sole.runs) == 1


async def test_the_providers_next_copy_finds_the_order_that_came_late(sole: Shop) -> None:
    async with sole.pay:
        assert (await sole.notify()).error is not None
        await sole.order()
        result = await sole.notify()
        assert (accepted(result), result.first) == (True, True)
        event = await sole.event()
        assert (event.state, event.error) == ("done", None)
        assert len(sole.runs) == 1


async def test_with_several_merchants_nobody_can_say_whose_it_is(shop: Shop) -> None:
    assert isinstance((await shop.notify("order_0009")).error, OrderNotFound)
    assert await shop.events("order_0009") == []


async def test_a_forged_one_is_not_kept(sole: Shop) -> None:
    async with sole.pay:
        await sole.pay.handle_notification(
            path="/vk-pay-notify/wxpay_h5/order_0009", headers={"X-Signature": "forged"}, body=b"{}"
        )
        assert await sole.events("order_0009") == []


@pytest.mark.parametrize("wrong", [{"total_fee": 1}, {"appid": "wx7"}, {"mch_id": "1900000007"}])
async def test_what_does_not_fit_the_order(shop: Shop, wrong: dict[str, Any]) -> None:
    shop.listen()
    await shop.order()
    result = await shop.notify(**wrong)
    assert isinstance(result.error, NotificationMismatch)
    assert result.reply.body == b"again"
    event = await shop.event()
    assert (event.state, event.error) == ("unmatched", result.error.msg)
    assert (await shop.pay.orders.require("order_0001")).status == 0
    assert shop.runs == []


async def test_a_second_payment_is_acknowledged_and_kept(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.listen()
    await shop.paid()
    for _ in range(2):
        assert accepted(await shop.notify(transaction_id="4200-second"))
    first, second = await shop.events()
    assert (first.state, second.state) == ("done", "unmatched")
    assert str(second.error).startswith(
        "order order_0001 was paid twice: by 4200-order_0001, and now by 4200-s"
    )
    assert str(second.error) in caplog.text
    order = await shop.pay.orders.require("order_0001")
    assert (order.transaction_id, order.user_order_success) == ("4200-order_0001", True)
    assert len(shop.runs) == 1
    assert (await shop.pay._pipeline.replay(second.id)).state == "unmatched"
