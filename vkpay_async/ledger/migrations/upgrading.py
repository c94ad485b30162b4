"""From an older schema to the newest: alembic's revisions over a connection of ours."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from vkpay_async.errors import ConfigError
from vkpay_async.ledger.migrations.alone import alone
from vkpay_async.ledger.migrations.state import HEAD, check, make, revision_of, state_of, version
from vkpay_async.ledger.store import Store

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent


async def upgrade(store: Store) -> str | None:
    """Brings the tables up to this version, and gives the revision they had: ``None`` for an empty database.

    Raises :class:`ConfigError` for a newer schema, and where alembic is missing.
    """
    return await store.write(upgrade_connection)


def upgrade_connection(connection: Connection) -> str | None:
    """As :func:`upgrade`, in the caller's transaction, which MySQL's DDL commits."""
    with alone(connection):
        before = revision_of(connection)
        state = state_of(before)
        if state == "empty":
            make(connection)
        elif state == "older":
            run_revisions(connection)
        elif before is not None:
            check(before)
        return before


def run_revisions(connection: Connection) -> None:
    """All that the database has not had."""
    if find_spec("alembic") is None:
        raise ConfigError("the upgrade needs alembic: pip install 'vkpay-async[cli]'")
    from alembic import command

    version.create(connection, checkfirst=True)
    command.upgrade(configured(connection), HEAD)


def configured(connection: Connection) -> Config:
    """alembic's settings, without an ini file."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
