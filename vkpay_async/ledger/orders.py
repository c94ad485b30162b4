"""Orders: their SQL, as plain functions of a connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select, update

from vkpay_async.errors import OrderConflict
from vkpay_async.ledger.bulk import Bulk, Given, Lookup
from vkpay_async.ledger.query import conditions, ordering
from vkpay_async.ledger.refunds import entries_of
from vkpay_async.ledger.schema import orders
from vkpay_async.order import FORMER, FORMER_WAYS, ORDER_FIELDS, WAY, Order, begun, kept_ways, same_way

FORMER_NUMBERS = 20
"""So many attempts to pay an order are remembered."""

MOST_WAYS = 20
"""In so many ways one order may be begun. None of them is ever forgotten: it may be paid."""

_FIELDS = tuple(name for name in Order.__struct_fields__ if name != "refund_list")
_COLUMNS = [orders.c[name] for name in _FIELDS]

_BY_NUMBER = select(*_COLUMNS).where(orders.c.out_trade_no == bindparam("number"))
_IN_ORDER = select(*_COLUMNS).order_by(orders.c.out_trade_no)
_BY_NUMBERS = Lookup(_IN_ORDER, orders.c.out_trade_no)
_LOCKED = Lookup(_IN_ORDER.with_for_update(), orders.c.out_trade_no)
_LOCK = Lookup(
    select(orders.c.out_trade_no).order_by(orders.c.out_trade_no).with_for_update(), orders.c.out_trade_no
)
_BY_TRANSACTION = select(*_COLUMNS).where(orders.c.transaction_id == bindparam("number")).limit(1)

_INSERT = Bulk.insert(orders, (*_FIELDS, "repair_due", "expire_due"))
_PAID_COLUMNS = (
    "pay_type",
    "mch_id",
    "provider_appid",
    "notify_path",
    "transaction_id",
    "provider_order_no",
    "expand_data",
    "pay_date",
    "notify_date",
    "notify_mode",
    "notify_info",
    "openid",
)


def _paid(columns: Collection[str], asked_again: Callable[[Given], Any]) -> Bulk:
    return Bulk(
        lambda given: (
            update(orders)
            .where(orders.c.out_trade_no == given("number", orders.c.out_trade_no), orders.c.status <= 0)
            .values(
                status=1,
                repair_due=asked_again(given),
                expire_due=None,
                **{name: given(name, orders.c[name]) for name in columns},
            )
        )
    )


_PAID = _paid(_PAID_COLUMNS, lambda given: None)
# In the others it may be paid once more: they are to be closed at once.
_PAID_IN_ONE_OF_ITS_WAYS = _paid(
    dict.fromkeys((*_PAID_COLUMNS, *WAY)), lambda given: given("notify_date", orders.c.notify_date)
)
_CLOSED = Bulk(
    lambda given: (
        update(orders)
        .where(orders.c.out_trade_no == given("number", orders.c.out_trade_no), orders.c.status == 0)
        .values(status=-1, cancel_date=given("now", orders.c.cancel_date), repair_due=None, expire_due=None)
    )
)
_ANSWERED = Bulk(
    lambda given: (
        update(orders)
        .where(orders.c.out_trade_no == given("number", orders.c.out_trade_no), orders.c.status > 0)
        .values(
            user_order_success=given("success", orders.c.user_order_success),
            handler_error=given("error", orders.c.handler_error),
        )
    )
)


_BY_PROVIDERS_NUMBER = (
    select(*_COLUMNS)
    .where(
        orders.c.provider_order_no.is_not(None),
        orders.c.provider_order_no == bindparam("number"),
    )
    .limit(10)
)


def find(connection: Connection, out_trade_no: str) -> Order | None:
    return _one(connection, _BY_NUMBER, out_trade_no)


def find_by_transaction(connection: Connection, transaction_id: str) -> Order | None:
    return _one(connection, _BY_TRANSACTION, transaction_id)


def find_by_providers_number(connection: Connection, provider: str, number: str) -> Order | None:
    """The one order of a provider with the provider's number; ``None`` as well where there are several."""
    rows = connection.execute(_BY_PROVIDERS_NUMBER, {"number": number}).all()
    found = [order for row in rows if _is_known(order := _order(row), provider, number)]
    return _with_refunds(connection, found)[0] if len(found) == 1 else None


