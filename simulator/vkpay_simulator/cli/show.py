"""What the commands print, for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import typer
from rich.cells import cell_len, set_cell_size

CHINA = timezone(timedelta(hours=8))


def order(one: dict[str, Any]) -> None:
    _print(f"{one['out_trade_no']}  {one['provider']}  {one['state']}  {_yuan(one['total_fee'])}")


def orders(found: list[dict[str, Any]]) -> None:
    _table(
        ("out_trade_no", "provider", "pid", "product", "state", "yuan", "refunded", "created"),
        (
            (
                one["out_trade_no"],
                one["provider"],
                one["pid"],
                one["product"],
                one["state"],
                _yuan(one["total_fee"]),
                _yuan(one["refunded_fee"]),
                _time(one["created_ms"]),
            )
            for one in found
        ),
        "No orders yet.",
    )


def deliveries(found: list[dict[str, Any]], *, empty: str = "No notifications yet.") -> None:
    _table(
        ("id", "about", "event", "state", "sent", "last answer", "next"),
        (
            (
                one["id"],
                one["subject"],
                one["event"],
                one["state"],
                str(len(one["attempts"])),
                one["note"] or _last(one["attempts"]),
                _time(one["next_ms"]),
            )
            for one in found
        ),
        empty,
    )


def journal(entries: list[dict[str, Any]]) -> None:
    _table(
        ("time", "operation", "about", "status", "ms", "why"),
        (
            (
                _time(one["at_ms"]),
                one["operation"] or f"{one['method']} {one['target']}",
                one["subject"] or "",
                str(one["status"] or "-"),
                str(one["duration_ms"]),
                one["explain"],
            )
            for one in entries
        ),
        "Nothing has happened yet.",
    )


def clock(now: dict[str, Any]) -> None:
    _print(f"It is {now['now']} ({timedelta(seconds=round(now['offset_seconds']))} ahead).")


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]], empty: str) -> None:
    """Nothing is cut or folded to the terminal's width: numbers are there to be copied."""
    lines = [tuple(columns), *(tuple(" ".join(cell.split()) for cell in row) for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    table = ["  ".join(map(set_cell_size, line, widths)) for line in lines]
    for text in table if len(table) > 1 else [empty]:
        _print(text)


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    typer.echo(text.rstrip().encode(encoding, "replace").decode(encoding))


def _last(attempts: list[dict[str, Any]]) -> str:
    if not attempts:
        return ""
    last = attempts[-1]
    return last["error"] if last["status"] is None else f"{last['status']} {last['reply'][:40]}"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _time(ms: int | None) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, CHINA).strftime("%m-%d %H:%M:%S")
