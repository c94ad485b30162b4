"""News from other processes, where the database carries them: PostgreSQL's LISTEN and NOTIFY.

It only wakes who waits; nothing depends on it, and on other databases waiting is a short poll. A notice is sent after the
commit and by itself: PostgreSQL commits transactions that carry one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

log = logging.getLogger("vkpay_async.ledger")

CHANNEL = "vkpay_news"
LARGEST_NOTICE = 7_000
"""PostgreSQL takes 8,000 bytes less one."""
GATHER_S = 0.05
"""How long the next numbers gather after a notice. Each is a transaction; who waits for a payment is a person."""

_NOTIFY = text("SELECT pg_notify(:channel, :numbers)")


class Wakes:
    """Tells other processes of numbers, and is told of theirs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._told: dict[str, None] = {}
        self._telling: asyncio.Task[None] | None = None
        self._listening: AsyncConnection | None = None
        self._gone: list[AsyncConnection] = []
        self._opening = asyncio.Lock()
        self._closing = asyncio.Event()

    def tell(self, number: str) -> None:
        """Sends a notice at once, unless one was sent just now."""
        self._told[number] = None
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell(), name="vkpay-notify")

    async def listen(self, wake: Callable[[str], None]) -> None:
        """Calls ``wake`` with each number that is told of, until :meth:`close` or until the connection is lost."""
        async with self._opening:
            if self._listening is not None:
                return
            await self._let_go()
            with _unheard():
                connection = await self._engine.connect()
                driver: Any = (await connection.get_raw_connection()).driver_connection
                driver.add_termination_listener(self._lost)
                await driver.add_listener(CHANNEL, lambda *notice: _each(notice[-1], wake))
                self._listening = connection

    async def close(self) -> None:
        self._closing.set()
        if self._telling is not None:
            await self._telling
        self._lost(None)
        await self._let_go()

    def _lost(self, _: Any) -> None:
        if self._listening is not None:
            self._gone.append(self._listening)
            self._listening = None

    async def _let_go(self) -> None:
        """A connection that listened is of no use to anybody else."""
        while self._gone:
            with _unheard():
                connection = self._gone.pop()
                await connection.invalidate()
                await connection.close()

    async def _tell(self) -> None:
        try:
            while self._told:
                notice = "\n".join(_some(self._told))
                full = bool(self._told)
                with _unheard():
                    async with self._engine.connect() as connection:
                        await connection.execute(_NOTIFY, {"channel": CHANNEL, "numbers": notice})
                if not full:
                    await self._rest()
        finally:
            self._telling = None

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._closing.wait()


def _each(notice: str, wake: Callable[[str], None]) -> None:
    for number in notice.split("\n"):
        wake(number)


def _some(numbers: dict[str, None]) -> list[str]:
    """As many as one notice takes, taken out."""
    taken, size = [], 0
    while numbers and size < LARGEST_NOTICE:
        number = next(iter(numbers))
        del numbers[number]
        taken.append(number)
        size += len(number.encode()) + 1
    return taken


@contextlib.contextmanager
def _unheard() -> Any:
    """Whoever waits looks for itself twice a second: a notice that fails costs a moment."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.debug("no notices: %s", type(error).__name__)
