"""``vkpay orders list`` and ``vkpay orders show``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from vkpay_async.cli.orders.view import Found, order_row, page_object, show_order, show_page
from vkpay_async.cli.source import ConfigPath, Database, open_orders, orders_url
from vkpay_async.cli.terminal import AsJson, errors_said, open_console, print_json
from vkpay_async.order import Order

orders = typer.Typer(name="orders", help="The orders of the ledger.", no_args_is_help=True)

LARGEST_PAGE = 500


@orders.command("list")
def list_orders(
    status: Annotated[
        list[str] | None,
        typer.Option(
            help="notpay, success, paid, refund, closed, or a number -1 to 3; several times: any of them."
        ),
    ] = None,
    order_type: Annotated[
        list[str] | None, typer.Option("--type", help="The order's type, which picks its handler.")
    ] = None,
    user: Annotated[list[str] | None, typer.Option(help="The user_id.")] = None,
    pid: Annotated[list[str] | None, typer.Option(help="The merchant.")] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Only those behind this one: the last of the page before."),
    ] = None,
    size: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE)] = 20,
    total: Annotated[
        bool, typer.Option("--total", help="Count them all, which takes as long as there are many.")
    ] = False,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Orders, the newest first. Every page costs the same, however deep."""
    where = {
        "status": [_status(word) for word in status or ()],
        "type": order_type,
        "user_id": user,
        "pid": [name for given in pid or () for name in _pids(given)],
    }
    with errors_said(as_json):
        wanted = {name: values for name, values in where.items() if values}
        found = asyncio.run(_page(orders_url(config, database), wanted, after, size, total))
    if as_json:
        print_json(page_object(found))
    else:
        show_page(open_console(), found)


@orders.command("show")
def show_one(
    out_trade_no: str,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """One order: its refunds, its times, and what became of its handler."""
    with errors_said(as_json):
        order = asyncio.run(_order(orders_url(config, database), out_trade_no))
    if as_json:
        print_json(order_row(order))
    else:
        show_order(open_console(), order)


async def _page(url: str, where: dict[str, Any], after: str | None, size: int, counted: bool) -> Found:
    async with open_orders(url) as ledger:
        last = None if after is None else await ledger.require(after)
        rows = await ledger.page(where, after=last, page_size=size)
        total = await ledger.count(where) if counted else None
        following = rows[-1].out_trade_no if len(rows) == size else None
        return Found(rows=rows, next=following, total=total)


async def _order(url: str, out_trade_no: str) -> Order:
    async with open_orders(url) as ledger:
        return await ledger.require(out_trade_no)


def _status(word: str) -> int | str:
    try:
        return int(word)
    except ValueError:
        return word.upper()


def _pids(name: str) -> list[str | None]:
    """An order of the merchant ``default`` may have been created without a pid."""
    return [name, None] if name == "default" else [name]
