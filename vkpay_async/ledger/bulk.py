"""Statements for many rows at the driver's own speed.

SQLAlchemy compiles each statement, once for every database; after that only the values that need it (JSON, bytes) are
converted, and the driver gets plain tuples. SQLite's and PostgreSQL's drivers are called directly: a statement costs less
than the layers above it would. A server gets all rows at once: new ones by COPY or in one INSERT, changes in one UPDATE,
joined with arrays on PostgreSQL and with a table of values on MySQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Select,
    String,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    union_all,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.types import TypeEngine

Row: TypeAlias = Mapping[str, Any] | msgspec.Struct
"""What gives a statement its values: by key, or by field."""

Given: TypeAlias = Callable[[str, Column[Any]], ColumnElement[Any]]
"""The row's value of a name, as something to compare with a column or to store in it."""

Statement: TypeAlias = Insert | Update
Values = Callable[[Any], Sequence[Any]]
Converters = list[tuple[int, Callable[[Any], Any]]]
Run = Callable[[Connection, Sequence[Row]], int | None]

_OF_THE_ROWS: dict[str, type[DBAPIError]] = {"22": DataError, "23": IntegrityError}
"""PostgreSQL's classes of what is wrong with a row, and not with the statement or the database."""

_KEEP_TO_INDEXES = """\
SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)"""

_PREFIX = "given_"
"""Before the names of parameters: SQLAlchemy keeps the columns' own names to itself."""


class Bulk:
    """A statement for many rows. ``make`` writes it in terms of what a row gives."""

    def __init__(self, make: Callable[[Given], Statement]) -> None:
        self._make = make
        self._ready: dict[str, Run] = {}

    @staticmethod
    def insert(table: Table, names: Sequence[str]) -> Bulk:
        """New rows of a table, from fields of the same names."""

        def make(given: Given) -> Insert:
            return insert(table).values({name: given(name, table.c[name]) for name in names})

        return _NewRows(make, table, names)

    def run(self, connection: Connection, rows: Sequence[Row]) -> int | None:
        """How many rows it changed in all, where the driver tells. Nothing is done for no rows."""
        if not rows:
            return 0
        dialect = connection.dialect.name
        if dialect not in self._ready:
            self._ready[dialect] = self._prepared(connection, rows[0])
        return self._ready[dialect](connection, rows)

    def _prepared(self, connection: Connection, row: Row) -> Run:
        dialect = connection.dialect.name
        if dialect == "sqlite":
            return self._on_sqlite(connection, row)
        return (self._on_postgresql if dialect == "postgresql" else self._on_mysql)(connection, row)

    def _on_sqlite(self, connection: Connection, row: Row) -> Run:
        sql, values = self._by_row(connection, row)

        def run(connection: Connection, rows: Sequence[Row]) -> int | None:
            with _Constraints(sql):
                changed: int = _driver(connection).executemany(sql, [values(row) for row in rows]).rowcount
            return changed

        return run

    def _on_mysql(self, connection: Connection, row: Row) -> Run:
        """The driver would send the changes of many rows one by one: they are joined with a table of what each is to become."""
        sql, values = self._by_row(connection, row)
        joined = self._joined(connection, row)

        def run(connection: Connection, rows: Sequence[Row]) -> int | None:
            if len(rows) == 1:
                return connection.exec_driver_sql(sql, tuple(values(rows[0]))).rowcount
            connection.exec_driver_sql(*joined(rows))
            return None

        return run

    def _joined(
        self, connection: Connection, row: Row
    ) -> Callable[[Sequence[Row]], tuple[str, tuple[Any, ...]]]:
        """What makes a statement and its parameters of some rows."""
        dialect = connection.dialect
        types: dict[str, TypeEngine[Any]] = {}
        self._make(lambda name, of: _noted(types, name, of))
        every = _values(connection, row, [_PREFIX + name for name in types], [*types.values()], {})
        ready: dict[int, tuple[str, tuple[Any, ...], tuple[Any, ...]]] = {}

        def made(size: int) -> tuple[str, tuple[Any, ...], tuple[Any, ...]]:
            """The statement, and the fixed values before and after those of the rows."""
            given = union_all(
                *(
                    select(*(bindparam(f"{_PREFIX}{name}_{n}").label(name) for name in types))
                    for n in range(size)
                )
            ).subquery("given")
            compiled: Any = self._make(lambda name, of: given.c[name]).compile(dialect=dialect)
            names, parameters = compiled.positiontup, compiled.params
            own = [at for at, name in enumerate(names) if name.startswith(_PREFIX)]
            assert own == [*range(own[0], own[0] + size * len(types))]  # noqa: S101
            fixed = [parameters[name] for name in names]
            return str(compiled), tuple(fixed[: own[0]]), tuple(fixed[own[-1] + 1 :])

        def statement(rows: Sequence[Row]) -> tuple[str, tuple[Any, ...]]:
            # Their number is rounded up, so that few statements serve all; what is said twice is done once.
            size = 1 << (len(rows) - 1).bit_length()
            if size not in ready:
                ready[size] = made(size)
            sql, before, after = ready[size]
            values = [value for one in rows for value in every(one)]
            values += [*every(rows[-1])] * (size - len(rows))
            return sql, (*before, *values, *after)

        return statement

    def _by_row(self, connection: Connection, row: Row) -> tuple[str, Values]:
        statement = self._make(lambda name, of: bindparam(_PREFIX + name, type_=of.type))
        compiled: Any = statement.compile(dialect=connection.dialect)
        names: list[str] = compiled.positiontup
        fixed = {name: compiled.params[name] for name in names if not name.startswith(_PREFIX)}
        types = [compiled.binds[name].type for name in names]
        return str(compiled), _values(connection, row, names, types, fixed)

    def _on_postgresql(self, connection: Connection, row: Row) -> Run:
        types: dict[str, TypeEngine[Any]] = {}
        self._make(lambda name, of: _noted(types, name, of))
        arrays = [bindparam(_PREFIX + name, type_=ARRAY(_plain(kind))) for name, kind in types.items()]
        columns = [column(name, _plain(kind)) for name, kind in types.items()]
        rows_given = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()

        def given(name: str, of: Column[Any]) -> ColumnElement[Any]:
            value: ColumnElement[Any] = rows_given.c[name]
            return cast(value, JSON) if isinstance(of.type, JSON) else value

        compiled: Any = self._make(given).compile(dialect=connection.dialect)
        names: list[str] = compiled.positiontup
        own = [name for name in names if name.startswith(_PREFIX)]
        sql, fixed = str(compiled), {name: compiled.params[name] for name in names if name not in own}
        values = _values(connection, row, own, [types[name.removeprefix(_PREFIX)] for name in own], {})

        def run(connection: Connection, rows: Sequence[Row]) -> int | None:
            arrays = iter([list(every) for every in zip(*map(values, rows), strict=True)])
            parameters = tuple(fixed[name] if name in fixed else next(arrays) for name in names)
            changed: int = _sent(connection, sql, parameters).rowcount
            return changed

        return run


