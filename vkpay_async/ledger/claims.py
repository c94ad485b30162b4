"""A batch of claims and outcomes, as one transaction's work over a connection.

Its orders are locked first, in one order; what each claim changes is decided over the locked row; the changes are written
by a few statements for the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, select, update

from vkpay_async.happenings import (
    ALONE,
    DEFAULT_PID,
    Claim,
    Claimed,
    Decision,
    Event,
    Found,
    Operation,
    Outcome,
)
from vkpay_async.ledger import orders, refunds, transfers
from vkpay_async.ledger.bulk import Bulk, Given, Lookup
from vkpay_async.ledger.events import LIGHT, event_of_light
from vkpay_async.ledger.schema import notifications
from vkpay_async.order import Order

_FIELDS = Event.__struct_fields__
_KEPT = ("state", "attempts", "due", "runner", "error", "done_date", "type", "pid")
_ENDED = ("state", "due", "error", "done_date")
_KNOWN = Lookup(select(*LIGHT), notifications.c.number)
_INSERT = Bulk.insert(notifications, _FIELDS)
_REPLACE = Bulk(
    lambda given: update(notifications).where(*_is(given)).values({name: _new(given, name) for name in _KEPT})
)
_FINISH = Bulk(
    lambda given: (
        update(notifications)
        .where(
            *_is(given),
            notifications.c.state == "running",
            notifications.c.runner == given("runner", notifications.c.runner),
            notifications.c.attempts == given("attempts", notifications.c.attempts),
        )
        .values({name: _new(given, name) for name in _ENDED})
    )
)


def _is(given: Given) -> tuple[ColumnElement[bool], ...]:
    return (
        notifications.c.number == given("number", notifications.c.number),
        notifications.c.what == given("what", notifications.c.what),
    )


def _new(given: Given, name: str) -> ColumnElement[Any]:
    return given(name, notifications.c[name])


_RUNNERS = Lookup(
    select(*(notifications.c[name] for name in ("number", "what", "state", "runner", "attempts")))
    .order_by(notifications.c.number)
    .with_for_update(),
    notifications.c.number,
)


_COUNTS_ALL = frozenset({"sqlite", "postgresql"})
"""Where the database tells how many rows a statement for many changed."""


class LeaseLost(Exception):
    """One of a batch's handlers is somebody else's by now: done one by one, each is told for itself."""


def apply(connection: Connection, operations: Sequence[Operation]) -> list[Claimed | bool]:
    """One transaction's work: claims and outcomes. A claim gives :class:`Claimed`, an outcome whether it counted."""
    claims = [operation for operation in operations if isinstance(operation, Claim)]
    outcomes = [operation for operation in operations if isinstance(operation, Outcome)]
    if outcomes and len(operations) > 1 and connection.dialect.name != "sqlite":
        _lock(connection, operations)
    claimed = iter(_claim_all(connection, claims))
    counted = iter(_finish_all(connection, outcomes))
    return [next(claimed) if isinstance(operation, Claim) else next(counted) for operation in operations]


def finish(connection: Connection, outcome: Outcome) -> bool:
    """Stores how a handler ended, with the order's or transfer's answer. ``False`` when another runner has it by now."""
    if _FINISH.run(connection, [_finished(outcome)]) == 0:
        return False
    _answer_all(connection, [outcome])
    return True


def _lock(connection: Connection, operations: Sequence[Operation]) -> None:
    """Two processes that each hear copies of what the other handles would wait for each other's rows."""
    happened = [operation.event for operation in operations]
    alone = {"transfer", *ALONE}
    orders.lock(connection, {event.number for event in happened if event.kind not in alone})
    transfers.lock_all(connection, {_transfer_key(event) for event in happened if event.kind == "transfer"})
    _lock_alone(connection, happened)


def _lock_alone(connection: Connection, happened: Iterable[Event]) -> None:
    """Events that are about no other row are locked themselves."""
    if connection.dialect.name != "sqlite":
        _RUNNERS.run(connection, {event.number for event in happened if event.kind in ALONE})


def _finish_all(connection: Connection, outcomes: Sequence[Outcome]) -> list[bool]:
    if len(outcomes) < 2:
        return [finish(connection, outcome) for outcome in outcomes]
    if connection.dialect.name in _COUNTS_ALL:
        if _FINISH.run(connection, [_finished(outcome) for outcome in outcomes]) != len(outcomes):
            raise LeaseLost
        _answer_all(connection, outcomes)
        return [True] * len(outcomes)
    rows = _RUNNERS.run(connection, {outcome.event.number for outcome in outcomes})
    runners = {(number, what): (state, runner, attempts) for number, what, state, runner, attempts in rows}
    counted = [_counts(runners, outcome.event) for outcome in outcomes]
    ours = [outcome for outcome, counts in zip(outcomes, counted, strict=True) if counts]
    _FINISH.run(connection, [_finished(outcome) for outcome in ours])
    _answer_all(connection, ours)
    return counted