def set_providers_number(connection: Connection, out_trade_no: str, number: str, way: Order | None) -> None:
    """The number of the latest attempt; those before it are kept, because what they stand for may still be paid.

    It is that of ``way``, in which the order was begun, by default the latest. An order that has been paid meanwhile keeps
    the number that was paid.
    """
    order = lock_all(connection, [out_trade_no]).get(out_trade_no)
    if order is None:
        return
    ways = list(order.ways)
    at = 0 if way is None else next((n for n, one in enumerate(ways) if same_way(one, way)), 0)
    before = ways[at].provider_order_no
    if before == number:
        return
    ways[at] = _numbered(ways[at], number, paid=order.paid and at == 0)
    values: dict[str, Any] = {"expand_data": {**ways[0].expand_data, **kept_ways(ways[1:])}}
    if at == 0 or order.provider_order_no in (None, before):
        values["provider_order_no"] = ways[at].provider_order_no
    connection.execute(update(orders).where(orders.c.out_trade_no == out_trade_no).values(**values))


def find_all(connection: Connection, numbers: Collection[str]) -> dict[str, Order]:
    return _many(connection, _BY_NUMBERS, numbers)


def lock_all(connection: Connection, numbers: Collection[str]) -> dict[str, Order]:
    """The orders, theirs alone until the transaction ends; always in one order, so that no two wait for each other."""
    return _many(connection, _LOCKED, numbers)


def lock(connection: Connection, numbers: Collection[str]) -> None:
    """As :func:`lock_all`, without reading them."""
    _LOCK.run(connection, numbers)


def add(connection: Connection, order: Order, *, repair_due: int | None, one_payer: bool = False) -> Order:
    """Keeps a new order, or, for one that is there and unpaid, takes over the new way of paying beside those before.

    Raises :class:`OrderConflict` when the number was used for another amount or type, is paid or closed, or was begun in too
    many ways; with ``one_payer`` also when another payer has begun to pay it; SQLAlchemy's ``IntegrityError`` when another
    process has just kept the same number: look again.
    """
    existing = lock_all(connection, [order.out_trade_no]).get(order.out_trade_no)
    if existing is None:
        row = {name: getattr(order, name) for name in _FIELDS}
        _INSERT.run(connection, [{**row, "repair_due": repair_due, "expire_due": order.time_expire}])
        return order
    _check_same(existing, order)
    if one_payer:
        _check_payer(existing, order)
    values = begun(existing, order)
    if len(values["expand_data"].get(FORMER_WAYS, ())) >= MOST_WAYS:
        raise OrderConflict(
            f"order {order.out_trade_no!r} was begun in {MOST_WAYS} ways, each of which may still be paid; use a new out_trade_no"
        )
    connection.execute(
        update(orders)
        .where(orders.c.out_trade_no == order.out_trade_no, orders.c.status == 0)
        .values(**values, repair_due=repair_due, expire_due=order.time_expire)
    )
    return msgspec.structs.replace(existing, **values)


