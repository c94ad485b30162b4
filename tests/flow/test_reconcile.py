"""A day of five thousand trades: the comparison finds each of twelve planted differences, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, delete, insert, select, update

from tests.flow.test_bills import day as day
from vkpay_async import ProviderError
from vkpay_async.ledger.schema import orders, refunds

TRADES = 5000
REFUNDED = 500
DAY_MS = 86_400_000


class Day:
    """A day at the simulated WeChat Pay, and the same day in the ledger."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.ledger = shop.pay.orders
        wxpay = shop.sim.world.providers["wxpay"]
        self.book = wxpay._book

    async def fill(self) -> None:
        """One payment and one refund go the whole way; the others are made after their image, on both sides."""
        model = (await self.shop.order("wxpay", 1000)).out_trade_no
        await self.shop.sim.pay(model)
        await self.shop.pay.idle()
        await self.shop.pay.refund(out_trade_no=model, refund_fee=300, out_refund_no="R0")
        await self.shop.sim.advance("10m")
        assert (await self.ledger.require(model)).refund_list[0].state == "SUCCESS"
        self._fill_simulator(self.book.all()[0])
        await self.ledger.write(lambda c: self._fill_ledger(c, model))

    def _fill_simulator(self, model: Any) -> None:
        for n in range(1, TRADES):
            request = msgspec.structs.replace(model.request, out_trade_no=number(n))
            order = dataclasses.replace(
                model, request=request, transaction_id=f"{model.transaction_id[:-6]}{n:06d}", refunds=[]
            )
            if n < REFUNDED:
                order.refunds.append(self._refund(model.refunds[0], order, n))
            self.book.add(order)

    @staticmethod
    def _refund(model: Any, order: Any, n: int) -> Any:
        request = msgspec.structs.replace(model.request, out_refund_no=f"R{n}")
        return dataclasses.replace(model, order=order, request=request, refund_id=f"{model.refund_id}{n}")

    @staticmethod
    def _fill_ledger(connection: Connection, model: str) -> None:
        row = dict(connection.execute(select(orders).where(orders.c.out_trade_no == model)).mappings().one())
        refund = dict(connection.execute(select(refunds)).mappings().one())
        unrefunded = {"status": 1, "refund_fee": 0, "refund_num": 0}
        rows = [
            {**row, "out_trade_no": number(n), **({} if n < REFUNDED else unrefunded)}
            for n in range(1, TRADES)
        ]
        connection.execute(insert(orders), rows)
        given_back = [
            {**refund, "out_trade_no": number(n), "out_refund_no": f"R{n}"} for n in range(1, REFUNDED)
        ]
        connection.execute(insert(refunds), given_back)

    async def plant(self) -> set[tuple[str, str]]:
        """Twelve differences, two or three of each kind; what is to be found of them."""
        await self.ledger.write(self._plant)
        extra = msgspec.structs.replace(
            self.book.find(self._mchid, number(9)).request, out_trade_no="unknown_1"
        )
        self.book.add(
            dataclasses.replace(self.book.find(self._mchid, number(900)), request=extra, refunds=[])
        )
        return {
            ("missing_here", number(600)),
            ("missing_here", number(601)),
            ("missing_here", "unknown_1"),
            ("missing_there", "wxpay_only_here"),
            ("missing_there", "wxpay_only_here_2"),
            ("amount_differs", number(602)),
            ("amount_differs", number(603)),
            ("state_differs", number(604)),
            ("state_differs", number(605)),
            ("refund_differs", "R10"),
            ("refund_differs", "R11"),
            ("refund_differs", "R12"),
        }

    @property
    def _mchid(self) -> str:
        return str(self.book.all()[0].account.mchid)

    @staticmethod
    def _plant(connection: Connection) -> None:
        def change(n: int, **values: Any) -> None:
            connection.execute(update(orders).where(orders.c.out_trade_no == number(n)).values(**values))

        connection.execute(delete(orders).where(orders.c.out_trade_no.in_([number(600), number(601)])))
        change(602, total_fee=1001)
        change(603, total_fee=999)
        change(604, status=0, pay_date=None)
        change(605, status=-1, pay_date=None)
        row = dict(
            connection.execute(select(orders).where(orders.c.out_trade_no == number(700))).mappings().one()
        )
        for name in ("wxpay_only_here", "wxpay_only_here_2"):
            connection.execute(insert(orders), {**row, "out_trade_no": name})
        connection.execute(delete(refunds).where(refunds.c.out_refund_no == "R10"))
        connection.execute(update(refunds).where(refunds.c.out_refund_no == "R11").values(refund_fee=299))
        connection.execute(update(refunds).where(refunds.c.out_refund_no == "R12").values(state="CLOSED"))


