"""Lists of orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.vkpay_async.ledger.conftest import ON_SQLITE, entry, order, paid
from vkpay_async import InvalidArgument
from vkpay_async.ledger import Ledger
from vkpay_async.order import Order

ROWS = [
    order("A1", status=0, create_date=10, total_fee=100, user_id="u1"),
    order("A2", status=1, create_date=20, total_fee=200, user_id="u2", type="vip", user_order_success=True),
    order("A3", status=2, create_date=20, total_fee=300, refund_fee=1, user_id="u1", pid="shop7"),
    order("A4", status=3, create_date=40, total_fee=400, refund_fee=400, user_order_success=False),
    order("A5", status=-1, create_date=50, total_fee=500, type="recharge"),
]


@pytest.fixture
async def full(ledger: Ledger) -> Ledger:
    await asyncio.gather(*map(ledger.add, ROWS))
    return ledger


def numbers(rows: Sequence[Order]) -> list[str]:
    return [row.out_trade_no for row in rows]


FILTERS: list[tuple[dict[str, Any] | None, str]] = [
    (None, "A1 A2 A3 A4 A5"),
    ({}, "A1 A2 A3 A4 A5"),
    ({"out_trade_no": "A3"}, "A3"),
    ({"status": 1}, "A2"),
    ({"status": "SUCCESS"}, "A2"),
    ({"status": "NOTPAY"}, "A1"),
    ({"status": "REFUND"}, "A3 A4"),
    ({"status": "CLOSED"}, "A5"),
    ({"status": "PAID"}, "A2 A3 A4"),
    ({"status": [1, "CLOSED"]}, "A2 A5"),
    ({"status": ("NOTPAY", "REFUND")}, "A1 A3 A4"),
    ({"status": {"SUCCESS", "CLOSED"}}, "A2 A5"),
    ({"status": []}, ""),
    ({"status": {"gte": 1}}, "A2 A3 A4"),
    ({"user_id": "u1"}, "A1 A3"),
    ({"user_id": None}, "A4 A5"),
    ({"user_id": ["u2", None]}, "A2 A4 A5"),
    ({"type": ["vip", "recharge"]}, "A2 A5"),
    ({"type": frozenset({"vip"})}, "A2"),
    ({"total_fee": {"gt": 200}}, "A3 A4 A5"),
    ({"total_fee": {"gte": 200, "lt": 400}}, "A2 A3"),
    ({"total_fee": {"lte": 100}}, "A1"),
    ({"total_fee": {"ne": 100}}, "A2 A3 A4 A5"),
    ({"user_order_success": False}, "A4"),
    ({"user_order_success": None, "status": "PAID"}, "A3"),
    ({"pid": "shop7", "user_id": "u1", "status": "REFUND"}, "A3"),
    ({"user_id": "u1' OR '1'='1"}, ""),
]


async def test_filters(full: Ledger) -> None:
    for where, expected in FILTERS:
        page = await full.list(where, order_by="out_trade_no")
        assert (where, " ".join(numbers(page.rows))) == (where, expected)
        assert page.total == len(page.rows) == await full.count(where)
        assert sorted(numbers(await full.page(where))) == expected.split()


ORDERINGS = [
    ("create_date desc", "A5 A4 A2 A3 A1"),
    ("create_date", "A1 A2 A3 A4 A5"),
    ("create_date asc", "A1 A2 A3 A4 A5"),
    ("create_date  DESC , total_fee desc", "A5 A4 A3 A2 A1"),
    ("status desc", "A4 A3 A2 A1 A5"),
    ("type, create_date desc", "A4 A3 A1 A5 A2"),
]


async def test_orderings(full: Ledger) -> None:
    for order_by, expected in ORDERINGS:
        page = await full.list(order_by=order_by)
        assert (order_by, " ".join(numbers(page.rows))) == (order_by, expected)


async def test_the_newest_come_first(full: Ledger) -> None:
    assert [row.out_trade_no for row in (await full.list()).rows] == ["A5", "A4", "A2", "A3", "A1"]


async def test_pages_follow_one_another(full: Ledger) -> None:
    pages = [await full.list(order_by="total_fee", page_index=n, page_size=2) for n in (1, 2, 3, 4)]
    assert [[row.out_trade_no for row in page.rows] for page in pages] == [
        ["A1", "A2"],
        ["A3", "A4"],
        ["A5"],
        [],
    ]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert {(page.total, page.page_size) for page in pages} == {(5, 2)}
    assert [page.page_index for page in pages] == [1, 2, 3, 4]


async def walk(ledger: Ledger, where: dict[str, Any] | None = None, page_size: int = 3) -> list[str]:
    """All pages by their keys, with newer orders coming in between."""
    seen: list[str] = []
    after: Order | None = None
    while rows := await ledger.page(where, after=after, page_size=page_size):
        seen += numbers(rows)
        after = rows[-1]
        await ledger.add(order(f"N{len(seen):03}", create_date=1_000 + len(seen), user_id="u1"))
    return seen


@pytest.mark.parametrize("page_size", [3, 7])
async def test_pages_by_key_miss_nothing_and_repeat_nothing(ledger: Ledger, page_size: int) -> None:
    rows = [order(f"A{n:02}", create_date=n // 5, user_id=f"u{n % 2}") for n in range(20)]
    await asyncio.gather(*map(ledger.add, rows))
    assert await walk(ledger, page_size=page_size) == [f"A{n:02}" for n in reversed(range(20))]


async def test_pages_by_key_with_a_filter(ledger: Ledger) -> None:
    rows = [order(f"A{n:02}", create_date=n // 5, user_id=f"u{n % 2}", total_fee=n + 1) for n in range(20)]
    await asyncio.gather(*map(ledger.add, rows))
    odd = [f"A{n:02}" for n in reversed(range(20)) if n % 2]
    assert await walk(ledger, {"user_id": "u1"}) == odd
    assert (
        await walk(ledger, {"user_id": "u1", "total_fee": {"gt": 10}, "create_date": {"lt": 500}}) == odd[:5]
    )


async def test_pages_carry_the_refunds(ledger: Ledger) -> None:
    await paid(ledger, "A1")
    await paid(ledger, "A2")
    await ledger.add_refund("A1", entry("r1", 10))
    await ledger.add_refund("A1", entry("r2", 20))
    both = await ledger.page()
    assert [numbers_of(row) for row in both] == [[], ["r2", "r1"]]
    assert [numbers_of(row) for row in (await ledger.list(order_by="out_trade_no")).rows] == [
        ["r2", "r1"],
        [],
    ]


def numbers_of(row: Order) -> list[str]:
    return [e.out_refund_no for e in row.refund_list]


@ON_SQLITE
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"where": {"colour": 1}}, "orders have no field 'colour'"),
        ({"where": {"repair_due": 0}}, "orders have no field 'repair_due'"),
        ({"where": {"status": "PAYED"}}, "unknown status 'PAYED'; use a number −1…3 or NOTPAY, SUCCESS"),
        ({"where": {"status": ["PAYED"]}}, "unknown status 'PAYED'"),
        (
            {"where": {"total_fee": {"like": 1}}},
            "total_fee: unknown comparison 'like'; use gt, gte, lt, lte, ne",
        ),
        ({"order_by": "colour"}, "orders have no field 'colour'"),
        ({"order_by": "total_fee up"}, "order_by: 'total_fee up' is not '<field> asc'"),
        ({"order_by": "total_fee; DROP TABLE vk_pay_orders"}, "orders have no field 'total_fee;'"),
        ({"page_index": 0}, "page_index counts from 1"),
        ({"page_size": 0}, "page_size is 1–500"),
        ({"page_size": 501}, "page_size is 1–500"),
    ],
)
async def test_what_cannot_be_listed_is_refused(full: Ledger, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        await full.list(**arguments)


@ON_SQLITE
@pytest.mark.parametrize("page_size", [0, 501])
async def test_a_page_by_key_has_the_same_limits(full: Ledger, page_size: int) -> None:
    with pytest.raises(InvalidArgument, match="page_size is 1–500"):
        await full.page(page_size=page_size)
    with pytest.raises(InvalidArgument, match="orders have no field 'colour'"):
        await full.page({"colour": 1})
    with pytest.raises(InvalidArgument, match="orders have no field 'colour'"):
        await full.count({"colour": 1})