class _NewRows(Bulk):
    """An insert. PostgreSQL takes them by COPY, which costs both sides less than any statement does."""

    def __init__(self, make: Callable[[Given], Insert], table: Table, names: Sequence[str]) -> None:
        super().__init__(make)
        self._table = table
        self._names = names

    def _on_postgresql(self, connection: Connection, row: Row) -> Run:
        table, names = self._table, self._names
        values = _values(connection, row, names, [table.c[name].type for name in names], {})

        def run(connection: Connection, rows: Sequence[Row]) -> int | None:
            records = [values(row) for row in rows]
            _copy(connection, table, names, records)
            return len(records)

        return run

    def _on_mysql(self, connection: Connection, row: Row) -> Run:
        """The driver makes one statement of many rows."""
        sql, values = self._by_row(connection, row)

        def run(connection: Connection, rows: Sequence[Row]) -> int | None:
            given = [tuple(values(row)) for row in rows]
            connection.exec_driver_sql(sql, given if len(given) > 1 else given[0])
            return len(given)

        return run


def keep_to_indexes(connection: Connection) -> None:
    """For the transaction, which has to be new.

    PostgreSQL plans a statement either for good, when it has run some times, or each time anew. On a new database the tables
    hold next to nothing then: reading them whole would be cheapest, and would stay so until the server next counts their
    rows. Ours look up by key, and one plan is right for however many rows.
    """
    if connection.dialect.name == "postgresql":
        _sent(connection, _KEEP_TO_INDEXES, ())


class Lookup:
    """A query for the rows of some keys. They come as tuples of its columns."""

    def __init__(self, statement: Select[Any], key: Column[str]) -> None:
        self._statement = statement
        self._key = key
        self._compiled: dict[tuple[str, int], tuple[str, Converters]] = {}

    def run(self, connection: Connection, keys: Collection[str]) -> list[Any]:
        """Nothing for no keys."""
        if not keys:
            return []
        wanted, dialect = sorted(keys), connection.dialect.name
        rows: list[Any]
        if dialect == "postgresql":
            sql, converters = self._ready(connection, 0)
            rows = _sent(connection, sql, (wanted,)).fetchall()
        else:
            # Their number is rounded up, so that few statements serve all.
            wanted += wanted[-1:] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
            sql, converters = self._ready(connection, len(wanted))
            if dialect == "sqlite":
                rows = _driver(connection).execute(sql, wanted).fetchall()
            else:
                rows = list(connection.exec_driver_sql(sql, tuple(wanted)).all())
        return [_converted(list(row), converters) for row in rows] if converters else rows

    def _ready(self, connection: Connection, size: int) -> tuple[str, Converters]:
        key = (connection.dialect.name, size)
        if key not in self._compiled:
            statement = self._statement.where(self._among(size))
            compiled = statement.compile(dialect=connection.dialect)
            assert len(getattr(compiled, "positiontup", None) or ()) == max(1, size)  # noqa: S101
            dialect = connection.dialect
            found = [_reading(c.type, dialect) for c in statement.selected_columns]
            self._compiled[key] = str(compiled), _at_places(found)
        return self._compiled[key]

    def _among(self, size: int) -> ColumnElement[bool]:
        """On PostgreSQL one array: a plan for any number of single values compares each with every row of the table."""
        if size == 0:
            return self._key == any_(bindparam("keys", type_=ARRAY(String())))
        return self._key.in_([bindparam(f"key_{n}", type_=String()) for n in range(size)])


