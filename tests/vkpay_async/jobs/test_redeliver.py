"""A handler that failed, that was missing, or whose process died is run again."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import PaidOrder
from vkpay_async.ledger import Event

NUMBER = "order_0001"


async def event_of(shop: Shop) -> Event:
    (event,) = await shop.pay.orders.events(NUMBER)
    return event


async def test_a_failed_handler_runs_again_with_growing_pauses_until_a_person_has_to_look(
    bank: Bank, clock: Clock
) -> None:
    shop = open_shop(bank, clock, "sqlite://", handlerAttempts=5)
    runs: list[int] = []
    async with shop.pay:

        @shop.pay.on_paid("goods")
        async def broken(order: PaidOrder) -> None:
            runs.append(clock.ms)
            raise RuntimeError("no stock")

        await shop.paid()
        await shop.pay.idle()
        while (event := await event_of(shop)).state == "failed":
            assert event.due is not None
            clock.ms = event.due - 1
            assert (await shop.pay.run_jobs("redeliver")).redeliver == 0
            clock.ms += 1
            assert (await shop.pay.run_jobs("redeliver")).redeliver == 1
        assert (event.state, event.attempts, event.error) == ("parked", 5, "RuntimeError: no stock")
        clock.ms += 10**9
        assert (await shop.pay.run_jobs("redeliver")).redeliver == 0
    pauses = [later - before for before, later in pairwise(runs)]
    assert pauses == [15_000, 30_000, 60_000, 120_000]


async def test_a_handler_that_recovers_is_done(shop: Shop) -> None:
    runs = 0

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("no stock")

    await shop.paid()
    await shop.pay.idle()
    assert (await shop.pay.orders.require(NUMBER)).user_order_success is False
    shop.clock.ms += 15_000
    await shop.pay.run_jobs("redeliver")
    order = await shop.pay.orders.require(NUMBER)
    assert (runs, order.user_order_success, order.handler_error) == (2, True, None)
    assert (await event_of(shop)).state == "done"


async def test_a_process_without_the_handler_leaves_it_to_one_that_has_it(
    bank: Bank, clock: Clock, database: str
) -> None:
    shop, bare = open_shop(bank, clock, database), open_shop(bank, clock, database)
    fails = True
    runs: list[str] = []
    async with shop.pay, bare.pay:

        @shop.pay.on_paid("goods")
        async def ship(order: PaidOrder) -> None:
            if fails:
                raise RuntimeError("not yet")
            runs.append(order.out_trade_no)

        await shop.paid()
        await shop.pay.idle()
        clock.ms += 15_000
        assert (await bare.pay.run_jobs("redeliver")).redeliver == 0
        assert ((await event_of(shop)).state, (await event_of(shop)).attempts) == ("failed", 1)

        fails = False
        await shop.pay.run_jobs("redeliver")
        assert runs == [NUMBER]


async def test_what_a_process_that_died_had_in_hand_is_taken_over(
    bank: Bank, clock: Clock, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It claimed the event, and did not come to run its handler."""
    dead, alive = open_shop(bank, clock, database), open_shop(bank, clock, database)
    async with alive.pay:
        alive.listen()
        async with dead.pay:
            dead.listen()
            with monkeypatch.context() as patched:
                patched.setattr(dead.pay._pipeline.runner, "start", lambda *_: None)
                await dead.paid()
        assert (await event_of(alive)).state == "running"
        assert (await alive.pay.run_jobs("redeliver")).redeliver == 0

        clock.ms += 65_000
        assert (await alive.pay.run_jobs("redeliver")).redeliver == 1
        assert (len(dead.runs), len(alive.runs)) == (0, 1)
        event = await event_of(alive)
        assert (event.state, event.attempts) == ("done", 2)
