"""Refunds that a provider made of its own accord, and payments that name no order: on every kind of database."""

from __future__ import annotations

from collections.abc import Callable

from tests.vkpay_async.ledger.conftest import entry, event, gathered, order, paid
from vkpay_async.happenings import Claim, Decision, Event, Found
from vkpay_async.ledger import Ledger, RefundChange


def given_back(number: str, fee: int, state: str = "SUCCESS") -> Callable[[Found], Decision]:
    change = RefundChange(
        out_refund_no=number,
        state=state,
        success_date=7,
        new=entry(number, fee, state=state, refund_id="4200", refund_date=7),
    )

    def decide(found: Found) -> Decision:
        return Decision(event=event(kind="refund", subject=f"{number}|{state}"), refund=change)

    return decide


async def heard(ledger: Ledger, number: str, fee: int, state: str = "SUCCESS") -> None:
    happened = event(kind="refund", subject=f"{number}|{state}")
    await ledger.claim(Claim(event=happened, decide=given_back(number, fee, state)))


async def test_it_is_kept_with_the_order(ledger: Ledger) -> None:
    await paid(ledger)
    await heard(ledger, "r1", 300)
    row = await ledger.require("A1")
    assert (row.refund_fee, row.refund_num, row.status) == (300, 1, 2)
    assert row.refund_list == (entry("r1", 300, state="SUCCESS", refund_id="4200", refund_date=7),)


async def test_no_more_than_is_left(ledger: Ledger) -> None:
    await paid(ledger)
    for number in ("r1", "r2", "r3"):
        await heard(ledger, number, 600)
    row = await ledger.require("A1")
    assert [one.refund_fee for one in row.refund_list] == [400, 600]
    assert (row.refund_fee, row.status) == (1000, 3)


async def test_one_that_is_undone_gives_its_amount_back(ledger: Ledger) -> None:
    await paid(ledger)
    await heard(ledger, "r1", 600)
    await heard(ledger, "r1", 600, "CLOSED")
    row = await ledger.require("A1")
    assert (row.refund_fee, row.status) == (0, 1)
    assert row.refund_list[0].state == "CLOSED"


async def test_many_at_once(ledger: Ledger, other: Ledger) -> None:
    await paid(ledger)
    await gathered(
        *(heard(one, f"r{n}{name}", 90) for n in range(10) for one, name in ((ledger, "a"), (other, "b")))
    )
    row = await ledger.require("A1")
    assert (row.refund_fee, row.status) == (1000, 3)
    assert sum(one.refund_fee for one in row.refund_list) == 1000


def taken_for(out_trade_no: str) -> Event:
    return event("4200", "bound", "Production|TAKEN", path=out_trade_no)


async def test_a_payment_that_names_no_order_is_the_firsts(ledger: Ledger, other: Ledger) -> None:
    await ledger.add(order())
    answers = await gathered(
        *(one.bind(taken_for(f"{name}{n}")) for n in range(10) for one, name in ((ledger, "A"), (other, "B")))
    )
    assert len(set(answers)) == 1
    assert await ledger.bind(taken_for("C1")) == answers[0]