class _Constraints:
    """A constraint of SQLite's that is violated, said in SQLAlchemy's words."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, sqlite3.IntegrityError):
            raise IntegrityError(self._sql, None, error, hide_parameters=True) from error


def _sent(connection: Connection, sql: str, parameters: Sequence[Any]) -> Any:
    """The driver's cursor, after a statement that SQLAlchemy would take as long to pass on as the driver to send.

    A connection whose driver complains of more than what the rows hold is not used again: what it has prepared may be what
    no longer holds.
    """
    driver = connection.dialect.loaded_dbapi
    cursor = _driver(connection).cursor()
    try:
        cursor.execute(sql, parameters)
    except driver.Error as error:
        told = DBAPIError.instance(sql, None, error, driver.Error, hide_parameters=True)
        if not isinstance(told, (IntegrityError, DataError)):
            connection.invalidate(error)
        raise told from error
    return cursor


def _copy(
    connection: Connection, table: Table, names: Sequence[str], records: Sequence[Sequence[Any]]
) -> None:
    """New rows of a table of PostgreSQL. The driver's own COPY would not wait for SQLAlchemy to begin its transaction."""
    if not _driver(connection).driver_connection.is_in_transaction():
        _sent(connection, "SELECT 1", ())
    try:
        _driver(connection).run_async(
            lambda driver: driver.copy_records_to_table(table.name, records=records, columns=names)
        )
    except Exception as error:
        told = _kind(error)(f"COPY {table.name}", None, error, hide_parameters=True)
        if type(told) is DBAPIError:
            connection.invalidate(error)
        raise told from error


def _kind(error: Exception) -> type[DBAPIError]:
    """Whether asyncpg complains of what the rows hold; a value that it cannot encode is a ``ValueError`` to it."""
    if isinstance(error, ValueError):
        return DataError
    return _OF_THE_ROWS.get((getattr(error, "sqlstate", None) or "")[:2], DBAPIError)


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _reading(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    """What makes a value of the driver's one of ours; some drivers decode JSON themselves."""
    convert = kind.dialect_impl(dialect).result_processor(dialect, None)
    return _loads if convert is not None and isinstance(kind, JSON) else convert


def _writing(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return _dumps if convert is not None and isinstance(kind, JSON) else convert


def _dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _loads(text: str) -> Any:
    """Most objects are empty."""
    return {} if text == "{}" else msgspec.json.decode(text)


def _noted(types: dict[str, TypeEngine[Any]], name: str, of: Column[Any]) -> BindParameter[Any]:
    types[name] = of.type
    return bindparam(name, type_=of.type)


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """What an array may hold. JSON goes as its text, and so does a short text: the cast to one would cut it off."""
    return Text() if isinstance(kind, (JSON, String)) else kind


def _values(
    connection: Connection,
    row: Row,
    names: Sequence[str],
    types: Sequence[TypeEngine[Any]],
    fixed: Mapping[str, Any],
) -> Values:
    """What takes a row's values out of it, in the order of ``names`` and as the driver wants them."""
    dialect = connection.dialect
    converters = _at_places([_writing(kind, dialect) for kind in types])
    get: Any = attrgetter if isinstance(row, msgspec.Struct) else itemgetter
    own = [name.removeprefix(_PREFIX) for name in names if name not in fixed]
    in_order: Values = get(*own) if len(own) > 1 else lambda one: (get(*own)(one),)
    places = [(at, fixed[name]) for at, name in enumerate(names) if name in fixed]
    if not places and not converters:
        return in_order

    def values(row: Row) -> Sequence[Any]:
        every = list(in_order(row))
        for at, value in places:
            every.insert(at, value)
        return _converted(every, converters)

    return values


def _at_places(found: Sequence[Any]) -> Converters:
    return [(place, convert) for place, convert in enumerate(found) if convert]


def _converted(values: list[Any], converters: Converters) -> list[Any]:
    for place, convert in converters:
        values[place] = convert(values[place])
    return values
