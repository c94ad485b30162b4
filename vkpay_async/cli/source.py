"""Which config and which database a command is about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vkpay_async.client import DEFAULT_DATABASE
from vkpay_async.config import Config, config_from_file
from vkpay_async.errors import ConfigError

if TYPE_CHECKING:
    from vkpay_async.ledger import Ledger

DEFAULT_CONFIG = Path("vkpay.toml")

ConfigPath = Annotated[
    Path | None, typer.Option("--config", help=f"The TOML file; by default {DEFAULT_CONFIG}.")
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help=f"The orders, as a SQLAlchemy URL; by default the config's, else {DEFAULT_DATABASE}.",
    ),
]


def load_config(path: Path | None) -> Config:
    """Raises :class:`ConfigError`."""
    return config_from_file(path or DEFAULT_CONFIG)


def database_url(config: Config | None, given: str | None) -> str:
    configured = config.database.reveal() if config is not None and config.database else None
    return given or configured or DEFAULT_DATABASE


def orders_url(path: Path | None, given: str | None) -> str:
    """For commands that need the orders only: a config is read where one is named or lies here.

    Raises :class:`ConfigError`.
    """
    wanted = given is None and (path is not None or DEFAULT_CONFIG.exists())
    return database_url(load_config(path) if wanted else None, given)


def missing_file(url: str) -> Path | None:
    """The file of an SQLite URL, when it is not there."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return None
    return None if Path(name).exists() else Path(name)


def check_there(url: str) -> None:
    """Raises :class:`ConfigError` for a file that would be made."""
    if missing := missing_file(url):
        raise ConfigError(
            f"no database {missing.absolute()}: run this where the application runs, or give --config or --database"
        )


def shown_url(url: str) -> str:
    """Without its password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "***"


@asynccontextmanager
async def open_orders(url: str) -> AsyncIterator[Ledger]:
    """The orders that are there; looking at them makes no file. Raises :class:`ConfigError`."""
    from vkpay_async.ledger import Ledger

    check_there(url)
    ledger = Ledger(url)
    try:
        yield ledger
    finally:
        await ledger.close()
