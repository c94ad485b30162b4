"""Older databases become what a new one would be, and lose nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.dialects.mysql import MEDIUMBLOB

from tests.vkpay_async.ledger.migrations import first_version
from tests.vkpay_async.ledger.migrations.test_state import look, open_and_close
from vkpay_async.errors import ConfigError
from vkpay_async.ledger import Ledger, LedgerUnavailable
from vkpay_async.ledger.engine import open_store
from vkpay_async.ledger.migrations import alone, state, upgrade
from vkpay_async.ledger.migrations.upgrading import FOLDER, run_revisions
from vkpay_async.ledger.schema import LARGEST_BLOB, metadata
from vkpay_async.order import RefundEntry

DAY = 86_400_000


async def upgraded(url: str) -> str | None:
    store = open_store(url)
    try:
        return await upgrade(store)
    finally:
        await store.close()


def differences(connection: Any) -> list[Any]:
    options = {"version_table": state.version.name, "compare_type": same_type}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def same_type(
    context: Any, inspected_column: Any, metadata_column: Any, inspected: Any, wanted: Any
) -> bool | None:
    """MySQL turns a BLOB with a length into the smallest kind that holds it."""
    largest = isinstance(inspected, MEDIUMBLOB) and getattr(wanted, "length", None) == LARGEST_BLOB
    return False if largest else None


def definitions(path: str) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: " ".join(sql.replace('"', "").split()) for name, sql in rows}


def test_every_revision_is_known_without_alembic() -> None:
    found = ScriptDirectory(str(FOLDER)).walk_revisions()
    assert tuple(script.revision for script in reversed(list(found))) == state.REVISIONS


async def test_the_revisions_make_what_an_empty_database_gets(database_url: str) -> None:
    assert await look(database_url, work=lambda c: (run_revisions(c), differences(c))[1]) == []
    assert await look(database_url, "SELECT version_num FROM vk_pay_schema_version") == state.HEAD
    await open_and_close(database_url)


async def test_what_an_empty_database_gets_is_what_the_tables_say(database_url: str) -> None:
    assert await upgraded(database_url) is None
    assert await look(database_url, work=differences) == []


async def test_a_first_database_becomes_what_a_new_one_is(tmp_path: Path) -> None:
    old = first_version.build(tmp_path / "old.db", first_version.order("A1"))
    await upgraded(old)
    await open_and_close(f"sqlite:///{tmp_path / 'new.db'}")
    assert definitions(str(tmp_path / "old.db")) == definitions(str(tmp_path / "new.db"))


async def test_a_first_database_is_upgraded_without_loss(tmp_path: Path) -> None:
    refunds = [
        first_version.refund("A1-3", 200, 50, "PENDING"),
        first_version.refund("A1-2", 300, 40, "REFUSED"),
        first_version.refund("A1-1", 100, 40, "SUCCESS", "5030"),
    ]
    row = first_version.order(
        "A1",
        status=2,
        refund_fee=300,
        refund_num=3,
        refund_list=refunds,
        transaction_id="4200",
        user_order_success=1,
        custom={"茶": [1, None, {"a": "b"}]},
        notify_info={"trade_state": "SUCCESS"},
        pid="shop7",
        nickname="O'Neil 茶",
        pay_date=7,
    )
    assert await upgraded(first_version.build(tmp_path / "old.db", row)) == state.UNNUMBERED
    ledger = Ledger(f"sqlite:///{tmp_path / 'old.db'}")
    order = await ledger.require("A1")
    due = await ledger.take_due_refunds(now=10**15, again=10**16, most=10)
    added, first = await ledger.add_refund("A1", RefundEntry(out_refund_no="A1-4", refund_fee=700))
    await ledger.close()
    for name, value in row.items():
        if name not in ("refund_list", "handler_lease", "version"):
            assert getattr(order, name) == value, name
    assert [entry.out_refund_no for entry in order.refund_list] == ["A1-3", "A1-2", "A1-1"]
    assert order.refund_list[2] == RefundEntry(
        out_refund_no="A1-1",
        refund_fee=100,
        refund_desc="broken cup",
        refund_date=40,
        refund_id="5030",
        state="SUCCESS",
    )
    assert [refund.out_refund_no for refund in due] == ["A1-3"]
    assert (added.refundable, added.refund_num, first) == (0, 4, True)


async def test_only_fresh_unpaid_orders_are_asked_about(tmp_path: Path) -> None:
    now = 1_767_196_800_000
    orders = [
        first_version.order("old", create_date=now - 8 * DAY),
        first_version.order("fresh", create_date=now - 6 * DAY),
        first_version.order("paid", create_date=now, status=1),
        first_version.order("closed", create_date=now, status=-1),
    ]
    url = first_version.build(tmp_path / "old.db", *orders)
    await upgraded(url)
    ledger = Ledger(url)
    due = await ledger.take_due_orders("repair_due", now=now, again=now + 1, most=10)
    await ledger.close()
    assert [order.out_trade_no for order in due] == ["fresh"]


async def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    bad = first_version.order("A1", refund_num=1, refund_list=[first_version.refund("A1-1", 0, 1, "SUCCESS")])
    url = first_version.build(tmp_path / "old.db", bad)
    before = definitions(str(tmp_path / "old.db"))
    with pytest.raises(Exception, match="refund_fee_positive"):
        await upgraded(url)
    assert definitions(str(tmp_path / "old.db")) == before


async def test_two_upgrades_at_once_are_one(tmp_path: Path) -> None:
    url = first_version.build(tmp_path / "old.db", first_version.order("A1"))
    assert sorted(map(str, await asyncio.gather(upgraded(url), upgraded(url)))) == ["0000", state.HEAD]
    assert await look(url, "SELECT COUNT(*) FROM vk_pay_orders") == 1


async def test_two_upgrades_of_an_empty_database_at_once(database_url: str) -> None:
    found = await asyncio.gather(*(upgraded(database_url) for _ in range(3)))
    assert sorted(map(str, found)) == [state.HEAD, state.HEAD, "None"]


async def test_a_newer_database_is_left_alone(database_url: str) -> None:
    await open_and_close(database_url)
    await look(database_url, "UPDATE vk_pay_schema_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="upgrade the package"):
        await upgraded(database_url)


async def test_without_alembic_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = first_version.build(tmp_path / "old.db", first_version.order("A1"))
    monkeypatch.setattr("vkpay_async.ledger.migrations.upgrading.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install"):
        await upgraded(url)


async def test_there_is_no_way_back() -> None:
    script = ScriptDirectory(str(FOLDER)).get_revision("0001")
    assert script is not None
    with pytest.raises(NotImplementedError, match="backup"):
        script.module.downgrade()


@pytest.mark.parametrize("database_url", ["mysql"], indirect=True)
async def test_an_upgrade_that_does_not_end_is_not_waited_for_without_end(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "WAIT_S", 0)
    holder, held, done = open_store(database_url), asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with holder.transaction() as transaction:
            await transaction.scalar(text(f"SELECT GET_LOCK({alone._MYSQL_NAME}, 0)"))
            held.set()
            await done.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    with pytest.raises(LedgerUnavailable, match="another process"):
        await upgraded(database_url)
    done.set()
    await holding
    await holder.close()
