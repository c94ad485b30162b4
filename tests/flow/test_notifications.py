"""Notifications as they come in reality: doubled, reordered, late, at once, and to a shop that fails."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from vkpay_async import OrderNotPaid
from vkpay_async.notify import running
from vkpay_async.service import payments

PROVIDERS = ["wxpay", "alipay"]
ATTEMPTS = {"wxpay": 16, "alipay": 8}
LATEST = {"wxpay": "24h4m", "alipay": "24h24m"}


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


def deliveries(shop, number):
    return [d for d in shop.sim.deliveries() if d.subject == number]


async def test_a_notification_moves_the_order_once_and_runs_its_handler(shop, provider):
    payment = await shop.order(provider)
    await shop.sim.pay(payment.out_trade_no)

    order = await shop.pay.orders.require(payment.out_trade_no)
    assert (order.status, order.user_order_success, order.notify_mode) == (1, True, 1)
    assert order.transaction_id == shop.sim.orders()[0].transaction_id
    assert shop.shipped == [payment.out_trade_no]
    assert [d.state for d in deliveries(shop, payment.out_trade_no)] == ["delivered"]


async def test_fifty_copies_at_once(shop, provider):
    payment = await shop.order(provider)
    shop.sim.fault("duplicate_notify", copies=50, out_trade_no=payment.out_trade_no)
    await shop.sim.pay(payment.out_trade_no)

    attempts = deliveries(shop, payment.out_trade_no)[0].attempts
    assert len(attempts) == 50
    assert {attempt.accepted for attempt in attempts} == {True}
    assert shop.runs == 1
    assert await shop.status(payment.out_trade_no) == 1


async def test_the_last_attempt_of_the_schedule_still_counts(shop, provider):
    payment = await shop.order(provider)
    shop.sim.fault("lose_notify", times=ATTEMPTS[provider] - 1)
    await shop.sim.pay(payment.out_trade_no)
    assert await shop.status(payment.out_trade_no) == 0

    await shop.sim.advance(LATEST[provider])

    attempts = deliveries(shop, payment.out_trade_no)[0].attempts
    assert len(attempts) == ATTEMPTS[provider]
    assert [attempt.accepted for attempt in attempts].count(True) == 1
    assert shop.shipped == [payment.out_trade_no]


async def test_a_handler_that_failed_runs_again_when_the_provider_comes_back(handling_shop, provider):
    shop = handling_shop
    payment = await shop.order(provider)
    shop.fails = 2
    await shop.sim.pay(payment.out_trade_no)
    order = await shop.pay.orders.require(payment.out_trade_no)
    assert (order.status, order.user_order_success) == (1, False)
    assert "warehouse" in order.handler_error

    await shop.sim.advance("24h")

    order = await shop.pay.orders.require(payment.out_trade_no)
    assert (order.user_order_success, order.handler_error) == (True, None)
    assert (shop.runs, shop.shipped) == (3, [payment.out_trade_no])


async def test_a_handler_that_failed_is_run_again_by_our_own_jobs(shop, provider, monkeypatch):
    monkeypatch.setattr(running, "FIRST_PAUSE_MS", 0)
    payment = await shop.order(provider)
    shop.fails = 2
    await shop.sim.pay(payment.out_trade_no)
    await shop.pay.idle()
    assert {d.state for d in shop.sim.deliveries()} == {"delivered"}
    for _ in range(2):
        await shop.pay.run_jobs("redeliver")

    order = await shop.pay.orders.require(payment.out_trade_no)
    assert (order.user_order_success, order.handler_error) == (True, None)
    assert (shop.runs, shop.shipped) == (3, [payment.out_trade_no])
    assert len(shop.sim.deliveries()) == 1


async def test_a_lost_notification_loses_nothing(shop, provider, monkeypatch):
    monkeypatch.setattr(payments, "REPAIR_AFTER_MS", 0)
    payment = await shop.order(provider)
    shop.sim.fault("lose_notify", out_trade_no=payment.out_trade_no, times=None)
    await shop.sim.pay(payment.out_trade_no)
    await shop.pay.run_jobs("repair")
    assert shop.shipped == [payment.out_trade_no]
    assert (await shop.pay.orders.require(payment.out_trade_no)).notify_mode == 0


async def test_the_payment_comes_after_its_own_refund(shop, provider):
    payment = await shop.order(provider)
    number = payment.out_trade_no
    shop.sim.fault("lose_notify", out_trade_no=number)
    await shop.sim.pay(number)
    with pytest.raises(OrderNotPaid):
        await shop.pay.refund(out_trade_no=number)

    state = await shop.pay.query_payment(out_trade_no=number, await_notify=True)
    assert state.order_paid
    assert state.user_order_success
    await shop.pay.refund(out_trade_no=number, refund_fee=5000)
    await shop.sim.advance("24h30m")

    assert {d.state for d in shop.sim.deliveries()} == {"delivered"}
    order = await shop.pay.orders.require(number)
    assert (order.status, order.refund_fee, order.notify_mode) == (2, 5000, 0)
    assert shop.shipped == [number]


async def test_a_wrong_signature_is_refused_and_the_true_copy_taken(shop, provider, caplog):
    payment = await shop.order(provider)
    shop.sim.fault("bad_signature", operation=f"{provider}.notify")
    await shop.sim.pay(payment.out_trade_no)
    assert await shop.status(payment.out_trade_no) == 0
    assert len([r for r in caplog.records if r.name == "vkpay_async.notify"]) == 1

    await shop.sim.advance("5m")
    assert await shop.status(payment.out_trade_no) == 1
    assert shop.shipped == [payment.out_trade_no]


async def test_copies_sent_again_by_hand_change_nothing(shop, provider):
    payment = await shop.order(provider)
    await shop.sim.pay(payment.out_trade_no)
    delivery = deliveries(shop, payment.out_trade_no)[0]
    await asyncio.gather(*(shop.sim.resend(delivery.id) for _ in range(10)))

    attempts = deliveries(shop, payment.out_trade_no)[0].attempts
    assert [attempt.accepted for attempt in attempts] == [True] * 11
    assert shop.runs == 1


async def test_a_notification_for_another_order_is_refused(shop, provider):
    """A genuine notification, played against the address of an order that costs more."""
    cheap, dear = await shop.order(provider, 1), await shop.order(provider, 99900)
    shop.sim.fault("lose_notify", times=None, out_trade_no=cheap.out_trade_no)
    await shop.sim.pay(cheap.out_trade_no)
    sent = shop.sim.world.deliveries[deliveries(shop, cheap.out_trade_no)[0].id].build(0)
    order = await shop.pay.orders.require(dear.out_trade_no)

    async with aiohttp.ClientSession() as session:
        url = f"{order.notify_url}{order.notify_path}"
        async with session.post(url, data=sent.body, headers=sent.headers) as answer:
            assert answer.status == 500
            assert b"success" not in (await answer.read()).lower()

    assert await shop.status(dear.out_trade_no) == 0
    assert shop.runs == 0
