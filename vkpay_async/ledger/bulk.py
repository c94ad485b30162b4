"""One statement for many rows, at the driver's own speed.

SQLAlchemy compiles the statement, once for each database; after that only the values that need it (JSON, bytes) are
converted, and the driver's ``executemany`` gets plain tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.sql import ClauseElement

Row = dict[str, Any]


class Bulk:
    """A statement whose parameters are all given by each row, under their names."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Callable[[Row], tuple[Any, ...]]]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Nothing for no rows."""
        if not rows:
            return
        dialect = connection.dialect.name
        if dialect not in self._compiled:
            self._compiled[dialect] = self._compile(connection, rows[0])
        sql, values = self._compiled[dialect]
        connection.exec_driver_sql(sql, [values(row) for row in rows])

    def _compile(self, connection: Connection, row: Row) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:
        assert isinstance(self._statement, ClauseElement)  # noqa: S101 - what statements are made of
        compiled: Any = self._statement.compile(dialect=connection.dialect, column_keys=list(row))
        names: list[str] = compiled.positiontup
        fixed = {name: value for name, value in compiled.params.items() if name not in row}
        converters = {
            name: converter
            for name in names
            if (
                converter := compiled.binds[name]
                .type.dialect_impl(connection.dialect)
                .bind_processor(connection.dialect)
            )
        }

        in_order: Callable[[Row], tuple[Any, ...]] = itemgetter(*names)

        def values(given: Row) -> tuple[Any, ...]:
            every = {**fixed, **given}
            for name, convert in converters.items():
                every[name] = convert(every[name])
            return in_order(every)

        return str(compiled), values
