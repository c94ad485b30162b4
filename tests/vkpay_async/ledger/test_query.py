"""Lists of orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.vkpay_async.ledger.conftest import order
from vkpay_async import InvalidArgument
from vkpay_async.ledger import Ledger

ROWS = [
    order("A1", status=0, create_date=10, total_fee=100, user_id="u1"),
    order("A2", status=1, create_date=20, total_fee=200, user_id="u2", type="vip", user_order_success=True),
    order("A3", status=2, create_date=20, total_fee=300, refund_fee=1, user_id="u1", pid="shop7"),
    order("A4", status=3, create_date=40, total_fee=400, refund_fee=400, user_order_success=False),
    order("A5", status=-1, create_date=50, total_fee=500, type="recharge"),
]


@pytest.fixture
async def full(ledger: Ledger) -> AsyncIterator[Ledger]:
    for row in ROWS:
        await ledger.add(row)
    return ledger


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
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
    ],
)
async def test_filters(full: Ledger, where: dict[str, Any] | None, numbers: str) -> None:
    page = await full.list(where, order_by="out_trade_no")
    assert " ".join(row.out_trade_no for row in page.rows) == numbers
    assert page.total == len(page.rows)


@pytest.mark.parametrize(
    ("order_by", "numbers"),
    [
        ("create_date desc", "A5 A4 A2 A3 A1"),
        ("create_date", "A1 A2 A3 A4 A5"),
        ("create_date asc", "A1 A2 A3 A4 A5"),
        ("create_date  DESC , total_fee desc", "A5 A4 A3 A2 A1"),
        ("status desc", "A4 A3 A2 A1 A5"),
    ],
)
async def test_orderings(full: Ledger, order_by: str, numbers: str) -> None:
    page = await full.list(order_by=order_by)
    assert " ".join(row.out_trade_no for row in page.rows) == numbers


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


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"where": {"colour": 1}}, "orders have no field 'colour'"),
        ({"where": {"handler_lease": 0}}, "orders have no field 'handler_lease'"),
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
