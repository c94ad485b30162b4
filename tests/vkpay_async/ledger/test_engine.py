"""The database under the orders."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.vkpay_async.ledger.conftest import order
from vkpay_async import ConfigError
from vkpay_async.ledger import Ledger
from vkpay_async.ledger.engine import open_engine

FULL = 2


async def pragmas(url: str) -> dict[str, object]:
    engine = open_engine(url)
    async with engine.connect() as connection:
        found = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    await engine.dispose()
    return found


async def test_what_is_committed_survives_a_power_cut(database: str) -> None:
    assert await pragmas(database) == {"journal_mode": "wal", "synchronous": FULL, "busy_timeout": 10_000}


async def test_every_connection_has_these_settings(database: str) -> None:
    engine = open_engine(database)
    async with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar() == FULL
    await engine.dispose()


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
async def test_a_database_is_made_where_the_url_says(scheme: str, tmp_path: Path) -> None:
    ledger = Ledger(f"{scheme}:///{tmp_path / 'pay.db'}")
    await ledger.add(order())
    await ledger.close()
    with sqlite3.connect(tmp_path / "pay.db") as connection:
        assert connection.execute("SELECT out_trade_no, status FROM vk_pay_orders").fetchall() == [("A1", 0)]
    connection.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://"])
async def test_a_database_in_memory_is_one_for_all(url: str) -> None:
    ledger = Ledger(url)
    await asyncio.gather(*(ledger.add(order(f"A{n}")) for n in range(20)))
    assert (await ledger.list()).total == 20
    await ledger.close()


async def test_in_memory_a_refused_insert_takes_no_other_work_along() -> None:
    ledger = Ledger("sqlite://")
    await ledger.add(order("twice"))
    await asyncio.gather(
        *(ledger.add(order("twice")) for _ in range(20)), *(ledger.add(order(f"A{n}")) for n in range(20))
    )
    assert (await ledger.list()).total == 21
    await ledger.close()


async def test_the_first_callers_all_find_the_tables(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.add(order(f"A{n:02}")) for n in range(50)))
    assert (await ledger.list(page_size=50)).total == 50


async def test_orders_are_there_after_reopening(ledger: Ledger, database: str) -> None:
    kept = await ledger.add(order(custom={"goods": ["茶", 1, None]}, user_id="u1", stat_data={"ua": "x"}))
    await ledger.close()
    assert await ledger.get("A1") == kept
    again = Ledger(database)
    assert await again.require("A1") == kept
    await again.close()


async def test_closing_twice_or_unopened_is_nothing(ledger: Ledger) -> None:
    await ledger.close()
    await ledger.open()
    await ledger.open()
    await ledger.close()
    await ledger.close()


async def test_a_database_that_cannot_be_opened_can_be_opened_later(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'pay.db'}")
    with pytest.raises(OperationalError, match="unable to open"):
        await ledger.open()
    (tmp_path / "data").mkdir()
    assert await ledger.get("A1") is None
    await ledger.close()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("shop:hush@db", "database: not a URL like sqlite"),
        ("", "database: not a URL like sqlite"),
        ("mysql://shop:hush@db/pay", "this version keeps orders in SQLite"),
    ],
)
async def test_a_database_of_another_kind_is_refused_without_its_password(url: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        await Ledger(url).open()
    assert "hush" not in str(caught.value)
