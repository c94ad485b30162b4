"""One process at a time changes the tables, however many start at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from vkpay_async.errors import LedgerUnavailable

WAIT_S = 60
_POSTGRESQL_KEY = 0x766B7061795F6462  # "vkpay_db"; such keys are a database's own
_MYSQL_NAME = "CONCAT('vkpay.', SHA1(DATABASE()))"  # such names are the whole server's


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Inside a transaction. SQLite's has begun as the only writer already.

    Raises :class:`LedgerUnavailable` when another process does not come to its end.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_KEY})
        yield
    elif connection.dialect.name in ("mysql", "mariadb"):
        with _named_lock(connection):
            yield
    else:
        yield


@contextmanager
def _named_lock(connection: Connection) -> Iterator[None]:
    """MySQL's outlives transactions, so that what was written is committed before somebody else may look."""
    if connection.scalar(text(f"SELECT GET_LOCK({_MYSQL_NAME}, {WAIT_S})")) != 1:
        raise LedgerUnavailable(
            f"another process has been changing the tables for more than {WAIT_S} s; wait for its end and try again"
        )
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    finally:
        connection.execute(text(f"SELECT RELEASE_LOCK({_MYSQL_NAME})"))
