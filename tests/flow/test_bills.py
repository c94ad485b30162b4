"""A day's bill over the wire: what was paid and refunded stands in it, and agrees with the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from vkpay_async import ProviderError, ProviderUnavailable, ResourceNotFound, ValidationFailed
from vkpay_async.jobs.comparison import LedgerPayment, LedgerRefund, differences

PROVIDERS = ["wxpay", "alipay"]
BEIJING = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture
async def day(shop: Any) -> dt.date:
    """A whole day ahead: the simulator's clock stands at its first second."""
    await shop.sim.advance(f"{seconds_to_midnight(shop)}s")
    return today(shop)


def now(shop: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(shop.sim.world.clock.now() / 1000, BEIJING)


def today(shop: Any) -> dt.date:
    return now(shop).date()


def seconds_to_midnight(shop: Any) -> int:
    return int(86_400 - (now(shop) - now(shop).replace(hour=0, minute=0, second=0)).total_seconds()) + 1


async def ledger(shop: Any, *numbers: str) -> tuple[list[LedgerPayment], list[LedgerRefund]]:
    orders = [await shop.pay.orders.require(number) for number in numbers]
    payments = [
        LedgerPayment(out_trade_no=order.out_trade_no, amount=order.total_fee, status=order.status)
        for order in orders
    ]
    refunds = [
        LedgerRefund(
            out_trade_no=order.out_trade_no,
            out_refund_no=one.out_refund_no,
            amount=one.refund_fee,
            state=one.state,
        )
        for order in orders
        for one in order.refund_list
    ]
    return payments, refunds


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_bill_agrees_with_the_ledger(shop: Any, day: dt.date, provider: str) -> None:
    numbers = [(await shop.order(provider, 100 + n)).out_trade_no for n in range(5)]
    for number in numbers[1:]:
        await shop.sim.pay(number)
    await shop.pay.refund(out_trade_no=numbers[3], refund_fee=30)
    await shop.pay.refund(out_trade_no=numbers[4])
    await shop.sim.advance("34h")

    bill = await shop.pay.provider(f"{provider}_h5").trade_bill(day)

    assert sorted((row.kind, row.out_trade_no, row.amount) for row in bill) == [
        *(("payment", number, 100 + n) for n, number in enumerate(numbers) if n),
        ("refund", numbers[3], 30),
        ("refund", numbers[4], 104),
    ]
    assert {row.mch_id for row in bill} == {shop.sim.merchant()[provider]["h5"]["mchId"]}
    assert {dt.datetime.fromtimestamp(row.time_ms / 1000, BEIJING).date() for row in bill} == {day}
    payments, refunds = await ledger(shop, *numbers)
    assert differences(bill, payments, refunds) == []
    assert [one.kind for one in differences(bill, payments[2:], refunds)] == ["missing_here"]


async def test_a_lost_notification_shows_in_the_comparison(shop: Any, day: dt.date) -> None:
    number = (await shop.order("wxpay")).out_trade_no
    shop.sim.fault("lose_notify", times=None)
    await shop.sim.pay(number)
    await shop.sim.advance("34h")
    bill = await shop.pay.provider("wxpay_h5").trade_bill(day)
    (found,) = differences(bill, *await ledger(shop, number))
    assert (found.kind, found.number, found.here.state) == ("state_differs", number, "0 unpaid")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_day_without_anything_has_no_rows(shop: Any, day: dt.date, provider: str) -> None:
    await shop.sim.advance("34h")
    assert await shop.pay.provider(f"{provider}_h5").trade_bill(day) == ()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_bill_that_is_not_made_yet_is_no_empty_bill(shop: Any, day: dt.date, provider: str) -> None:
    trade_bill: Callable[[dt.date], Any] = shop.pay.provider(f"{provider}_h5").trade_bill
    with pytest.raises(ValidationFailed):
        await trade_bill(day)
    await shop.sim.advance("25h")
    with pytest.raises((ProviderUnavailable, ResourceNotFound), match="10:00"):
        await trade_bill(day)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_download_that_breaks_off_is_an_error(shop: Any, day: dt.date, provider: str) -> None:
    await shop.sim.pay((await shop.order(provider)).out_trade_no)
    await shop.sim.advance("34h")
    path = {"wxpay": "/v3/billdownload/file", "alipay": "/downloadBillFile.resource"}[provider]
    shop.sim.fault("status", status=502, path=path)
    with pytest.raises(ProviderError):
        await shop.pay.provider(f"{provider}_h5").trade_bill(day)
    assert len(await shop.pay.provider(f"{provider}_h5").trade_bill(day)) == 1
