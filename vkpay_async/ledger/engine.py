"""A database engine with the settings that money needs."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from vkpay_async.errors import ConfigError

DEFAULT_URL = "sqlite+aiosqlite:///vkpay.db"


# A database in memory lives in its connection; one user of it at a time, or a rollback takes others' work along.
_ONE_CONNECTION: dict[str, Any] = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}


def open_engine(url: str) -> AsyncEngine:
    """An engine for a SQLAlchemy URL; ``sqlite:///file.db`` means aiosqlite. Raises :class:`ConfigError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(f"database: not a URL like {DEFAULT_URL}") from None
    if parsed.drivername == "sqlite":
        parsed = parsed.set(drivername="sqlite+aiosqlite")
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(f"database: this version keeps orders in SQLite, e.g. {DEFAULT_URL}")
    # Parameters are tokens and people's names; without this, every database error prints them.
    engine = create_async_engine(
        parsed, hide_parameters=True, **(_ONE_CONNECTION if _in_memory(parsed) else {})
    )
    _silence(logging.getLogger("aiosqlite"))
    event.listen(engine.sync_engine, "connect", _settle_sqlite)
    return engine


def _silence(logger: logging.Logger) -> None:
    """At DEBUG it writes every parameter into the log, tokens among them; whoever wants that sets its level."""
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


def _in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _settle_sqlite(connection: Any, _: Any) -> None:
    """WAL and FULL: what was committed survives a power cut. A writer waits for another for up to 10 s."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
