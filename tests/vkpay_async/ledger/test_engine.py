"""The database under the ledger: its settings, its URL, opening and closing."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.vkpay_async.ledger.conftest import ON_SERVERS, SERVERS, entry, order, paid, payment
from vkpay_async import ConfigError
from vkpay_async.errors import InvalidArgument
from vkpay_async.ledger import Ledger, LedgerUnavailable, engine, orders
from vkpay_async.ledger.engine import open_store

FULL = 2


@pytest.mark.parametrize("long", [False, True])
async def test_what_is_committed_survives_a_power_cut(tmp_path: Path, long: bool) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'pay.db'}")
    for run in (store.write, lambda work: store.read(work, long=long)):
        found = await run(
            lambda c: [
                c.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout")
            ]
        )
        assert found == ["wal", FULL, 0]
    await store.close()


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"])
async def test_a_database_is_made_where_the_url_says(scheme: str, tmp_path: Path) -> None:
    ledger = Ledger(f"{scheme}:///{tmp_path / 'pay.db'}")
    await ledger.add(order())
    await ledger.close()
    again = Ledger(f"sqlite:///{tmp_path / 'pay.db'}")
    assert await again.get("A1") == order()
    await again.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://"])
async def test_a_database_in_memory_is_one_for_all(url: str) -> None:
    ledger = Ledger(url)
    await asyncio.gather(*(ledger.add(order(f"A{n}")) for n in range(20)))
    await asyncio.gather(*(ledger.claim(payment(f"A{n}")) for n in range(20)))
    assert (await ledger.list({"status": 1})).total == 20
    assert len(await ledger.page()) == await ledger.count() == 20
    await ledger.close()


async def test_in_memory_a_refused_insert_takes_no_other_work_along() -> None:
    ledger = Ledger("sqlite://")
    await ledger.add(order("twice"))
    await asyncio.gather(
        *(ledger.add(order("twice")) for _ in range(20)), *(ledger.add(order(f"A{n}")) for n in range(20))
    )
    assert (await ledger.list()).total == 21
    await ledger.close()


async def test_the_first_callers_all_find_the_tables(database_url: str) -> None:
    ledger = Ledger(database_url)
    await asyncio.gather(*(ledger.add(order(f"A{n:02}")) for n in range(20)), ledger.claim(payment("none")))
    assert (await ledger.list(page_size=50)).total == 20
    assert len(await ledger.events("none")) == 1
    await ledger.close()


async def test_a_claim_opens_the_ledger(url: str, ledger: Ledger) -> None:
    await ledger.add(order())
    fresh = Ledger(url)
    assert (await fresh.claim(payment())).moved
    await fresh.close()


async def test_orders_are_there_after_reopening(ledger: Ledger, url: str) -> None:
    kept = await ledger.add(order(custom={"goods": ["茶", 1, None]}, user_id="u1", stat_data={"ua": "x"}))
    await ledger.close()
    assert await ledger.get("A1") == kept
    again = Ledger(url)
    assert await again.require("A1") == kept
    await again.close()


async def test_closing_twice_or_unopened_is_nothing(ledger: Ledger) -> None:
    await ledger.close()
    await ledger.open()
    await ledger.open()
    await ledger.close()
    await ledger.close()


async def test_closing_waits_for_what_is_being_written(ledger: Ledger) -> None:
    for n in range(10):
        await ledger.add(order(f"A{n}"))
    claims = [asyncio.ensure_future(ledger.claim(payment(f"A{n}"))) for n in range(10)]
    adding = asyncio.ensure_future(ledger.add(order("B1")))
    listing = asyncio.ensure_future(ledger.list())
    await asyncio.sleep(0)
    await ledger.close()
    assert all(claimed.moved for claimed in await asyncio.gather(*claims))
    assert (await adding).out_trade_no == "B1"
    assert (await listing).total >= 10
    assert await ledger.count({"status": 1}) == 10


async def test_a_transaction_of_a_closed_ledger_says_so(ledger: Ledger) -> None:
    await ledger.close()
    with pytest.raises(InvalidArgument, match="the ledger is not open"):
        ledger.transaction()


async def test_a_database_that_cannot_be_opened_can_be_opened_later(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'pay.db'}")
    with pytest.raises(LedgerUnavailable, match="unable to open"):
        await ledger.open()
    (tmp_path / "data").mkdir()
    assert await ledger.get("A1") is None
    await ledger.close()


async def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "pay.db").write_text("out_trade_no,total_fee\n" * 100)
    with pytest.raises(LedgerUnavailable, match="not a database; check its file"):
        await Ledger(f"sqlite:///{tmp_path / 'pay.db'}").open()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("shop:hush@db", "database: not a URL like sqlite"),
        ("", "database: not a URL like sqlite"),
        ("postgresql://shop:hush@db:port/pay", "database: not a URL like sqlite"),
        ("oracle://shop:hush@db/pay", "database: 'oracle' is none of sqlite, postgresql, mysql, mariadb"),
    ],
)
async def test_a_database_of_another_kind_is_refused_without_its_password(url: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        await Ledger(url).open()
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "extra"), [("postgresql", "postgres"), ("mysql", "mysql"), ("mariadb", "mysql")]
)
def test_a_driver_that_is_missing_is_named_with_its_extra(
    scheme: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=rf"pip install 'vkpay-async\[{extra}\]'"):
        open_store(f"{scheme}://shop:hush@db/pay")


@ON_SERVERS
@pytest.mark.parametrize("bare", [True, False])
async def test_the_driver_may_be_left_out(ledger: Ledger, url: str, bare: bool) -> None:
    await ledger.add(order())
    other = Ledger(url.replace("+asyncpg", "").replace("+asyncmy", "") if bare else url)
    assert await other.get("A1") == order()
    await other.close()


@ON_SERVERS
async def test_errors_do_not_print_what_people_are_called(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="(INSERT INTO|COPY) vk_pay_orders") as caught:
        await ledger.add(order(nickname="阿明" * 100))
    assert "阿明" not in str(caught.value)
    assert not isinstance(caught.value, LedgerUnavailable)


@pytest.mark.parametrize("backend", ["mysql"], indirect=True)
async def test_mysqls_notes_are_no_warnings(
    ledger: Ledger, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "asyncmy")
    await ledger.write(lambda c: c.exec_driver_sql("DROP TABLE IF EXISTS not_there"))
    again = Ledger(url)
    await again.open()
    await paid(again)
    await again.add_refund("A1", entry("r1", 10))
    await again.close()
    assert [record for record in caplog.records if record.name.startswith("asyncmy")] == []


@pytest.mark.parametrize("backend", ["mysql"], indirect=True)
async def test_mysql_cuts_no_text_short_whatever_the_servers_default(ledger: Ledger) -> None:
    mode = await ledger.read(lambda c: c.exec_driver_sql("SELECT @@SESSION.sql_mode").scalar())
    assert "STRICT_TRANS_TABLES" in str(mode).split(",")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Something that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("scheme", SERVERS)
async def test_a_server_that_says_nothing_is_not_waited_for(
    scheme: str, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CONNECT_LIMIT_S", 0.05)
    async with asyncio.timeout(5):
        with pytest.raises(LedgerUnavailable, match=r"no answer within 0\.05 s; check that it runs"):
            await Ledger(f"{scheme}://shop:hush@127.0.0.1:{silent_port}/pay").open()


@pytest.mark.parametrize("scheme", SERVERS)
async def test_a_server_that_is_not_there(scheme: str, silent_port: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(LedgerUnavailable, match="check that it runs, its address") as caught:
        await Ledger(f"{scheme}://shop:hush@127.0.0.1:{port}/pay").open()
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("backend", ["mysql"], indirect=True)
async def test_mysql_is_told_nothing_about_a_read_but_that_it_is_over(ledger: Ledger) -> None:
    await ledger.read(_questions)
    assert await ledger.read(_questions) + 2 == await ledger.read(_questions)


def _questions(connection: Connection) -> int:
    """How many statements the session has sent."""
    return int(connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Questions'").one()[1])


@pytest.mark.parametrize("backend", ["mysql"], indirect=True)
async def test_on_mysql_what_becomes_of_many_orders_is_one_statement(ledger: Ledger) -> None:
    numbers = [f"A{n:02}" for n in range(11)]
    for number in numbers:
        await ledger.add(order(number))
    closed = {number: 500 + n for n, number in enumerate(numbers[:-1])}

    def close(connection: Connection) -> int:
        before = _questions(connection)
        orders.mark_closed(connection, closed)
        return _questions(connection) - before

    assert await ledger.write(close) == 2
    assert [(await ledger.require(number)).cancel_date for number in numbers] == [*closed.values(), None]
    assert await ledger.count({"status": -1}) == 10


@ON_SERVERS
@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
async def test_a_database_that_is_not_there(ledger: Ledger, url: str) -> None:
    with pytest.raises(LedgerUnavailable, match="not_there"):
        await Ledger(url.replace("/vkpay_ledger_", "/not_there_")).open()
    gc.collect()  # asyncmy leaves the connection that was refused to the collector; not to that of another test


async def test_a_statement_with_a_mistake_is_not_the_databases_fault(ledger: Ledger) -> None:
    for run in (ledger.read, ledger.write):
        with pytest.raises(Exception, match="not_there") as caught:
            await run(lambda c: c.execute(text("SELECT 1 FROM not_there")))
        assert not isinstance(caught.value, LedgerUnavailable)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_on_a_new_database_what_is_heard_is_found_by_its_key(ledger: Ledger) -> None:
    """A plan that PostgreSQL keeps is made while the tables are all but empty, where reading them whole is cheapest."""
    for n in range(20):
        await ledger.add(order(f"A{n}"))
    before = await _read_whole(ledger)
    for n in range(20):
        await paid(ledger, f"A{n}")
        await ledger.add_refund(f"A{n}", entry(f"A{n}-1", 10))
    assert await _read_whole(ledger) == before


async def _read_whole(ledger: Ledger) -> dict[str, int]:
    """How often each table was, by the connection that asks as well."""
    statement = text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname LIKE 'vk_pay_%'")
    await ledger.write(lambda c: c.exec_driver_sql("SELECT pg_stat_force_next_flush()"))
    return await ledger.write(lambda c: dict(map(tuple, c.execute(statement).all())))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_table_that_changes_under_it_stops_nothing_for_long(ledger: Ledger) -> None:
    """As ``vkpay db upgrade`` does beside a service: what its connections have prepared no longer holds."""
    numbers = [f"A{n}" for n in range(1, 8)]
    for number in numbers:
        await ledger.add(order(number))
    await asyncio.gather(*map(ledger.claim, map(payment, numbers[:2])))
    try:
        await _widen(ledger, 129)
        refused = 0
        for number in numbers[2:]:
            try:
                await ledger.claim(payment(number))
            except LedgerUnavailable:
                refused += 1
        assert refused <= 2  # once a connection
    finally:
        await _widen(ledger, 128)


async def _widen(ledger: Ledger, length: int) -> None:
    statement = text(f"ALTER TABLE vk_pay_orders ALTER COLUMN nickname TYPE VARCHAR({length})")
    async with ledger.transaction() as tx:
        await tx.execute(statement)
