"""What is left of an order can be promised once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from tests.vkpay_async.ledger.conftest import ON_SQLITE, entry, gathered, order, paid
from vkpay_async import InvalidArgument, OrderConflict, OrderNotFound
from vkpay_async.ledger import Ledger
from vkpay_async.ledger.schema import orders


async def states(ledger: Ledger) -> dict[str, str]:
    return {e.out_refund_no: e.state for e in (await ledger.require("A1")).refund_list}


async def test_a_refund_reserves_its_amount(ledger: Ledger) -> None:
    await paid(ledger)
    row, first = await ledger.add_refund("A1", entry("r1", 300, refund_desc="broken", refund_date=7))
    assert first
    assert (row.refund_fee, row.refundable, row.refund_num, row.status) == (300, 700, 1, 1)
    assert row.refund_list == (entry("r1", 300, refund_desc="broken", refund_date=7),)


async def test_the_newest_refund_is_first(ledger: Ledger) -> None:
    await paid(ledger)
    for number in ("r1", "r2", "r3"):
        row, _ = await ledger.add_refund("A1", entry(number, 100))
    assert [e.out_refund_no for e in row.refund_list] == ["r3", "r2", "r1"]


async def test_fifty_at_once_never_promise_more_than_there_is(ledger: Ledger, other: Ledger) -> None:
    await paid(ledger)
    answers = await gathered(
        *(
            one.add_refund("A1", entry(f"r{n}{name}", 90))
            for n in range(25)
            for one, name in ((ledger, "a"), (other, "b"))
        )
    )
    assert sum(isinstance(answer, tuple) for answer in answers) == 11
    refused = [answer for answer in answers if not isinstance(answer, tuple)]
    assert {type(answer) for answer in refused} == {InvalidArgument}
    row = await ledger.require("A1")
    assert (row.refund_fee, row.refund_num, len(row.refund_list)) == (990, 11, 11)
    assert sum(e.refund_fee for e in row.refund_list) == 990


async def test_fifty_times_the_same_refund_is_one(ledger: Ledger, other: Ledger) -> None:
    await paid(ledger)
    answers = await asyncio.gather(
        *(one.add_refund("A1", entry("r1", 90)) for _ in range(25) for one in (ledger, other))
    )
    assert sum(first for _, first in answers) == 1
    assert (await ledger.require("A1")).refund_fee == 90


async def test_more_than_is_left_is_refused(ledger: Ledger) -> None:
    await paid(ledger)
    await ledger.add_refund("A1", entry("r1", 300))
    with pytest.raises(InvalidArgument, match="refund_fee 701 is more than the 700 fen left of order 'A1'"):
        await ledger.add_refund("A1", entry("r2", 701))


async def test_a_number_stands_for_one_amount(ledger: Ledger) -> None:
    await paid(ledger)
    await ledger.add_refund("A1", entry("r1", 300))
    with pytest.raises(OrderConflict, match="'r1' was asked for 300 fen before"):
        await ledger.add_refund("A1", entry("r1", 301))


@pytest.mark.parametrize("state", ["REFUSED", "CLOSED"])
async def test_a_refused_refund_gives_its_amount_back(ledger: Ledger, state: str) -> None:
    await paid(ledger)
    await ledger.add_refund("A1", entry("r1", 1000))
    row = await ledger.set_refund("A1", "r1", state=state)
    assert (row.refund_fee, row.refundable, row.status, row.refund_num) == (0, 1000, 1, 1)
    row, first = await ledger.add_refund("A1", entry("r1", 400))
    assert first
    assert (row.refund_fee, row.refund_num, [e.state for e in row.refund_list]) == (400, 1, ["PENDING"])


@ON_SQLITE
@pytest.mark.parametrize(
    ("fees", "states", "status"),
    [
        ([1000], ["PENDING"], 1),
        ([1000], ["UNKNOWN"], 1),
        ([1000], ["PROCESSING"], 3),
        ([1000], ["SUCCESS"], 3),
        ([1000], ["ABNORMAL"], 3),
        ([1000], ["CLOSED"], 1),
        ([999], ["SUCCESS"], 2),
        ([1, 999], ["SUCCESS", "PENDING"], 2),
        ([1, 999], ["SUCCESS", "PROCESSING"], 3),
        ([1, 999], ["REFUSED", "SUCCESS"], 2),
    ],
)
async def test_the_status_follows_what_the_provider_accepted(
    ledger: Ledger, fees: list[int], states: list[str], status: int
) -> None:
    await paid(ledger)
    for number, (fee, state) in enumerate(zip(fees, states, strict=True)):
        await ledger.add_refund("A1", entry(f"r{number}", fee))
        row = await ledger.set_refund("A1", f"r{number}", state=state)
    assert row.status == status


# From a refund's state, by a later word, to its state.
OWN = [("UNKNOWN", "UNKNOWN"), ("REFUSED", "REFUSED")]
LATER: list[tuple[str, str, str]] = [
    *(("PENDING", word, after) for word, after in OWN),
    *(("UNKNOWN", word, after) for word, after in OWN),
    ("UNKNOWN", "PROCESSING", "PROCESSING"),
    ("UNKNOWN", "SUCCESS", "SUCCESS"),
    ("REFUSED", "UNKNOWN", "REFUSED"),
    ("REFUSED", "SUCCESS", "SUCCESS"),
    *(("PROCESSING", word, "PROCESSING") for word in ("UNKNOWN", "REFUSED", "PENDING")),
    *(("PROCESSING", word, word) for word in ("SUCCESS", "CLOSED", "ABNORMAL")),
    *(("SUCCESS", word, "SUCCESS") for word in ("UNKNOWN", "REFUSED", "PROCESSING")),
    ("SUCCESS", "ABNORMAL", "ABNORMAL"),
    ("CLOSED", "PROCESSING", "CLOSED"),
    ("ABNORMAL", "UNKNOWN", "ABNORMAL"),
    ("ABNORMAL", "PROCESSING", "PROCESSING"),
    ("ABNORMAL", "SUCCESS", "SUCCESS"),
]


@ON_SQLITE
@pytest.mark.parametrize(("before", "word", "after"), LATER)
async def test_the_providers_word_is_not_undone_by_ours_or_by_a_late_one(
    ledger: Ledger, before: str, word: str, after: str
) -> None:
    await paid(ledger)
    await ledger.add_refund("A1", entry("r1", 1000))
    await ledger.set_refund("A1", "r1", state=before)
    row = await ledger.set_refund("A1", "r1", state=word)
    assert row.refund_list[0].state == after
    assert row.refund_fee == (0 if after in ("REFUSED", "CLOSED") else 1000)


async def test_the_providers_number_is_kept(ledger: Ledger) -> None:
    await paid(ledger)
    await ledger.add_refund("A1", entry("r1", 1000))
    await ledger.set_refund("A1", "r1", state="SUCCESS", refund_id="50")
    row = await ledger.set_refund("A1", "r1", state="PROCESSING")
    assert (row.refund_list[0].refund_id, row.refund_list[0].state) == ("50", "SUCCESS")
    row = await ledger.set_refund("A1", "r1", state="PROCESSING", refund_id="51")
    assert (row.refund_list[0].refund_id, row.refund_list[0].state) == ("51", "SUCCESS")


async def test_a_refund_made_elsewhere_changes_nothing(ledger: Ledger) -> None:
    row = await paid(ledger)
    assert await ledger.set_refund("A1", "other", state="SUCCESS") == row


async def test_refunds_settled_at_once_all_count(ledger: Ledger) -> None:
    await paid(ledger)
    for n in range(10):
        await ledger.add_refund("A1", entry(f"r{n}", 100))
    await asyncio.gather(*(ledger.set_refund("A1", f"r{n}", state="SUCCESS") for n in range(10)))
    assert set((await states(ledger)).values()) == {"SUCCESS"}
    assert (await ledger.require("A1")).status == 3


@pytest.mark.parametrize("call", ["add_refund", "set_refund"])
async def test_an_order_that_is_not_there(ledger: Ledger, call: str) -> None:
    arguments: dict[str, tuple[Any, dict[str, Any]]] = {
        "add_refund": ((entry(),), {}),
        "set_refund": (("r1",), {"state": "SUCCESS"}),
    }
    more, named = arguments[call]
    with pytest.raises(OrderNotFound, match="no order 'none'"):
        await getattr(ledger, call)("none", *more, **named)


@pytest.mark.parametrize("wrong", [{"refund_fee": 1001}, {"refund_fee": -1}, {"total_fee": 0}, {"status": 4}])
async def test_the_database_itself_refuses_what_cannot_be(ledger: Ledger, wrong: dict[str, int]) -> None:
    await ledger.add(order())
    with pytest.raises(IntegrityError, match=r"(?i)constraint"):
        await ledger.write(lambda c: c.execute(update(orders).values(wrong)))
    with pytest.raises(IntegrityError, match=r"(?i)constraint"):
        async with ledger.transaction() as tx:
            await tx.execute(update(orders).values(wrong))
    assert await ledger.require("A1") == order()


@pytest.mark.parametrize("wrong", [0, -1])
async def test_a_refund_of_nothing_is_refused(ledger: Ledger, wrong: int) -> None:
    row = await paid(ledger)
    with pytest.raises(IntegrityError):
        await ledger.add_refund("A1", entry("r1", wrong))
    assert await ledger.require("A1") == row
