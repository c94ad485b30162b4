"""Transactions: all or nothing, and nobody left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from tests.vkpay_async.ledger.conftest import ON_SERVERS, ON_SQLITE, order, outcome, payment
from vkpay_async import VKPayError
from vkpay_async.ledger import Ledger, LedgerUnavailable, Transaction
from vkpay_async.ledger.schema import orders

RENAME = update(orders).where(orders.c.out_trade_no == "A1").values(description="Coffee")
COUNT = select(func.count()).select_from(orders)


@pytest.fixture
async def memory() -> Any:
    ledger = Ledger("sqlite://")
    await ledger.open()
    yield ledger
    await ledger.close()


async def description(ledger: Ledger) -> str:
    return (await ledger.require("A1")).description


async def renamed(ledger: Ledger, then: Callable[[Transaction], Awaitable[None]]) -> None:
    async with ledger.transaction() as tx:
        await tx.execute(RENAME)
        await then(tx)


def failing(error: BaseException) -> Callable[[Transaction], Awaitable[None]]:
    async def fail(_: Transaction) -> None:
        raise error

    return fail


async def in_another_context(awaitable: Any) -> Any:
    """As a request would, which no handler's transaction has called."""

    async def waited() -> Any:
        return await awaitable

    return await asyncio.get_running_loop().create_task(waited(), context=Context())


async def test_who_reads_sees_the_outcome_that_is_on_its_way(ledger: Ledger) -> None:
    await ledger.add(order())
    claimed = await ledger.claim(payment())
    finishing = asyncio.ensure_future(ledger.finish(outcome(claimed)))
    await asyncio.sleep(0)
    assert (await ledger.require("A1")).user_order_success is True
    assert await finishing


async def test_inside_a_transaction_nobody_waits_for_an_outcome_that_waits_for_it(ledger: Ledger) -> None:
    await ledger.add(order())
    claimed = await ledger.claim(payment())
    async with ledger.transaction() as tx:
        await tx.execute(RENAME)
        finishing = asyncio.ensure_future(in_another_context(ledger.finish(outcome(claimed))))
        for _ in range(3):
            await asyncio.sleep(0)
        row = await asyncio.wait_for(ledger.require("A1"), 5)
        assert row.user_order_success is None
    assert await finishing


async def test_the_end_of_the_block_commits(ledger: Ledger, other: Ledger) -> None:
    await ledger.add(order())
    async with ledger.transaction() as tx:
        result = await tx.execute(RENAME)
        assert result.rowcount == 1
        assert await tx.scalar(COUNT) == 1
        assert await tx.scalar(select(orders.c.description).where(orders.c.out_trade_no == "none")) is None
        assert await tx.run_sync(lambda c: c.scalar(COUNT)) == 1
        assert await description(other) == ""
    assert await description(other) == "Coffee"


async def test_whatever_the_block_raises_undoes_all(ledger: Ledger) -> None:
    await ledger.add(order())
    for error in (LookupError("g1"), TimeoutError("the warehouse"), asyncio.CancelledError()):
        with pytest.raises(type(error)) as caught:
            await renamed(ledger, failing(error))
        assert caught.value is error
        assert await description(ledger) == ""
    await ledger.add(order("A2"))


async def test_a_function_that_raises_undoes_all(ledger: Ledger) -> None:
    await ledger.add(order())

    def work(connection: Any) -> None:
        connection.execute(RENAME)
        raise LookupError("g1")

    with pytest.raises(LookupError):
        await ledger.write(work)
    assert await description(ledger) == ""


async def test_a_violated_constraint_is_the_handlers_to_read(ledger: Ledger) -> None:
    await ledger.add(order())
    row = {"out_trade_no": "A1", "type": "goods", "pay_type": "x", "total_fee": 1, "create_date": 1}
    whole = {**row, "custom": {}, "stat_data": {}, "notify_info": {}, "expand_data": {}}

    async def insert_again(tx: Transaction) -> None:
        await tx.execute(insert(orders), whole)

    with pytest.raises(IntegrityError):
        await renamed(ledger, insert_again)
    assert await description(ledger) == ""
    async with ledger.transaction() as tx:
        assert await tx.scalar(COUNT) == 1


async def test_a_mistake_in_the_handlers_statement_is_the_handlers(ledger: Ledger) -> None:
    for call in ("execute", "scalar"):
        with pytest.raises(Exception, match="not_there") as caught:
            async with ledger.transaction() as tx:
                await getattr(tx, call)(text("SELECT 1 FROM not_there"))
        assert not isinstance(caught.value, LedgerUnavailable)


async def test_after_its_block_a_transaction_is_of_no_use(ledger: Ledger) -> None:
    await ledger.add(order())
    kept: list[Transaction] = []
    async with ledger.transaction() as tx:
        kept.append(tx)
    for call in (
        kept[0].execute(RENAME),
        kept[0].scalar(COUNT),
        kept[0].run_sync(lambda c: c.execute(RENAME)),
    ):
        with pytest.raises(Exception, match=r"(?i)ended|closed"):
            await call
    assert await description(ledger) == ""


async def test_reading_goes_on_beside_a_transaction(ledger: Ledger) -> None:
    await ledger.add(order())
    async with ledger.transaction() as tx:
        await tx.execute(RENAME)
        assert await description(ledger) == ""
        assert (await ledger.list()).total == 1


