"""One database behind one way of working: a function over a connection, run in one transaction.

``read`` and ``write`` take a plain function of a SQLAlchemy connection, which the same SQL layer serves on all
databases. On SQLite it runs on the loop, where a statement takes microseconds, and only the commit, which waits for the
disk, runs in a thread; on a server it runs over the asynchronous driver.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Executable

T = TypeVar("T")

Work = Callable[[Connection], T]


class Transaction(Protocol):
    """An open transaction, as a handler gets it: what it writes is committed with the mark that the handler ran."""

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Runs a SQLAlchemy Core statement, or ``text(…)``."""

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """The first column of the first row, or ``None``."""

    async def run_sync(self, work: Work[T]) -> T:
        """Runs a plain function of the SQLAlchemy connection, for the ORM: ``lambda c: Session(bind=c)…``."""


class Store(Protocol):
    """A database. Raises :class:`LedgerUnavailable` for what only the database's keeper can mend.

    ``writers`` is how many batches may be written at once.
    """

    writers: ClassVar[int]

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        """Runs ``work`` over a connection that only reads. ``long`` says that it may take more than a moment."""

    async def write(self, work: Work[T]) -> T:
        """Runs ``work`` in one transaction, again from the start after a deadlock. Committed when this returns."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that is committed at the end of the block, rolled back when the block raises."""

    def tell(self, number: str) -> None:
        """Tells other processes that something happened to a number, where the database can carry it."""

    async def listen(self, wake: Callable[[str], None]) -> None:
        """Calls ``wake`` with the numbers that other processes tell of, where the database can carry them."""

    def check_outside(self) -> None:
        """Raises :class:`VKPayError` where a write now would wait for the caller's own open transaction."""

    async def close(self) -> None:
        """Waits for running transactions and closes the connections."""
