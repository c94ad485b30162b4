"""PostgreSQL, MySQL and what speaks like them: SQLAlchemy's asynchronous engine."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vkpay_async.errors import LedgerUnavailable
from vkpay_async.ledger.store import Work

T = TypeVar("T")

ATTEMPTS = 6
_AGAIN_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_AGAIN_MYSQL = frozenset({1205, 1213, 3572})


class ServerStore:
    """A pool of connections. A transaction that the server broke off for another's sake is run again."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        async def once() -> T:
            async with self._reader.connect() as connection:
                return await connection.run_sync(work)

        return await _persistent(once)

    async def write(self, work: Work[T]) -> T:
        async def once() -> T:
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

        return await _persistent(once)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ServerTransaction]:
        try:
            async with self._engine.begin() as connection:
                yield ServerTransaction(connection)
        except (DBAPIError, PoolExhausted, OSError) as error:
            raise _told(error) from error

    def check_outside(self) -> None:
        """Every transaction has a connection of its own here."""

    async def close(self) -> None:
        await self._engine.dispose()


class ServerTransaction:
    """The open transaction of a handler. ``connection`` is SQLAlchemy's own."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return await self.connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return await self.connection.scalar(statement, parameters)

    async def run_sync(self, work: Work[T]) -> T:
        return await self.connection.run_sync(work)


async def _persistent(once: Callable[[], Awaitable[T]]) -> T:
    """Raises :class:`LedgerUnavailable`; an ``IntegrityError`` is the caller's to read."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await once()
        except IntegrityError:
            raise
        except (DBAPIError, PoolExhausted, OSError) as error:
            if not _again(error) or attempt == ATTEMPTS:
                raise _told(error) from error
        await asyncio.sleep(0.005 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - a pause
    raise AssertionError("the last attempt raises")


def _again(error: Exception) -> bool:
    """Deadlock, serialization failure, lock timeout: the server undid all of it and asks for another try."""
    cause = getattr(error, "orig", None)
    sqlstate = getattr(cause, "sqlstate", None) or getattr(
        getattr(cause, "__cause__", None), "sqlstate", None
    )
    number = cause.args[0] if cause is not None and cause.args else None
    return sqlstate in _AGAIN_SQLSTATES or number in _AGAIN_MYSQL


def _told(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError) and not isinstance(error, (DBAPIError, PoolExhausted)):
        return error
    cause = getattr(error, "orig", None) or error
    text = str(cause).partition("\n")[0] or type(cause).__name__
    return LedgerUnavailable(
        f"the database cannot be used: {text}; check that it runs, its address, its rights, and its connection limit"
    )
