"""Handlers with ``tx``: what they write is there exactly when the mark is there that they ran."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import FinishedTransfer, PaidOrder, RefundedOrder, RefundState, VKPayError
from vkpay_async.notify import receiver

Outside = Any
CREDIT = text("UPDATE accounts SET balance = balance + :fee WHERE id = :id")


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
async def shop(
    request: pytest.FixtureRequest, bank: Bank, clock: Clock, fresh_database: Any
) -> AsyncIterator[Shop]:
    """With a table of the shop's own beside ours."""
    shop = open_shop(bank, clock, fresh_database(request.param))
    async with shop.pay:
        await make_accounts(shop)
        yield shop


async def make_accounts(shop: Shop) -> None:
    def made(connection: Any) -> None:
        connection.execute(
            text("CREATE TABLE accounts (id VARCHAR(20) PRIMARY KEY, balance INTEGER NOT NULL)")
        )
        connection.execute(text("INSERT INTO accounts VALUES ('u1', 0)"))

    await shop.pay.orders.write(made)


async def balance(shop: Shop) -> int:
    return await shop.pay.orders.read(
        lambda c: int(c.scalar(text("SELECT balance FROM accounts WHERE id = 'u1'")) or 0)
    )


def credit(shop: Shop, *failures: Exception) -> None:
    left = list(failures)

    @shop.pay.on_paid("goods")
    async def run(order: PaidOrder, tx: Any) -> None:
        await tx.execute(CREDIT, {"fee": order.total_fee, "id": order.user_id})
        shop.runs.append(order)
        if left:
            raise left.pop(0)


async def test_what_it_writes_is_there_when_it_is_done(shop: Shop) -> None:
    credit(shop)
    await shop.paid(user_id="u1")
    event = await shop.event()
    assert (event.state, event.attempts) == ("done", 1)
    assert await balance(shop) == 19900
    assert (await shop.pay.orders.require("order_0001")).user_order_success is True
    for _ in range(3):
        await shop.notify()
    assert await shop.redeliver(24 * 3600 * 1000) == 0
    assert await balance(shop) == 19900


async def test_what_it_wrote_before_it_failed_is_undone_and_written_once_in_the_end(shop: Shop) -> None:
    credit(shop, RuntimeError("the bus is gone"), RuntimeError("still gone"))
    await shop.paid(user_id="u1")
    assert await balance(shop) == 0
    event = await shop.event()
    assert (event.state, event.error) == ("failed", "RuntimeError: the bus is gone")
    assert await shop.redeliver(15_000) == 1
    assert await balance(shop) == 0
    assert await shop.redeliver(30_000) == 1
    assert await balance(shop) == 19900
    assert (await shop.event()).state == "done"
    assert len(shop.runs) == 3


async def test_it_may_refuse_and_what_it_wrote_stays(shop: Shop) -> None:
    @shop.pay.on_paid("goods")
    async def refuse(order: PaidOrder, tx: Any) -> bool:
        await tx.execute(CREDIT, {"fee": 1, "id": "u1"})
        assert await tx.scalar(text("SELECT balance FROM accounts WHERE id = 'u1'")) == 1
        return False

    await shop.paid()
    assert (await shop.event()).state == "done"
    assert (await shop.pay.orders.require("order_0001")).user_order_success is False
    assert await balance(shop) == 1


async def test_one_that_outlives_its_time_limit_has_written_nothing(
    shop: Shop, bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 5)
    hasty = open_shop(bank, clock, shop.pay.orders.url, handler_timeout=0.5)
    go_on = asyncio.Event()

    @hasty.pay.on_paid("goods")
    async def slow(order: PaidOrder, tx: Any) -> None:
        await tx.execute(CREDIT, {"fee": 1, "id": "u1"})
        await go_on.wait()

    async with hasty.pay:
        await hasty.paid()
        event = await hasty.event()
        assert event.state == "failed"
        assert "no answer within handler_timeout, 0.5 s" in str(event.error)
        assert await balance(hasty) == 0
        go_on.set()
        assert await hasty.redeliver(15_000) == 1
        assert await balance(hasty) == 1


