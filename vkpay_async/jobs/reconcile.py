"""A day's bill of every provider account against the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vkpay_async.config import Config
from vkpay_async.jobs.comparison import LedgerPayment, LedgerRefund, differences
from vkpay_async.models import BillRow
from vkpay_async.order import Order
from vkpay_async.providers.base import Provider
from vkpay_async.providers.unsupported import offers
from vkpay_async.service.context import Context

if TYPE_CHECKING:
    from vkpay_async.ledger.days import Account, DayPayment, DayRefund, Reconciliation

BEIJING = dt.timezone(dt.timedelta(hours=8))
DAY_MS = 86_400_000


class Books(NamedTuple):
    """One account at a provider, and a pay_type whose node can ask for its bill."""

    account: Account
    pay_type: str
    provider: Provider


def books_of(context: Context, *, pid: str | None = None, provider: str | None = None) -> list[Books]:
    """The accounts that have a bill: each once, whatever the number of their nodes."""
    from vkpay_async.ledger.days import Account

    found: dict[Account, Books] = {}
    for one, name, platform in _nodes(context.config):
        if pid not in (None, one) or provider not in (None, name):
            continue
        pay_type = f"{name}_{platform}"
        built = context.providers.get(one, pay_type)
        if not offers(built, "trade_bill"):
            continue
        account = Account(provider=name, pid=one, mch_id=built.mch_id)
        found.setdefault(account, Books(account, pay_type, built))
    return list(found.values())


async def reconcile(context: Context, books: Books, day: dt.date) -> Reconciliation:
    """Downloads a day's bill, compares it line by line with the ledger, and keeps the differences.

    Raises :class:`ProviderError` where there is no bill yet (before 10:00 of the next day).
    """
    from vkpay_async.ledger import days

    bill = await context.transport.run(books.provider.trade_bill(day))
    begin = int(dt.datetime.combine(day, dt.time(), BEIJING).timestamp() * 1000)
    account, end = books.account, begin + DAY_MS
    orders, given_back = _numbers(bill)
    payments = await context.ledger.read(
        lambda c: days.payments_of(c, account, begin, end, orders), long=True
    )
    refunds = await context.ledger.read(
        lambda c: days.refunds_of(c, account, begin, end, given_back), long=True
    )
    missing = orders - {row.out_trade_no for row in payments}
    begun = await context.ledger.read(lambda c: days.begun_in(c, account, missing), long=True)
    found = differences(bill, [*_payments(payments), *_begun(begun)], _refunds(refunds))
    result = days.Reconciliation(
        provider=account.provider,
        pid=account.pid,
        bill_date=day.isoformat(),
        payments=sum(row.kind == "payment" for row in bill),
        refunds=sum(row.kind == "refund" for row in bill),
        differences=[msgspec.to_builtins(one) for one in found],
        create_date=context.env.now_ms(),
    )
    await context.ledger.write(lambda c: days.keep(c, result))
    return result


def _nodes(config: Config) -> Iterable[tuple[str, str, str]]:
    for pid, merchant in config.merchants.items():
        for name, platform in merchant.nodes:
            if platform != "transfer":
                yield pid, name, platform


def _numbers(bill: Iterable[BillRow]) -> tuple[set[str], set[str]]:
    """The orders and the refunds that a bill names."""
    orders, refunds = set(), set()
    for row in bill:
        orders.add(row.out_trade_no)
        if row.out_refund_no is not None:
            refunds.add(row.out_refund_no)
    return orders, refunds


def _payments(rows: Iterable[DayPayment]) -> list[LedgerPayment]:
    return [
        LedgerPayment(out_trade_no=row.out_trade_no, amount=row.total_fee, status=row.status) for row in rows
    ]


def _begun(rows: Iterable[Order]) -> list[LedgerPayment]:
    return [
        LedgerPayment(out_trade_no=row.out_trade_no, amount=row.total_fee, status=row.status, elsewhere=True)
        for row in rows
    ]


def _refunds(rows: Iterable[DayRefund]) -> list[LedgerRefund]:
    return [
        LedgerRefund(
            out_trade_no=row.out_trade_no,
            out_refund_no=row.out_refund_no,
            amount=row.refund_fee,
            state=row.state,
        )
        for row in rows
    ]
