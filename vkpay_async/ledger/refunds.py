"""Refunds: reserved in the order's row before they are sent, so that what is left can never be promised twice.

The order's row is always locked first. The database itself refuses an order whose ``refund_fee`` would pass its
``total_fee``, whoever writes it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from vkpay_async.errors import InvalidArgument, OrderConflict
from vkpay_async.happenings import RefundChange
from vkpay_async.ledger.schema import orders, refunds
from vkpay_async.money import Fen
from vkpay_async.order import Order, RefundEntry

OWN_STATES = frozenset({"PENDING", "UNKNOWN", "REFUSED"})
GIVEN_BACK = frozenset({"REFUSED", "CLOSED"})
ACCEPTED = frozenset({"PROCESSING", "SUCCESS", "ABNORMAL"})
FINAL = frozenset({"REFUSED", "CLOSED", "SUCCESS", "ABNORMAL"})

_ENTRY_FIELDS = RefundEntry.__struct_fields__
_LIST = (
    select(refunds.c.out_trade_no, *(refunds.c[name] for name in _ENTRY_FIELDS))
    .where(refunds.c.out_trade_no.in_(bindparam("numbers", expanding=True)))
    .order_by(refunds.c.refund_date.desc(), refunds.c.position.desc())
)
_CHANGE = (
    update(refunds)
    .where(
        refunds.c.out_trade_no == bindparam("number"),
        refunds.c.out_refund_no == bindparam("refund"),
    )
    .values(
        state=bindparam("new_state"),
        refund_id=bindparam("new_refund_id"),
        success_date=bindparam("new_success_date"),
        check_due=bindparam("new_check_due"),
    )
)
_SUMS = (
    update(orders)
    .where(orders.c.out_trade_no == bindparam("number"))
    .values(
        refund_fee=bindparam("new_refund_fee"),
        refund_num=bindparam("new_refund_num"),
        status=bindparam("new_status"),
    )
)


def entries_of(connection: Connection, numbers: Collection[str]) -> dict[str, tuple[RefundEntry, ...]]:
    """Each order's refunds, the newest first."""
    lists: dict[str, list[RefundEntry]] = {}
    for number, *values in connection.execute(_LIST, {"numbers": list(numbers)}):
        lists.setdefault(number, []).append(RefundEntry(**dict(zip(_ENTRY_FIELDS, values, strict=True))))
    return {number: tuple(entries) for number, entries in lists.items()}


def reserve(connection: Connection, order: Order, entry: RefundEntry, check_due: int) -> tuple[Order, bool]:
    """Keeps a refund of an order that is locked, before it is sent. The order, and whether the number was free.

    A repeat with the same number and amount changes nothing. Raises :class:`InvalidArgument` when it would exceed what
    is left, :class:`OrderConflict` when the number stands for another amount.
    """
    known = _entry(order, entry.out_refund_no)
    if known is not None and known.state not in GIVEN_BACK:
        return _same_refund(order, known, entry), False
    _check_remaining(order, entry.refund_fee)
    row = {**{name: getattr(entry, name) for name in _ENTRY_FIELDS}, "check_due": check_due, "checks": 0}
    key = (refunds.c.out_trade_no == order.out_trade_no, refunds.c.out_refund_no == entry.out_refund_no)
    if known is None:
        place = {"out_trade_no": order.out_trade_no, "position": order.refund_num + 1}
        connection.execute(insert(refunds), {**place, **row})
    else:
        connection.execute(update(refunds).where(*key).values(**row, success_date=None))
    changed = msgspec.structs.replace(
        order,
        refund_list=(entry, *(e for e in order.refund_list if e is not known)),
        refund_fee=order.refund_fee + entry.refund_fee,
        refund_num=order.refund_num + (known is None),
    )
    _keep_sums(connection, changed)
    return changed, True


def change(connection: Connection, order: Order, wanted: RefundChange) -> Order:
    """Stores what became of a refund of an order that is locked. ``REFUSED`` and ``CLOSED`` give its amount back.

    What the provider said before is not undone by a late answer or a failed repeat.
    """
    known = _entry(order, wanted.out_refund_no)
    if known is None:
        return order if wanted.new is None else _unasked(connection, order, wanted.new, wanted)
    state = wanted.state if _may_become(known.state, wanted.state) else known.state
    entry = msgspec.structs.replace(known, state=state, refund_id=wanted.refund_id or known.refund_id)
    if entry == known:
        return order
    connection.execute(
        _CHANGE,
        {
            "number": order.out_trade_no,
            "refund": entry.out_refund_no,
            "new_state": entry.state,
            "new_refund_id": entry.refund_id,
            "new_success_date": wanted.success_date,
            "new_check_due": None if entry.state in FINAL else wanted.check_due,
        },
    )
    changed = _summed(order, tuple(entry if e is known else e for e in order.refund_list))
    _keep_sums(connection, changed)
    return changed


def _unasked(connection: Connection, order: Order, entry: RefundEntry, wanted: RefundChange) -> Order:
    """Keeps a refund that the provider made of its own accord: no more than what is left of the order."""
    entry = msgspec.structs.replace(entry, refund_fee=min(entry.refund_fee, order.refundable))
    if entry.refund_fee == 0:
        return order
    row = {name: getattr(entry, name) for name in _ENTRY_FIELDS}
    place = {"out_trade_no": order.out_trade_no, "position": order.refund_num + 1, "checks": 0}
    connection.execute(insert(refunds), {**place, **row, "success_date": wanted.success_date})
    changed = msgspec.structs.replace(
        _summed(order, (entry, *order.refund_list)), refund_num=order.refund_num + 1
    )
    _keep_sums(connection, changed)
    return changed


def _summed(order: Order, entries: tuple[RefundEntry, ...]) -> Order:
    reserved = sum(e.refund_fee for e in entries if e.state not in GIVEN_BACK)
    accepted = sum(e.refund_fee for e in entries if e.state in ACCEPTED)
    return msgspec.structs.replace(
        order,
        refund_list=entries,
        refund_fee=min(reserved, order.total_fee),
        status=_status(order, accepted),
    )


def _keep_sums(connection: Connection, order: Order) -> None:
    values: dict[str, Any] = {
        "number": order.out_trade_no,
        "new_refund_fee": order.refund_fee,
        "new_refund_num": order.refund_num,
        "new_status": order.status,
    }
    connection.execute(_SUMS, values)


def _entry(order: Order, out_refund_no: str) -> RefundEntry | None:
    return next((e for e in order.refund_list if e.out_refund_no == out_refund_no), None)


def _same_refund(order: Order, known: RefundEntry, entry: RefundEntry) -> Order:
    if known.refund_fee != entry.refund_fee:
        raise OrderConflict(
            f"refund {entry.out_refund_no!r} was asked for {known.refund_fee} fen before; a repeat must keep the "
            "amount, another refund needs another out_refund_no"
        )
    return order


def _may_become(before: str, after: str) -> bool:
    if after in OWN_STATES:
        return before in ("PENDING", "UNKNOWN")
    return after != "PROCESSING" or before not in ("SUCCESS", "CLOSED")


def _check_remaining(order: Order, refund_fee: Fen) -> None:
    if refund_fee > order.refundable:
        raise InvalidArgument(
            f"refund_fee {refund_fee} is more than the {order.refundable} fen left of order {order.out_trade_no!r}"
        )


def _status(order: Order, accepted: Fen) -> int:
    if accepted == 0:
        return min(order.status, 1)
    return 3 if accepted >= order.total_fee else 2
