"""What is due is taken by one job, wherever the jobs run."""

from __future__ import annotations

import asyncio

import pytest

from tests.vkpay_async.ledger.conftest import (
    closing_of,
    entry,
    gathered,
    order,
    paid,
    payment,
    refund_of,
    transfer,
)
from vkpay_async.ledger import Ledger
from vkpay_async.ledger.due import OrderColumn


async def unpaid(ledger: Ledger, count: int) -> None:
    await asyncio.gather(
        *(ledger.add(order(f"A{n:02}", time_expire=100 + n), repair_due=100 + n) for n in range(count))
    )


@pytest.mark.parametrize("column", ["repair_due", "expire_due"])
class TestOrders:
    async def test_the_longest_due_come_first(self, ledger: Ledger, column: OrderColumn) -> None:
        await unpaid(ledger, 9)
        taken = await ledger.take_due_orders(column, now=105, again=500, most=4)
        assert [row.out_trade_no for row in taken] == ["A00", "A01", "A02", "A03"]
        assert [row.time_expire for row in taken] == [100, 101, 102, 103]
        taken = await ledger.take_due_orders(column, now=105, again=500, most=4)
        assert [row.out_trade_no for row in taken] == ["A04", "A05"]
        assert await ledger.take_due_orders(column, now=105, again=500, most=4) == []

    async def test_each_is_taken_by_one(self, ledger: Ledger, other: Ledger, column: OrderColumn) -> None:
        await unpaid(ledger, 30)
        taken = await asyncio.gather(
            *(
                one.take_due_orders(column, now=999, again=5000, most=10)
                for _ in range(4)
                for one in (ledger, other)
            )
        )
        numbers = [row.out_trade_no for rows in taken for row in rows]
        assert len(numbers) == len(set(numbers))
        numbers += [
            row.out_trade_no for row in await ledger.take_due_orders(column, now=999, again=5000, most=99)
        ]
        assert sorted(numbers) == [f"A{n:02}" for n in range(30)]

    async def test_a_job_that_died_leaves_them_to_come_up_again(
        self, ledger: Ledger, column: OrderColumn
    ) -> None:
        await unpaid(ledger, 1)
        assert len(await ledger.take_due_orders(column, now=200, again=500, most=9)) == 1
        assert await ledger.take_due_orders(column, now=499, again=900, most=9) == []
        assert len(await ledger.take_due_orders(column, now=500, again=900, most=9)) == 1

    async def test_put_off_once_and_for_good(self, ledger: Ledger, column: OrderColumn) -> None:
        await unpaid(ledger, 1)
        await ledger.put_off("A00", column, 300)
        assert await ledger.take_due_orders(column, now=299, again=900, most=9) == []
        assert len(await ledger.take_due_orders(column, now=300, again=900, most=9)) == 1
        await ledger.put_off("A00", column, None)
        assert await ledger.take_due_orders(column, now=99_999, again=999_999, most=9) == []

    async def test_what_is_paid_or_closed_is_due_no_more(self, ledger: Ledger, column: OrderColumn) -> None:
        await unpaid(ledger, 3)
        await ledger.claim(payment("A00"))
        await ledger.claim(closing_of("A01"))
        await ledger.mark_closed("A02", now=5)
        for number in ("A00", "A01", "A02"):
            await ledger.put_off(number, column, 100)
        assert await ledger.take_due_orders(column, now=999, again=5000, most=9) == []

    async def test_paid_while_it_is_taken_it_is_due_no_more(
        self, ledger: Ledger, other: Ledger, column: OrderColumn
    ) -> None:
        await unpaid(ledger, 10)
        await asyncio.gather(
            ledger.take_due_orders(column, now=999, again=1000, most=99),
            *(other.claim(payment(f"A{n:02}")) for n in range(10)),
        )
        assert await ledger.count({"status": 1}) == 10
        assert await ledger.take_due_orders(column, now=9999, again=99_999, most=99) == []


async def test_paying_again_sets_both_dates_anew(ledger: Ledger) -> None:
    await ledger.add(order(time_expire=100), repair_due=100)
    await ledger.add(order(time_expire=300), repair_due=200)
    assert await ledger.take_due_orders("repair_due", now=199, again=999, most=9) == []
    assert await ledger.take_due_orders("expire_due", now=299, again=999, most=9) == []
    assert len(await ledger.take_due_orders("repair_due", now=200, again=999, most=9)) == 1
    assert len(await ledger.take_due_orders("expire_due", now=300, again=999, most=9)) == 1


