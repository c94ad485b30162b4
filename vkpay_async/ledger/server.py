"""PostgreSQL, MySQL and what speaks like them: SQLAlchemy's asynchronous engine."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vkpay_async.errors import LedgerUnavailable
from vkpay_async.ledger.bulk import keep_to_indexes
from vkpay_async.ledger.store import Work
from vkpay_async.ledger.wake import Wakes

T = TypeVar("T")

ATTEMPTS = 6
_AGAIN_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_AGAIN_MYSQL = frozenset({1205, 1213, 3572})
# Bad data, a violated constraint, a statement with a mistake: the caller's, and no reason to call the database gone.
_OF_THE_STATEMENT = (DataError, IntegrityError, ProgrammingError)
_CLASSES_OF_THE_STATEMENT = ("22", "23")
_BROKEN = (DBAPIError, PoolExhausted, OSError)


class ServerStore:
    """A pool of connections. A transaction that the server broke off for another's sake is run again."""

    writers: ClassVar[int] = 2

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reader = _reader(engine)
        self._wakes = Wakes(engine) if engine.dialect.name == "postgresql" else None
        self._running: set[asyncio.Task[Any]] = set()

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        async def once() -> T:
            async with self._reader.connect() as connection:
                return await connection.run_sync(work)

        return await self._whole(_persistent(once))

    async def write(self, work: Work[T]) -> T:
        async def once() -> T:
            async with self._engine.begin() as connection:
                return await connection.run_sync(by_key)

        def by_key(connection: Connection) -> T:
            keep_to_indexes(connection)
            return work(connection)

        return await self._whole(_persistent(once))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ServerTransaction]:
        # What the block raises of its own is not the database's: only what goes to the database is guarded.
        async with AsyncExitStack() as stack:
            with _as_unavailable():
                connection = await stack.enter_async_context(self._engine.begin())
            yield ServerTransaction(connection)
            with _as_unavailable():
                await connection.commit()

    def tell(self, number: str) -> None:
        if self._wakes is not None:
            self._wakes.tell(number)

    async def listen(self, wake: Callable[[str], None]) -> None:
        if self._wakes is not None:
            await self._wakes.listen(wake)

    def check_outside(self) -> None:
        """Every transaction has a connection of its own here."""

    async def close(self) -> None:
        while self._running:
            await asyncio.wait(self._running)
        if self._wakes is not None:
            await self._wakes.close()
        await self._engine.dispose()

    async def _whole(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Goes on when its caller is cancelled: drivers lose the connection of what is broken off in the middle."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)


class ServerTransaction:
    """The open transaction of a handler. ``connection`` is SQLAlchemy's own."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        with _as_unavailable():
            return await self.connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        with _as_unavailable():
            return await self.connection.scalar(statement, parameters)

    async def run_sync(self, work: Work[T]) -> T:
        with _as_unavailable():
            return await self.connection.run_sync(work)


def _reader(engine: AsyncEngine) -> AsyncEngine:
    """Without a transaction where that costs nothing: MySQL's driver would tell its server of it and take it back, which
    makes six statements of one.
    """
    on_mysql = engine.dialect.name in ("mysql", "mariadb")
    return engine if on_mysql else engine.execution_options(isolation_level="AUTOCOMMIT")


async def _persistent(once: Callable[[], Awaitable[T]]) -> T:
    """Raises :class:`LedgerUnavailable`; an error of the statement is the caller's to read."""
    for attempt in range(1, ATTEMPTS + 1):
        with _as_unavailable():
            try:
                return await once()
            except _BROKEN as error:
                if not _again(error) or attempt == ATTEMPTS:
                    raise
        await asyncio.sleep(0.005 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - a pause
    raise AssertionError("the last attempt raises")


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        if _of_the_statement(error):
            raise
        raise _unavailable(error) from error


def _again(error: Exception) -> bool:
    """Deadlock, serialization failure, lock timeout: the server undid all of it and asks for another try."""
    cause = getattr(error, "orig", None)
    number = cause.args[0] if cause is not None and cause.args else None
    return _sqlstate(error) in _AGAIN_SQLSTATES or number in _AGAIN_MYSQL


def _of_the_statement(error: Exception) -> bool:
    return isinstance(error, _OF_THE_STATEMENT) or _sqlstate(error).startswith(_CLASSES_OF_THE_STATEMENT)


def _sqlstate(error: Exception) -> str:
    cause = getattr(error, "orig", None)
    found = getattr(cause, "sqlstate", None) or getattr(getattr(cause, "__cause__", None), "sqlstate", None)
    return found or ""


def _unavailable(error: Exception) -> LedgerUnavailable:
    if isinstance(error, PoolExhausted):
        return LedgerUnavailable(
            "all connections to the database are in use: handlers keep theirs until they return, so make them shorter, "
            "or let fewer run at once"
        )
    cause = getattr(error, "orig", None) or error
    text = str(cause).partition("\n")[0] or type(cause).__name__
    return LedgerUnavailable(
        f"the database cannot be used: {text}; check that it runs, its address, its rights, and its connection limit"
    )
