"""From a SQLAlchemy URL to a store with the settings that money needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, InvalidatePoolError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from vkpay_async.errors import ConfigError
from vkpay_async.ledger.server import ServerStore
from vkpay_async.ledger.sqlite import SqliteStore, settle_connection
from vkpay_async.ledger.store import Store

DEFAULT_URL = "sqlite:///vkpay.db"

CONNECT_LIMIT_S = 10.0
"""How long a server may take to let us in. The drivers' own limits end where the server has accepted and says nothing."""

RESTED_S = 1.0
_USED = "vkpay used"

# Notes such as "the table exists" cost a round trip each and end as warnings in the application's log; without strict
# mode, a text too long for its column is cut short.
_MYSQL_SESSION = "SET sql_notes = 0, sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')"
_MYSQL_CHECK_FAILED = frozenset({3819, 4025})

_DRIVERS = {
    "sqlite": ("sqlite+pysqlite", "sqlite3", ""),
    "postgresql": ("postgresql+asyncpg", "asyncpg", "postgres"),
    "mysql": ("mysql+asyncmy", "asyncmy", "mysql"),
    "mariadb": ("mariadb+asyncmy", "asyncmy", "mysql"),
}


def open_store(url: str) -> Store:
    """A store for a SQLAlchemy URL; drivers may be left out. Nothing is connected yet. Raises :class:`ConfigError`."""
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    # Parameters are tokens and people's names; without hide_parameters, every database error prints them.
    engine = create_async_engine(
        parsed,
        isolation_level="READ COMMITTED",
        pool_size=10,
        max_overflow=10,
        pool_timeout=10,
        connect_args=_connect_arguments(parsed),
        **_OPTIONS,
    )
    event.listen(engine.sync_engine, "handle_error", _name_check)
    _ping_rested(engine.sync_engine)
    return ServerStore(engine)


def parsed_url(url: str) -> URL:
    """The URL with the driver that is used for its database. Raises :class:`ConfigError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(f"database: not a URL like {DEFAULT_URL} or postgresql://user@host/name") from None
    backend = parsed.drivername.partition("+")[0]
    if backend not in _DRIVERS:
        raise ConfigError(f"database: {backend!r} is none of {', '.join(_DRIVERS)}")
    drivername, module, extra = _DRIVERS[backend]
    if find_spec(module) is None:
        raise ConfigError(f"database: {backend} needs {module}: pip install 'vkpay-async[{extra}]'")
    return parsed.set(drivername=drivername)


def in_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def _connect_arguments(url: URL) -> dict[str, Any]:
    backend = url.get_backend_name()
    driver = import_module(_DRIVERS[backend][1])
    arguments: dict[str, Any] = {"async_creator_fn": _limited(driver.connect)}
    return arguments if backend == "postgresql" else {**arguments, "init_command": _MYSQL_SESSION}


def _ping_rested(engine: Engine) -> None:
    """A connection is tried before its use only where it has rested: under load that would be a round trip for each batch."""

    def taken(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get(_USED, time.monotonic()) < RESTED_S:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            alive = False
        if not alive:
            raise InvalidatePoolError

    def given_back(_: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = time.monotonic()

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", given_back)


def _limited(connect: Callable[..., Any]) -> Callable[..., Any]:
    async def connected(*arguments: Any, **named: Any) -> Any:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                return await connect(*arguments, **named)
        except TimeoutError:
            raise TimeoutError(f"no answer within {CONNECT_LIMIT_S:g} s") from None

    return connected


def _name_check(context: Any) -> IntegrityError | None:
    """A failed CHECK is to the drivers of MySQL an operational error, as if the server were at fault."""
    cause = context.original_exception
    if cause.args and cause.args[0] in _MYSQL_CHECK_FAILED:
        return IntegrityError(context.statement, None, cause, hide_parameters=True)
    return None


def _sqlite(url: URL) -> SqliteStore:
    memory = in_memory(url)
    engine = create_engine(
        url,
        poolclass=StaticPool if memory else QueuePool,
        connect_args={"check_same_thread": False},
        **_OPTIONS,
    )
    event.listen(engine, "connect", settle_connection)
    return SqliteStore(engine, memory=memory)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,
    "json_serializer": _json,
    "json_deserializer": msgspec.json.decode,
}
