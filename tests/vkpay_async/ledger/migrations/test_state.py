"""What a ledger makes of the database that it finds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from tests.vkpay_async.ledger.migrations import first_version
from vkpay_async.errors import ConfigError
from vkpay_async.ledger import Ledger, LedgerUnavailable
from vkpay_async.ledger.engine import open_store
from vkpay_async.ledger.migrations import prepare, state
from vkpay_async.ledger.schema import metadata
from vkpay_async.order import Order

NUMBER = text("SELECT version_num FROM vk_pay_schema_version")
START = "import asyncio, sys; from vkpay_async.ledger import Ledger; asyncio.run(Ledger(sys.argv[1]).open())"


async def look(url: str, *statements: str, work: Callable[[Any], Any] | None = None) -> Any:
    """Runs statements beside the ledger; the last one's scalar, or what ``work`` gives."""

    def run(connection: Any) -> Any:
        results = [connection.execute(text(statement)) for statement in statements]
        if work is not None:
            return work(connection)
        return results[-1].scalar() if results[-1].returns_rows else None

    store = open_store(url)
    try:
        return await store.write(run)
    finally:
        await store.close()


async def open_and_close(url: str) -> None:
    ledger = Ledger(url)
    await ledger.open()
    await ledger.close()


async def test_an_empty_database_gets_the_newest_tables_and_their_number(database_url: str) -> None:
    await open_and_close(database_url)
    assert await look(database_url, NUMBER.text) == state.HEAD
    names = await look(database_url, work=lambda c: set(inspect(c).get_table_names()))
    assert names == {*metadata.tables, "vk_pay_schema_version"}


async def test_ledgers_that_start_at_once_all_start(database_url: str) -> None:
    ledgers = [Ledger(database_url) for _ in range(5)]
    await asyncio.gather(*(ledger.open() for ledger in ledgers))
    kept = Order(out_trade_no="A1", type="goods", pay_type="wxpay_h5", total_fee=1)
    await asyncio.gather(*(ledger.add(kept) for ledger in ledgers))
    await asyncio.gather(*(ledger.close() for ledger in ledgers))
    assert await look(database_url, "SELECT COUNT(*) FROM vk_pay_schema_version") == 1


async def test_processes_that_start_at_once_all_start(database_url: str) -> None:
    starting = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", START, database_url, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    ended = await asyncio.gather(*(process.communicate() for process in starting))
    assert [error.decode() for _, error in ended] == ["", "", ""]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_tables_that_another_process_makes_meanwhile_are_seen(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(connection: Any) -> Any:
        monkeypatch.undo()
        state.make(connection)
        return inspect(connection)

    monkeypatch.setattr(state, "inspect", late)
    await open_and_close(database_url)
    assert await look(database_url, "SELECT COUNT(*) FROM vk_pay_schema_version") == 1


async def test_a_database_with_the_newest_tables_is_only_asked_its_number(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_and_close(database_url)
    store, asked = open_store(database_url), []
    read = store.read

    async def counted(work: Any, **more: Any) -> Any:
        asked.append(work)
        return await read(work, **more)

    monkeypatch.setattr(store, "read", counted)
    monkeypatch.setattr(store, "write", None)
    await prepare(store)
    await store.close()
    assert len(asked) == 1


async def test_an_interrupted_start_is_finished(database_url: str) -> None:
    await open_and_close(database_url)
    mysql = database_url.startswith("mysql")
    drop = "DROP INDEX ix_vk_pay_orders_pay_date" + (" ON vk_pay_orders" if mysql else "")
    await look(database_url, "DELETE FROM vk_pay_schema_version", "DROP TABLE vk_pay_tokens", drop)
    await open_and_close(database_url)
    assert await look(database_url, NUMBER.text) == state.HEAD
    indexes = await look(database_url, work=lambda c: inspect(c).get_indexes("vk_pay_orders"))
    assert "ix_vk_pay_orders_pay_date" in {index["name"] for index in indexes}


async def test_a_newer_schema_asks_for_a_newer_package(database_url: str) -> None:
    await open_and_close(database_url)
    await look(database_url, "UPDATE vk_pay_schema_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"newer version \(9999.*pip install -U"):
        await open_and_close(database_url)


async def test_an_older_schema_asks_for_the_upgrade(tmp_path: Path) -> None:
    url = first_version.build(tmp_path / "old.db", first_version.order("A1"))
    with pytest.raises(ConfigError, match=r"older version \(0000.*vkpay db upgrade"):
        await open_and_close(url)
    assert await look(url, "SELECT refund_list FROM vk_pay_orders") == "[]"


async def test_a_database_that_is_gone_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerUnavailable):
        await open_and_close(f"sqlite:///{tmp_path / 'broken.db'}")


async def test_a_number_that_cannot_be_read_is_not_taken_for_an_empty_database(database_url: str) -> None:
    await look(database_url, "CREATE TABLE vk_pay_schema_version (something_else INTEGER)")
    with pytest.raises((ConfigError, LedgerUnavailable), match="version_num"):
        await open_and_close(database_url)