def _counts(runners: dict[tuple[str, str], tuple[str, str | None, int]], event: Event) -> bool:
    """Whether the event is still this runner's; the first outcome that finds it so ends that."""
    key = (event.number, event.what)
    if runners.get(key) != ("running", event.runner, event.attempts):
        return False
    del runners[key]
    return True


def _answer_all(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    orders.mark_answered(connection, [_answer(o) for o in outcomes if o.event.kind == "payment"])
    transfers.mark_answered(connection, [_answer(o) for o in outcomes if o.event.kind == "transfer"])


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
        self._orders = orders.lock_all(connection, {c.event.number for c in claims if c.about_order})
        self._transfers = transfers.lock_all(
            connection, {_transfer_key(c.event) for c in claims if c.about_transfer}
        )
        _lock_alone(connection, (c.event for c in claims))
        self._events = _known(connection, {c.event.number for c in claims})
        self._closed: dict[str, int] = {}
        self._paid: list[dict[str, Any]] = []
        self._refunds: list[refunds.Changed] = []
        self._new: dict[tuple[str, str], Event] = {}
        self._changed: dict[tuple[str, str], Event] = {}

    def claim(self, claim: Claim) -> Claimed:
        event = claim.event
        key = (event.number, event.what)
        known = self._events.get(key)
        order = self._orders.get(event.number) if claim.about_order else None
        transfer = self._transfers.get(_transfer_key(event)) if claim.about_transfer else None
        found = Found(order=order, transfer=transfer, event=known, events=self._events)
        decision = claim.decide(found)
        moved = self._change(claim, order, decision)
        if decision.event is not None:
            kept = self._new if known is None or key in self._new else self._changed
            kept[key] = self._events[key] = decision.event
        return Claimed(
            event=decision.event or known or event,
            order=self._orders.get(event.number) if order is not None else None,
            mine=decision.event is not None and decision.event.state == "running",
            moved=moved,
            error=decision.error,
        )

    def write(self) -> None:
        # A payment may come for what was closed, a refund for what was just paid: each finds its order as it was decided.
        orders.mark_closed(self._connection, self._closed)
        orders.mark_paid(self._connection, self._paid)
        refunds.write(self._connection, self._refunds)
        _INSERT.run(self._connection, list(self._new.values()))
        _REPLACE.run(self._connection, list(self._changed.values()))

    def _change(self, claim: Claim, order: Order | None, decision: Decision) -> bool:
        number = claim.event.number
        if decision.transfer is not None:
            key = _transfer_key(claim.event)
            self._transfers[key] = transfers.change(
                self._connection, self._transfers.get(key), decision.transfer, check_due=None
            )
            return True
        if order is None:
            new = decision.event is not None and decision.event.id == claim.event.id
            return claim.event.kind in ALONE and new and decision.error is None
        if decision.paid is not None:
            self._orders[number] = msgspec.structs.replace(order, status=1, **decision.paid)
            self._paid.append({"number": number, **decision.paid})
            return True
        if decision.closed is not None:
            self._orders[number] = msgspec.structs.replace(order, status=-1, cancel_date=decision.closed)
            self._closed[number] = decision.closed
            return True
        change = refunds.changed(order, decision.refund) if decision.refund is not None else None
        if change is None:
            return False
        self._orders[number] = change.order
        self._refunds.append(change)
        return True


def _transfer_key(event: Event) -> tuple[str, str]:
    return event.number, event.pid or DEFAULT_PID


def _known(connection: Connection, numbers: Iterable[str]) -> dict[tuple[str, str], Event]:
    events = [event_of_light(row) for row in _KNOWN.run(connection, set(numbers))]
    return {(event.number, event.what): event for event in events}


def _finished(outcome: Outcome) -> dict[str, Any]:
    event = outcome.event
    return {
        "number": event.number,
        "what": event.what,
        "runner": event.runner,
        "attempts": event.attempts,
        "state": outcome.state,
        "due": outcome.due,
        "error": outcome.error,
        "done_date": outcome.now if outcome.state == "done" else None,
    }


def _answer(outcome: Outcome) -> dict[str, Any]:
    answer = {"number": outcome.event.number, "success": outcome.success, "error": outcome.error}
    if outcome.event.kind == "transfer":
        answer["merchant"] = outcome.event.pid or DEFAULT_PID
    return answer
