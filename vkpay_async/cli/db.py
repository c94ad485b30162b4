"""``vkpay db``: the tables, and bringing them up to this version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import typer
from rich.text import Text

from vkpay_async.cli.source import ConfigPath, Database, missing_file, orders_url, shown_url
from vkpay_async.cli.terminal import AsJson, errors_said, marks_for, open_console, print_json
from vkpay_async.ledger.engine import open_store
from vkpay_async.ledger.migrations import upgrade
from vkpay_async.ledger.migrations.state import HEAD, State, revision_of, state_of
from vkpay_async.ledger.store import Store

db = typer.Typer(name="db", help="The database's tables.", no_args_is_help=True)

ADVICE: dict[State, str] = {
    "empty": "no tables yet; they are made when the application starts, or by vkpay db upgrade",
    "older": "make a backup, stop the application, and run vkpay db upgrade",
    "newer": "made by a newer version; upgrade the package: pip install -U vkpay-async",
}


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """``revision`` is what the database has, ``newest`` what this version works with."""

    database: str
    revision: str | None
    newest: str
    state: State


class Upgraded(msgspec.Struct, frozen=True, kw_only=True):
    """``before`` is ``null`` where there were no tables."""

    database: str
    before: str | None
    revision: str


@db.command("current")
def current(config: ConfigPath = None, database: Database = None, as_json: AsJson = False) -> None:
    """Which revision the tables have. Changes nothing; the exit status is 1 unless it is this version's."""
    with errors_said(as_json):
        found = asyncio.run(_current(orders_url(config, database)))
    good = found.state == "current"
    if as_json:
        print_json(found)
    else:
        _say(
            good,
            f"{found.database}: revision {found.revision or 'none'}, {found.state}",
            ADVICE.get(found.state),
        )
    raise typer.Exit(0 if good else 1)


@db.command("upgrade")
def upgrade_tables(config: ConfigPath = None, database: Database = None, as_json: AsJson = False) -> None:
    """Bring the tables up to this version; makes those of an empty database. Several at once do it once."""
    with errors_said(as_json):
        done = asyncio.run(_upgraded(orders_url(config, database)))
    if as_json:
        print_json(done)
    else:
        _say(True, f"{done.database}: {_change(done)}")


async def _current(url: str) -> Current:
    revision = None
    if not missing_file(url):
        async with _opened(url) as store:
            revision = await store.read(revision_of)
    return Current(database=shown_url(url), revision=revision, newest=HEAD, state=state_of(revision))


async def _upgraded(url: str) -> Upgraded:
    async with _opened(url) as store:
        before = await upgrade(store)
    return Upgraded(database=shown_url(url), before=before, revision=HEAD)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    store = open_store(url)
    try:
        yield store
    finally:
        await store.close()


def _change(done: Upgraded) -> str:
    if done.before is None:
        return f"tables made, revision {done.revision}"
    if done.before == done.revision:
        return f"nothing to do, revision {done.revision}"
    return f"upgraded from revision {done.before} to {done.revision}"


def _say(good: bool, text: str, advice: str | None = None) -> None:
    console = open_console()
    marks = marks_for(console)
    console.print(Text(f"{marks.good if good else marks.bad} {text}"), soft_wrap=True)
    if advice:
        console.print(Text(f"  {marks.so} {advice}"), soft_wrap=True)
