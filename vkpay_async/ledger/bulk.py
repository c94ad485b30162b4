"""Statements for many rows at the driver's own speed.

SQLAlchemy compiles each statement, once for every database; after that only the values that need it (JSON, bytes) are
converted, and the driver gets plain tuples. SQLite's driver is called directly: there a statement costs less than the
layers above it would.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, Connection, Insert, Select, String, Update, bindparam
from sqlalchemy.exc import IntegrityError

Row = dict[str, Any]
Values = Callable[[Row], tuple[Any, ...]]
Converters = list[tuple[int, Callable[[Any], Any]]]


class Bulk:
    """A statement whose parameters are all given by each row, under their names.

    A parameter ``new_x`` or ``key_x`` is the row's ``x``: SQLAlchemy keeps the column's own name to itself.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Values]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Nothing for no rows."""
        if not rows:
            return
        sql, values = self._ready(connection, rows[0])
        given = [values(row) for row in rows]
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(sql, given)
            return
        with _Constraints(sql):
            _driver(connection).executemany(sql, given)

    def count(self, connection: Connection, row: Row) -> int:
        """How many rows the statement changed for one."""
        sql, values = self._ready(connection, row)
        if connection.dialect.name != "sqlite":
            return connection.exec_driver_sql(sql, values(row)).rowcount
        with _Constraints(sql):
            changed: int = _driver(connection).execute(sql, values(row)).rowcount
        return changed

    def _ready(self, connection: Connection, row: Row) -> tuple[str, Values]:
        dialect = connection.dialect.name
        if dialect not in self._compiled:
            self._compiled[dialect] = self._compile(connection, row)
        return self._compiled[dialect]

    def _compile(self, connection: Connection, row: Row) -> tuple[str, Values]:
        columns = list(row) if isinstance(self._statement, Insert) else None
        compiled: Any = self._statement.compile(dialect=connection.dialect, column_keys=columns)
        names = [_field(name) for name in compiled.positiontup]
        fixed = {name: value for name, value in compiled.params.items() if _field(name) not in row}
        converters = {
            _field(name): convert
            for name in compiled.positiontup
            if (convert := _to_driver(connection, compiled.binds[name]))
        }
        in_order: Values = itemgetter(*names)

        def values(given: Row) -> tuple[Any, ...]:
            every = {**fixed, **given} if fixed or converters else given
            for name, convert in converters.items():
                every[name] = convert(every[name])
            return in_order(every)

        return str(compiled), values


class Lookup:
    """A query for a set of keys; ``make`` is given them as parameters. Rows come as tuples of its columns."""

    def __init__(self, make: Callable[[list[BindParameter[str]]], Select[Any]]) -> None:
        self._make = make
        self._compiled: dict[tuple[str, int], tuple[str, Converters]] = {}

    def run(self, connection: Connection, keys: Collection[str]) -> list[Any]:
        """Nothing for no keys. Their number is rounded up, so that few statements serve all."""
        if not keys:
            return []
        wanted = sorted(keys)
        wanted += wanted[-1:] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
        sql, converters = self._ready(connection, len(wanted))
        rows: list[Any]
        if connection.dialect.name == "sqlite":
            rows = _driver(connection).execute(sql, wanted).fetchall()
        else:
            rows = list(connection.exec_driver_sql(sql, tuple(wanted)).all())
        return [_converted(row, converters) for row in rows] if converters else rows

    def _ready(self, connection: Connection, size: int) -> tuple[str, Converters]:
        key = (connection.dialect.name, size)
        if key not in self._compiled:
            statement = self._make([bindparam(f"key_{n}", type_=String()) for n in range(size)])
            compiled = statement.compile(dialect=connection.dialect)
            assert getattr(compiled, "positiontup", None) == [f"key_{n}" for n in range(size)]  # noqa: S101
            dialect = connection.dialect
            converters: Converters = [
                (place, convert)
                for place, column in enumerate(statement.selected_columns)
                if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None))
            ]
            self._compiled[key] = str(compiled), converters
        return self._compiled[key]


class _Constraints:
    """A constraint of SQLite's that is violated, said in SQLAlchemy's words."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, sqlite3.IntegrityError):
            raise IntegrityError(self._sql, None, error, hide_parameters=True) from error


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _field(name: str) -> str:
    return name.removeprefix("new_").removeprefix("key_")


def _to_driver(connection: Connection, bound: Any) -> Callable[[Any], Any] | None:
    dialect = connection.dialect
    convert: Callable[[Any], Any] | None = bound.type.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _converted(row: Any, converters: Converters) -> list[Any]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return values
