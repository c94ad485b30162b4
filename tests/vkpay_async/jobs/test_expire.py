"""Orders whose time is over are closed, unless they are paid after all; old ones are deleted where that is wanted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import OrderStateConflict, TransportError
from vkpay_async.config import Secret
from vkpay_async.ledger import Token
from vkpay_async.ledger.schema import tokens
from vkpay_async.models import Notification, TradeState
from vkpay_async.notify.routes import payment_path

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
NUMBER = "order_0001"


def refused() -> OrderStateConflict:
    return OrderStateConflict(provider="fake", code="ORDERPAID", message="paid", http_status=400)


async def ordered(shop: Shop, minutes: int = 10) -> None:
    shop.listen()
    await shop.order(time_expire=shop.clock.ms + minutes * MINUTE_MS)
    shop.bank.trades[NUMBER] = shop.trade(state=TradeState.NOTPAY, raw_state="NOTPAY")
    shop.clock.ms += minutes * MINUTE_MS


async def test_an_order_whose_time_is_over_is_closed_at_the_provider_and_here(shop: Shop) -> None:
    await ordered(shop)
    shop.clock.ms -= 1
    assert (await shop.pay.run_jobs("expire")).expire == 0
    shop.clock.ms += 1
    assert (await shop.pay.run_jobs("expire")).expire == 1
    assert shop.bank.count()["close"] == 1
    assert (await shop.pay.orders.require(NUMBER)).status == -1
    shop.clock.ms += DAY_MS
    assert (await shop.pay.run_jobs("expire", "repair")).expire == 0


async def test_one_that_nobody_opened_is_closed_here(shop: Shop) -> None:
    await ordered(shop)
    del shop.bank.trades[NUMBER]
    await shop.pay.run_jobs("expire")
    assert (await shop.pay.orders.require(NUMBER)).status == -1


async def test_one_that_is_paid_after_all_is_not_closed(shop: Shop) -> None:
    await ordered(shop)
    shop.paid_at_bank()
    await shop.pay.run_jobs("expire")
    assert "close" not in shop.bank.count()
    assert len(shop.runs) == 1


async def test_one_that_is_paid_while_it_is_being_closed_is_paid(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ordered(shop)
    asked = shop.bank.asked

    def paid_meanwhile(operation: str, argument: object) -> None:
        asked(operation, argument)
        if operation == "close":
            shop.paid_at_bank()
            raise refused()

    monkeypatch.setattr(shop.bank, "asked", paid_meanwhile)
    await shop.pay.run_jobs("expire")
    assert (await shop.pay.orders.require(NUMBER)).status == 1
    assert len(shop.runs) == 1


@pytest.mark.parametrize("error", [TransportError("no answer: try again"), refused()])
async def test_one_that_cannot_be_closed_now_is_closed_later(shop: Shop, error: Exception) -> None:
    await ordered(shop)
    shop.bank.fail("close", error)
    await shop.pay.run_jobs("expire")
    assert (await shop.pay.orders.require(NUMBER)).status == 0
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("expire")
    assert (await shop.pay.orders.require(NUMBER)).status == -1


async def test_unpaid_orders_are_kept_for_ever_unless_told_otherwise(shop: Shop) -> None:
    await ordered(shop)
    await shop.pay.run_jobs("expire")
    shop.clock.ms += 1000 * DAY_MS
    assert (await shop.pay.run_jobs("delete")).delete == 0
    assert await shop.pay.orders.get(NUMBER)


async def test_closed_orders_are_deleted_after_so_many_days(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", autoDeleteExpiredOrders=7)
    async with shop.pay:
        await ordered(shop)
        closing = Notification(kind="closed", id="1", event="CLOSED", trade=shop.trade())
        await shop.deliver(payment_path("wxpay_h5", NUMBER), closing)
        assert (await shop.pay.orders.require(NUMBER)).status == -1
        await shop.paid("order_0002")
        clock.ms += 6 * DAY_MS
        assert (await shop.pay.run_jobs("delete")).delete == 0
        clock.ms += DAY_MS
        assert (await shop.pay.run_jobs("delete")).delete == 1
        assert await shop.pay.orders.get(NUMBER) is None
        assert await shop.pay.orders.get("order_0002")


async def test_an_order_that_is_still_asked_after_is_not_deleted(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", autoDeleteExpiredOrders=1)
    async with shop.pay:
        await shop.order()
        clock.ms += 2 * DAY_MS
        assert (await shop.pay.run_jobs("repair", "delete")).delete == 0
        clock.ms += DAY_MS
        await shop.pay.run_jobs("repair")
        assert (await shop.pay.run_jobs("delete")).delete == 1


async def test_shared_values_are_deleted_a_day_after_their_end(shop: Shop) -> None:
    token = Token(value=Secret("t"), expires=shop.clock.ms + MINUTE_MS)
    await shop.pay.tokens.put("one", token, shop.clock)
    await shop.pay.tokens.put("other", Token(value=Secret("t"), expires=2**53), shop.clock)
    for days, left in ((1, 2), (2, 1)):
        shop.clock.ms += days * DAY_MS
        assert (await shop.pay.run_jobs("delete")).delete == 0
        names = await shop.pay.orders.read(lambda c: c.execute(select(tokens.c.name)).scalars().all())
        assert len(names) == left
    assert names == ["other"]
