"""What happened, kept once: the rows of ``vk_pay_notifications``, read and taken by plain functions of a connection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, update

from vkpay_async.happenings import Event
from vkpay_async.ledger.schema import ATTENTION, notifications

_FIELDS = Event.__struct_fields__
_COLUMNS = [notifications.c[name] for name in _FIELDS]
_LIGHT_FIELDS = tuple(name for name in _FIELDS if name not in ("headers", "body"))
LIGHT = [notifications.c[name] for name in _LIGHT_FIELDS]
"""An event without its foreign bytes."""

# A partial index serves only who writes its own condition, as literals.
_WANTS_ATTENTION = notifications.c.state.in_(
    bindparam("attention", ATTENTION, expanding=True, literal_execute=True)
)
_DUE = (
    select(*LIGHT)
    .where(notifications.c.due.is_not(None), notifications.c.due <= bindparam("now"))
    .order_by(notifications.c.due)
    .limit(bindparam("most"))
)
_TAKE = (
    update(notifications)
    .where(
        notifications.c.number == bindparam("key_number"),
        notifications.c.what == bindparam("key_what"),
        notifications.c.due.is_not_distinct_from(bindparam("key_due")),
        notifications.c.attempts == bindparam("key_attempts"),
    )
    .values(
        state="running",
        runner=bindparam("new_runner"),
        due=bindparam("new_due"),
        attempts=bindparam("new_attempts"),
    )
)


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
    statement = select(*LIGHT).order_by(notifications.c.id.desc()).limit(most)
    if states and set(states) <= set(ATTENTION):
        statement = statement.where(_WANTS_ATTENTION)
    if states:
        statement = statement.where(notifications.c.state.in_(states))
    if before is not None:
        statement = statement.where(notifications.c.id < before)
    return [event_of_light(row) for row in connection.execute(statement)]


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
        if (taken := take(connection, event_of_light(row), lease_until=lease_until, runner=runner))
    ]


def take(connection: Connection, event: Event, *, lease_until: int, runner: str) -> Event | None:
    """Makes an event this runner's, unless it has changed since it was read."""
    taken = msgspec.structs.replace(
        event, state="running", runner=runner, due=lease_until, attempts=event.attempts + 1
    )
    values = {
        "key_number": event.number,
        "key_what": event.what,
        "key_due": event.due,
        "key_attempts": event.attempts,
        "new_runner": runner,
        "new_due": lease_until,
        "new_attempts": taken.attempts,
    }
    return taken if connection.execute(_TAKE, values).rowcount == 1 else None


def event_of_light(row: Any) -> Event:
    return _event(_LIGHT_FIELDS, row)


def _of_kind(kind: str, order_type: str | None) -> ColumnElement[bool]:
    return and_(notifications.c.kind == kind, notifications.c.type.is_not_distinct_from(order_type))


def _event(fields: Sequence[str], row: Any) -> Event:
    return Event(**dict(zip(fields, row, strict=True)))
