"""Refunds: reserved in the order's row before they are sent, so that what is left can never be promised twice.

The order's row is always locked first. The database itself refuses an order whose ``refund_fee`` would pass its
``total_fee``, whoever writes it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from vkpay_async.errors import InvalidArgument, OrderConflict
from vkpay_async.happenings import RefundChange
from vkpay_async.ledger.bulk import Bulk, Lookup
from vkpay_async.ledger.schema import orders, refunds
from vkpay_async.money import Fen
from vkpay_async.order import Order, RefundEntry

OWN_STATES = frozenset({"PENDING", "UNKNOWN", "REFUSED"})
GIVEN_BACK = frozenset({"REFUSED", "CLOSED"})
ACCEPTED = frozenset({"PROCESSING", "SUCCESS", "ABNORMAL"})
FINAL = frozenset({"REFUSED", "CLOSED", "SUCCESS", "ABNORMAL"})

_ENTRY_FIELDS = RefundEntry.__struct_fields__
_LISTS = Lookup(
    select(refunds.c.out_trade_no, *(refunds.c[name] for name in _ENTRY_FIELDS)).order_by(
        refunds.c.refund_date.desc(), refunds.c.position.desc()
    ),
    refunds.c.out_trade_no,
)
_CHANGES = ("state", "refund_id", "success_date", "check_due")
_CHANGE = Bulk(
    lambda given: (
        update(refunds)
        .where(
            refunds.c.out_trade_no == given("out_trade_no", refunds.c.out_trade_no),
            refunds.c.out_refund_no == given("out_refund_no", refunds.c.out_refund_no),
        )
        .values({name: given(name, refunds.c[name]) for name in _CHANGES})
    )
)
_INSERT = Bulk.insert(refunds, ("out_trade_no", "position", "checks", "success_date", *_ENTRY_FIELDS))
_RESERVE = Bulk.insert(refunds, ("out_trade_no", "position", "checks", "check_due", *_ENTRY_FIELDS))
_SUMS = Bulk(
    lambda given: (
        update(orders)
        .where(orders.c.out_trade_no == given("out_trade_no", orders.c.out_trade_no))
        .values({name: given(name, orders.c[name]) for name in ("refund_fee", "refund_num", "status")})
    )
)


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a refund's news comes to: its own row, which may be a new one, and its order as it is then."""

    order: Order
    row: dict[str, Any]
    new: bool = False


def entries_of(connection: Connection, numbers: Collection[str]) -> dict[str, tuple[RefundEntry, ...]]:
    """Each order's refunds, the newest first."""
    lists: dict[str, list[RefundEntry]] = {}
    for number, *values in _LISTS.run(connection, numbers):
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
        _RESERVE.run(connection, [{**place, **row}])
    else:
        connection.execute(update(refunds).where(*key).values(**row, success_date=None))
    kept = msgspec.structs.replace(
        order,
        refund_list=(entry, *(e for e in order.refund_list if e is not known)),
        refund_fee=order.refund_fee + entry.refund_fee,
        refund_num=order.refund_num + (known is None),
    )
    _SUMS.run(connection, [kept])
    return kept, True


def change(connection: Connection, order: Order, wanted: RefundChange) -> Order:
    """As :func:`changed`, and written."""
    found = changed(order, wanted)
    if found is None:
        return order
    write(connection, [found])
    return found.order


def changed(order: Order, wanted: RefundChange) -> Changed | None:
    """What becomes of a refund of an order that is locked, if anything. ``REFUSED`` and ``CLOSED`` give its amount back.

    What the provider said before is not undone by a late answer or a failed repeat.
    """
    known = _entry(order, wanted.out_refund_no)
    if known is None:
        return None if wanted.new is None else _unasked(order, wanted.new, wanted)
    state = wanted.state if _may_become(known.state, wanted.state) else known.state
    entry = msgspec.structs.replace(known, state=state, refund_id=wanted.refund_id or known.refund_id)
    if entry == known:
        return None
    row = {
        "out_trade_no": order.out_trade_no,
        "out_refund_no": entry.out_refund_no,
        "state": entry.state,
        "refund_id": entry.refund_id,
        "success_date": wanted.success_date,
        "check_due": None if entry.state in FINAL else wanted.check_due,
    }
    entries = tuple(entry if e is known else e for e in order.refund_list)
    return Changed(order=_summed(order, entries), row=row)


def write(connection: Connection, these: Sequence[Changed]) -> None:
    """Changes that were decided one after the other. Of what was changed twice the last is written."""
    _INSERT.run(connection, [one.row for one in these if one.new])
    rows = {(one.row["out_trade_no"], one.row["out_refund_no"]): one.row for one in these if not one.new}
    _CHANGE.run(connection, list(rows.values()))
    _SUMS.run(connection, list({one.order.out_trade_no: one.order for one in these}.values()))


def _unasked(order: Order, entry: RefundEntry, wanted: RefundChange) -> Changed | None:
    """A refund that the provider made of its own accord: no more than what is left of the order."""
    entry = msgspec.structs.replace(entry, refund_fee=min(entry.refund_fee, order.refundable))
    if entry.refund_fee == 0:
        return None
    row = {
        **{name: getattr(entry, name) for name in _ENTRY_FIELDS},
        "out_trade_no": order.out_trade_no,
        "position": order.refund_num + 1,
        "checks": 0,
        "success_date": wanted.success_date,
    }
    summed = msgspec.structs.replace(
        _summed(order, (entry, *order.refund_list)), refund_num=order.refund_num + 1
    )
    return Changed(order=summed, row=row, new=True)


def _summed(order: Order, entries: tuple[RefundEntry, ...]) -> Order:
    reserved = sum(e.refund_fee for e in entries if e.state not in GIVEN_BACK)
    accepted = sum(e.refund_fee for e in entries if e.state in ACCEPTED)
    return msgspec.structs.replace(
        order,
        refund_list=entries,
        refund_fee=min(reserved, order.total_fee),
        status=_status(order, accepted),
    )


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