@ON_SERVERS
async def test_on_a_server_a_handler_may_write_beside_its_transaction(ledger: Ledger) -> None:
    await ledger.add(order())
    async with ledger.transaction() as tx:
        await tx.execute(RENAME)
        await ledger.add(order("A2"))
        assert (await ledger.claim(payment("A2"))).moved
    assert await description(ledger) == "Coffee"


@ON_SQLITE
class TestOneWriter:
    async def test_a_write_inside_a_handlers_tx_says_what_to_do(self, ledger: Ledger) -> None:
        await ledger.add(order())

        async def add(_: Transaction) -> None:
            await ledger.add(order("A2"))

        with pytest.raises(VKPayError, match="write through tx, call VKPay after the handler has returned"):
            await renamed(ledger, add)
        assert await description(ledger) == ""
        with pytest.raises(VKPayError, match="SQLite has one writer"):
            async with ledger.transaction(), ledger.transaction():
                pass
        with pytest.raises(VKPayError, match="SQLite has one writer"):
            async with ledger.transaction():
                await ledger.close()
        await ledger.add(order("A2"))

    async def test_a_task_that_outlives_the_handler_may_write(self, ledger: Ledger) -> None:
        go = asyncio.Event()

        async def later() -> None:
            await go.wait()
            await ledger.add(order("A2"))

        async with ledger.transaction():
            task = asyncio.create_task(later())
        go.set()
        await task
        assert await ledger.get("A2") == order("A2")

    async def test_another_database_may_be_written(self, ledger: Ledger, memory: Ledger) -> None:
        async with ledger.transaction(), memory.transaction():
            with pytest.raises(VKPayError, match="one writer"):
                await ledger.add(order())
        async with ledger.transaction():
            await memory.add(order())
        assert await memory.get("A1") == order()

    async def test_writers_wait_for_a_transaction_and_then_write(self, ledger: Ledger) -> None:
        await ledger.add(order())
        async with ledger.transaction() as tx:
            await tx.execute(RENAME)
            waiting = asyncio.gather(
                in_another_context(ledger.add(order("A2"))), in_another_context(ledger.claim(payment()))
            )
            await asyncio.sleep(0)
            assert not waiting.done()
        added, claimed = await waiting
        assert added.out_trade_no == "A2"
        assert (claimed.moved, claimed.order.description) == (True, "Coffee")


async def test_in_memory_a_handler_reads_what_it_wrote(memory: Ledger) -> None:
    await memory.add(order())
    async with memory.transaction() as tx:
        await tx.execute(RENAME)
        assert await description(memory) == "Coffee"


async def test_in_memory_nobody_else_reads_what_may_be_undone(memory: Ledger) -> None:
    await memory.add(order())
    reading: list[asyncio.Future[str]] = []

    async def read_and_fail(_: Transaction) -> None:
        reading.append(asyncio.ensure_future(in_another_context(description(memory))))
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        await renamed(memory, read_and_fail)
    assert await reading[0] == ""


class TestCancellation:
    async def test_a_cancelled_writer_leaves_the_ledger_usable(self, ledger: Ledger, other: Ledger) -> None:
        for turns in range(12):
            tasks = [
                asyncio.create_task(work)
                for work in (
                    ledger.add(order(f"A{turns}")),
                    ledger.claim(payment(f"A{turns}")),
                    ledger.put_off(f"A{turns}", "repair_due", 5),
                    ledger.list(),
                )
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for one in (ledger, other):
            kept = await one.add(order("B1"))
            assert kept.out_trade_no == "B1"
        assert (await ledger.claim(payment("B1"))).moved

    async def test_of_a_batch_one_that_gave_up_does_not_stop_the_others(self, ledger: Ledger) -> None:
        for n in range(6):
            await ledger.add(order(f"A{n}"))
        claims = [asyncio.create_task(ledger.claim(payment(f"A{n}"))) for n in range(6)]
        await asyncio.sleep(0)
        claims[0].cancel()
        claims[3].cancel()
        answers = await asyncio.gather(*claims, return_exceptions=True)
        assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [
            n in (0, 3) for n in range(6)
        ]
        assert all(answers[n].moved for n in (1, 2, 4, 5))
        assert await ledger.count({"status": 1}) == 6

    async def test_at_any_moment_a_transaction_is_whole(self, ledger: Ledger, other: Ledger) -> None:
        """Cancelled before its end nothing is kept, cancelled in its commit all of it is; the next writer gets through."""
        await ledger.add(order())

        async def both(number: int) -> None:
            async with ledger.transaction() as tx:
                await tx.execute(update(orders).values(nickname=str(number)))
                await tx.execute(update(orders).values(device_id=str(number)))

        for turns in range(24):
            task = asyncio.create_task(both(turns))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await ledger.put_off("A1", "repair_due", turns)
            row = await other.require("A1")
            assert row.nickname == row.device_id

    async def test_one_that_waits_for_the_writer_can_give_up(self, ledger: Ledger) -> None:
        await ledger.add(order())
        async with ledger.transaction() as tx:
            await tx.execute(RENAME)
            waiting = asyncio.create_task(in_another_context(ledger.mark_closed("A1", now=5)))
            for _ in range(5):
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await description(ledger) == "Coffee"
        await ledger.mark_closed("A1", now=5)
