"""What happened, kept once: the claims of the notification pipeline, as plain functions of a connection.

A batch of claims and outcomes is one transaction. Its orders are locked first, in one order; what each claim changes is
decided over the locked row; the changes are written by a few statements for the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, update

from vkpay_async.errors import VKPayError
from vkpay_async.ledger import orders, refunds, transfers
from vkpay_async.ledger.bulk import Bulk
from vkpay_async.ledger.refunds import RefundChange
from vkpay_async.ledger.schema import ATTENTION, notifications
from vkpay_async.ledger.transfers import TransferRecord
from vkpay_async.models import Value
from vkpay_async.order import Order


class Event(Value, frozen=True, kw_only=True):
    """A row of ``vk_pay_notifications``: something that happened to a number, and how far its handler has come.

    ``what`` names it: provider, merchant, kind, subject and resulting state. ``state``: ``running`` (a process has it
    until ``due``), ``waiting`` and ``failed`` (to be run at ``due``), ``done``, ``parked`` and ``unmatched`` (for a person to
    see). ``source`` is 1 for a notification, 0 for a query's answer. ``happened`` is the typed object in JSON.
    """

    number: str
    what: str
    id: str
    provider: str
    pay_type: str
    kind: str
    state: str = "done"
    pid: str | None = None
    type: str | None = None
    attempts: int = 0
    due: int | None = None
    runner: str | None = None
    error: str | None = None
    source: int = 1
    path: str | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    happened: bytes = b"{}"
    traceparent: str | None = None
    create_date: int = 0
    done_date: int | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim is decided over, locked: the order or transfer, and the event if it is known."""

    order: Order | None = None
    transfer: TransferRecord | None = None
    event: Event | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a claim. ``event`` is the row to keep, ``None`` to leave it as it is.

    ``paid`` holds the order's new values; it and the others say what changes beside the event. ``error`` is for whoever
    claimed.
    """

    event: Event | None = None
    error: VKPayError | None = None
    paid: dict[str, Any] | None = None
    closed: int | None = None
    refund: RefundChange | None = None
    transfer: TransferRecord | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, and how to decide what it changes. ``decide`` is pure: it may run more than once."""

    event: Event
    decide: Callable[[Found], Decision]
    about_transfer: bool = False

    @property
    def about_order(self) -> bool:
        return not self.about_transfer and self.event.kind != AUTHORIZATION


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A claim, committed. ``mine`` tells that this claim is to run the handler; ``moved`` that it moved the order."""

    event: Event
    order: Order | None
    mine: bool
    moved: bool
    error: VKPayError | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a handler ended. It counts only while ``event`` is still this runner's."""

    event: Event
    state: str
    due: int | None
    error: str | None
    success: bool | None
    now: int


Operation: TypeAlias = Claim | Outcome

AUTHORIZATION = "transfer_auth"
"""The kind that is about no other row: its events are locked themselves."""

