"""Whether orders can be kept."""

from __future__ import annotations

import os

from sqlalchemy import Connection, false, inspect, update

from vkpay_async.cli.db import ADVICE as ADVICE_ON_TABLES
from vkpay_async.cli.doctor.check import Check, misconfigured
from vkpay_async.cli.source import missing_file, shown_url
from vkpay_async.errors import ConfigError, LedgerUnavailable
from vkpay_async.ledger.engine import open_store
from vkpay_async.ledger.migrations.state import HEAD, revision_of, state_of
from vkpay_async.ledger.schema import orders

KIND = "database"
ADVICE = "check that the address is right, and that this user may write to the database and its folder"


async def check_database(url: str) -> Check:
    """Writes nothing, and makes no file: an update that meets no row needs the right to write all the same."""
    if missing := missing_file(url):
        return _unmade(missing.absolute().parent, shown_url(url))
    try:
        store = open_store(url)
    except ConfigError as error:
        return misconfigured(error, kind=KIND)
    try:
        there = await store.write(_writable)
        revision = await store.read(revision_of)
    except LedgerUnavailable as error:
        detail = f"{shown_url(url)}: {error.msg}"
        return Check(kind=KIND, state="problem", detail=detail, advice=ADVICE)
    finally:
        await store.close()
    state = state_of(revision)
    if there and state in ("older", "newer"):
        detail = f"{shown_url(url)} has tables of revision {revision}; this version works with {HEAD}"
        return Check(kind=KIND, state="problem", detail=detail, advice=ADVICE_ON_TABLES[state])
    made = "can be written" if there else "can be written; its tables are made when the application starts"
    return Check(kind=KIND, detail=f"{shown_url(url)} {made}")


def _unmade(folder: os.PathLike[str], url: str) -> Check:
    if os.access(folder, os.W_OK):
        return Check(kind=KIND, detail=f"{url} is made when the application starts")
    return Check(
        kind=KIND,
        state="problem",
        detail=f"{url} is not there, and {os.fspath(folder)} is no folder that can be written to",
        advice=ADVICE,
    )


def _writable(connection: Connection) -> bool:
    """Whether the tables are there. Raises where nothing can be written."""
    there = inspect(connection).has_table(orders.name)
    if there:
        connection.execute(update(orders).where(false()).values(refund_num=orders.c.refund_num))
    return there
