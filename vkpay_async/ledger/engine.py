"""From a SQLAlchemy URL to a store with the settings that money needs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import msgspec
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool, StaticPool

from vkpay_async.errors import ConfigError
from vkpay_async.ledger.server import ServerStore
from vkpay_async.ledger.sqlite import SqliteStore, settle_connection
from vkpay_async.ledger.store import Store

DEFAULT_URL = "sqlite:///vkpay.db"

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
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=10,
        **_OPTIONS,
    )
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
