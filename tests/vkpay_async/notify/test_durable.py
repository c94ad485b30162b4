"""The reply policy ``durable``: what is committed is acknowledged, and how the handler fares is ours to see to."""

from __future__ import annotations

import asyncio

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.notify.handling import Gate, accepted, fail_with
from vkpay_async import PaidOrder
from vkpay_async.happenings import Outcome
from vkpay_async.notify import receiver, running


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply does not wait for a handler that is not quick."""
    monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 0.001)


@pytest.mark.usefixtures("hasty")
async def test_the_reply_does_not_wait_for_a_slow_handler(shop: Shop) -> None:
    gate = Gate(shop)
    await shop.order()
    result = await shop.notify()
    assert (accepted(result), result.first) == (True, True)
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.user_order_success) == (1, None)
    (event,) = await shop.pay.orders.events("order_0001")
    assert (event.state, event.attempts, event.done_date) == ("running", 1, None)
    gate.go_on.set()
    await shop.pay.idle()
    row = await shop.pay.orders.require("order_0001")
    assert (row.user_order_success, row.handler_error) == (True, None)
    event = await shop.event()
    assert (event.state, event.due, event.done_date) == ("done", None, shop.clock())


async def test_a_quick_handler_has_answered_when_the_reply_goes_out(shop: Shop) -> None:
    shop.listen()
    await shop.paid()
    assert (await shop.pay.orders.require("order_0001")).user_order_success is True


async def test_the_reply_does_not_wait_until_the_outcome_is_stored(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 60)
    shop.listen()
    await shop.order()
    stored, finish = asyncio.Event(), shop.pay.orders.finish

    async def later(outcome: Outcome) -> bool:
        await stored.wait()
        return await finish(outcome)

    monkeypatch.setattr(shop.pay.orders, "finish", later)
    assert accepted(await asyncio.wait_for(shop.notify(), 5))
    assert len(shop.runs) == 1
    stored.set()
    await shop.pay.idle()
    assert (await shop.event()).state == "done"


@pytest.mark.usefixtures("hasty")
async def test_a_copy_that_comes_meanwhile_is_acknowledged_and_starts_nothing(shop: Shop) -> None:
    gate = Gate(shop)
    await shop.order()
    for _ in range(3):
        assert accepted(await shop.notify())
    gate.go_on.set()
    await shop.pay.idle()
    assert len(shop.runs) == 1


async def test_a_handler_outlives_the_request_that_started_it(shop: Shop) -> None:
    gate = Gate(shop)
    await shop.order()
    request = asyncio.create_task(shop.notify())
    await asyncio.wait_for(gate.begun.wait(), 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    gate.go_on.set()
    await shop.pay.idle()
    assert len(shop.runs) == 1
    assert (await shop.pay.orders.require("order_0001")).user_order_success is True


async def test_closing_waits_for_handlers(bank: Bank, clock: Clock, database: str) -> None:
    shop = open_shop(bank, clock, database)
    gate = Gate(shop)
    async with shop.pay:
        await shop.order()
        request = asyncio.create_task(shop.notify())
        await asyncio.wait_for(gate.begun.wait(), 5)
        request.cancel()
        asyncio.get_running_loop().call_soon(gate.go_on.set)
    assert len(shop.runs) == 1
    await asyncio.wait([request])
    async with shop.pay:
        assert (await shop.pay.orders.require("order_0001")).user_order_success is True


async def test_idle_without_handlers_is_at_once(shop: Shop) -> None:
    await asyncio.wait_for(shop.pay.idle(), 1)


async def test_what_a_process_has_no_room_for_waits_in_the_ledger(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.listen()
    await shop.order()
    with monkeypatch.context() as patch:
        patch.setattr(running, "MOST_IN_HAND", 0)
        assert accepted(await shop.notify())
        event = await shop.event()
        assert (event.state, event.attempts, event.due) == ("waiting", 0, shop.clock())
        assert shop.runs == []
    assert await shop.redeliver() == 1
    assert (await shop.event()).state == "done"
    assert len(shop.runs) == 1
    assert await shop.redeliver() == 0


@pytest.mark.usefixtures("hasty")
async def test_only_so_many_run_at_once(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handlers_at_once=2)
    gate, most, now = asyncio.Event(), 0, 0

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await gate.wait()
        now -= 1
        shop.runs.append(order)

    async with shop.pay:
        for n in range(5):
            await shop.paid(f"order_{n:04}")
        gate.set()
        await shop.pay.idle()
    assert (most, len(shop.runs)) == (2, 5)


@pytest.mark.usefixtures("hasty")
async def test_a_handler_whose_turn_is_long_in_coming_renews_its_claim(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handlers_at_once=1)
    gate = Gate(shop)
    async with shop.pay:
        for number in ("order_0001", "order_0002"):
            await shop.paid(number)
        clock.ms += 6_000
        gate.go_on.set()
        event = await shop.event("order_0002")
        assert (event.state, event.attempts) == ("done", 2)
    assert len(shop.runs) == 2


@pytest.mark.usefixtures("hasty")
async def test_a_turn_that_comes_when_another_process_has_the_event_is_let_go(
    bank: Bank, clock: Clock, database: str
) -> None:
    busy, other = open_shop(bank, clock, database, handlers_at_once=1), open_shop(bank, clock, database)
    other.listen()
    gate = Gate(busy)
    async with busy.pay, other.pay:
        for number in ("order_0001", "order_0002"):
            await busy.paid(number)
        clock.ms += 65_000
        assert await other.redeliver() == 2
        gate.go_on.set()
        await busy.pay.idle()
    assert [order.out_trade_no for order in other.runs] == ["order_0001", "order_0002"]
    assert [order.out_trade_no for order in busy.runs] == ["order_0001"]


@pytest.mark.usefixtures("hasty")
async def test_a_handler_that_outlived_its_claim_does_not_undo_what_the_next_one_said(
    bank: Bank, clock: Clock, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow, other = open_shop(bank, clock, database), open_shop(bank, clock, database)
    go_on = asyncio.Event()

    @slow.pay.on_paid("goods")
    async def refuse(order: PaidOrder) -> bool:
        await go_on.wait()
        return False

    other.listen()
    async with slow.pay, other.pay:
        await slow.order()
        await slow.notify()
        clock.ms += 65_000
        assert await other.redeliver() == 1
        go_on.set()
        await slow.pay.idle()
        assert (await other.pay.orders.require("order_0001")).user_order_success is True
    assert "the handler of order_0001 took longer than its lease, and may have been run twice" in caplog.text


async def test_the_same_process_may_take_up_what_it_has_left(shop: Shop) -> None:
    """Its own first run lasts too long; both are waited for."""
    gate = Gate(shop)
    await shop.order()
    request = asyncio.create_task(shop.notify())
    await asyncio.wait_for(gate.begun.wait(), 5)
    shop.clock.ms += 65_000
    again = asyncio.create_task(shop.redeliver())
    await asyncio.sleep(0)
    gate.go_on.set()
    await asyncio.wait([request, again])
    assert (await shop.event()).state == "done"
    assert len(shop.runs) == 2
    assert not shop.pay._pipeline.runner._tasks


@pytest.mark.usefixtures("hasty")
async def test_a_handler_that_is_cut_off_with_its_process_is_left_to_the_others(shop: Shop) -> None:
    gate = Gate(shop)
    await shop.paid()
    for task in shop.pay._pipeline.runner._tasks:
        task.cancel()
    event = await shop.event()
    assert (event.state, event.error) == ("running", None)
    gate.go_on.set()
    assert await shop.redeliver(65_000) == 1
    assert len(shop.runs) == 1


async def test_a_failed_handler_does_not_make_the_provider_come_again(shop: Shop) -> None:
    fail_with(shop, RuntimeError("no stock"))
    await shop.order()
    for _ in range(3):
        assert accepted(await shop.notify())
    assert len(shop.runs) == 1
    event = await shop.event()
    assert (event.state, event.attempts, event.error) == ("failed", 1, "RuntimeError: no stock")
