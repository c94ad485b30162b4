"""Whether a database has the schema that this version works with."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vkpay_async.errors import ConfigError
from vkpay_async.ledger.migrations.alone import alone
from vkpay_async.ledger.schema import metadata, orders
from vkpay_async.ledger.store import Store

State: TypeAlias = Literal["empty", "older", "current", "newer"]

REVISIONS = ("0001",)
"""All there are, the newest last; the folder ``versions`` has one file for each."""

HEAD = REVISIONS[-1]
UNNUMBERED = "0000"
"""What version 0.1.0 made, which kept no number."""

version = Table("vk_pay_schema_version", MetaData(), Column("version_num", String(32), primary_key=True))

_NUMBER = select(version.c.version_num)


async def prepare(store: Store) -> None:
    """Makes the tables of an empty database. Raises :class:`ConfigError` for a schema of another version."""
    try:
        found = await store.read(_numbered)
        revision = found if found is not None else await store.write(_made)
    except SQLAlchemyError as error:
        text = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise ConfigError(
            f"database: its tables are not as this package makes them ({text}); name a database of its own, or mend the "
            f"table {version.name} from a backup"
        ) from error
    check(revision)


def state_of(revision: str | None) -> State:
    """How a revision stands to this version of the package."""
    if revision is None:
        return "empty"
    if revision == HEAD:
        return "current"
    return "older" if revision in (UNNUMBERED, *REVISIONS) else "newer"


def check(revision: str) -> None:
    """Raises :class:`ConfigError` unless the package and the database go together."""
    state = state_of(revision)
    if state == "older":
        raise ConfigError(
            f"database: its tables are those of an older version ({revision}, needed is {HEAD}); make a backup, stop "
            "the application, and run: vkpay db upgrade"
        )
    if state == "newer":
        raise ConfigError(
            f"database: its tables are those of a newer version ({revision}, known is {HEAD}); upgrade the package: "
            "pip install -U vkpay-async"
        )


def revision_of(connection: Connection) -> str | None:
    """``None`` for a database without our tables."""
    inspector = inspect(connection)
    if inspector.has_table(version.name):
        number = _number(connection)
        if number is not None:
            return number
    if inspector.has_table(orders.name):
        columns = {column["name"] for column in inspector.get_columns(orders.name)}
        return UNNUMBERED if "refund_list" in columns else None
    return None


def make(connection: Connection) -> None:
    """The newest tables, and those that an interrupted start left out where DDL is not undone (MySQL)."""
    before = inspect(connection).has_table(orders.name)
    metadata.create_all(connection)
    if before:
        for table in metadata.sorted_tables:
            for index in table.indexes:
                index.create(connection, checkfirst=True)
    version.create(connection, checkfirst=True)
    connection.execute(version.insert().values(version_num=HEAD))


def _made(connection: Connection) -> str:
    with alone(connection):
        revision = revision_of(connection)
        if revision is None:
            make(connection)
        return revision or HEAD


def _numbered(connection: Connection) -> str | None:
    """One query where all is well."""
    try:
        return _number(connection)
    except DBAPIError:
        there = inspect(connection).has_table(version.name)
    # Another process may have made it between the two questions.
    return _number(connection) if there else None


def _number(connection: Connection) -> str | None:
    number: str | None = connection.scalar(_NUMBER)
    return number