@pytest.mark.parametrize("shop", ["postgresql", "mysql"], indirect=True)
async def test_one_that_lost_its_claim_has_written_nothing(
    shop: Shop, bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its process stood still so long that another ran the handler. SQLite's one writer keeps the others waiting."""
    monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 0.001)
    other = open_shop(bank, clock, shop.pay.orders.url)
    begun, go_on = asyncio.Event(), asyncio.Event()

    @shop.pay.on_paid("goods")
    async def slow(order: PaidOrder, tx: Any) -> None:
        begun.set()
        await go_on.wait()
        await tx.execute(CREDIT, {"fee": order.total_fee, "id": "u1"})

    credit(other)
    async with other.pay:
        await shop.order(user_id="u1")
        await shop.notify()
        await asyncio.wait_for(begun.wait(), 5)
        assert await other.redeliver(65_000) == 1
        go_on.set()
        event = await shop.event()
    assert (event.state, event.attempts) == ("done", 2)
    assert await balance(shop) == 19900
    assert "another process has it now. What it wrote was undone" in caplog.text


async def test_refunds_and_transfers_have_it_too(shop: Shop) -> None:
    @shop.pay.on_refunded("goods")
    async def refunded(order: RefundedOrder, tx: Any) -> None:
        await tx.execute(CREDIT, {"fee": -order.refund.refund_fee, "id": "u1"})

    @shop.pay.on_transferred
    async def transferred(transfer: FinishedTransfer, tx: Any) -> None:
        await tx.execute(CREDIT, {"fee": 7, "id": "u1"})

    shop.bank.refund_state = RefundState.SUCCESS
    await shop.paid()
    await shop.pay.refund(out_trade_no="order_0001", refund_fee=100)
    await shop.pay.idle()
    assert await balance(shop) == -100
    for _ in range(2):
        await shop.notify_transfer()
    await shop.pay.idle()
    assert await balance(shop) == -93
    kept = await shop.pay.orders.get_transfer("B1")
    assert kept is not None
    assert kept.user_order_success is True


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize("call", ["query", "refund", "create"])
async def test_on_sqlite_it_is_told_that_it_holds_the_one_writer(shop: Shop, call: str) -> None:
    @shop.pay.on_paid("goods")
    async def run(order: PaidOrder, tx: Any) -> None:
        await tx.execute(CREDIT, {"fee": 1, "id": "u1"})
        if call == "query":
            await shop.pay.query_payment(out_trade_no="order_0001", await_notify=True)
        elif call == "refund":
            await shop.pay.refund(out_trade_no="order_0001")
        else:
            await shop.order("order_0002")

    shop.paid_at_bank()
    await shop.paid()
    event = await shop.event()
    assert event.state == "failed"
    assert event.error is not None
    assert event.error.startswith("VKPayError: SQLite has one writer, and this handler's tx is it")
    assert await balance(shop) == 0
    assert await shop.pay.orders.get("order_0002") is None


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
async def test_on_sqlite_what_it_leaves_behind_may_call_when_it_has_returned(shop: Shop) -> None:
    later: list[asyncio.Task[Any]] = []
    committed = asyncio.Event()

    async def afterwards() -> None:
        await committed.wait()
        await shop.order("order_0002")

    @shop.pay.on_paid("goods")
    async def run(order: PaidOrder, tx: Any) -> None:
        later.append(asyncio.create_task(afterwards()))

    await shop.paid()
    assert (await shop.event()).state == "done"
    committed.set()
    await later[0]
    assert await shop.pay.orders.get("order_0002") is not None


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
async def test_a_commit_that_fails_leaves_neither_mark_nor_writing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = shop.pay.orders._store
    committed, left = store._committed, [True]

    async def once_gone(connection: Any) -> None:
        row = connection.exec_driver_sql("SELECT balance FROM accounts").scalar()
        if row and left:
            left.clear()
            connection.rollback()
            raise VKPayError("the disk is full")
        await committed(connection)

    monkeypatch.setattr(store, "_committed", once_gone)
    credit(shop)
    await shop.paid(user_id="u1")
    assert (await shop.event()).state == "failed"
    assert await balance(shop) == 0
    assert await shop.redeliver(15_000) == 1
    assert await balance(shop) == 19900
