"""Transfers: kept before they are sent, and settled once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from tests.vkpay_async.ledger.conftest import ON_SQLITE, gathered, transfer
from vkpay_async import OrderConflict
from vkpay_async.ledger import Ledger

WHOLE = transfer(
    pid="shop7",
    mch_id="m1",
    openid="o1",
    transfer_remark="工资",
    raw_state="ACCEPTED",
    create_date=1,
    update_date=2,
)


async def test_a_transfer_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    assert await ledger.add_transfer(WHOLE, check_due=50) == WHOLE
    assert await ledger.get_transfer("T1", "shop7") == WHOLE
    assert await ledger.get_transfer("T1") is None
    assert await ledger.get_transfer("T2", "shop7") is None


async def test_two_merchants_may_use_one_number(ledger: Ledger) -> None:
    await ledger.add_transfer(transfer(), check_due=50)
    await ledger.add_transfer(transfer(pid="shop7", transfer_amount=7), check_due=50)
    first, second = await ledger.get_transfer("T1"), await ledger.get_transfer("T1", "shop7")
    assert first is not None
    assert second is not None
    assert (first.transfer_amount, second.transfer_amount) == (100, 7)


async def test_fifty_at_once_are_one(ledger: Ledger, other: Ledger) -> None:
    kept = await asyncio.gather(
        *(one.add_transfer(transfer(), check_due=50) for _ in range(25) for one in (ledger, other))
    )
    assert set(map(repr, kept)) == {repr(transfer())}


async def test_a_repeat_keeps_the_amount(ledger: Ledger) -> None:
    await ledger.add_transfer(transfer(), check_due=50)
    with pytest.raises(OrderConflict, match="'T1' was asked for 100 fen before"):
        await ledger.add_transfer(transfer(transfer_amount=101), check_due=50)


async def test_of_two_amounts_at_once_one_is_kept(ledger: Ledger, other: Ledger) -> None:
    answers = await gathered(
        ledger.add_transfer(transfer(transfer_amount=1), check_due=50),
        other.add_transfer(transfer(transfer_amount=2), check_due=50),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["OrderConflict", "TransferRecord"]


@pytest.mark.parametrize("wrong", [0, -1])
async def test_a_transfer_of_nothing_is_refused(ledger: Ledger, wrong: int) -> None:
    with pytest.raises(IntegrityError):
        await ledger.add_transfer(transfer(transfer_amount=wrong), check_due=50)
    assert await ledger.get_transfer("T1") is None


@ON_SQLITE
@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        ("PENDING", "PROCESSING", "PROCESSING"),
        ("PENDING", "UNKNOWN", "UNKNOWN"),
        ("PENDING", "REFUSED", "REFUSED"),
        ("UNKNOWN", "REFUSED", "REFUSED"),
        ("UNKNOWN", "SUCCESS", "SUCCESS"),
        ("REFUSED", "SUCCESS", "SUCCESS"),
        ("PROCESSING", "UNKNOWN", "PROCESSING"),
        ("PROCESSING", "REFUSED", "PROCESSING"),
        ("PROCESSING", "FAIL", "FAIL"),
        ("SUCCESS", "PROCESSING", "SUCCESS"),
        ("SUCCESS", "FAIL", "SUCCESS"),
        ("FAIL", "SUCCESS", "FAIL"),
        ("CANCELLED", "UNKNOWN", "CANCELLED"),
    ],
)
async def test_a_final_state_stays(ledger: Ledger, before: str, word: str, after: str) -> None:
    await ledger.add_transfer(transfer(), check_due=50)
    await ledger.set_transfer(transfer(state=before), check_due=60)
    row = await ledger.set_transfer(transfer(state=word), check_due=60)
    assert row.state == after
    assert await ledger.get_transfer("T1") == row


async def test_what_was_said_before_is_kept_beside_what_is_said_now(ledger: Ledger) -> None:
    await ledger.add_transfer(WHOLE, check_due=50)
    said = transfer(pid="shop7", state="SUCCESS", transfer_bill_no="13", transfer_amount=None, update_date=9)
    row = await ledger.set_transfer(said, check_due=None)
    assert (row.transfer_amount, row.openid, row.transfer_remark) == (100, "o1", "工资")
    assert (row.state, row.transfer_bill_no, row.create_date, row.update_date) == ("SUCCESS", "13", 1, 9)


async def test_settled_at_once_by_two_it_is_one(ledger: Ledger, other: Ledger) -> None:
    await ledger.add_transfer(transfer(), check_due=50)
    rows = await asyncio.gather(
        *(
            one.set_transfer(transfer(state=state), check_due=None)
            for _ in range(5)
            for one, state in ((ledger, "SUCCESS"), (other, "FAIL"))
        )
    )
    assert len({row.state for row in rows}) == 1
