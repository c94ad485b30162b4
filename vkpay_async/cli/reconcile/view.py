"""Differences for people: amounts in yuan, the advice beneath each kind once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from vkpay_async.cli.terminal import marks_for, plain_table, printable
from vkpay_async.money import yuan_from_fen

if TYPE_CHECKING:
    from vkpay_async.cli.reconcile.command import Compared
    from vkpay_async.jobs.reconcile import Books


class Progress:
    """Says whose bill is being read, where somebody watches."""

    def __init__(self, console: Console) -> None:
        self._status = Status("", console=console)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def next(self, books: Books) -> None:
        self._status.update(f"{books.account.provider} of {books.account.pid}: downloading and comparing")


def show(console: Console, day: dt.date, found: Sequence[Compared]) -> None:
    for one in found:
        _show_one(console, day, one)


def _show_one(console: Console, day: dt.date, one: Compared) -> None:
    marks, whose = marks_for(console), f"{one.provider} of {one.pid}, {day}"
    if one.result is None:
        console.print(Text(f"{marks.bad} {whose}: {printable(one.error or '')}", "red"))
        return
    lines = f"{one.result.payments} payments and {one.result.refunds} refunds in the bill"
    if not one.result.differences:
        console.print(Text(f"{marks.good} {whose}: {lines}, no difference", "green"))
        return
    console.print(Text(f"{marks.bad} {whose}: {lines}, {len(one.result.differences)} differences", "red"))
    console.print(_table(one.result.differences))
    for advice in dict.fromkeys(difference["advice"] for difference in one.result.differences):
        console.print(Text(f"{marks.so} {advice}"))


def _table(differences: Sequence[dict[str, Any]]) -> Any:
    table = plain_table("difference", "number", "here", "at the provider")
    for one in differences:
        number = one["out_refund_no"] or one["out_trade_no"]
        table.add_row(
            one["kind"].replace("_", " "), Text(printable(number)), _side(one["here"]), _side(one["there"])
        )
    return table


def _side(side: dict[str, Any] | None) -> str:
    return f"{yuan_from_fen(side['amount'])} yuan, {printable(side['state'])}" if side else "nothing"
