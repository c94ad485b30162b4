"""A day's money, for the comparison with a provider's bill, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, or_, select

from vkpay_async.ledger import orders as order_rows
from vkpay_async.ledger.schema import orders, reconciliations, refunds
from vkpay_async.money import Fen
from vkpay_async.order import Order
from vkpay_async.pay_type import split_pay_type

NUMBERS_AT_ONCE = 500


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose money: the orders of one merchant at one provider. ``mch_id`` is ``None`` where the config does not say."""

    provider: str
    pid: str
    mch_id: str | None = None


class DayPayment(msgspec.Struct, frozen=True, kw_only=True):
    """What an order of a day came to."""

    out_trade_no: str
    total_fee: Fen
    status: int


class DayRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of a day."""

    out_trade_no: str
    out_refund_no: str
    refund_fee: Fen
    state: str


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``vk_pay_reconciliations``: a day's bill compared with the ledger. ``bill_date`` is ``YYYY-MM-DD``."""

    provider: str
    pid: str
    bill_date: str
    payments: int
    refunds: int
    differences: list[dict[str, Any]]
    create_date: int


_PAYMENT = [orders.c[name] for name in DayPayment.__struct_fields__]
_REFUND = [refunds.c[name] for name in DayRefund.__struct_fields__]
_FIELDS = Reconciliation.__struct_fields__


def payments_of(
    connection: Connection, account: Account, begin: int, end: int, named: Collection[str]
) -> list[DayPayment]:
    """Orders paid from ``begin`` to before ``end``, and those that the bill names."""
    of_day = select(*_PAYMENT).where(
        orders.c.pay_date >= begin, orders.c.pay_date < end, orders.c.status > 0, _of(account)
    )
    found = {row[0]: row for row in connection.execute(of_day)}
    for numbers in _parts(named):
        statement = select(*_PAYMENT).where(orders.c.out_trade_no.in_(numbers), _of(account))
        found.update((row[0], row) for row in connection.execute(statement))
    return [DayPayment(**dict(zip(DayPayment.__struct_fields__, row, strict=True))) for row in found.values()]


def begun_in(connection: Connection, account: Account, numbers: Collection[str]) -> list[Order]:
    """Of some numbers the orders that were begun in the account, and then in another way."""
    found = [one for part in _parts(numbers) for one in order_rows.find_all(connection, part).values()]
    return [
        one
        for one in found
        if (one.pid or "default") == account.pid and any(_is_of(way, account) for way in one.ways[1:])
    ]


def refunds_of(
    connection: Connection, account: Account, begin: int, end: int, named: Collection[str]
) -> list[DayRefund]:
    """Refunds asked for from ``begin`` to before ``end`` that did not succeed on another day, and those of ``named`` orders.

    Of a named order's refunds, those of other days count only where the bill has them; the caller sees to that.
    """
    joined = (
        select(*_REFUND).join(orders, orders.c.out_trade_no == refunds.c.out_trade_no).where(_of(account))
    )
    same_day = or_(
        refunds.c.success_date.is_(None),
        and_(refunds.c.success_date >= begin, refunds.c.success_date < end),
    )
    of_day = joined.where(refunds.c.refund_date >= begin, refunds.c.refund_date < end, same_day)
    found = {tuple(row[:2]): row for row in connection.execute(of_day)}
    for numbers in _parts(named):
        for row in connection.execute(joined.where(refunds.c.out_refund_no.in_(numbers))):
            found[tuple(row[:2])] = row
    return [DayRefund(**dict(zip(DayRefund.__struct_fields__, row, strict=True))) for row in found.values()]


def keep(connection: Connection, result: Reconciliation) -> None:
    """In the place of the day's last one."""
    key = and_(
        *(reconciliations.c[name] == getattr(result, name) for name in ("provider", "pid", "bill_date"))
    )
    connection.execute(delete(reconciliations).where(key))
    connection.execute(insert(reconciliations), msgspec.structs.asdict(result))


def kept(connection: Connection, bill_date: str) -> list[Reconciliation]:
    """Every account's comparison of a day."""
    columns = [reconciliations.c[name] for name in _FIELDS]
    statement = select(*columns).where(reconciliations.c.bill_date == bill_date)
    return [Reconciliation(**dict(zip(_FIELDS, row, strict=True))) for row in connection.execute(statement)]


def _of(account: Account) -> Any:
    # Not by the index of pid: that would read all that the merchant ever sold for one day of it.
    pid = func.coalesce(orders.c.pid, "default") == account.pid
    conditions = [orders.c.pay_type.like(f"{account.provider}\\_%", escape="\\"), pid]
    if account.mch_id is not None:
        conditions.append(orders.c.mch_id == account.mch_id)
    return and_(*conditions)


def _is_of(way: Order, account: Account) -> bool:
    return split_pay_type(way.pay_type)[0] == account.provider and account.mch_id in (None, way.mch_id)


def _parts(numbers: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(numbers)
    for begin in range(0, len(ordered), NUMBERS_AT_ONCE):
        yield ordered[begin : begin + NUMBERS_AT_ONCE]
