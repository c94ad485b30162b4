"""``vkpay query``: the provider's word beside the ledger's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from vkpay_async.cli.orders.view import STATUS, handler_text, order_row
from vkpay_async.cli.source import ConfigPath, Database, database_url, load_config, open_orders
from vkpay_async.cli.terminal import (
    AsJson,
    errors_said,
    marks_for,
    open_console,
    plain_table,
    print_json,
    printable,
    time_text,
)
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config.vault import vault_from_env
from vkpay_async.errors import NotificationMismatch, ResourceNotFound
from vkpay_async.ledger import KnownMerchants, Merchants
from vkpay_async.models import Trade, TradeState
from vkpay_async.money import yuan_from_fen
from vkpay_async.notify.matching import check_trade
from vkpay_async.order import Order
from vkpay_async.providers.base import Provider
from vkpay_async.providers.registry import Providers
from vkpay_async.service.asking import Asking
from vkpay_async.transport import Transport

ENDED = frozenset({TradeState.CLOSED, TradeState.REVOKED, TradeState.PAYERROR})


class Difference(NamedTuple):
    detail: str
    advice: str


class Comparison(NamedTuple):
    """``trade`` is ``None`` where the provider knows none. ``pay_type`` is the way that was asked, of several perhaps."""

    order: Order
    trade: Trade | None
    difference: Difference | None
    pay_type: str = ""


def query(
    out_trade_no: str, config: ConfigPath = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Ask the provider how an order stands, and compare with the ledger. Changes nothing.

    The exit status is 1 if they disagree.
    """
    with errors_said(as_json):
        found = asyncio.run(_compared(config, database, out_trade_no))
    if as_json:
        print_json(_object(found))
    else:
        _show(open_console(), found)
    raise typer.Exit(0 if found.difference is None else 1)


async def _compared(path: Path | None, database: str | None, out_trade_no: str) -> Comparison:
    config = load_config(path)
    async with open_orders(database_url(config, database)) as ledger:
        order = await ledger.require(out_trade_no)
        providers = Providers(config, SYSTEM_ENV)
        merchants = Merchants(ledger, vault_from_env(), SYSTEM_ENV.now_ms)
        await KnownMerchants(merchants, providers, SYSTEM_ENV.now_ms).ensure(order.pid)
    transport = Transport(config.http)
    try:
        way, provider, trade, known = await Asking(providers, transport).paid_or_latest(order)
    except ResourceNotFound:
        return Comparison(order, None, difference(order, None, providers.get(order.pid, order.pay_type)))
    finally:
        await transport.close()
    found = trade if known else None
    return Comparison(order, found, difference(way, found, provider), way.pay_type)


def difference(order: Order, trade: Trade | None, provider: Provider) -> Difference | None:
    """What the two sides do not agree on. A trade that was given back in full is closed, and was paid."""
    paid_there = trade is not None and (trade.state.paid or trade.success_time is not None)
    if trade is not None and paid_there:
        return _mismatch(order, trade, provider) or _paid_there(order, trade)
    if order.paid:
        return Difference(
            "paid here, and not at the provider",
            "deliver nothing more; check that the config names the merchant the order was created with",
        )
    return _unpaid_there(order, trade)


def _mismatch(order: Order, trade: Trade, provider: Provider) -> Difference | None:
    try:
        check_trade(order, trade, provider)
    except NotificationMismatch as error:
        return Difference(error.msg, "deliver nothing; find out who paid what, and refund it in the console")
    return None


def _paid_there(order: Order, trade: Trade) -> Difference | None:
    if not order.paid and trade.state is TradeState.REFUND:
        return Difference(
            f"paid and given back at the provider, all or a part, {STATUS[order.status]} here",
            "nothing is delivered for it: find out how much is left, and replay its notification (vkpay notifications list "
            "--state unmatched) to deliver all the same",
        )
    if not order.paid:
        return Difference(
            f"paid at the provider, {STATUS[order.status]} here: its notification has not arrived",
            f"call pay.query_payment(out_trade_no={order.out_trade_no!r}, await_notify=True) in the application, "
            "which runs the handler; then find out with vkpay doctor why the notification did not come",
        )
    if order.status == 1 and trade.state in (TradeState.REFUND, TradeState.CLOSED):
        return Difference(
            "refunded at the provider, and not here",
            "a refund made in the console is not kept here; for one of the application call pay.query_refund",
        )
    return None


def _unpaid_there(order: Order, trade: Trade | None) -> Difference | None:
    ended_there = trade is not None and trade.state in ENDED
    if order.status == 0 and ended_there:
        return Difference(
            "ended at the provider, unpaid here", "call pay.close_payment; the buyer needs a new order"
        )
    if order.status < 0 and trade is not None and not ended_there:
        return Difference(
            "closed here, and still payable at the provider", "call pay.close_payment once more"
        )
    return None


def _object(found: Comparison) -> dict[str, Any]:
    trade = None if found.trade is None else msgspec.structs.asdict(found.trade)
    if trade is not None:
        del trade["raw"]
    return {
        "ok": found.difference is None,
        "order": order_row(found.order),
        "trade": trade,
        "difference": None if found.difference is None else found.difference._asdict(),
    }


def _show(console: Console, found: Comparison) -> None:
    order, trade = found.order, found.trade
    table = plain_table("", "here", "at the provider")
    table.add_row("state", STATUS[order.status], trade.raw_state if trade else "knows no such order")
    if len(order.ways) > 1:
        table.add_row("pay_type", order.pay_type, found.pay_type)
    table.add_row("yuan", yuan_from_fen(order.total_fee), _yuan(trade))
    table.add_row("transaction_id", order.transaction_id, trade.transaction_id if trade else "")
    table.add_row("paid (UTC+8)", time_text(order.pay_date), time_text(trade.success_time if trade else None))
    table.add_row("handler", Text(printable(handler_text(order))), "")
    console.print(table)
    if found.difference is None:
        console.print("they agree", style="green")
        return
    console.print(Text(printable(found.difference.detail), "bold red"))
    console.print(Text(f"{marks_for(console).so} {found.difference.advice}"))


def _yuan(trade: Trade | None) -> str:
    return yuan_from_fen(trade.total_fee) if trade is not None and trade.total_fee is not None else ""