_FIELDS = Event.__struct_fields__
_COLUMNS = [notifications.c[name] for name in _FIELDS]
_LIGHT = [notifications.c[name] for name in _FIELDS if name not in ("headers", "body")]
_LIGHT_FIELDS = tuple(name for name in _FIELDS if name not in ("headers", "body"))
_KNOWN = select(*_LIGHT).where(notifications.c.number.in_(bindparam("numbers", expanding=True)))
# A partial index serves only who writes its own condition, as literals.
_WANTS_ATTENTION = notifications.c.state.in_(
    bindparam("attention", ATTENTION, expanding=True, literal_execute=True)
)
_KEY = (notifications.c.number == bindparam("key_number"), notifications.c.what == bindparam("key_what"))
_KEPT = ("state", "attempts", "due", "runner", "error", "done_date", "type", "pid")
_INSERT = Bulk(insert(notifications))
_REPLACE = Bulk(update(notifications).where(*_KEY).values({name: bindparam(f"new_{name}") for name in _KEPT}))
_MINE = (
    *_KEY,
    notifications.c.state == "running",
    notifications.c.runner == bindparam("key_runner"),
    notifications.c.attempts == bindparam("key_attempts"),
)
_FINISH = (
    update(notifications)
    .where(*_MINE)
    .values(
        state=bindparam("new_state"),
        due=bindparam("new_due"),
        error=bindparam("new_error"),
        done_date=bindparam("now"),
    )
)
_FINISH_ALL = Bulk(_FINISH)
_RUNNERS = (
    select(*(notifications.c[name] for name in ("number", "what", "state", "runner", "attempts")))
    .where(notifications.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(notifications.c.number)
    .with_for_update()
)
_DUE = (
    select(*_LIGHT)
    .where(notifications.c.due.is_not(None), notifications.c.due <= bindparam("now"))
    .order_by(notifications.c.due)
    .limit(bindparam("most"))
)
_TAKE = (
    update(notifications)
    .where(
        *_KEY,
        notifications.c.due == bindparam("key_due"),
        notifications.c.attempts == bindparam("key_attempts"),
    )
    .values(
        state="running",
        runner=bindparam("new_runner"),
        due=bindparam("new_due"),
        attempts=bindparam("new_attempts"),
    )
)


def apply(connection: Connection, operations: Sequence[Operation]) -> list[Claimed | bool]:
    """One transaction's work: claims and outcomes. A claim gives :class:`Claimed`, an outcome whether it counted."""
    claims = [operation for operation in operations if isinstance(operation, Claim)]
    outcomes = [operation for operation in operations if isinstance(operation, Outcome)]
    if outcomes and len(operations) > 1 and connection.dialect.name != "sqlite":
        _lock(connection, operations)
    claimed = iter(_claim_all(connection, claims))
    counted = iter(_finish_all(connection, outcomes))
    return [next(claimed) if isinstance(operation, Claim) else next(counted) for operation in operations]


def _lock(connection: Connection, operations: Sequence[Operation]) -> None:
    """Two processes that each hear copies of what the other handles would wait for each other's rows."""
    happened = [operation.event for operation in operations]
    alone = ("transfer", AUTHORIZATION)
    orders.lock(connection, {event.number for event in happened if event.kind not in alone})
    transfers.lock_all(connection, {_transfer_key(event) for event in happened if event.kind == "transfer"})
    _lock_alone(connection, happened)


def _lock_alone(connection: Connection, happened: Iterable[Event]) -> None:
    numbers = {event.number for event in happened if event.kind == AUTHORIZATION}
    if numbers and connection.dialect.name != "sqlite":
        connection.execute(_RUNNERS, {"numbers": sorted(numbers)}).all()


def _finish_all(connection: Connection, outcomes: Sequence[Outcome]) -> list[bool]:
    if len(outcomes) < 2:
        return [finish(connection, outcome) for outcome in outcomes]
    keys = (outcome.event.number for outcome in outcomes)
    rows = connection.execute(_RUNNERS, {"numbers": sorted(set(keys))}).all()
    runners = {(number, what): (state, runner, attempts) for number, what, state, runner, attempts in rows}
    counted = [_counts(runners, outcome.event) for outcome in outcomes]
    ours = [outcome for outcome, counts in zip(outcomes, counted, strict=True) if counts]
    if ours:
        _FINISH_ALL.run(connection, [_finished(outcome) for outcome in ours])
        orders.mark_answered(connection, [_answer(o) for o in ours if o.event.kind == "payment"])
        transfers.mark_answered(connection, [_answer(o) for o in ours if o.event.kind == "transfer"])
    return counted


def _counts(runners: dict[tuple[str, str], tuple[str, str | None, int]], event: Event) -> bool:
    """Whether the event is still this runner's; the first outcome that finds it so ends that."""
    key = (event.number, event.what)
    if runners.get(key) != ("running", event.runner, event.attempts):
        return False
    del runners[key]
    return True


def finish(connection: Connection, outcome: Outcome) -> bool:
    """Stores how a handler ended, with the order's or transfer's answer. ``False`` when another runner has it by now."""
    if connection.execute(_FINISH, _finished(outcome)).rowcount == 0:
        return False
    if outcome.event.kind == "payment":
        orders.mark_answered(connection, [_answer(outcome)])
    elif outcome.event.kind == "transfer":
        transfers.mark_answered(connection, [_answer(outcome)])
    return True


def find_by_id(connection: Connection, event_id: str) -> Event | None:
    row = connection.execute(select(*_COLUMNS).where(notifications.c.id == event_id)).first()
    return None if row is None else _event(_FIELDS, row)


def of_number(connection: Connection, number: str) -> list[Event]:
    statement = select(*_COLUMNS).where(notifications.c.number == number).order_by(notifications.c.id)
    return [_event(_FIELDS, row) for row in connection.execute(statement)]


def newest(
    connection: Connection, *, states: Sequence[str] = (), before: str | None = None, most: int = 20
) -> list[Event]:
    """The newest first, from before an id. ``states`` within those that want a person use an index of their own."""
    statement = select(*_LIGHT).order_by(notifications.c.id.desc()).limit(most)
    if states and set(states) <= set(ATTENTION):
        statement = statement.where(_WANTS_ATTENTION)
    if states:
        statement = statement.where(notifications.c.state.in_(states))
    if before is not None:
        statement = statement.where(notifications.c.id < before)
    return [_event(_LIGHT_FIELDS, row) for row in connection.execute(statement)]


def take_due(
    connection: Connection,
    *,
    now: int,
    lease_until: int,
    runner: str,
    most: int,
    handled: Collection[tuple[str, str | None]],
) -> list[Event]:
    """Events whose time has come, now this runner's: each was changed only if nobody else had.

    ``handled`` has the kinds and order types that the runner has a handler for; the others are for somebody else.
    """
    if not handled:
        return []
    ours = or_(*(_of_kind(kind, order_type) for kind, order_type in handled))
    rows = connection.execute(_DUE.where(ours), {"now": now, "most": most}).all()
    return [
        taken
        for row in rows
        if (taken := take(connection, _event(_LIGHT_FIELDS, row), lease_until=lease_until, runner=runner))
    ]


def _of_kind(kind: str, order_type: str | None) -> ColumnElement[bool]:
    return and_(notifications.c.kind == kind, notifications.c.type.is_not_distinct_from(order_type))


def take(connection: Connection, event: Event, *, lease_until: int, runner: str) -> Event | None:
    """Makes an event this runner's, unless it has changed since it was read."""
    taken = msgspec.structs.replace(
        event, state="running", runner=runner, due=lease_until, attempts=event.attempts + 1
    )
    values = {
        **_key(event),
        "key_attempts": event.attempts,
        "new_runner": runner,
        "new_due": lease_until,
        "new_attempts": taken.attempts,
    }
    statement = _TAKE if event.due is not None else _TAKE_IDLE
    if event.due is not None:
        values["key_due"] = event.due
    return taken if connection.execute(statement, values).rowcount == 1 else None


_TAKE_IDLE = (
    update(notifications)
    .where(*_KEY, notifications.c.due.is_(None), notifications.c.attempts == bindparam("key_attempts"))
    .values(
        state="running",
        runner=bindparam("new_runner"),
        due=bindparam("new_due"),
        attempts=bindparam("new_attempts"),
    )
)


def _claim_all(connection: Connection, claims: Sequence[Claim]) -> list[Claimed]:
    if not claims:
        return []
    batch = _Batch(connection, claims)
    claimed = [batch.claim(claim) for claim in claims]
    batch.write()
    return claimed


class _Batch:
    """The rows of one transaction's claims: read once, decided one after the other, written together."""

    def __init__(self, connection: Connection, claims: Sequence[Claim]) -> None:
        self._connection = connection
        self.orders = orders.lock_all(connection, {c.event.number for c in claims if c.about_order})
        self.transfers = transfers.lock_all(
            connection, {_transfer_key(c.event) for c in claims if c.about_transfer}
        )
        _lock_alone(connection, (c.event for c in claims))
        self.events = _known(connection, {c.event.number for c in claims})
        self._paid: list[dict[str, Any]] = []
        self._new: dict[tuple[str, str], Event] = {}
        self._changed: dict[tuple[str, str], Event] = {}

    def claim(self, claim: Claim) -> Claimed:
        event = claim.event
        key = (event.number, event.what)
        known = self.events.get(key)
        decision = claim.decide(
            Found(
                order=self._order(claim), transfer=self.transfers.get(_transfer_key(claim.event)), event=known
            )
        )
        moved = self._change(claim, decision)
        if decision.event is not None:
            kept = self._new if known is None or key in self._new else self._changed
            kept[key] = self.events[key] = decision.event
        return Claimed(
            event=decision.event or known or event,
            order=self._order(claim),
            mine=decision.event is not None and decision.event.state == "running",
            moved=moved,
            error=decision.error,
        )

    def write(self) -> None:
        self._write_paid()
        if self._new:
            _INSERT.run(self._connection, [_row(event) for event in self._new.values()])
        if self._changed:
            _REPLACE.run(self._connection, [_replacement(event) for event in self._changed.values()])

    def _write_paid(self) -> None:
        orders.mark_paid(self._connection, self._paid)
        self._paid.clear()

    def _order(self, claim: Claim) -> Order | None:
        return self.orders.get(claim.event.number) if claim.about_order else None

    def _change(self, claim: Claim, decision: Decision) -> bool:
        number, order = claim.event.number, self._order(claim)
        if decision.transfer is not None:
            key = _transfer_key(claim.event)
            self.transfers[key] = transfers.change(
                self._connection, self.transfers.get(key), decision.transfer, check_due=None
            )
            return True
        if order is None:
            new = decision.event is not None and decision.event.id == claim.event.id
            return claim.event.kind == AUTHORIZATION and new and decision.error is None
        if decision.paid is not None:
            self.orders[number] = msgspec.structs.replace(order, status=1, **decision.paid)
            self._paid.append({"number": number, **{f"new_{name}": v for name, v in decision.paid.items()}})
            return True
        self._write_paid()  # what follows changes rows at once, and must find them as they were decided
        if decision.closed is not None:
            orders.mark_closed(self._connection, [number], decision.closed)
            self.orders[number] = msgspec.structs.replace(order, status=-1, cancel_date=decision.closed)
        elif decision.refund is not None:
            self.orders[number] = refunds.change(self._connection, order, decision.refund)
        return self.orders[number] is not order


def _transfer_key(event: Event) -> tuple[str, str]:
    return event.number, event.pid or transfers.DEFAULT_PID


def _known(connection: Connection, numbers: Iterable[str]) -> dict[tuple[str, str], Event]:
    rows = connection.execute(_KNOWN, {"numbers": sorted(numbers)}).all()
    events = [_event(_LIGHT_FIELDS, row) for row in rows]
    return {(event.number, event.what): event for event in events}


def _event(fields: Sequence[str], row: Any) -> Event:
    return Event(**dict(zip(fields, row, strict=True)))


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _FIELDS}


def _key(event: Event) -> dict[str, Any]:
    return {"key_number": event.number, "key_what": event.what}


def _finished(outcome: Outcome) -> dict[str, Any]:
    event = outcome.event
    return {
        **_key(event),
        "key_runner": event.runner,
        "key_attempts": event.attempts,
        "new_state": outcome.state,
        "new_due": outcome.due,
        "new_error": outcome.error,
        "now": outcome.now if outcome.state == "done" else None,
    }


def _answer(outcome: Outcome) -> dict[str, Any]:
    answer = {"number": outcome.event.number, "success": outcome.success, "error": outcome.error}
    if outcome.event.kind == "transfer":
        answer["merchant"] = outcome.event.pid or transfers.DEFAULT_PID
    return answer


def _replacement(event: Event) -> dict[str, Any]:
    return {**_key(event), **{f"new_{name}": getattr(event, name) for name in _KEPT}}
