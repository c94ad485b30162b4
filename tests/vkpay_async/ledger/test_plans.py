"""What runs on a request's path or in a job's loop costs the rows it gives, however many there are."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Connection, event

from tests.vkpay_async.ledger.conftest import ON_SQLITE, entry, order, paid, payment, transfer
from vkpay_async.ledger import Ledger, bulk, days

pytestmark = ON_SQLITE

SCAN = re.compile(r"^SCAN (?!CONSTANT)")
COSTLY = re.compile(r"^SCAN (?!CONSTANT)|TEMP B-TREE", re.MULTILINE)


@contextmanager
def statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        seen.append((statement, parameters[0] if many else parameters))

    event.listen(connection.engine, "before_cursor_execute", keep)
    with patch.object(bulk, "_driver", lambda c: Seen(c.connection.dbapi_connection, seen)):
        yield seen
    event.remove(connection.engine, "before_cursor_execute", keep)


class Seen:
    """SQLite's own connection, with what it is told written down."""

    def __init__(self, driver: sqlite3.Connection, seen: list[tuple[str, Any]]) -> None:
        self._driver = driver
        self._seen = seen

    def execute(self, sql: str, values: Any) -> sqlite3.Cursor:
        self._seen.append((sql, tuple(values)))
        return self._driver.execute(sql, values)

    def executemany(self, sql: str, rows: list[Any]) -> sqlite3.Cursor:
        self._seen.append((sql, tuple(rows[0])))
        return self._driver.executemany(sql, rows)


async def plans(ledger: Ledger, call: Any) -> list[str]:
    """The plan of every statement with a condition that a call runs."""
    connection: Connection = await ledger.write(lambda c: c)
    with statements(connection) as seen:
        await call
    seen = [(text, values) for text, values in seen if re.search(r"\bWHERE\b", text)] or seen[-1:]
    return await ledger.write(
        lambda c: [
            row[3] for text, values in seen for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
        ]
    )


@pytest.fixture
async def filled(ledger: Ledger) -> Ledger:
    """Without statistics, as in life."""
    await asyncio.gather(
        *(
            ledger.add(order(f"A{n:03}", create_date=n, user_id=f"u{n % 7}", pid="shop7"), repair_due=n)
            for n in range(200)
        )
    )
    await asyncio.gather(*(ledger.claim(payment(f"A{n:03}", now=n)) for n in range(0, 200, 3)))
    await ledger.claim(payment("none"))
    await asyncio.gather(*(ledger.add(order(f"F{n}", user_order_success=False)) for n in range(3)))
    for n in range(20):
        await paid(ledger, f"B{n:02}")
        await ledger.add_refund(f"B{n:02}", entry(f"r{n}", 10), check_due=n)
        await ledger.add_transfer(transfer(f"T{n:02}"), check_due=n)
    return ledger


@pytest.fixture
async def full(filled: Ledger) -> Ledger:
    await filled.write(lambda c: c.exec_driver_sql("ANALYZE"))
    return filled


LISTS = {
    "ix_vk_pay_orders_repair_due": lambda ledger, _: ledger.take_due_orders(
        "repair_due", now=50, again=999, most=9
    ),
    "ix_vk_pay_orders_expire_due": lambda ledger, _: ledger.take_due_orders(
        "expire_due", now=50, again=999, most=9
    ),
    "ix_vk_pay_refunds_check_due": lambda ledger, _: ledger.take_due_refunds(now=50, again=999, most=9),
    "ix_vk_pay_transfers_check_due": lambda ledger, _: ledger.take_due_transfers(now=50, again=999, most=9),
    "ix_vk_pay_notifications_due": lambda ledger, _: ledger.take_due_events(
        now=50, lease_until=999, runner="p2", most=9, handled={("payment", "goods")}
    ),
    "ix_vk_pay_notifications_attention": lambda ledger, _: ledger.newest_events(states=["unmatched"]),
    "ix_vk_pay_notifications_id": lambda ledger, _: ledger.event("0" * 26),
    "ix_vk_pay_orders_transaction_id": lambda ledger, _: ledger.get_by_transaction("4200"),
    "ix_vk_pay_orders_create_date": lambda ledger, after: ledger.page(after=after),
    "ix_vk_pay_orders_user_id": lambda ledger, after: ledger.page({"user_id": "u1"}, after=after),
    "ix_vk_pay_orders_user_order_success": lambda ledger, after: ledger.page(
        {"user_order_success": False}, after=after
    ),
    "ix_vk_pay_orders_pid": lambda ledger, after: ledger.page({"pid": "shop7"}, after=after),
}

# Sorted within what wants a person, which is little, and within one millisecond.
SORTED = {
    "ix_vk_pay_notifications_attention": ["USE TEMP B-TREE FOR ORDER BY"],
    "ix_vk_pay_orders_user_order_success": ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"],
}


@pytest.mark.parametrize("index", LISTS)
async def test_each_list_has_its_index(full: Ledger, index: str) -> None:
    found = await plans(full, LISTS[index](full, await full.require("A100")))
    assert f"USING INDEX {index} " in f"{found[0]} "
    assert [line for line in found if COSTLY.search(line)] == SORTED.get(index, [])


async def test_the_first_page_walks_its_index(full: Ledger) -> None:
    assert await plans(full, full.page()) == ["SCAN vk_pay_orders USING INDEX ix_vk_pay_orders_create_date"]
    (line,) = await plans(full, full.page({"user_id": "u1"}))
    assert line.startswith("SEARCH vk_pay_orders USING INDEX ix_vk_pay_orders_user_id (user_id=?")


@pytest.mark.parametrize("pid", ["default", "shop7"])
async def test_a_days_money_is_found_by_its_date(filled: Ledger, pid: str) -> None:
    account = days.Account(provider="wxpay", pid=pid)
    for of_day, index in (
        (days.payments_of, "vk_pay_orders USING INDEX ix_vk_pay_orders_pay_date (pay_date>? AND pay_date<?)"),
        (days.refunds_of, "vk_pay_refunds USING INDEX ix_vk_pay_refunds_refund_date"),
    ):
        found = await plans(filled, filled.read(lambda c, of_day=of_day: of_day(c, account, 1, 5, ["A003"])))
        assert index in found[0], found
        assert not [line for line in found if "vk_pay_orders" in line and SCAN.search(line)], found


async def test_the_newest_events_walk_their_index(full: Ledger) -> None:
    (line,) = await plans(full, full.newest_events(before="1" * 26))
    assert line.startswith("SEARCH vk_pay_notifications USING INDEX ix_vk_pay_notifications_id")


async def test_what_a_request_does_reads_by_key(full: Ledger) -> None:
    """Sorted is only what belongs to one order."""
    calls = [
        full.get("A005"),
        full.add(order("A005", create_date=5, user_id="u5", pid="shop7")),
        full.claim(payment("A005")),
        full.claim(payment("A007")),
        full.add_refund("A007", entry("r1", 10)),
        full.set_refund("A007", "r1", state="SUCCESS"),
        full.events("A007"),
        full.get_transfer("T01"),
        full.set_transfer(transfer("T01", state="SUCCESS"), check_due=None),
        full.put_off("A005", "repair_due", 7),
        full.mark_closed("A010", now=5),
        full.delete_unpaid(before=50, most=5),
    ]
    for call in calls:
        found = await plans(full, call)
        assert found
        assert not [line for line in found if SCAN.search(line)], found
        own = any("vk_pay_refunds" in line or "vk_pay_notifications" in line for line in found)
        assert own or not COSTLY.search("\n".join(found)), found