def mark_paid(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """0→1 (or −1→1: money that came after all is not to be lost), for orders that are locked."""
    _PAID.run(connection, [row for row in rows if "platform" not in row])
    _PAID_IN_ONE_OF_ITS_WAYS.run(connection, [row for row in rows if "platform" in row])


def close(connection: Connection, out_trade_no: str, now: int, as_read: Order | None) -> Order | None:
    """0→−1, and the order as it is then. With ``as_read`` only where nothing has happened to it since it was read: it may have
    been begun in another way meanwhile, which nobody has closed.
    """
    found = lock_all(connection, [out_trade_no]).get(out_trade_no)
    if found is None or found.status != 0 or as_read not in (None, found):
        return found
    mark_closed(connection, {out_trade_no: now})
    return msgspec.structs.replace(found, status=-1, cancel_date=now)


def mark_closed(connection: Connection, closed: Mapping[str, int]) -> None:
    """0→−1, with the time at which each was closed, in ms."""
    _CLOSED.run(connection, [{"number": number, "now": now} for number, now in closed.items()])


def mark_answered(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """What the handlers of paid orders said, the last of them where an order has several."""
    _ANSWERED.run(connection, list({row["number"]: row for row in rows}.values()))


def page(connection: Connection, statement: Select[Any]) -> list[Order]:
    rows = connection.execute(statement).all()
    return _with_refunds(connection, [_order(row) for row in rows])


def listing(where: Mapping[str, Any], order_by: str) -> Select[Any]:
    return select(*_COLUMNS).where(*conditions(where)).order_by(*ordering(order_by))


def following(where: Mapping[str, Any], after: Order | None) -> Select[Any]:
    """The newest first, from behind ``after``: each page costs what its rows cost."""
    statement = select(*_COLUMNS).where(*conditions(where))
    if after is not None:
        date, number = orders.c.create_date, orders.c.out_trade_no
        statement = statement.where(
            date <= after.create_date,
            or_(date < after.create_date, and_(date == after.create_date, number < after.out_trade_no)),
        )
    return statement.order_by(orders.c.create_date.desc(), orders.c.out_trade_no.desc())


def count(connection: Connection, where: Mapping[str, Any]) -> int:
    return connection.scalar(select(func.count()).select_from(orders).where(*conditions(where))) or 0


def _one(connection: Connection, statement: Select[Any], number: str) -> Order | None:
    row = connection.execute(statement, {"number": number}).first()
    return None if row is None else _with_refunds(connection, [_order(row)])[0]


def _many(connection: Connection, lookup: Lookup, numbers: Collection[str]) -> dict[str, Order]:
    found = _with_refunds(connection, [_order(row) for row in lookup.run(connection, numbers)])
    return {order.out_trade_no: order for order in found}


def _order(row: Any) -> Order:
    return Order(**dict(zip(_FIELDS, row, strict=True)))


def _with_refunds(connection: Connection, found: list[Order]) -> list[Order]:
    """Most orders have no refund, and cost nothing here."""
    refunded = [order.out_trade_no for order in found if order.refund_num]
    if not refunded:
        return found
    lists = entries_of(connection, refunded)
    return [
        msgspec.structs.replace(order, refund_list=lists.get(order.out_trade_no, ()))
        if order.refund_num
        else order
        for order in found
    ]


def _is_known(order: Order, provider: str, number: str) -> bool:
    return any(
        way.pay_type.startswith(f"{provider}_") and number == way.provider_order_no for way in order.ways
    )


def _numbered(way: Order, number: str, *, paid: bool) -> Order:
    latest, before = (way.provider_order_no, number) if paid else (number, way.provider_order_no)
    former = [one for one in (before, *way.former_order_nos) if one not in (None, latest)]
    numbers = {FORMER: former[:FORMER_NUMBERS]} if former else {}
    return msgspec.structs.replace(way, provider_order_no=latest, expand_data={**way.expand_data, **numbers})


def _check_same(existing: Order, order: Order) -> None:
    if existing.status != 0:
        word = "paid" if existing.paid else "closed"
        raise OrderConflict(f"order {order.out_trade_no!r} is {word}; use a new out_trade_no")
    for name in ("total_fee", "type", "pid"):
        before, now = getattr(existing, name), getattr(order, name)
        if before != now:
            raise OrderConflict(
                f"order {order.out_trade_no!r} was created with {name} {before!r}, not {now!r}; use a new out_trade_no"
            )


def _check_payer(existing: Order, order: Order) -> None:
    """Whose it is stays unsaid: who asks may be anybody."""
    same = [way for way in existing.ways if way.pay_type == order.pay_type]
    if any(way.openid not in (None, order.openid) for way in same):
        raise OrderConflict(
            f"order {order.out_trade_no!r} was begun by another payer, who may still pay it; use a new out_trade_no"
        )


assert set(_FIELDS) | {"refund_list"} == ORDER_FIELDS  # noqa: S101 - a field without a column fails at import
