"""Orders for people: amounts in yuan, times in UTC+8; and for programs, in fen and milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from vkpay_async.cli.terminal import plain_table, printable, time_text
from vkpay_async.money import yuan_from_fen
from vkpay_async.order import Order

STATUS = {-1: "closed", 0: "unpaid", 1: "paid", 2: "refunded in part", 3: "refunded"}
STYLES = {-1: "dim", 1: "green", 2: "yellow", 3: "yellow"}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of orders. ``next`` is the number to go on behind, ``None`` at the end; ``total`` only where it was counted."""

    rows: Sequence[Order]
    next: str | None = None
    total: int | None = None


def order_row(order: Order) -> dict[str, Any]:
    """Every field but the sub-merchant's token. ``other_ways`` are the pay_types in which it was begun beside its own."""
    own, *others = order.ways
    row: dict[str, Any] = msgspec.to_builtins(own)
    del row["app_auth_token"]
    return {**row, **({"other_ways": [way.pay_type for way in others]} if others else {})}


def page_object(page: Found) -> dict[str, Any]:
    total = {} if page.total is None else {"total": page.total}
    return {"rows": [order_row(order) for order in page.rows], "next": page.next, **total}


def show_page(console: Console, page: Found) -> None:
    table = plain_table("out_trade_no", "status", "yuan", "pay_type", "type", "user", "created (UTC+8)")
    table.columns[2].justify = "right"
    for order in page.rows:
        table.add_row(
            Text(order.out_trade_no),
            status_text(order),
            yuan_from_fen(order.total_fee),
            order.pay_type,
            Text(printable(order.type)),
            Text(printable(order.user_id or "")),
            time_text(order.create_date),
        )
    if page.rows:
        console.print(table)
    more = f"; older ones with --after {page.next}" if page.next else ""
    total = "" if page.total is None else f" of {page.total}"
    console.print(Text(f"{len(page.rows)}{total} orders{printable(more)}"))


def show_order(console: Console, order: Order) -> None:
    table = plain_table("", "")
    table.show_header = False
    for name, value in _lines(order):
        if value:
            table.add_row(name, Text(printable(value)))
    console.print(table)
    if order.refund_list:
        console.print("", _refunds(order))


def status_text(order: Order) -> Text:
    return Text(STATUS[order.status], STYLES.get(order.status, ""))


def handler_text(order: Order) -> str:
    """What became of the handler, and who calls it next."""
    if not order.paid:
        return ""
    if order.handler_error is not None:
        return f"failed: {order.handler_error}"
    if order.user_order_success is None:
        return "no answer yet"
    return "done" if order.user_order_success else "answered False"


def _lines(order: Order) -> Iterator[tuple[str, str]]:
    yield "out_trade_no", order.out_trade_no
    yield "status", f"{order.status} {STATUS[order.status]}"
    yield "amount", f"{yuan_from_fen(order.total_fee)} yuan"
    yield "refunded", f"{yuan_from_fen(order.refund_fee)} yuan" if order.refund_fee else ""
    yield "handler", handler_text(order)
    yield "type", order.type
    yield "pay_type", order.pay_type
    yield "begun also", ", ".join(way.pay_type for way in order.ways[1:])
    yield "merchant", order.pid or "default"
    yield "description", order.description
    yield "user", order.user_id or ""
    yield "transaction_id", order.transaction_id or ""
    yield "created", _moment(order.create_date)
    yield "paid", _moment(order.pay_date)
    yield "notified", _moment(order.notify_date)
    yield "closed", _moment(order.cancel_date)
    yield "custom", msgspec.json.encode(order.custom).decode() if order.custom else ""


def _moment(ms: int | None) -> str:
    return f"{time_text(ms)} UTC+8" if ms else ""


def _refunds(order: Order) -> Any:
    table = plain_table("out_refund_no", "state", "yuan", "asked (UTC+8)", "reason")
    table.columns[2].justify = "right"
    for entry in order.refund_list:
        table.add_row(
            Text(entry.out_refund_no),
            entry.state,
            yuan_from_fen(entry.refund_fee),
            time_text(entry.refund_date),
            Text(printable(entry.refund_desc)),
        )
    return table
