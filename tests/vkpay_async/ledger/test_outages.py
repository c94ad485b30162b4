"""A database that is locked, full, exhausted or gone is named as such, and nothing is half done."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from tests.databases.server import Server
from tests.vkpay_async.ledger.conftest import (
    ON_SERVERS,
    ON_SQLITE,
    SERVERS,
    gathered,
    order,
    outcome,
    payment,
)
from vkpay_async.ledger import Ledger, LedgerUnavailable, sqlite
from vkpay_async.ledger.schema import notifications, orders


@ON_SQLITE
class TestALockedFile:
    @pytest.fixture
    def holder(self, ledger: Ledger, tmp_path: Path) -> Iterator[sqlite3.Connection]:
        """Another process with a transaction open."""
        with closing(sqlite3.connect(tmp_path / "pay.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield holder

    async def test_writers_wait_for_the_other_process(
        self, ledger: Ledger, holder: sqlite3.Connection
    ) -> None:
        adding = asyncio.ensure_future(ledger.add(order()))
        claiming = asyncio.ensure_future(ledger.claim(payment("none")))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not adding.done()
        assert await ledger.get("A1") is None
        holder.execute("COMMIT")
        assert (await adding).out_trade_no == "A1"
        assert (await claiming).event.state == "unmatched"

    async def test_but_not_for_ever(
        self, ledger: Ledger, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "BUSY_LIMIT_S", 0.01)
        with pytest.raises(LedgerUnavailable, match="locked; another process holds a transaction open"):
            await ledger.add(order())
        with pytest.raises(LedgerUnavailable, match="locked"):
            async with ledger.transaction():
                pass
        answers = await gathered(*(ledger.claim(payment(f"none{n}")) for n in range(5)))
        assert {type(answer) for answer in answers} == {LedgerUnavailable}
        holder.execute("COMMIT")
        assert await ledger.add(order()) == order()
        assert (await ledger.claim(payment())).moved

    async def test_who_waits_can_give_up(self, ledger: Ledger, holder: sqlite3.Connection) -> None:
        async def transact() -> None:
            async with ledger.transaction():
                pass

        tasks = [asyncio.ensure_future(ledger.add(order())), asyncio.ensure_future(transact())]
        for _ in range(5):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        assert {type(answer) for answer in await gathered(*tasks)} == {asyncio.CancelledError}
        holder.execute("COMMIT")
        assert (await ledger.add(order("A2"))).out_trade_no == "A2"


@ON_SQLITE
class TestAFullDisk:
    async def fill(self, ledger: Ledger) -> None:
        await ledger.write(
            lambda c: c.exec_driver_sql(
                f"PRAGMA max_page_count = {c.exec_driver_sql('PRAGMA page_count').scalar()}"
            ).scalar()
        )

    async def empty(self, ledger: Ledger) -> None:
        await ledger.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000").scalar())

    async def test_nothing_is_half_written(self, ledger: Ledger, other: Ledger) -> None:
        await ledger.add(order("A1"))
        await self.fill(ledger)
        big = "茶" * 4000
        before = await other.count()
        with pytest.raises(
            LedgerUnavailable, match="full; check its file, its folder's rights, and the space"
        ):
            await asyncio.gather(*(ledger.add(order(f"B{n}", custom={"note": big})) for n in range(50)))
        kept = await other.count()
        assert kept == await ledger.count() >= before
        answers = await gathered(
            *(ledger.claim(payment("A1", notify_info={"note": big * 50})) for _ in range(3))
        )
        assert {type(answer) for answer in answers} == {LedgerUnavailable}
        assert (await other.require("A1")).status == 0
        assert await other.events("A1") == []
        await self.empty(ledger)
        claimed = await ledger.claim(payment("A1"))
        assert claimed.moved
        assert await ledger.finish(outcome(claimed))

    async def test_in_a_handlers_transaction(self, ledger: Ledger, other: Ledger) -> None:
        await ledger.write(lambda c: c.exec_driver_sql("CREATE TABLE goods (note TEXT)"))
        await self.fill(ledger)

        def insert(connection: Connection) -> None:
            connection.exec_driver_sql("INSERT INTO goods VALUES (?)", ("x" * 40_000,))

        async def insert_many() -> None:
            async with ledger.transaction() as tx:
                for _ in range(100):
                    await tx.run_sync(insert)

        with pytest.raises(LedgerUnavailable, match="full"):
            await insert_many()
        count = "SELECT count(*) FROM goods"
        assert await other.read(lambda c: c.exec_driver_sql(count).scalar()) == 0
        await self.empty(ledger)
        async with ledger.transaction() as tx:
            await tx.run_sync(insert)
        assert await other.read(lambda c: c.exec_driver_sql(count).scalar()) == 1


@pytest.mark.parametrize("backend", SERVERS)
class TestAServerThatIsGone:
    @pytest.fixture
    def server(self, backend: str, private_server: Callable[[str], Server]) -> Server:
        server = private_server(backend)
        server.create("pay")
        return server

    @pytest.fixture
    async def ledger(self, server: Server) -> AsyncIterator[Ledger]:
        ledger = Ledger(server.url("pay"))
        await ledger.open()
        yield ledger
        await ledger.close()

    async def test_it_is_said_and_used_again_once_it_is_back(self, ledger: Ledger, server: Server) -> None:
        """Two transactions lose it in the middle; what was committed is there afterwards, and nothing else."""
        for number in ("A1", "A2"):
            await ledger.add(order(number))
        claimed = await ledger.claim(payment("A1"))
        await asyncio.gather(*(ledger.count() for _ in range(5)))

        async def lose_the_server() -> None:
            async with ledger.transaction() as tx:
                await tx.execute(delete(orders))
                await asyncio.to_thread(server.kill)
                await tx.execute(delete(notifications))

        with pytest.raises(LedgerUnavailable, match="check that it runs"):
            await lose_the_server()
        answers = await gathered(
            ledger.get("A1"),
            ledger.list(),
            ledger.add(order("A3")),
            ledger.finish(outcome(claimed)),
            *(ledger.claim(payment("A2")) for _ in range(5)),
            begun(ledger),
        )
        assert {type(answer) for answer in answers} == {LedgerUnavailable}
        assert not [answer for answer in answers if "check that it runs" not in str(answer)]
        await asyncio.to_thread(server.start)
        assert [row.status for row in (await ledger.list(order_by="out_trade_no")).rows] == [1, 0]
        assert await ledger.finish(outcome(claimed))
        assert (await ledger.claim(payment("A2"))).moved
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        assert (await ledger.require("A1")).user_order_success is True
        await begun(ledger)


async def begun(ledger: Ledger) -> None:
    async with ledger.transaction() as tx:
        await tx.run_sync(lambda c: c.exec_driver_sql("SELECT 1").scalar())


@ON_SERVERS
async def test_when_every_connection_is_in_use_it_is_said_why(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = ledger._store._engine.pool  # type: ignore[union-attr]
    monkeypatch.setattr(pool, "_timeout", 0.01)
    monkeypatch.setattr(pool, "_max_overflow", 0)
    async with AsyncExitStack() as handlers:
        for _ in range(pool.size()):
            await handlers.enter_async_context(ledger.transaction())
        answers = await gathered(ledger.get("A1"), ledger.claim(payment()), begun(ledger))
        assert {type(answer) for answer in answers} == {LedgerUnavailable}
        assert {"all connections to the database are in use" in str(answer) for answer in answers} == {True}
    assert await ledger.get("A1") is None
