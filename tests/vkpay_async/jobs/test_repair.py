"""A payment of which nothing was heard is found by asking."""

from __future__ import annotations

import asyncio

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import TransportError
from vkpay_async.models import TradeState

MINUTE_MS = 60_000
NUMBER = "order_0001"


async def test_a_lost_notification_loses_nothing(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    assert (await shop.pay.run_jobs("repair")).repair == 0
    assert shop.runs == []

    shop.clock.ms += MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 1
    assert [order.out_trade_no for order in shop.runs] == [NUMBER]
    order = await shop.pay.orders.require(NUMBER)
    assert (order.status, order.notify_mode, order.user_order_success) == (1, 0, True)

    shop.clock.ms += 60 * MINUTE_MS
    assert (await shop.pay.run_jobs()).repair == 0
    assert (await shop.notify()).reply.status == 200
    assert len(shop.runs) == 1


async def test_what_was_given_back_before_it_was_heard_of_is_not_delivered_for_nothing(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    shop.paid_at_bank(state=TradeState.REFUND)
    shop.clock.ms += MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 1
    status = await shop.pay.query_payment(out_trade_no=NUMBER, await_notify=True)
    assert (status.order_paid, status.status, shop.runs) == (False, 0, [])
    event = await shop.event()
    assert (event.state, "before it was known to be paid" in str(event.error)) == ("unmatched", True)
    shop.clock.ms += 60 * MINUTE_MS
    assert (await shop.pay.run_jobs()).repair == 0

    assert (await shop.pay.replay_notification(event.id)).state == "done"
    assert [order.status for order in shop.runs] == [1]


async def test_a_refund_of_ours_leaves_the_paid_order_alone(shop: Shop) -> None:
    shop.listen()
    await shop.paid()
    await shop.pay.refund(out_trade_no=NUMBER, refund_fee=100)
    shop.paid_at_bank(state=TradeState.REFUND)
    await shop.pay.query_payment(out_trade_no=NUMBER, await_notify=True)
    assert [one.state for one in await shop.events() if one.kind == "payment"] == ["done"]
    assert len(shop.runs) == 1


async def test_the_job_and_the_notification_at_once_run_the_handler_once(shop_on_disk: Shop) -> None:
    shop = shop_on_disk
    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    shop.clock.ms += MINUTE_MS
    _, result, _ = await asyncio.gather(
        shop.pay.run_jobs("repair"), shop.notify(), shop.pay.run_jobs("repair")
    )
    await shop.pay.idle()
    assert result.reply.status == 200
    assert len(shop.runs) == 1
    assert len(await shop.pay.orders.events(NUMBER)) == 1


async def test_two_processes_ask_the_provider_once(bank: Bank, clock: Clock, database_url: str) -> None:
    shops = [open_shop(bank, clock, database_url) for _ in range(2)]
    async with shops[0].pay, shops[1].pay:
        for number in range(5):
            await shops[0].order(f"order_{number:04}")
        clock.ms += MINUTE_MS
        counts = await asyncio.gather(*(shop.pay.run_jobs("repair") for shop in shops))
    assert sum(count.repair for count in counts) == 5
    assert bank.count()["query"] == 5


async def test_an_unpaid_order_is_asked_after_with_growing_pauses_for_three_days(shop: Shop) -> None:
    await shop.order()
    shop.bank.trades[NUMBER] = shop.trade(state=TradeState.NOTPAY, raw_state="NOTPAY")
    asked = []
    for minute in range(4 * 24 * 60):
        if (await shop.pay.run_jobs("repair")).repair:
            asked.append(minute)
        shop.clock.ms += MINUTE_MS
    assert asked[:8] == [1, 2, 4, 8, 16, 32, 62, 92]
    assert 3 * 24 * 60 <= asked[-1] < 3 * 24 * 60 + 30
    assert (await shop.pay.orders.require(NUMBER)).status == 0


async def test_an_order_that_the_provider_does_not_know_yet_is_asked_after_again(shop: Shop) -> None:
    shop.listen()
    await shop.order(provider="alipay")
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("repair")
    assert (await shop.pay.orders.require(NUMBER)).status == 0

    shop.paid_at_bank(appid="2021", mch_id="2088")
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("repair")
    assert len(shop.runs) == 1


@pytest.mark.parametrize("state", [TradeState.CLOSED, TradeState.REVOKED, TradeState.PAYERROR])
async def test_what_ended_unpaid_at_the_provider_is_closed_here(shop: Shop, state: TradeState) -> None:
    await shop.order()
    shop.bank.trades[NUMBER] = shop.trade(state=state, raw_state=state.value, total_fee=None)
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("repair")
    order = await shop.pay.orders.require(NUMBER)
    assert (order.status, order.cancel_date) == (-1, shop.clock.ms)
    shop.clock.ms += 60 * MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 0


async def test_another_amount_is_kept_for_a_person_and_not_asked_after_again(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.listen()
    await shop.order()
    shop.paid_at_bank(total_fee=1)
    shop.clock.ms += MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 1
    assert "amount 1 fen does not fit" in caplog.text
    assert "vkpay notifications list" in caplog.text
    assert [event.state for event in await shop.pay.orders.events(NUMBER)] == ["unmatched"]

    shop.clock.ms += 24 * 60 * MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 0
    assert shop.runs == []
    assert (await shop.pay.orders.require(NUMBER)).status == 0


@pytest.mark.parametrize("error", [TransportError("no route: try again"), RuntimeError("a defect")])
async def test_a_provider_that_is_down_is_asked_again_when_it_is_back(
    shop: Shop, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    shop.listen()
    await shop.order("order_0001")
    await shop.order("order_0002")
    for number in ("order_0001", "order_0002"):
        shop.paid_at_bank(number)
    shop.bank.fail("query", error)
    shop.clock.ms += MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 2
    assert len(shop.runs) == 1
    assert "looked at again later" in caplog.text

    shop.clock.ms += MINUTE_MS
    assert (await shop.pay.run_jobs("repair")).repair == 1
    assert len(shop.runs) == 2


async def test_a_job_that_died_has_lost_nothing(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    shop.clock.ms += MINUTE_MS
    shop.bank.fail("query", asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await shop.pay.run_jobs("repair")

    shop.clock.ms += 10 * MINUTE_MS
    await shop.pay.run_jobs("repair")
    assert len(shop.runs) == 1
