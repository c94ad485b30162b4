"""SQLite: one writer a process, statements on the loop, commits in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable
from sqlalchemy.exc import DBAPIError

from vkpay_async.errors import LedgerUnavailable, VKPayError
from vkpay_async.ledger.store import Work

T = TypeVar("T")

BUSY_LIMIT_S = 10.0
"""How long a writer waits for another process's transaction."""

PAGE_BYTES = 8192
CACHE_KIB = 8192
"""Pages that a connection keeps at most; there are three, and the file's pages are in the system's memory besides."""

_inside: ContextVar[tuple[SqliteTransaction, ...]] = ContextVar("vkpay_sqlite_transactions", default=())
# What SQLite says of a statement; everything else it says of its file, its disk or another process.
_OF_THE_STATEMENT = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})


class SqliteStore:
    """A file, or with ``memory`` one connection that is all there is."""

    writers: ClassVar[int] = 1

    def __init__(self, engine: Engine, *, memory: bool) -> None:
        self._engine = engine
        self._memory = memory
        self._lock = asyncio.Lock()
        self._long = asyncio.Lock()
        self._connections: dict[str, Connection] = {}
        # A thread of its own: a commit must not queue up behind whatever else the application does in threads.
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="vkpay-commit")
        self._running: set[asyncio.Task[Any]] = set()

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        if self._memory:
            async with contextlib.nullcontext() if self._is_inside() else self._lock:
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
            transaction = SqliteTransaction(self, connection)
            token = _inside.set((*_inside.get(), transaction))
            try:
                yield transaction
            except BaseException:
                _roll_back(connection)
                raise
            finally:
                transaction.open = False
                _inside.reset(token)
            await _ended(self._started(self._committed(connection)))

    async def close(self) -> None:
        self.check_outside()
        while self._running:
            await asyncio.wait(self._running)
        async with self._long, self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()
            self._engine.dispose()
            self._committer.shutdown(wait=False)

    def _is_inside(self) -> bool:
        inside = _inside.get()
        return bool(inside) and any(one.open and one.store is self for one in inside)

    def tell(self, number: str) -> None:
        """SQLite carries no news: whoever waits in another process looks for itself."""

    async def listen(self, wake: Callable[[str], None]) -> None:
        """As :meth:`tell`."""

    def check_outside(self) -> None:
        if self._is_inside():
            raise VKPayError(
                "SQLite has one writer, and this handler's tx is it: write through tx, call VKPay after the handler has "
                "returned, or use PostgreSQL or MySQL"
            )

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
        driver: Any = connection.connection.dbapi_connection
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if not _busy(error) or waited >= BUSY_LIMIT_S:
                    raise _unavailable(error) from error
            else:
                if (
                    not connection.in_transaction()
                ):  # SQLAlchemy has begun where the one connection was read from
                    connection.begin()
                return connection
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a pause, not a secret
            waited, pause = waited + pause, min(pause * 2, 0.05)

    async def _committed(self, connection: Connection) -> None:
        try:
            if self._memory:
                connection.commit()
            else:
                await asyncio.wrap_future(self._committer.submit(connection.commit))
        except BaseException as error:
            _roll_back(connection)
            if isinstance(error, DBAPIError):
                raise _unavailable(error) from error
            raise

    def _connection(self, name: str) -> Connection:
        if name not in self._connections:
            with _as_unavailable():
                self._connections[name] = self._engine.connect()
        return self._connections[name]


class SqliteTransaction:
    """The open transaction of a handler. After its end the connection is somebody else's, and this is of no use."""

    def __init__(self, store: SqliteStore, connection: Connection) -> None:
        self.store = store
        self.open = True
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self._told(lambda connection: connection.execute(statement, parameters))

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return self._told(lambda connection: connection.scalar(statement, parameters))

    async def run_sync(self, work: Work[T]) -> T:
        return self._told(work)

    def _told(self, work: Work[T]) -> T:
        if not self.open:
            raise VKPayError(
                "this tx has ended with its block: await what uses it before the handler returns"
            )
        return _told(work, self._connection)


def settle_connection(connection: Any, _: Any) -> None:
    """WAL and FULL: what was committed survives a power cut. Transactions begin where the store says so.

    The cache has room for the inner pages of a million orders' indexes and for what a batch changes: with the 2 MiB that
    are usual, the pages of 64 payments are read a second time. Pages of 8 KiB (in a new file; another keeps its own) halve
    the writes of a commit, which are two for each page.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=2000",
        f"page_size={PAGE_BYTES}",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"cache_size=-{CACHE_KIB}",
        "busy_timeout=0",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _told(work: Work[T], connection: Connection) -> T:
    with _as_unavailable():
        return work(connection)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = _of_the_database(error)
        if cause is None:
            raise
        raise _unavailable(cause) from error


def _roll_back(connection: Connection) -> None:
    with contextlib.suppress(DBAPIError):
        connection.rollback()


async def _ended(task: asyncio.Task[None]) -> None:
    """Waits for its end even when cancelled: until then nobody else may have the connection."""
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


def _busy(error: Exception) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _of_the_database(error: BaseException | None) -> Exception | None:
    """The error to tell of: a full disk ends the transaction, and what is complained of then is a missing savepoint."""
    while isinstance(error, (DBAPIError, sqlite3.Error)):
        if not _of_the_statement(error):
            return error
        error = error.__context__
    return None


def _of_the_statement(error: Exception) -> bool:
    cause = getattr(error, "orig", error)
    return isinstance(cause, sqlite3.IntegrityError) or _code(error) in _OF_THE_STATEMENT


def _code(error: Exception) -> int | None:
    """SQLite's primary code; its extended ones say more in the higher bytes. The driver's own errors have none."""
    code: int | None = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _unavailable(error: Exception) -> LedgerUnavailable:
    cause = getattr(error, "orig", error)
    if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        text = "another process holds a transaction open: end it, and keep transactions short"
    else:
        text = "check its file, its folder's rights, and the space on the disk"
    return LedgerUnavailable(f"the database cannot be used: {cause}; {text}")
