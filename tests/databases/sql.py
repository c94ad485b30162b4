"""SQL beside the tests: callable with and without a running loop, because it brings a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

T = TypeVar("T")
_PAUSE_S = 0.02
_ANSWER_S = 2


def execute(url: str, *statements: str) -> list[Any]:
    """Run statements, each its own transaction; the rows of the last one that has any."""
    return _in_a_thread(_execute(url, statements))


def wait_for(url: str, alive: Callable[[], bool], timeout_s: float) -> bool:
    """Whether the server answers before it dies or the time is over."""
    return _in_a_thread(_wait_for(url, alive, timeout_s))


def _in_a_thread(work: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _engine(url: str) -> AsyncEngine:
    return create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


async def _execute(url: str, statements: tuple[str, ...]) -> list[Any]:
    rows: list[Any] = []
    async with _engine(url).connect() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
            rows = list(result) if result.returns_rows else rows
    return rows


async def _wait_for(url: str, alive: Callable[[], bool], timeout_s: float) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while alive() and loop.time() < end:
        try:
            async with asyncio.timeout(
                _ANSWER_S
            ):  # a stranger on this port may take the connection and say nothing
                await _execute(url, ("SELECT 1",))
        except (OSError, DBAPIError):
            await asyncio.sleep(_PAUSE_S)
        else:
            return True
    return False
