"""What is due: rows that a job is to look at, taken so that any number of jobs may run anywhere at once.

A row is taken by moving its date on, if it still has the date that was read; who comes second changes nothing. A job that
dies has put its rows off, and they come up again.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, bindparam, delete, exists, select, update

from vkpay_async.ledger import orders as order_rows
from vkpay_async.ledger.schema import notifications, orders, refunds, transfers
from vkpay_async.order import Order

OrderColumn: TypeAlias = Literal["repair_due", "expire_due"]


class DueRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund to ask the provider about. ``checks`` counts the times it was asked before."""

    out_trade_no: str
    out_refund_no: str
    checks: int
    refund_date: int


class DueTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer to ask the provider about."""

    out_bill_no: str
    pid: str
    pay_type: str
    checks: int
    create_date: int


def _due_orders(column: OrderColumn) -> Any:
    due = orders.c[column]
    return (
        select(orders.c.out_trade_no, due)
        .where(due.is_not(None), due <= bindparam("now"))
        .order_by(due)
        .limit(bindparam("most"))
    )


def _take_order(column: OrderColumn) -> Any:
    due = orders.c[column]
    return (
        update(orders)
        .where(orders.c.out_trade_no == bindparam("number"), due == bindparam("was"))
        .values({column: bindparam("again")})
    )


_DUE_ORDERS = {column: _due_orders(column) for column in ("repair_due", "expire_due")}
_TAKE_ORDER = {column: _take_order(column) for column in ("repair_due", "expire_due")}

_DUE_REFUNDS = (
    select(*(refunds.c[name] for name in (*DueRefund.__struct_fields__, "check_due")))
    .where(refunds.c.check_due.is_not(None), refunds.c.check_due <= bindparam("now"))
    .order_by(refunds.c.check_due)
    .limit(bindparam("most"))
)
_TAKE_REFUND = (
    update(refunds)
    .where(
        refunds.c.out_trade_no == bindparam("number"),
        refunds.c.out_refund_no == bindparam("refund"),
        refunds.c.check_due == bindparam("was"),
    )
    .values(check_due=bindparam("again"), checks=refunds.c.checks + 1)
)
_PUT_OFF_REFUND = (
    update(refunds)
    .where(
        refunds.c.out_trade_no == bindparam("number"),
        refunds.c.out_refund_no == bindparam("refund"),
        refunds.c.check_due.is_not(None),
    )
    .values(check_due=bindparam("until"))
)
_DUE_TRANSFERS = (
    select(*(transfers.c[name] for name in (*DueTransfer.__struct_fields__, "check_due")))
    .where(transfers.c.check_due.is_not(None), transfers.c.check_due <= bindparam("now"))
    .order_by(transfers.c.check_due)
    .limit(bindparam("most"))
)
_TAKE_TRANSFER = (
    update(transfers)
    .where(
        transfers.c.out_bill_no == bindparam("number"),
        transfers.c.pid == bindparam("merchant"),
        transfers.c.check_due == bindparam("was"),
    )
    .values(check_due=bindparam("again"), checks=transfers.c.checks + 1)
)
_PUT_OFF_TRANSFER = (
    update(transfers)
    .where(
        transfers.c.out_bill_no == bindparam("number"),
        transfers.c.pid == bindparam("merchant"),
        transfers.c.check_due.is_not(None),
    )
    .values(check_due=bindparam("until"))
)


def take_orders(
    connection: Connection, column: OrderColumn, *, now: int, again: int, most: int
) -> list[Order]:
    taken = [
        number
        for number, was in connection.execute(_DUE_ORDERS[column], {"now": now, "most": most}).all()
        if connection.execute(_TAKE_ORDER[column], {"number": number, "was": was, "again": again}).rowcount
        == 1
    ]
    found = order_rows.find_all(connection, taken)
    return [found[number] for number in taken]


def put_off(
    connection: Connection,
    out_trade_no: str,
    column: OrderColumn,
    until: int | None,
    *,
    taken: int | None = None,
) -> None:
    """When an order is to be looked at next, ``None`` for never. With ``taken``, the date that taking it set, only where that
    still stands: one that was begun once more or paid meanwhile has another; without, only where it is unpaid."""
    still = orders.c.status == 0 if taken is None else orders.c[column] == taken
    connection.execute(
        update(orders).where(orders.c.out_trade_no == out_trade_no, still).values({column: until})
    )


def take_refunds(connection: Connection, *, now: int, again: int, most: int) -> list[DueRefund]:
    taken = []
    for *values, was in connection.execute(_DUE_REFUNDS, {"now": now, "most": most}).all():
        row = DueRefund(**dict(zip(DueRefund.__struct_fields__, values, strict=True)))
        key = {"number": row.out_trade_no, "refund": row.out_refund_no}
        if connection.execute(_TAKE_REFUND, {**key, "was": was, "again": again}).rowcount == 1:
            taken.append(row)
    return taken


def take_transfers(connection: Connection, *, now: int, again: int, most: int) -> list[DueTransfer]:
    taken = []
    for *values, was in connection.execute(_DUE_TRANSFERS, {"now": now, "most": most}).all():
        row = DueTransfer(**dict(zip(DueTransfer.__struct_fields__, values, strict=True)))
        key = {"number": row.out_bill_no, "merchant": row.pid}
        if connection.execute(_TAKE_TRANSFER, {**key, "was": was, "again": again}).rowcount == 1:
            taken.append(row)
    return taken


def put_off_refund(connection: Connection, row: DueRefund, until: int | None) -> None:
    """When a refund is to be asked after next, ``None`` for never; one that is settled stays so."""
    key = {"number": row.out_trade_no, "refund": row.out_refund_no}
    connection.execute(_PUT_OFF_REFUND, {**key, "until": until})


def put_off_transfer(connection: Connection, row: DueTransfer, until: int | None) -> None:
    """When a transfer is to be asked after next, ``None`` for never; one that is settled stays so."""
    key = {"number": row.out_bill_no, "merchant": row.pid}
    connection.execute(_PUT_OFF_TRANSFER, {**key, "until": until})


def delete_unpaid(connection: Connection, *, before: int, most: int) -> int:
    """Money that was heard of is never deleted, whatever the order's status says; nor is what is still asked after."""
    heard = exists().where(notifications.c.number == orders.c.out_trade_no, notifications.c.kind != "closed")
    settled = (orders.c.repair_due.is_(None), orders.c.expire_due.is_(None))
    unpaid = (orders.c.status.in_((-1, 0)), *settled, ~heard)
    found = (
        select(orders.c.out_trade_no)
        .where(orders.c.create_date < before, *unpaid)
        .order_by(orders.c.create_date)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    numbers = list(connection.scalars(found))
    if not numbers:
        return 0
    # A claim locks its order before it writes: with the lock ours, what was heard meanwhile is there to be seen.
    return connection.execute(delete(orders).where(orders.c.out_trade_no.in_(numbers), *unpaid)).rowcount
