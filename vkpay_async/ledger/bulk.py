"""Statements for many rows at the driver's own speed.

SQLAlchemy compiles each statement, once for every database; after that only the values that need it (JSON, bytes) are
converted, and the driver gets plain tuples. SQLite's driver is called directly: there a statement costs less than the
layers above it would.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import BindParameter, Connection, Insert, Select, String, Update, bindparam
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

Row: TypeAlias = Mapping[str, Any] | msgspec.Struct
"""What gives a statement's parameters their values: by key, or by field."""

Values = Callable[[Any], Sequence[Any]]
Converters = list[tuple[int, Callable[[Any], Any]]]


class Bulk:
    """A statement whose parameters are all given by each row, under their names.

    A parameter ``new_x`` or ``key_x`` is the row's ``x``: SQLAlchemy keeps the column's own name to itself.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Values]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int | None:
        """How many rows it changed in all, where the driver tells. Nothing is done for no rows."""
        if not rows:
            return 0
        sql, values = self._ready(connection, rows[0])
        given = [tuple(values(row)) for row in rows]
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(sql, given)
            return None
        with _Constraints(sql):
            changed: int = _driver(connection).executemany(sql, given).rowcount
        return changed

    def count(self, connection: Connection, row: Row) -> int:
        """How many rows the statement changed for one."""
        sql, values = self._ready(connection, row)
        if connection.dialect.name != "sqlite":
            return connection.exec_driver_sql(sql, tuple(values(row))).rowcount
        with _Constraints(sql):
            changed: int = _driver(connection).execute(sql, values(row)).rowcount
        return changed

    def _ready(self, connection: Connection, row: Row) -> tuple[str, Values]:
        dialect = connection.dialect.name
        if dialect not in self._compiled:
            self._compiled[dialect] = self._compile(connection, row)
        return self._compiled[dialect]

    def _compile(self, connection: Connection, row: Row) -> tuple[str, Values]:
        given = row.__struct_fields__ if isinstance(row, msgspec.Struct) else tuple(row)
        columns = list(given) if isinstance(self._statement, Insert) else None
        compiled: Any = self._statement.compile(dialect=connection.dialect, column_keys=columns)
        places = [_field(name) for name in compiled.positiontup]
        names = [name for name in places if name in given]
        get: Any = attrgetter if isinstance(row, msgspec.Struct) else itemgetter
        in_order: Values = get(*names) if len(names) > 1 else lambda one: (get(*names)(one),)
        fixed = [
            (at, compiled.params[name])
            for at, name in enumerate(compiled.positiontup)
            if places[at] not in given
        ]
        converters = _converters(
            connection, [compiled.binds[name].type for name in compiled.positiontup], "bind_processor"
        )
        if not fixed and not converters:
            return str(compiled), in_order

        def values(row: Row) -> Sequence[Any]:
            every = list(in_order(row))
            for at, value in fixed:
                every.insert(at, value)
            return _converted(every, converters)

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
            types = [column.type for column in statement.selected_columns]
            self._compiled[key] = str(compiled), _converters(connection, types, "result_processor")
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


def _converters(connection: Connection, types: Sequence[TypeEngine[Any]], way: str) -> Converters:
    """What has to be done to some of a row's values on their way to the driver, or from it."""
    dialect = connection.dialect
    implied = [kind.dialect_impl(dialect) for kind in types]
    if way == "bind_processor":
        found: list[Any] = [kind.bind_processor(dialect) for kind in implied]
    else:
        found = [kind.result_processor(dialect, None) for kind in implied]
    return [(place, convert) for place, convert in enumerate(found) if convert]


def _converted(row: Sequence[Any], converters: Converters) -> list[Any]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return values
