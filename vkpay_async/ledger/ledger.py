"""Orders in a database. Every change of state is a conditional update: who loses a race changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import RowMapping, Select, Update, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vkpay_async.errors import InvalidArgument, OrderConflict, OrderNotFound
from vkpay_async.ledger.engine import open_engine
from vkpay_async.ledger.query import conditions, ordering
from vkpay_async.ledger.schema import metadata, orders
from vkpay_async.models import Trade
from vkpay_async.money import Fen
from vkpay_async.order import ORDER_FIELDS, Order, RefundEntry

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_COLUMNS = [orders.c[name] for name in sorted(ORDER_FIELDS)]
_PAYMENT_METHOD = (
    "pay_type",
    "platform",
    "uni_platform",
    "client_ip",
    "openid",
    "app_auth_token",
    "sub_mchid",
    "sub_appid",
    "notify_url",
    "notify_path",
    "mch_id",
    "provider_appid",
)

_OWN_STATES = frozenset({"PENDING", "UNKNOWN", "REFUSED"})
_GIVEN_BACK = frozenset({"REFUSED", "CLOSED"})
_ACCEPTED = frozenset({"PROCESSING", "SUCCESS", "ABNORMAL"})


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of orders and how many there are in all."""

    rows: list[Order]
    total: int
    page_index: int
    page_size: int

    @property
    def has_more(self) -> bool:
        return self.page_index * self.page_size < self.total


class Ledger:
    """The orders of one database. Made with a SQLAlchemy URL; opened at the first use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Connects and makes missing tables."""
        async with self._opening:
            self._engine = self._engine or await _ready_engine(self._url)

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def add(self, order: Order) -> Order:
        """Keeps a new order, or, for one that is there and unpaid, takes over the new way of paying.

        Raises :class:`OrderConflict` when the number was used for another amount or type, or is paid or closed.
        """
        with suppress(IntegrityError):  # its trace would stand before the conflict's
            await self._execute_insert(order)
            return order
        return await self._take_over(order)

    async def get(self, out_trade_no: str) -> Order | None:
        return await self._one(select(*_COLUMNS).where(orders.c.out_trade_no == out_trade_no))

    async def get_by_transaction(self, transaction_id: str) -> Order | None:
        return await self._one(select(*_COLUMNS).where(orders.c.transaction_id == transaction_id))

    async def require(self, out_trade_no: str) -> Order:
        """As :meth:`get`. Raises :class:`OrderNotFound` (2001)."""
        found = await self.get(out_trade_no)
        if found is None:
            raise OrderNotFound(f"no order {out_trade_no!r}: check the number, or create the payment first")
        return found

    async def list(
        self,
        where: Mapping[str, Any] | None = None,
        *,
        order_by: str = "create_date desc",
        page_index: int = 1,
        page_size: int = 20,
    ) -> Page:
        """Orders by fields: ``{"status": 1}``, ``{"status": "SUCCESS", "user_id": "u1"}``, lists for "any of".

        Pages count from 1; ``page_size`` is 1–500. Raises :class:`InvalidArgument` for unknown fields.
        """
        if page_index < 1 or not 1 <= page_size <= 500:
            raise InvalidArgument("page_index counts from 1 and page_size is 1–500")
        wanted = conditions(where or {})
        statement = (
            select(*_COLUMNS)
            .where(*wanted)
            .order_by(*ordering(order_by))
            .limit(page_size)
            .offset((page_index - 1) * page_size)
        )
        async with (await self._connected()).connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
            total = await connection.scalar(select(func.count()).select_from(orders).where(*wanted))
        return Page(
            rows=[_order(row) for row in rows], total=total or 0, page_index=page_index, page_size=page_size
        )

    async def mark_paid(self, order: Order, trade: Trade, *, now: int, notify_mode: int) -> bool:
        """0→1 (or −1→1: money that came after all is not to be lost). ``True`` for the one call that did it.

        The way of paying becomes that of ``order``: the payer may have used one that was offered before the last.
        """
        values = {
            "status": 1,
            **{
                name: getattr(order, name) for name in ("pay_type", "mch_id", "provider_appid", "notify_path")
            },
            "transaction_id": trade.transaction_id,
            "pay_date": trade.success_time or now,
            "notify_date": now,
            "notify_mode": notify_mode,
            "notify_info": dict(trade.raw),
        }
        if trade.openid:
            values["openid"] = trade.openid
        unpaid = _update(order.out_trade_no).where(orders.c.status.in_((0, -1)))
        return await self._changed(unpaid.values(values))

    async def mark_closed(self, out_trade_no: str, *, now: int) -> bool:
        """0→−1."""
        return await self._changed(
            _update(out_trade_no).where(orders.c.status == 0).values(status=-1, cancel_date=now)
        )

    async def claim_handler(self, out_trade_no: str, *, now: int, lease_ms: int) -> bool:
        """Takes the right to run the handler, for ``lease_ms``, unless it gave its answer or somebody else has it.

        A handler that raised gave none; one that returned ``False`` did.
        """
        return await self._changed(
            _update(out_trade_no)
            .where(
                orders.c.status > 0,
                or_(orders.c.user_order_success.is_(None), orders.c.handler_error.is_not(None)),
                orders.c.handler_lease <= now,
            )
            .values(handler_lease=now + lease_ms)
        )

    async def finish_handler(self, out_trade_no: str, *, success: bool, error: str | None) -> None:
        """Stores how the handler ended and gives the claim back."""
        await self._changed(
            _update(out_trade_no).values(user_order_success=success, handler_error=error, handler_lease=0)
        )

    async def add_refund(self, out_trade_no: str, entry: RefundEntry) -> tuple[Order, bool]:
        """Keeps a refund before it is sent. The order, and whether the number was free.

        A repeat with the same number and amount changes nothing.

        Raises :class:`InvalidArgument` when it would exceed what is left, :class:`OrderConflict` when the number
        stands for another amount.
        """
        while True:
            order, version = await self._versioned(out_trade_no)
            known = next((e for e in order.refund_list if e.out_refund_no == entry.out_refund_no), None)
            if known is not None and known.state not in _GIVEN_BACK:
                return _same_refund(order, known, entry), False
            _check_remaining(order, entry.refund_fee)
            kept = [e for e in order.refund_list if e is not known]
            changed = await self._swap(
                order,
                version,
                refund_list=_builtins([entry, *kept]),
                refund_fee=order.refund_fee + entry.refund_fee,
                refund_num=order.refund_num + (known is None),
            )
            if changed:
                return await self.require(out_trade_no), True

    async def set_refund(
        self, out_trade_no: str, out_refund_no: str, *, state: str, refund_id: str | None = None
    ) -> Order:
        """Stores what became of a refund. ``REFUSED`` and ``CLOSED`` give its amount back to what is left.

        What the provider said before is not undone by a late answer or a failed repeat.
        """
        while True:
            order, version = await self._versioned(out_trade_no)
            known = next((e for e in order.refund_list if e.out_refund_no == out_refund_no), None)
            if known is None:
                return order
            state = state if _may_become(known.state, state) else known.state
            entry = msgspec.structs.replace(known, state=state, refund_id=refund_id or known.refund_id)
            if entry == known:
                return order
            entries = [entry if e is known else e for e in order.refund_list]
            refunded = sum(e.refund_fee for e in entries if e.state not in _GIVEN_BACK)
            accepted = sum(e.refund_fee for e in entries if e.state in _ACCEPTED)
            changed = await self._swap(
                order,
                version,
                refund_list=_builtins(entries),
                refund_fee=min(refunded, order.total_fee),
                status=_refund_status(order, accepted),
            )
            if changed:
                return await self.require(out_trade_no)

    async def _take_over(self, order: Order) -> Order:
        existing = await self.require(order.out_trade_no)
        _check_same(existing, order)
        values = {name: getattr(order, name) for name in _PAYMENT_METHOD}
        if not await self._changed(_update(order.out_trade_no).where(orders.c.status == 0).values(values)):
            _check_same(await self.require(order.out_trade_no), order)
        return await self.require(order.out_trade_no)

    async def _execute_insert(self, order: Order) -> None:
        async with (await self._connected()).begin() as connection:
            await connection.execute(insert(orders).values(msgspec.to_builtins(order)))

    async def _changed(self, statement: Update) -> bool:
        async with (await self._connected()).begin() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def _swap(self, order: Order, version: int, **values: Any) -> bool:
        return await self._changed(
            _update(order.out_trade_no).where(orders.c.version == version).values(values)
        )

    async def _versioned(self, out_trade_no: str) -> tuple[Order, int]:
        statement = select(*_COLUMNS, orders.c.version).where(orders.c.out_trade_no == out_trade_no)
        async with (await self._connected()).connect() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            raise OrderNotFound(f"no order {out_trade_no!r}")
        return _order(row), row["version"]

    async def _one(self, statement: Select[Any]) -> Order | None:
        async with (await self._connected()).connect() as connection:
            row = (await connection.execute(statement)).mappings().first()
        return None if row is None else _order(row)

    async def _connected(self) -> AsyncEngine:
        if self._engine is None:
            await self.open()
        assert self._engine is not None  # noqa: S101 - open() has just set it
        return self._engine