class TestRefunds:
    async def test_each_is_taken_by_one_and_counted(self, ledger: Ledger, other: Ledger) -> None:
        await paid(ledger)
        for n in range(20):
            await ledger.add_refund("A1", entry(f"r{n:02}", 10, refund_date=7), check_due=100 + n)
        taken = await asyncio.gather(
            *(one.take_due_refunds(now=999, again=5000, most=9) for _ in range(3) for one in (ledger, other))
        )
        numbers = [row.out_refund_no for rows in taken for row in rows]
        assert len(numbers) == len(set(numbers))
        rest = await ledger.take_due_refunds(now=999, again=5000, most=99)
        assert sorted(numbers + [row.out_refund_no for row in rest]) == [f"r{n:02}" for n in range(20)]
        again = await other.take_due_refunds(now=5000, again=9000, most=99)
        assert {(row.out_trade_no, row.checks, row.refund_date) for row in again} == {("A1", 1, 7)}

    @pytest.mark.parametrize("state", ["SUCCESS", "CLOSED", "ABNORMAL", "REFUSED"])
    async def test_a_settled_one_is_due_no_more(self, ledger: Ledger, state: str) -> None:
        await paid(ledger)
        await ledger.add_refund("A1", entry("r1", 10), check_due=100)
        await ledger.set_refund("A1", "r1", state=state, check_due=200)
        assert await ledger.take_due_refunds(now=999, again=5000, most=9) == []

    async def test_settled_by_a_claim_it_is_due_no_more(self, ledger: Ledger) -> None:
        await paid(ledger)
        await ledger.add_refund("A1", entry("r1", 10), check_due=100)
        await ledger.claim(refund_of("A1", "r1"))
        assert await ledger.take_due_refunds(now=999, again=5000, most=9) == []

    async def test_an_open_one_is_put_off(self, ledger: Ledger) -> None:
        await paid(ledger)
        await ledger.add_refund("A1", entry("r1", 10), check_due=100)
        await ledger.set_refund("A1", "r1", state="PROCESSING", check_due=200)
        assert await ledger.take_due_refunds(now=199, again=5000, most=9) == []
        (row,) = await ledger.take_due_refunds(now=200, again=5000, most=9)
        assert (row.out_refund_no, row.checks) == ("r1", 0)


class TestTransfers:
    async def test_each_is_taken_by_one_and_counted(self, ledger: Ledger, other: Ledger) -> None:
        for n in range(20):
            await ledger.add_transfer(transfer(f"T{n:02}", create_date=7), check_due=100 + n)
        taken = await asyncio.gather(
            *(
                one.take_due_transfers(now=999, again=5000, most=9)
                for _ in range(3)
                for one in (ledger, other)
            )
        )
        numbers = [row.out_bill_no for rows in taken for row in rows]
        assert len(numbers) == len(set(numbers))
        rest = await ledger.take_due_transfers(now=999, again=5000, most=99)
        assert sorted(numbers + [row.out_bill_no for row in rest]) == [f"T{n:02}" for n in range(20)]
        again = await other.take_due_transfers(now=5000, again=9000, most=99)
        assert {(row.pid, row.pay_type, row.checks, row.create_date) for row in again} == {
            ("default", "wxpay_transfer", 1, 7)
        }

    @pytest.mark.parametrize("state", ["SUCCESS", "FAIL", "CANCELLED", "REFUSED"])
    async def test_a_settled_one_is_due_no_more(self, ledger: Ledger, state: str) -> None:
        await ledger.add_transfer(transfer(), check_due=100)
        await ledger.set_transfer(transfer(state=state), check_due=200)
        assert await ledger.take_due_transfers(now=999, again=5000, most=9) == []

    async def test_an_open_one_is_put_off(self, ledger: Ledger) -> None:
        await ledger.add_transfer(transfer(), check_due=100)
        await ledger.set_transfer(transfer(state="PROCESSING"), check_due=200)
        assert await ledger.take_due_transfers(now=199, again=5000, most=9) == []
        assert len(await ledger.take_due_transfers(now=200, again=5000, most=9)) == 1


class TestDeletingUnpaidOrders:
    async def test_the_old_and_unpaid_go(self, ledger: Ledger) -> None:
        await ledger.add(order("unpaid", create_date=10))
        await ledger.add(order("closed", create_date=10, status=-1))
        await ledger.add(order("young", create_date=100))
        await paid(ledger, "paid", create_date=10)
        await ledger.add(order("refunded", create_date=10, status=3))
        assert await ledger.delete_unpaid(before=100) == 2
        assert await ledger.delete_unpaid(before=100) == 0
        assert {row.out_trade_no for row in await ledger.page()} == {"young", "paid", "refunded"}

    async def test_what_was_heard_of_stays(self, ledger: Ledger) -> None:
        await ledger.claim(payment("A1"))
        await ledger.add(order("A1"))
        await ledger.add(order("A2"))
        await ledger.claim(closing_of("A2"))
        assert await ledger.delete_unpaid(before=100) == 1
        assert [row.out_trade_no for row in await ledger.page()] == ["A1"]

    async def test_no_more_than_asked_the_oldest_first(self, ledger: Ledger) -> None:
        await asyncio.gather(*(ledger.add(order(f"A{n}", create_date=n)) for n in range(9)))
        assert await ledger.delete_unpaid(before=100, most=4) == 4
        assert {row.out_trade_no for row in await ledger.page()} == {f"A{n}" for n in range(4, 9)}

    async def test_what_is_heard_of_meanwhile_stays(self, ledger: Ledger, other: Ledger) -> None:
        for n in range(40):
            await ledger.add(order(f"A{n:02}", create_date=10))
        claims = [other.claim(payment(f"A{n:02}") if n % 2 else closing_of(f"A{n:02}")) for n in range(40)]
        deleted, *heard = await gathered(
            ledger.delete_unpaid(before=100), *claims, ledger.delete_unpaid(before=100)
        )
        deleted += heard.pop()
        kept = {row.out_trade_no for row in await ledger.page(page_size=500)}
        assert len(kept) == 40 - deleted
        assert kept == {one.order.out_trade_no for one in heard if one.order is not None}
