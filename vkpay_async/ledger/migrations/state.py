"""Whether a database has the schema that this version works with."""

from __future__ import annotations

from sqlalchemy import Connection

from vkpay_async.ledger.schema import metadata
from vkpay_async.ledger.store import Store


async def prepare(store: Store) -> None:
    """Makes the tables of an empty database."""
    await store.write(_make)


def _make(connection: Connection) -> None:
    metadata.create_all(connection)
