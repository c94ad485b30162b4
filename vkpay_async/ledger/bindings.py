"""Which order a payment was taken for, where the payment itself does not say: decided once, whoever asks at the same time."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from vkpay_async.happenings import Event
from vkpay_async.ledger.schema import notifications

_FIELDS = Event.__struct_fields__


def bind(connection: Connection, event: Event) -> str | None:
    """Keeps the event, whose ``path`` names the order; gives the order that the first such event named."""
    row = {name: getattr(event, name) for name in _FIELDS}
    try:
        with connection.begin_nested():
            connection.execute(insert(notifications), row)
    except IntegrityError:
        same = (notifications.c.number == event.number, notifications.c.what == event.what)
        return connection.scalar(select(notifications.c.path).where(*same))
    return event.path
