"""``vkpay reconcile --date``: every account's bill of a day, compared line by line."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from vkpay_async.cli.reconcile.view import Progress, show
from vkpay_async.cli.source import ConfigPath, Database, database_url, load_config, missing_file
from vkpay_async.cli.terminal import AsJson, errors_said, open_console, print_json
from vkpay_async.client import VKPay
from vkpay_async.errors import ConfigError, InvalidArgument, VKPayError
from vkpay_async.jobs.reconcile import BEIJING, Books, books_of
from vkpay_async.jobs.reconcile import reconcile as compare
from vkpay_async.ledger.days import Reconciliation


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What one account came to: the comparison, or why there is none."""

    provider: str
    pid: str
    result: Reconciliation | None = None
    error: str | None = None


def reconcile(
    date: Annotated[
        str | None, typer.Option("--date", help="YYYY-MM-DD in Beijing; by default yesterday.")
    ] = None,
    pid: Annotated[str | None, typer.Option(help="Only this merchant.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only this provider, e.g. wxpay.")] = None,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Compare a day's bills with the ledger, and keep the differences.

    The exit status is 1 if anything differs or a bill could not be had.
    """
    console = open_console()
    with errors_said(as_json):
        day = _day(date)
        settings = load_config(config)
        url = database_url(settings, database)
        if missing := missing_file(url):
            raise ConfigError(
                f"no database {missing.absolute()}: give --config or --database of the application"
            )
        pay = VKPay(settings, database=url)
        if as_json:
            found = asyncio.run(_compared(pay, day, pid, provider, lambda _: None))
        else:
            with Progress(console) as progress:
                found = asyncio.run(_compared(pay, day, pid, provider, progress.next))
    if as_json:
        print_json({"date": day.isoformat(), "accounts": found})
    else:
        show(console, day, found)
    clean = all(one.result is not None and not one.result.differences for one in found)
    raise typer.Exit(0 if clean else 1)


async def _compared(
    pay: VKPay, day: dt.date, pid: str | None, provider: str | None, told: Callable[[Books], None]
) -> list[Compared]:
    async with pay:
        accounts = books_of(pay.context, pid=pid, provider=provider)
        if not accounts:
            raise InvalidArgument("no account to compare: the config has no such merchant or provider")
        found = []
        for books in accounts:
            told(books)
            found.append(await _one(pay, books, day))
        return found


async def _one(pay: VKPay, books: Books, day: dt.date) -> Compared:
    """One account whose bill cannot be had does not keep the others from being compared."""
    account = books.account
    try:
        result = await compare(pay.context, books, day)
    except VKPayError as error:
        return Compared(provider=account.provider, pid=account.pid, error=error.msg)
    return Compared(provider=account.provider, pid=account.pid, result=result)


def _day(text: str | None) -> dt.date:
    today = dt.datetime.now(BEIJING).date()
    if text is None:
        return today - dt.timedelta(days=1)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(f"--date {text!r} is not a date like {today}") from None