async def _ready_engine(url: str) -> AsyncEngine:
    engine = open_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    except BaseException:
        await engine.dispose()
        raise
    return engine


def _update(out_trade_no: str) -> Update:
    return update(orders).where(orders.c.out_trade_no == out_trade_no).values(version=orders.c.version + 1)


def _order(row: RowMapping) -> Order:
    return msgspec.convert({name: row[name] for name in ORDER_FIELDS}, Order)


def _builtins(entries: list[RefundEntry]) -> list[Any]:
    builtins: list[Any] = msgspec.to_builtins(entries)
    return builtins


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


def _same_refund(order: Order, known: RefundEntry, entry: RefundEntry) -> Order:
    if known.refund_fee != entry.refund_fee:
        raise OrderConflict(
            f"refund {entry.out_refund_no!r} was asked for {known.refund_fee} fen before; a repeat must keep the "
            "amount, another refund needs another out_refund_no"
        )
    return order


def _may_become(before: str, after: str) -> bool:
    if after in _OWN_STATES:
        return before in ("PENDING", "UNKNOWN")
    return after != "PROCESSING" or before not in ("SUCCESS", "CLOSED")


def _check_remaining(order: Order, refund_fee: Fen) -> None:
    if refund_fee > order.refundable:
        raise InvalidArgument(
            f"refund_fee {refund_fee} is more than the {order.refundable} fen left of order {order.out_trade_no!r}"
        )


def _refund_status(order: Order, accepted: Fen) -> int:
    if accepted == 0:
        return min(order.status, 1)
    return 3 if accepted >= order.total_fee else 2