def number(n: int) -> str:
    return f"wxpay_t{n:05d}"


@pytest.fixture
async def trades(shop: Any, day: dt.date) -> Day:
    filled = Day(shop)
    await filled.fill()
    return filled


async def test_every_planted_difference_is_found_and_nothing_else(trades: Day, day: dt.date) -> None:
    planted = await trades.plant()
    await trades.shop.sim.advance("34h")
    (result,) = await trades.shop.pay.reconcile(day, provider="wxpay", pid="default")
    found = Counter((one["kind"], one["out_refund_no"] or one["out_trade_no"]) for one in result.differences)
    assert found == Counter(planted)
    assert len(planted) == 12
    assert (result.payments, result.refunds) == (TRADES + 1, REFUNDED)
    assert all(one["advice"] for one in result.differences)


async def test_a_day_that_agrees_has_no_difference_and_is_kept(trades: Day, day: dt.date) -> None:
    from vkpay_async.ledger.days import kept

    await trades.shop.sim.advance("34h")
    for _ in range(2):
        await trades.shop.pay.reconcile(day, provider="wxpay", pid="default")
    (stored,) = await trades.ledger.read(lambda c: kept(c, day.isoformat()))
    assert (stored.payments, stored.refunds, stored.differences) == (TRADES, REFUNDED, [])


async def test_both_providers_of_every_merchant_are_compared(shop: Any, day: dt.date) -> None:
    numbers = [(await shop.order(name, 100)).out_trade_no for name in ("wxpay", "alipay")]
    for one in numbers:
        await shop.sim.pay(one)
    await shop.sim.advance("34h")
    results = await shop.pay.reconcile(day, pid="default")
    assert all(one.differences == [] for one in results)
    assert sorted((one.provider, one.payments) for one in results if one.payments) == [
        ("alipay", 1),
        ("wxpay", 1),
    ]


async def test_a_bill_that_is_not_made_yet_is_an_error(shop: Any, day: dt.date) -> None:
    with pytest.raises(ProviderError):
        await shop.pay.reconcile(day, provider="wxpay", pid="default")


@pytest.mark.parametrize("twice", [False, True])
async def test_an_order_that_was_begun_in_another_way_since(shop: Any, day: dt.date, twice: bool) -> None:
    number = (await shop.order("wxpay")).out_trade_no
    await shop.pay.create_payment(
        provider="alipay",
        platform="h5",
        need_qrcode=True,
        out_trade_no=number,
        total_fee=19900,
        subject="Tea 500 g",
        type="goods",
    )
    if twice:
        await shop.sim.pay(number, provider="alipay")
        await shop.pay.idle()
    shop.sim.fault("lose_notify", times=None)
    await shop.sim.pay(number, provider="wxpay")
    await shop.sim.advance("34h")
    (found,) = await shop.pay.reconcile(day, provider="wxpay", pid="default")
    (one,) = found.differences
    assert (one["kind"], one["out_trade_no"]) == ("state_differs", number)
    if twice:
        assert "give one of the two payments back" in one["advice"]
        return
    assert "query the order" in one["advice"]
    await shop.pay.query_payment(out_trade_no=number, await_notify=True)
    (found,) = await shop.pay.reconcile(day, provider="wxpay", pid="default")
    assert found.differences == []
