"""Orders, refunds, transfers and what was heard of them, in one database.

Every change of state is a conditional update in a transaction: who loses a race changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy.exc import IntegrityError

from vkpay_async.errors import InvalidArgument, OrderNotFound
from vkpay_async.happenings import Claim, Claimed, Event, Operation, Outcome, RefundChange, TransferRecord
from vkpay_async.ledger import bindings, claims, due, events, orders, refunds, transfers
from vkpay_async.ledger.engine import open_store
from vkpay_async.ledger.group_commit import GroupCommit
from vkpay_async.ledger.migrations import prepare
from vkpay_async.ledger.store import Store, Transaction, Work
from vkpay_async.order import Order, RefundEntry

T = TypeVar("T")

LARGEST_PAGE = 500

_inside: ContextVar[bool] = ContextVar("vkpay_inside_a_transaction", default=False)


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
    """One database's orders and what belongs to them. Made with a SQLAlchemy URL; opened at the first use.

    Every method raises :class:`LedgerUnavailable` when the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store: Store | None = None
        self._commits: GroupCommit[Operation, Claimed | bool] | None = None
        self._opening = asyncio.Lock()
        self._ending: dict[str, asyncio.Future[Claimed | bool]] = {}

    async def open(self) -> None:
        """Connects, and makes the tables of an empty database. Raises :class:`ConfigError` for an older schema."""
        async with self._opening:
            if self._store is None:
                self._store = await _ready_store(self.url)
                self._commits = GroupCommit(self._store, claims.apply, flushers=self._store.writers)

    async def close(self) -> None:
        """Waits for what is being written, then disconnects."""
        store, commits = self._store, self._commits
        if store is not None and commits is not None:
            await commits.close()
            self._store = self._commits = None
            await store.close()

    async def add(self, order: Order, *, repair_due: int | None = None, one_payer: bool = False) -> Order:
        """Keeps a new order, or, for one that is there and unpaid, takes over the new way of paying beside those before.

        ``repair_due`` is when the provider is to be asked of its own accord, in ms.

        Raises :class:`OrderConflict` when the number was used for another amount or type, is paid or closed, or was begun in
        too many ways; with ``one_payer`` also when another payer has begun to pay it in the same way, and could not be
        asked after any more.
        """

        def work(connection: Any) -> Order:
            return orders.add(connection, order, repair_due=repair_due, one_payer=one_payer)

        try:
            return await self.write(work)
        except IntegrityError:
            return await self.write(work)

    async def get(self, out_trade_no: str) -> Order | None:
        await self._settled(out_trade_no)
        return await self.read(lambda c: orders.find(c, out_trade_no))

    async def get_by_transaction(self, transaction_id: str) -> Order | None:
        return await self.read(lambda c: orders.find_by_transaction(c, transaction_id))

    async def get_by_providers_number(self, provider: str, number: str) -> Order | None:
        """The order that a provider knows by a number of its own, given out before the payment."""
        return await self.read(lambda c: orders.find_by_providers_number(c, provider, number))

    async def set_providers_number(self, out_trade_no: str, number: str, *, way: Order | None = None) -> None:
        """Keeps the number that a provider gave an order. ``way`` is how it was begun there, by default the latest."""
        await self.write(lambda c: orders.set_providers_number(c, out_trade_no, number, way))

    async def require(self, out_trade_no: str) -> Order:
        """As :meth:`get`. Raises :class:`OrderNotFound` (2001)."""
        return _required(await self.get(out_trade_no), out_trade_no)

    async def list(
        self,
        where: Mapping[str, Any] | None = None,
        *,
        order_by: str = "create_date desc",
        page_index: int = 1,
        page_size: int = 20,
    ) -> Page:
        """Orders by fields, with their total: ``{"status": "SUCCESS", "user_id": "u1"}``, lists for "any of".

        Counting and deep pages cost what they count and skip: on a request's path use :meth:`page`. Pages count from 1;
        ``page_size`` is 1–500. Raises :class:`InvalidArgument` for unknown fields.
        """
        _check_size(page_size)
        if page_index < 1:
            raise InvalidArgument("page_index counts from 1")
        await self._settled()
        wanted = where or {}
        statement = orders.listing(wanted, order_by).limit(page_size).offset((page_index - 1) * page_size)
        rows, total = await self.read(
            lambda c: (orders.page(c, statement), orders.count(c, wanted)), long=True
        )
        return Page(rows=rows, total=total, page_index=page_index, page_size=page_size)

    async def page(
        self, where: Mapping[str, Any] | None = None, *, after: Order | None = None, page_size: int = 20
    ) -> Sequence[Order]:
        """The newest orders that fit, from behind ``after``, the last of the page before. Every page costs the same."""
        _check_size(page_size)
        await self._settled()
        statement = orders.following(where or {}, after).limit(page_size)
        return await self.read(lambda c: orders.page(c, statement))

    async def count(self, where: Mapping[str, Any] | None = None) -> int:
        """How many orders fit."""
        await self._settled()
        return await self.read(lambda c: orders.count(c, where or {}), long=True)

    async def mark_closed(self, out_trade_no: str, *, now: int, as_read: Order | None = None) -> Order:
        """0→−1, and the order as it is then. With ``as_read`` only where nothing has happened to it since it was read.

        Raises :class:`OrderNotFound`.
        """
        return _required(
            await self.write(lambda c: orders.close(c, out_trade_no, now, as_read)), out_trade_no
        )

    async def add_refund(
        self, out_trade_no: str, entry: RefundEntry, *, check_due: int = 0
    ) -> tuple[Order, bool]:
        """Keeps a refund before it is sent. The order, and whether the number was free.

        A repeat with the same number and amount changes nothing. ``check_due`` is when the provider is to be asked of it,
        in ms.

        Raises :class:`InvalidArgument` when it would exceed what is left, :class:`OrderConflict` when the number stands for
        another amount, :class:`OrderNotFound`.
        """
        return await self.write(lambda c: refunds.reserve(c, _locked(c, out_trade_no), entry, check_due))

    async def set_refund(
        self,
        out_trade_no: str,
        out_refund_no: str,
        *,
        state: str,
        refund_id: str | None = None,
        check_due: int | None = None,
    ) -> Order:
        """Stores what became of a refund. ``REFUSED`` and ``CLOSED`` give its amount back to what is left.

        What the provider said before is not undone by a late answer or a failed repeat.
        """
        change = RefundChange(
            out_refund_no=out_refund_no, state=state, refund_id=refund_id, check_due=check_due
        )
        return await self.write(lambda c: refunds.change(c, _locked(c, out_trade_no), change))

    async def add_transfer(self, record: TransferRecord, *, check_due: int) -> TransferRecord:
        """Keeps a transfer before it is sent; a repeat finds it. Raises :class:`OrderConflict` for another amount."""
        return await self.write(lambda c: transfers.reserve(c, record, check_due))

    async def set_transfer(self, record: TransferRecord, *, check_due: int | None) -> TransferRecord:
        """Stores how a transfer stands. A final state stays."""

        def work(connection: Any) -> TransferRecord:
            key = (record.out_bill_no, record.pid)
            known = transfers.lock_all(connection, [key]).get(key)
            return transfers.change(connection, known, record, check_due)

        return await self.write(work)

    async def get_transfer(self, out_bill_no: str, pid: str | None = None) -> TransferRecord | None:
        await self._settled(out_bill_no)
        return await self.read(lambda c: transfers.find(c, out_bill_no, pid))

    async def bind(self, event: Event) -> str | None:
        """The order that a payment was first taken for: the ``path`` of the first event of its name."""
        return await self.write(lambda c: bindings.bind(c, event))

    async def claim(self, claim: Claim) -> Claimed:
        """Keeps what happened and what it changes, in one transaction with whatever else waits to be committed."""
        commits = self._commits or await self._opened_commits()
        self._opened().check_outside()
        return cast("Claimed", await commits.submit(claim))

    async def finish(self, outcome: Outcome) -> bool:
        """Stores how a handler ended, committed together with what else waits. Whether it still counted.

        A notification is answered before: who reads the row in this process waits for this.
        """
        commits = self._commits or await self._opened_commits()
        self._opened().check_outside()
        number = outcome.event.number
        self._ending[number] = stored = commits.submit(outcome)
        try:
            return cast("bool", await stored)
        finally:
            if self._ending.get(number) is stored:
                del self._ending[number]

    def tell(self, number: str) -> None:
        """Tells those who wait for a number in other processes; on databases that carry no news they look for themselves."""
        if self._store is not None:
            self._store.tell(number)

    async def listen(self, wake: Callable[[str], None]) -> None:
        """Calls ``wake`` with numbers that other processes tell of, from now on."""
        if self._store is None:
            await self.open()
        await self._opened().listen(wake)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction of one's own. The ledger must be open."""
        return _marked(self._opened().transaction())

    async def events(self, number: str) -> Sequence[Event]:
        """What was heard of an order or a transfer, the oldest first."""
        await self._settled(number)
        return await self.read(lambda c: events.of_number(c, number))

    async def event(self, event_id: str) -> Event | None:
        await self._settled()
        return await self.read(lambda c: events.find_by_id(c, event_id))

    async def newest_events(
        self, *, states: Sequence[str] = (), before: str | None = None, most: int = 20
    ) -> Sequence[Event]:
        """The newest first, from before an id; ``states`` picks those of some states."""
        await self._settled()
        return await self.read(lambda c: events.newest(c, states=states, before=before, most=most))

    async def take_due_events(
        self,
        *,
        now: int,
        lease_until: int,
        runner: str,
        most: int,
        handled: Collection[tuple[str, str | None]],
    ) -> Sequence[Event]:
        """Events whose handler is to be run (again), now this runner's until ``lease_until``.

        ``handled`` has the kinds and order types that there is a handler for.
        """
        return await self.write(
            lambda c: events.take_due(
                c, now=now, lease_until=lease_until, runner=runner, most=most, handled=handled
            )
        )

    async def take_event(self, event: Event, *, lease_until: int, runner: str) -> Event | None:
        """One event, whatever its state; ``None`` when it has changed since it was read."""
        return await self.write(lambda c: events.take(c, event, lease_until=lease_until, runner=runner))

    async def take_due_orders(
        self, column: due.OrderColumn, *, now: int, again: int, most: int
    ) -> Sequence[Order]:
        """Unpaid orders that are to be repaired or expired, put off until ``again`` so that nobody else takes them."""
        return await self.write(lambda c: due.take_orders(c, column, now=now, again=again, most=most))

    async def take_due_refunds(self, *, now: int, again: int, most: int) -> Sequence[due.DueRefund]:
        """Refunds that are not settled, put off until ``again``."""
        return await self.write(lambda c: due.take_refunds(c, now=now, again=again, most=most))

    async def take_due_transfers(self, *, now: int, again: int, most: int) -> Sequence[due.DueTransfer]:
        """Transfers that are not settled, put off until ``again``."""
        return await self.write(lambda c: due.take_transfers(c, now=now, again=again, most=most))

    async def put_off(self, out_trade_no: str, column: due.OrderColumn, until: int | None) -> None:
        """When an unpaid order is to be looked at next, ``None`` for never."""
        await self.write(lambda c: due.put_off(c, out_trade_no, column, until))

    async def delete_unpaid(self, *, before: int, most: int = 500) -> int:
        """Deletes unpaid and closed orders made before a time, nothing of which was ever heard; how many."""
        return await self.write(lambda c: due.delete_unpaid(c, before=before, most=most))

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        """Runs a function over a connection that only reads."""
        if self._store is None:
            await self.open()
        return await self._opened().read(work, long=long)

    async def write(self, work: Work[T]) -> T:
        """Runs a function in a transaction of its own; it may be run again after a deadlock."""
        if self._store is None:
            await self.open()
        return await self._opened().write(work)

    def _opened(self) -> Store:
        if self._store is None:
            raise InvalidArgument(
                "the ledger is not open: use it inside `async with pay`, or await pay.orders.open()"
            )
        return self._store

    async def _opened_commits(self) -> GroupCommit[Operation, Claimed | bool]:
        await self.open()
        return cast("GroupCommit[Operation, Claimed | bool]", self._commits)

    async def _settled(self, number: str | None = None) -> None:
        """Until the outcomes are stored that are on their way now, of one number or of all.

        Not inside a transaction: an outcome may be waiting for just that to end.
        """
        if not self._ending or _inside.get():
            return
        ending = list(self._ending.values()) if number is None else [self._ending.get(number)]
        if any(ending):
            await asyncio.wait([one for one in ending if one is not None])


@asynccontextmanager
async def _marked(opening: AbstractAsyncContextManager[Transaction]) -> AsyncIterator[Transaction]:
    token = _inside.set(True)
    try:
        async with opening as transaction:
            yield transaction
    finally:
        _inside.reset(token)


async def _ready_store(url: str) -> Store:
    store = open_store(url)
    try:
        await prepare(store)
    except BaseException:
        await store.close()
        raise
    return store


def _locked(connection: Any, out_trade_no: str) -> Order:
    return _required(orders.lock_all(connection, [out_trade_no]).get(out_trade_no), out_trade_no)


def _required(found: Order | None, out_trade_no: str) -> Order:
    if found is None:
        raise OrderNotFound(f"no order {out_trade_no!r}: check the number, or create the payment first")
    return found


def _check_size(page_size: int) -> None:
    if not 1 <= page_size <= LARGEST_PAGE:
        raise InvalidArgument(f"page_size is 1–{LARGEST_PAGE}")
