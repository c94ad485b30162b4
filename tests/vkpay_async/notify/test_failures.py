"""A handler that fails runs again, after pauses that grow, until it is parked; and a person may run it once more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.fake import GENUINE, Bank, Clock, Shop, open_shop
from tests.vkpay_async.notify.handling import Gate, accepted, fail_with
from vkpay_async import InvalidArgument, LedgerUnavailable, PaidOrder, TradeState
from vkpay_async.models import Notification
from vkpay_async.notify import receiver
from vkpay_async.notify.routes import payment_path

HOUR = 3600 * 1000


async def test_it_is_stored_with_its_text_and_runs_again(shop: Shop) -> None:
    fail_with(shop, KeyError("g1"), RuntimeError("no stock"))
    await shop.paid()
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.user_order_success, row.handler_error) == (1, False, "KeyError: 'g1'")
    event = await shop.event()
    assert (event.state, event.error, event.due) == ("failed", "KeyError: 'g1'", shop.clock() + 15_000)

    assert await shop.redeliver(14_999) == 0
    assert await shop.redeliver(1) == 1
    event = await shop.event()
    assert (event.attempts, event.error, event.due) == (2, "RuntimeError: no stock", shop.clock() + 30_000)

    assert await shop.redeliver(30_000) == 1
    event = await shop.event()
    assert (event.state, event.attempts, event.error, event.due) == ("done", 3, None, None)
    row = await shop.pay.orders.require("order_0001")
    assert (row.user_order_success, row.handler_error) == (True, None)
    assert [order.idempotency_key for order in shop.runs] == [event.id] * 3
    assert await shop.redeliver(24 * HOUR) == 0


async def test_the_pauses_grow_to_six_hours_and_at_last_it_is_parked(shop: Shop) -> None:
    fail_with(shop, *(RuntimeError(str(n)) for n in range(12)))
    await shop.paid()
    pauses = []
    while (event := await shop.event()).due is not None:
        pauses.append(event.due - shop.clock())
        assert await shop.redeliver(event.due - shop.clock()) == 1
    assert pauses == [15_000 * 2**n for n in range(10)] + [15_000 * 2**10]
    assert max(pauses) <= 6 * HOUR
    assert (event.state, event.attempts, event.error) == ("parked", 12, "RuntimeError: 11")
    assert await shop.redeliver(24 * HOUR) == 0
    assert len(shop.runs) == 12


async def test_a_pause_is_never_longer_than_six_hours(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_attempts=20)
    fail_with(shop, *(RuntimeError("no stock") for _ in range(20)))
    async with shop.pay:
        await shop.paid()
        for _ in range(12):
            await shop.redeliver(6 * HOUR)
        event = await shop.event()
        assert (event.attempts, event.due) == (13, shop.clock() + 6 * HOUR)


async def test_a_long_error_is_cut(shop: Shop) -> None:
    fail_with(shop, RuntimeError("x" * 5000))
    await shop.paid()
    error = (await shop.event()).error
    assert error is not None
    assert len(error) == 2000


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (asyncio.CancelledError(), "RuntimeError: something the handler waited for was cancelled"),
        (TimeoutError("no answer from the warehouse"), "TimeoutError: no answer from the warehouse"),
        (TimeoutError(), "TimeoutError: a time limit of the handler's own was over"),
    ],
    ids=repr,
)
async def test_what_a_handler_may_raise(shop: Shop, failure: BaseException, text: str) -> None:
    fail_with(shop, failure)
    await shop.paid()
    assert (await shop.event()).error == text
    assert await shop.redeliver(15_000) == 1
    assert (await shop.event()).state == "done"


async def test_a_handler_that_never_returns(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_timeout=0.01)
    gate = Gate(shop)
    async with shop.pay:
        await shop.paid()
        event = await shop.event()
        assert event.state == "failed"
        assert event.error == (
            "TimeoutError: no answer within handler_timeout, 0.01 s: raise handler_timeout, or make the handler faster"
        )
        gate.go_on.set()
        assert await shop.redeliver(15_000) == 1
        assert (await shop.event()).state == "done"


async def test_one_that_fails_does_not_keep_others_from_running(shop: Shop) -> None:
    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        if order.out_trade_no == "order_0002":
            raise RuntimeError("no stock")
        shop.runs.append(order)

    numbers = [f"order_{n:04}" for n in range(1, 6)]
    for number in numbers:
        await shop.order(number)
    await asyncio.gather(*(shop.notify(number) for number in numbers))
    assert len(shop.runs) == 4
    for _ in range(3):
        await shop.redeliver(HOUR)
    states = [(await shop.event(number)).state for number in numbers]
    assert states == ["done", "failed", "done", "done", "done"]


async def test_a_process_without_the_handler_leaves_it_to_the_others(
    bank: Bank, clock: Clock, database: str
) -> None:
    knows, does_not = (open_shop(bank, clock, database) for _ in range(2))
    fail_with(knows, RuntimeError("no stock"))
    async with knows.pay, does_not.pay:
        await knows.paid()
        event = await knows.event()
        assert await does_not.redeliver(15_000) == 0
        assert (event.state, event.attempts) == ("failed", 1)
        assert await knows.redeliver() == 1
        assert (await knows.event()).state == "done"
    assert len(knows.runs) == 2


async def test_a_replay_in_a_process_without_the_handler_is_handed_on_to_the_others(
    bank: Bank, clock: Clock, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    knows, does_not = (open_shop(bank, clock, database) for _ in range(2))
    knows.listen()
    async with knows.pay, does_not.pay:
        await knows.paid()
        event = await does_not.pay._pipeline.replay((await knows.event()).id)
        assert (event.state, event.attempts, event.due) == ("failed", 2, clock() + 30_000)
        assert "no handler for payment of type 'goods' in this process: register it in every" in caplog.text
        assert await knows.redeliver(30_000) == 1
        assert (await knows.event()).state == "done"
    assert len(knows.runs) == 2


async def test_what_was_lost_with_its_process_is_run_by_another(
    bank: Bank, clock: Clock, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = (open_shop(bank, clock, database) for _ in range(2))
    for shop in (dead, alive):
        shop.listen()
    monkeypatch.setattr(dead.pay._pipeline.runner, "start", lambda *_: None)
    async with dead.pay, alive.pay:
        await dead.order()
        assert accepted(await dead.notify())
        assert await alive.redeliver(64_999) == 0
        assert await alive.redeliver(1) == 1
        assert (await alive.event()).attempts == 2
    assert len(alive.runs) == 1


class TestReplay:
    async def test_a_parked_one_runs_again(self, bank: Bank, clock: Clock) -> None:
        shop = open_shop(bank, clock, "sqlite://", handler_attempts=1)
        fail_with(shop, RuntimeError("no stock"))
        async with shop.pay:
            await shop.paid()
            event = await shop.event()
            assert event.state == "parked"
            again = await shop.pay._pipeline.replay(event.id)
            assert (again.state, again.attempts, again.error) == ("done", 2, None)
            row = await shop.pay.orders.require("order_0001")
            assert (row.user_order_success, row.handler_error) == (True, None)

    async def test_one_that_is_done_runs_again(self, shop: Shop) -> None:
        shop.listen()
        await shop.paid()
        event = await shop.event()
        again = await shop.pay._pipeline.replay(event.id)
        assert (again.state, again.attempts, again.due) == ("done", 2, None)
        assert [order.idempotency_key for order in shop.runs] == [event.id] * 2

    async def test_one_that_fails_again_is_tried_by_the_jobs(self, shop: Shop) -> None:
        fail_with(shop, RuntimeError("first"), RuntimeError("second"))
        await shop.paid()
        again = await shop.pay._pipeline.replay((await shop.event()).id)
        assert (again.state, again.error) == ("failed", "RuntimeError: second")
        assert await shop.redeliver(30_000) == 1
        assert (await shop.event()).state == "done"

    async def test_it_waits_for_this_handler_and_no_other(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 0.001)
        go_on = asyncio.Event()

        @shop.pay.on_paid("slow")
        async def slow(order: PaidOrder) -> None:
            await go_on.wait()

        shop.listen()
        await shop.paid()
        event = await shop.event()
        await shop.paid("order_0002", type="slow")
        await asyncio.wait_for(shop.pay._pipeline.replay(event.id), 5)
        go_on.set()
        assert len(shop.runs) == 2

    async def test_one_that_did_not_fit_is_matched_again(self, shop: Shop) -> None:
        shop.listen()
        await shop.order(total_fee=1)
        assert (await shop.notify()).error is not None
        event = await shop.event()
        assert event.state == "unmatched"
        with pytest.raises(Exception, match="amount 19900 fen does not fit"):
            await shop.pay._pipeline.replay(event.id)
        assert (await shop.event()).state == "unmatched"

        await set_total(shop, 19900)
        again = await shop.pay._pipeline.replay(event.id)
        assert (again.id, again.state, again.error, again.type) == (event.id, "done", None, "goods")
        assert (await shop.pay.orders.require("order_0001")).user_order_success is True
        assert len(shop.runs) == 1

    async def test_a_closing_that_did_not_fit_is_matched_again(self, shop: Shop) -> None:
        await shop.order(total_fee=1)
        trade = shop.trade(state=TradeState.CLOSED, raw_state="CLOSED")
        closed = Notification(kind="closed", id="1", event="CLOSED", trade=trade)
        assert (await shop.deliver(payment_path("wxpay_h5", "order_0001"), closed)).error is not None
        await set_total(shop, 19900)
        again = await shop.pay._pipeline.replay((await shop.event()).id)
        assert again.state == "done"
        assert (await shop.pay.orders.require("order_0001")).status == -1
        with pytest.raises(InvalidArgument, match="there is no handler to run again"):
            await shop.pay._pipeline.replay(again.id)

    async def test_one_that_is_running_is_left_alone(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 0.001)
        gate = Gate(shop)
        await shop.paid()
        (event,) = await shop.pay.orders.events("order_0001")
        with pytest.raises(InvalidArgument, match="is being handled now; look again in a minute"):
            await shop.pay._pipeline.replay(event.id)
        gate.go_on.set()
        await shop.pay.idle()
        assert len(shop.runs) == 1

    async def test_two_people_at_once_run_it_once(
        self, bank: Bank, clock: Clock, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = open_shop(bank, clock, database)
        shop.listen()
        async with shop.pay:
            await shop.paid()
            event = await shop.event()
            done = await asyncio.gather(
                *(shop.pay._pipeline.replay(event.id) for _ in range(2)), return_exceptions=True
            )
        assert sum(isinstance(one, InvalidArgument) for one in done) == 1
        assert len(shop.runs) == 2

    async def test_none(self, shop: Shop) -> None:
        with pytest.raises(InvalidArgument, match="no notification '01J': vkpay notifications list"):
            await shop.pay._pipeline.replay("01J")


async def set_total(shop: Shop, total_fee: int) -> None:
    """What a person does in the database, having looked into it."""
    from sqlalchemy import update

    from vkpay_async.ledger.schema import orders

    await shop.pay.orders.write(lambda c: c.execute(update(orders).values(total_fee=total_fee)))


class TestWithoutADatabase:
    @pytest.fixture(params=["claim", "get"])
    def broken(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        def apply(shop: Shop, error: Exception) -> pytest.MonkeyPatch:
            async def fail(*_: Any, **__: Any) -> Any:
                raise error

            monkeypatch.setattr(shop.pay.orders, request.param, fail)
            return monkeypatch

        return apply

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (OSError("disk full"), "not stored: OSError; the provider comes again"),
            (LedgerUnavailable("the database cannot be used: disk full"), "the database cannot be used: di"),
        ],
        ids=repr,
    )
    async def test_nothing_is_acknowledged(
        self,
        shop_on_disk: Shop,
        broken: Callable[..., Any],
        error: Exception,
        text: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        shop = shop_on_disk
        shop.listen()
        await shop.order()
        patch = broken(shop, error)
        result = await shop.notify()
        patch.undo()
        assert result.reply.status == 500
        assert text in str(result.error)
        (record,) = caplog.records
        assert (record.levelname, record.name) == ("ERROR", "vkpay_async.notify")
        assert "not stored, the provider will come again" in record.getMessage()
        assert shop.runs == []

    async def test_what_the_database_refuses_is_not_half_written(
        self, shop_on_disk: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = shop_on_disk
        shop.listen()
        await shop.order()
        store = shop.pay.orders._store

        async def gone(connection: Any) -> None:
            connection.rollback()
            raise LedgerUnavailable("the database cannot be used: gone")

        with monkeypatch.context() as patch:
            patch.setattr(store, "_committed", gone)
            result = await shop.notify()
            assert isinstance(result.error, LedgerUnavailable)
            assert result.reply.status == 500
        assert await shop.events() == []
        assert (await shop.pay.orders.require("order_0001")).status == 0
        assert shop.runs == []
        assert (await shop.notify()).first
        assert len(shop.runs) == 1

    async def test_an_outcome_that_could_not_be_stored_is_run_again(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def gone(*_: Any) -> None:
            raise LedgerUnavailable("the database cannot be used: gone")

        shop.listen()
        await shop.order()
        with monkeypatch.context() as patch:
            patch.setattr(shop.pay.orders, "finish", gone)
            assert accepted(await shop.notify())
        assert (await shop.event()).state == "running"
        assert await shop.redeliver(65_000) == 1
        assert (await shop.event()).state == "done"
        assert len({order.idempotency_key for order in shop.runs}) == 1


async def test_a_notification_that_cannot_be_decided_hurts_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vkpay_async.notify import decisions

    on_payment = decisions.on_payment

    def poisoned(found: Any, event: Any, *rest: Any) -> Any:
        if event.number == "order_0003":
            raise ZeroDivisionError
        return on_payment(found, event, *rest)

    monkeypatch.setattr(decisions, "on_payment", poisoned)
    shop.listen()
    numbers = [f"order_{n:04}" for n in range(1, 6)]
    for number in numbers:
        await shop.order(number)
    results = await asyncio.gather(*(shop.notify(number) for number in numbers))
    assert [result.reply.status for result in results] == [200, 200, 500, 200, 200]
    assert "ZeroDivisionError" in str(results[2].error)
    assert len(shop.runs) == 4
    assert (await shop.pay.orders.require("order_0003")).status == 0


async def test_what_a_provider_said_is_kept_as_it_came(shop: Shop) -> None:
    shop.listen()
    await shop.paid()
    event = await shop.event()
    assert (event.provider, event.pay_type, event.kind, event.type) == (
        "wxpay",
        "wxpay_h5",
        "payment",
        "goods",
    )
    assert event.what == "wxpay|1900000001|payment|4200-order_0001|PAID"
    assert event.path == "/pay/vk-pay-notify/wxpay_h5/order_0001"
    assert event.headers == {"x-signature": "genuine"}
    assert msgspec.json.decode(event.body, type=Notification).trade == shop.trade()


async def test_what_the_way_added_is_not_kept(shop: Shop) -> None:
    await shop.order()
    event = Notification(kind="payment", id="1", event="PAID", trade=shop.trade())
    added = {"Cookie": "session=secret", "Authorization": "Basic c2VjcmV0", "X-Forwarded-For": "10.0.0.1"}
    await shop.deliver(payment_path("wxpay_h5", "order_0001"), event, {**GENUINE, **added})
    assert (await shop.event()).headers == {"x-signature": "genuine"}
