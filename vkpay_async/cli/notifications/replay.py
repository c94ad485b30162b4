"""``vkpay notifications replay``: once more, with the user's handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from vkpay_async.cli.application import find_pay
from vkpay_async.cli.notifications.advice import advice_for, without_handler
from vkpay_async.cli.notifications.view import state_text
from vkpay_async.cli.source import check_there
from vkpay_async.cli.terminal import marks_for, printable
from vkpay_async.client import VKPay
from vkpay_async.errors import InvalidArgument, VKPayError
from vkpay_async.ledger import Event


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How one ended: ``event`` as it is now, or the ``error`` for which it was not taken."""

    id: str
    event: Event | None = None
    error: VKPayError | None = None

    @property
    def ok(self) -> bool:
        return self.event is not None and self.event.state == "done" and not without_handler(self.event)

    @property
    def said(self) -> str:
        """What went wrong, or what is still to be done."""
        if self.event is None:
            return self.error.msg if self.error else ""
        return "; ".join(part for part in (self.event.error or "", advice_for(self.event)) if part)


def replay_all(
    ids: Sequence[str], app: str | None, config: Path | None, database: str | None
) -> list[Replayed]:
    """One after the other; one that fails does not keep the others. Raises :class:`ConfigError`."""
    pay = find_pay(app, config, database)
    check_there(pay.orders.url)
    return asyncio.run(_replayed(pay, ids, named=app is not None))


def replay_object(replayed: Sequence[Replayed]) -> dict[str, Any]:
    rows = [
        {
            "id": one.id,
            "ok": one.ok,
            "state": one.event.state if one.event else None,
            "number": one.event.number if one.event else None,
            "detail": one.said,
        }
        for one in replayed
    ]
    return {"ok": all(one.ok for one in replayed), "rows": rows}


def show_replayed(console: Console, replayed: Sequence[Replayed]) -> None:
    marks = marks_for(console)
    for one in replayed:
        state = state_text(one.event) if one.event else Text("not taken", "red")
        number = f" {one.event.number}" if one.event else ""
        console.print(
            Text(f"{marks.good if one.ok else marks.bad} {one.id}{printable(number)}: ").append(state)
        )
        if one.said:
            console.print(Text(f"  {marks.so} {printable(one.said)}"))


async def _replayed(pay: VKPay, ids: Sequence[str], *, named: bool) -> list[Replayed]:
    async with pay:
        return [await _one(pay, event_id, named=named) for event_id in ids]


async def _one(pay: VKPay, event_id: str, *, named: bool) -> Replayed:
    try:
        _check_handler(pay, await pay.orders.event(event_id), named=named)
        return Replayed(id=event_id, event=await pay.replay_notification(event_id))
    except VKPayError as error:
        return Replayed(id=event_id, error=error)


def _check_handler(pay: VKPay, event: Event | None, *, named: bool) -> None:
    """Without one the run would count as failed. What did not fit can be matched without."""
    if event is None or event.state == "unmatched" or pay.handlers.find(event.kind, event.type) is not None:
        return
    if not named:
        raise InvalidArgument("its handler is to run: name your VKPay with --app module:attribute")
    raise InvalidArgument(
        f"the application has no handler for {event.kind} of type {event.type!r}: register one"
    )
