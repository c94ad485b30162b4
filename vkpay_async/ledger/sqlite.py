"""SQLite: one writer a process, statements on the loop, commits in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable
from sqlalchemy.exc import DBAPIError

from vkpay_async.errors import LedgerUnavailable, VKPayError
from vkpay_async.ledger.store import Work

T = TypeVar("T")

BUSY_LIMIT_S = 10.0
"""How long a writer waits for another process's transaction."""

_inside: ContextVar[object] = ContextVar("vkpay_sqlite_transaction", default=None)
"""The transaction that the running code is inside of. A task that a handler leaves behind keeps it when it is over."""


class SqliteStore:
    """A file, or with ``memory`` one connection that is all there is."""

    def __init__(self, engine: Engine, *, memory: bool) -> None:
        self._engine = engine
        self._memory = memory
        self._lock = asyncio.Lock()
        self._long = asyncio.Lock()
        self._connections: dict[str, Connection] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._open: SqliteTransaction | None = None

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        if self._memory:
            async with contextlib.nullcontext() if self._inside else self._lock:
                return _told(work, self._connection("writer"))
        if not long:
            return _told(work, self._connection("reader"))
        async with self._long:
            return await asyncio.to_thread(_told, work, self._connection("long"))

    async def write(self, work: Work[T]) -> T:
        self.check_outside()
        # A caller that is cancelled must not leave the one writer in the middle of a transaction.
        return await asyncio.shield(self._started(self._written(work)))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        self.check_outside()
        async with self._lock:
            connection = await self._begun()
            self._open = SqliteTransaction(connection)
            token = _inside.set(self._open)
            try:
                yield self._open
            except BaseException:
                _roll_back(connection)
                raise
            else:
                await asyncio.shield(self._started(self._committed(connection)))
            finally:
                self._open = None
                _inside.reset(token)

    @property
    def _inside(self) -> bool:
        return self._open is not None and _inside.get() is self._open

    def check_outside(self) -> None:
        if self._inside:
            raise VKPayError(
                "SQLite has one writer, and this handler's tx is it: write through tx, call VKPay after the handler has "
                "returned, or use PostgreSQL or MySQL"
            )

    async def close(self) -> None:
        if self._running:
            await asyncio.wait(self._running)
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._engine.dispose()

    def _started(self, coroutine: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _written(self, work: Work[T]) -> T:
        async with self._lock:
            connection = await self._begun()
            try:
                result = _told(work, connection)
            except BaseException:
                _roll_back(connection)
                raise
            await self._committed(connection)
            return result

    async def _begun(self) -> Connection:
        """``BEGIN IMMEDIATE``, asked for again and again while another process writes; no thread waits for it."""
        connection, waited, pause = self._connection("writer"), 0.0, 0.001
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return connection
            except DBAPIError as error:
                connection.rollback()
                if not _busy(error) or waited >= BUSY_LIMIT_S:
                    raise _unavailable(error) from error
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a pause, not a secret
            waited, pause = waited + pause, min(pause * 2, 0.05)

    async def _committed(self, connection: Connection) -> None:
        try:
            if self._memory:
                connection.commit()
            else:
                await asyncio.to_thread(connection.commit)
        except BaseException as error:
            _roll_back(connection)
            if isinstance(error, DBAPIError):
                raise _unavailable(error) from error
            raise

    def _connection(self, name: str) -> Connection:
        if name not in self._connections:
            try:
                self._connections[name] = self._engine.connect()
            except DBAPIError as error:
                raise _unavailable(error) from error
        return self._connections[name]


class SqliteTransaction:
    """The open transaction of a handler."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return self._connection.scalar(statement, parameters)

    async def run_sync(self, work: Work[T]) -> T:
        return work(self._connection)


def settle_connection(connection: Any, _: Any) -> None:
    """WAL and FULL: what was committed survives a power cut. Transactions begin where the store says so."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=2000", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=0"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _told(work: Work[T], connection: Connection) -> T:
    with _as_unavailable():
        return work(connection)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.IntegrityError):
            raise
        raise _unavailable(error) from error


def _roll_back(connection: Connection) -> None:
    with contextlib.suppress(DBAPIError):
        connection.rollback()


def _busy(error: DBAPIError) -> bool:
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


def _unavailable(error: DBAPIError) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"the database cannot be used: {error.orig}; check its file, its folder's rights, and the space on the disk"
    )
