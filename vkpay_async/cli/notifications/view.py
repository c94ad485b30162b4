"""Notifications for people and for programs. Neither is shown who the payer is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from vkpay_async.cli.notifications.advice import advice_for, advice_for_all, without_handler
from vkpay_async.cli.notifications.body import hidden, readable
from vkpay_async.cli.terminal import marks_for, plain_table, printable, time_text
from vkpay_async.ledger import Event

STYLES = {"failed": "yellow", "parked": "red", "unmatched": "red", "done": "green"}
LONGEST_ERROR = 160


def event_row(event: Event, *, whole: bool = False) -> dict[str, Any]:
    """Every field but the runner; with ``whole`` headers and body too, the personal hidden."""
    row: dict[str, Any] = {
        name: getattr(event, name)
        for name in Event.__struct_fields__
        if name not in ("body", "happened", "headers", "runner")
    }
    row["advice"] = advice_for(event)
    if whole:
        row["happened"] = hidden(msgspec.json.decode(event.happened))
        row["headers"] = hidden(dict(event.headers))
        row["body"] = readable(event.body)
    return row


def show_list(console: Console, found: Sequence[Event], size: int) -> None:
    table = plain_table("id", "kind", "number", "state", "runs", "heard (UTC+8)", "error")
    table.columns[4].justify = "right"
    for event in found:
        table.add_row(
            event.id,
            event.kind,
            Text(printable(event.number)),
            state_text(event),
            str(event.attempts),
            time_text(event.create_date),
            Text(printable(_short(event.error))),
        )
    if not found:
        console.print("no notifications")
        return
    console.print(table)
    for line in advice_for_all(found):
        _advise(console, line)
    if len(found) == size:
        console.print(f"older ones with --before {found[-1].id}")


def show_event(console: Console, event: Event) -> None:
    table = plain_table("", "")
    table.show_header = False
    for name, value in _lines(event):
        if value:
            table.add_row(name, Text(printable(value)))
    console.print(table)
    if advice := advice_for(event):
        _advise(console, advice)


def state_text(event: Event) -> Text:
    note = ", no handler" if without_handler(event) else ""
    return Text(event.state + note, STYLES.get(event.state, ""))


def _advise(console: Console, line: str) -> None:
    console.print(Text(f"{marks_for(console).so} {printable(line)}"))


def _short(error: str | None) -> str:
    first = (error or "").partition("\n")[0]
    return first if len(first) <= LONGEST_ERROR else f"{first[:LONGEST_ERROR]}…"


def _lines(event: Event) -> Iterator[tuple[str, str]]:
    yield "id", event.id
    yield "number", event.number
    yield "what", event.what
    yield "state", state_text(event).plain
    yield "error", event.error or ""
    yield "runs", str(event.attempts)
    yield "type", event.type or ""
    yield "pay_type", event.pay_type
    yield "merchant", event.pid or "default"
    yield "heard by", f"a notification at {event.path}" if event.source else "a query"
    yield "heard", _moment(event.create_date)
    yield "due", _moment(event.due)
    yield "done", _moment(event.done_date)
    yield "happened", _pretty(_happened(event))
    yield "headers", "\n".join(f"{name}: {value}" for name, value in hidden(dict(event.headers)).items())
    yield "body", _body(event.body)


def _happened(event: Event) -> dict[str, Any]:
    """What is set, without the provider's own words: those stand in the body."""
    said: dict[str, Any] = hidden(msgspec.json.decode(event.happened))
    return {name: value for name, value in said.items() if name != "raw" and value is not None}


def _body(body: bytes) -> str:
    if not body:
        return ""
    value = readable(body)
    return f"{len(body)} bytes, see --raw" if value is None else _pretty(value)


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _moment(ms: int | None) -> str:
    return f"{time_text(ms)} UTC+8" if ms else ""
