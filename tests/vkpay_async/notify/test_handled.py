"""The reply policy ``handled``: a provider gets its success when the handler has succeeded, and comes again till then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.notify.handling import Gate, accepted, fail_with
from vkpay_async import PaidOrder
from vkpay_async.notify import running


async def test_a_handler_that_raises_is_tried_again_with_the_next_copy(
    patient: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop = patient
    fail_with(shop, KeyError("g1"), RuntimeError("no stock"))
    await shop.order()
    assert not accepted(await shop.notify())
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.user_order_success, row.handler_error) == (1, False, "KeyError: 'g1'")
    assert "the handler of order_0001 (payment) failed, attempt 1" in caplog.text
    assert not accepted(await shop.notify())
    again = await shop.notify()
    assert (accepted(again), again.first) == (True, False)
    row = await shop.pay.orders.require("order_0001")
    assert (row.user_order_success, row.handler_error) == (True, None)
    assert accepted(await shop.notify())
    assert len(shop.runs) == 3


@pytest.mark.parametrize(("answer", "success"), [(False, False), (True, True), (None, True)])
async def test_what_a_handler_answers_is_final(patient: Shop, answer: Any, success: bool) -> None:
    @patient.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> Any:
        patient.runs.append(order)
        return answer

    await patient.order()
    for _ in range(3):
        assert accepted(await patient.notify())
    assert (await patient.pay.orders.require("order_0001")).user_order_success is success
    assert len(patient.runs) == 1


async def test_a_handler_has_a_time_limit(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_timeout=0.01, reply_policy="handled")
    Gate(shop)
    async with shop.pay:
        await shop.order()
        assert not accepted(await shop.notify())
        row = await shop.pay.orders.require("order_0001")
        assert row.user_order_success is False
        assert row.handler_error is not None
        assert row.handler_error.startswith("TimeoutError: no answer within handler_timeout, 0.01 s")


async def test_a_handler_that_waits_for_something_cancelled_has_failed(patient: Shop) -> None:
    @patient.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        dead: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dead.cancel()
        await dead

    await patient.order()
    assert not accepted(await patient.notify())
    error = (await patient.pay.orders.require("order_0001")).handler_error
    assert error == "RuntimeError: something the handler waited for was cancelled"


async def test_a_handler_outlives_the_request_that_started_it(patient: Shop) -> None:
    gate = Gate(patient)
    await patient.order()
    request = asyncio.create_task(patient.notify())
    await asyncio.wait_for(gate.begun.wait(), 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    second = asyncio.create_task(patient.notify())
    gate.go_on.set()
    assert accepted(await second)
    assert len(patient.runs) == 1


async def test_a_dead_process_loses_its_claim_in_time(
    bank: Bank, clock: Clock, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = (open_shop(bank, clock, database, reply_policy="handled") for _ in range(2))
    for shop in (dead, alive):
        shop.listen()
    monkeypatch.setattr(dead.pay._pipeline.runner, "start", lambda *_: None)
    async with dead.pay, alive.pay:
        await dead.order()
        assert not accepted(await dead.notify())
        clock.ms += 64_999
        assert not accepted(await alive.notify())
        assert alive.runs == []
        clock.ms += 1
        assert accepted(await alive.notify())
    assert len(alive.runs) == 1
    assert dead.runs == []


async def test_an_outcome_that_could_not_be_stored_is_not_acknowledged(
    patient: Shop, monkeypatch: pytest.MonkeyPatch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    patient.listen()
    await patient.order()

    async def fail(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(patient.pay.orders, "finish", fail)
        assert not accepted(await patient.notify())
    assert "how the handler of order_0001 ended could not be stored" in caplog.text
    assert not accepted(await patient.notify())
    clock.ms += 65_000
    assert accepted(await patient.notify())
    assert len(patient.runs) == 2


async def test_a_parked_handler_is_asked_for_by_the_next_copy(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", reply_policy="handled", handler_attempts=1)
    fail_with(shop, RuntimeError("no stock"))
    async with shop.pay:
        await shop.order()
        assert not accepted(await shop.notify())
        assert (await shop.event()).state == "parked"
        assert accepted(await shop.notify())
        assert (await shop.event()).state == "done"


async def test_a_payment_that_waits_for_its_turn_is_not_acknowledged(
    patient: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.listen()
    await patient.order()
    with monkeypatch.context() as patch:
        patch.setattr(running, "MOST_IN_HAND", 0)
        assert not accepted(await patient.notify())
    assert accepted(await patient.notify())
    assert len(patient.runs) == 1


async def test_a_transfers_handler_that_fails_is_told_again(
    patient: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [RuntimeError("no book")]

    @patient.pay.on_transferred
    async def done(transfer: Any) -> None:
        if failures:
            raise failures.pop()

    assert not accepted(await patient.notify_transfer())
    assert "the handler of B1 (transfer) failed" in caplog.text
    assert accepted(await patient.notify_transfer())
    assert accepted(await patient.notify_transfer())


async def test_a_transfers_handler_has_a_time_limit(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_timeout=0.01, reply_policy="handled")

    @shop.pay.on_transferred
    async def done(transfer: Any) -> None:
        await asyncio.Event().wait()

    async with shop.pay:
        assert not accepted(await shop.notify_transfer())


async def test_the_callers_own_cancelling_is_not_the_handlers_failure(patient: Shop) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @patient.pay.on_transferred
    async def done(transfer: Any) -> None:
        begun.set()
        await go_on.wait()

    request = asyncio.create_task(patient.notify_transfer())
    await asyncio.wait_for(begun.wait(), 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    go_on.set()
    assert (await patient.event("B1")).state == "done"
