"""A bill against a ledger: every difference is found, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.jobs.comparison import Difference, LedgerPayment, LedgerRefund, Side, differences
from vkpay_async.models import BillRow

START_MS = 1_767_196_800_000
SETTLED = {"退款": "SUCCESS"}


def payment(number: str, amount: int = 1000, state: str = "SUCCESS") -> BillRow:
    return BillRow(
        kind="payment",
        out_trade_no=number,
        transaction_id=f"4200-{number}",
        amount=amount,
        state=state,
        time_ms=START_MS,
    )


def refund(number: str, refund_no: str | None, amount: int = 300, state: str = "SUCCESS") -> BillRow:
    return BillRow(
        kind="refund",
        out_trade_no=number,
        transaction_id=f"4200-{number}",
        out_refund_no=refund_no,
        amount=amount,
        state=state,
        time_ms=START_MS,
    )


def order(number: str, amount: int = 1000, status: int = 1) -> LedgerPayment:
    return LedgerPayment(out_trade_no=number, amount=amount, status=status)


def entry(number: str, refund_no: str, amount: int = 300, state: str = "SUCCESS") -> LedgerRefund:
    return LedgerRefund(out_trade_no=number, out_refund_no=refund_no, amount=amount, state=state)


def ledger_of(bill: list[BillRow]) -> tuple[dict[str, LedgerPayment], dict[str, LedgerRefund]]:
    """A ledger that knows what the bill knows."""
    taken_back = {row.out_trade_no for row in bill if row.kind == "refund" and row.out_refund_no is None}
    orders = {
        row.out_trade_no: order(row.out_trade_no, row.amount, -1 if row.out_trade_no in taken_back else 1)
        for row in bill
        if row.kind == "payment"
    }
    refunds = {
        row.out_refund_no: entry(
            row.out_trade_no, row.out_refund_no, row.amount, SETTLED.get(row.state, row.state)
        )
        for row in bill
        if row.out_refund_no is not None
    }
    return orders, refunds


def a_day(trades: int) -> list[BillRow]:
    """Trades with a refund of every tenth."""
    bill = [payment(f"T{number:05d}", 100 + number) for number in range(trades)]
    return bill + [refund(f"T{number:05d}", f"R{number:05d}", 50) for number in range(0, trades, 10)]


def told(found: list[Difference]) -> set[tuple[str, str]]:
    return {(difference.kind, difference.number) for difference in found}


def test_a_day_of_5000_trades_with_twelve_differences() -> None:
    bill = a_day(5000)
    orders, refunds = ledger_of(bill)
    orders["quiet"] = order("quiet", status=0)
    orders["gone"] = order("gone", status=-1)
    del orders["T00001"], orders["T04999"]
    orders["X00001"], orders["X00002"] = order("X00001"), order("X00002", status=3)
    orders["T00007"] = order("T00007", 1070)
    orders["T02500"] = order("T02500", 26)
    orders["T00011"] = order("T00011", 111, status=0)
    orders["T00012"] = order("T00012", 112, status=-1)
    del refunds["R00100"]
    refunds["Q1"] = entry("T00003", "Q1")
    refunds["R00200"] = entry("T00200", "R00200", 51)
    refunds["R00300"] = entry("T00300", "R00300", 50, state="PROCESSING")
    found = differences(bill, orders.values(), refunds.values())
    assert len(found) == 12
    assert told(found) == {
        ("missing_here", "T00001"),
        ("missing_here", "T04999"),
        ("missing_there", "X00001"),
        ("missing_there", "X00002"),
        ("amount_differs", "T00007"),
        ("amount_differs", "T02500"),
        ("state_differs", "T00011"),
        ("state_differs", "T00012"),
        ("refund_differs", "R00100"),
        ("refund_differs", "Q1"),
        ("refund_differs", "R00200"),
        ("refund_differs", "R00300"),
    }
    assert all(
        difference.advice.endswith(".") and len(difference.advice.split(". ")) == 1 for difference in found
    )


@pytest.mark.parametrize(
    ("bill", "orders", "refunds", "expected"),
    [
        ([payment("T1")], [], [], ("missing_here", None, (1000, "SUCCESS"), "refund it in the")),
        ([], [order("T1", status=2)], [], ("missing_there", (1000, "2 partly refunded"), None, "query")),
        (
            [payment("T1")],
            [order("T1", 999)],
            [],
            ("amount_differs", (999, "1 paid"), (1000, "SUCCESS"), "the rest"),
        ),
        (
            [payment("T1", state="交易")],
            [order("T1", status=0)],
            [],
            ("state_differs", (1000, "0 unpaid"), (1000, "交易"), "runs its handler"),
        ),
        (
            [payment("T1"), refund("T1", None, 1000, "REVOKED")],
            [order("T1")],
            [],
            ("state_differs", (1000, "1 paid"), (1000, "SUCCESS"), "who reversed it"),
        ),
        (
            [refund("T1", None, 1000, "REVOKED")],
            [order("T1", status=7)],
            [],
            ("state_differs", (1000, "7"), (1000, "REVOKED"), "who reversed it"),
        ),
        (
            [payment("T1"), refund("T1", None, 1000, "REVOKED")],
            [],
            [],
            ("missing_here", None, (1000, "SUCCESS"), "no money is left"),
        ),
        ([refund("T1", "R1")], [], [], ("refund_differs", None, (300, "SUCCESS"), "not refunded twice")),
        (
            [],
            [],
            [entry("T1", "R1", state="PROCESSING")],
            ("refund_differs", (300, "PROCESSING"), None, "same number"),
        ),
        (
            [refund("T1", "R1")],
            [],
            [entry("T1", "R1", 200, "UNKNOWN")],
            ("refund_differs", (200, "UNKNOWN"), (300, "SUCCESS"), "amounts"),
        ),
        (
            [refund("T1", "R1", state="退款")],
            [],
            [entry("T1", "R1", state="REFUSED")],
            ("refund_differs", (300, "REFUSED"), (300, "退款"), "up to date"),
        ),
        (
            [refund("T1", "R1", state="CLOSED")],
            [],
            [entry("T1", "R1")],
            ("refund_differs", (300, "SUCCESS"), (300, "CLOSED"), "up to date"),
        ),
    ],
)
def test_each_difference_has_both_sides_and_advice(
    bill: list[BillRow], orders: list[LedgerPayment], refunds: list[LedgerRefund], expected: Any
) -> None:
    kind, here, there, advice = expected
    (found,) = differences(bill, orders, refunds)
    assert (found.kind, found.out_trade_no) == (kind, "T1")
    assert found.here == (here and Side(amount=here[0], state=here[1]))
    assert found.there == (there and Side(amount=there[0], state=there[1]))
    assert advice in found.advice
    assert found.number == ("R1" if kind == "refund_differs" else "T1")


@pytest.mark.parametrize(
    ("word", "state"),
    [("PROCESSING", "SUCCESS"), ("PROCESSING", "ABNORMAL"), ("ABNORMAL", "ABNORMAL"), ("退款", "SUCCESS")],
)
def test_the_ledger_may_be_ahead_of_the_bill(word: str, state: str) -> None:
    assert differences([refund("T1", "R1", state=word)], [], [entry("T1", "R1", state=state)]) == []


@pytest.mark.parametrize("state", ["PENDING", "UNKNOWN", "REFUSED", "CLOSED"])
def test_a_refund_that_nobody_claims_is_no_difference(state: str) -> None:
    assert differences([], [], [entry("T1", "R1", state=state)]) == []


def test_amount_and_state_may_both_differ() -> None:
    found = differences([payment("T1")], [order("T1", 1, status=0)], [])
    assert [one.kind for one in found] == ["amount_differs", "state_differs"]


def test_one_refund_number_under_two_orders() -> None:
    bill = [refund("T1", "R1"), refund("T2", "R1", 200)]
    assert differences(bill, [], [entry("T2", "R1", 200), entry("T1", "R1")]) == []
    assert len(differences(bill, [], [entry("T1", "R1")])) == 1


def test_a_second_payment_under_one_number_is_known_to_nobody() -> None:
    found = differences([payment("T1"), payment("T1")], [order("T1")], [])
    assert [one.kind for one in found] == ["missing_here"]


@pytest.mark.parametrize("status", [1, 2, 3])
def test_paid_in_another_way_and_in_this_one_it_was_paid_twice(status: int) -> None:
    elsewhere = msgspec.structs.replace(order("T1", status=status), elsewhere=True)
    (found,) = differences([payment("T1")], [elsewhere], [])
    assert (found.kind, "give one of the two payments back" in found.advice) == ("state_differs", True)
    assert differences([payment("T1"), refund("T1", None, 1000, "REVOKED")], [elsewhere], []) == []
    assert [one.kind for one in differences([refund("T1", "R1")], [elsewhere], [])] == ["refund_differs"]


def test_unpaid_and_begun_in_another_way_since_it_is_to_be_queried() -> None:
    elsewhere = msgspec.structs.replace(order("T1", status=0), elsewhere=True)
    (found,) = differences([payment("T1")], [elsewhere], [])
    assert (found.kind, "query the order" in found.advice) == ("state_differs", True)


NUMBERS = st.text("ABC012_-", min_size=1, max_size=6)
AMOUNTS = st.integers(1, 10**10)


@st.composite
def bills(draw: Any) -> list[BillRow]:
    """What a provider may send: refunds of this day's orders and of earlier ones, whole reversals, any order."""
    numbers = draw(st.lists(NUMBERS, unique=True, max_size=20))
    rows = [payment(number, draw(AMOUNTS), draw(st.sampled_from(["SUCCESS", "交易"]))) for number in numbers]
    states = st.sampled_from(["SUCCESS", "PROCESSING", "退款", "ABNORMAL", "CLOSED"])
    for refund_no in draw(st.lists(NUMBERS, unique=True, max_size=20)):
        number = draw(st.sampled_from(numbers)) if numbers and draw(st.booleans()) else f"old-{refund_no}"
        rows.append(refund(number, refund_no, draw(AMOUNTS), draw(states)))
    if numbers:
        taken_back = draw(st.sets(st.sampled_from(numbers), max_size=3))
        rows += [refund(number, None, draw(AMOUNTS), "REVOKED") for number in sorted(taken_back)]
    order_of: list[BillRow] = draw(st.permutations(rows))
    return order_of


@given(bills())
def test_a_ledger_made_from_the_bill_has_no_differences(bill: list[BillRow]) -> None:
    orders, refunds = ledger_of(bill)
    assert differences(bill, orders.values(), refunds.values()) == []


@given(bills())
def test_an_empty_ledger_misses_every_row_and_an_empty_bill_every_claim(bill: list[BillRow]) -> None:
    numbered = [row for row in bill if row.kind == "payment" or row.out_refund_no]
    assert len(differences(bill, [], [])) == len(numbered)
    orders, refunds = ledger_of(bill)
    claims = [one for one in orders.values() if one.status > 0]
    claims += [one for one in refunds.values() if one.state != "CLOSED"]
    assert len(differences([], orders.values(), refunds.values())) == len(claims)
