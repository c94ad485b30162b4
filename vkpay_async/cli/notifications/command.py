"""``vkpay notifications list``, ``show`` and ``replay``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from vkpay_async.cli.application import AppOption
from vkpay_async.cli.notifications.advice import STATES
from vkpay_async.cli.notifications.replay import replay_all, replay_object, show_replayed
from vkpay_async.cli.notifications.view import event_row, show_event, show_list
from vkpay_async.cli.source import ConfigPath, Database, open_orders, orders_url
from vkpay_async.cli.terminal import AsJson, errors_said, open_console, print_json
from vkpay_async.errors import InvalidArgument
from vkpay_async.ledger import Event
from vkpay_async.ledger.schema import ATTENTION

notifications = typer.Typer(
    name="notifications", help="What was heard, and what became of it.", no_args_is_help=True
)

LARGEST_PAGE = 500


@notifications.command("list")
def list_notifications(
    failed: Annotated[
        bool, typer.Option("--failed", help=f"Only those that want a person: {', '.join(ATTENTION)}.")
    ] = False,
    state: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(STATES)}; several times: any of them.")
    ] = None,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those older than this one.")] = None,
    size: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE)] = 20,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """What was heard, the newest first, and what to do about it."""
    with errors_said(as_json):
        states = _states(state or (), failed)
        found = asyncio.run(_newest(orders_url(config, database), states, before, size))
    if as_json:
        print_json({"rows": [event_row(event) for event in found]})
    else:
        show_list(open_console(), found, size)


@notifications.command("show")
def show_one(
    what: Annotated[str, typer.Argument(metavar="ID|NUMBER", help="A notification, or an order's number.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="The body's bytes as they came in, nothing else.")
    ] = False,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """One notification, or all of an order or transfer. What says who the payer is stays hidden; --raw shows it."""
    with errors_said(as_json):
        found = asyncio.run(_found(orders_url(config, database), what))
        if raw:
            _write_body(found)
            return
    if as_json:
        print_json({"rows": [event_row(event, whole=True) for event in found]})
        return
    console = open_console()
    for place, event in enumerate(found):
        if place:
            console.print()
        show_event(console, event)


@notifications.command("replay")
def replay(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="From vkpay notifications list.")],
    app: AppOption = None,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Take notifications once more, and run their handlers. One that did not fit is matched again.

    Handlers are found in --app; only what did not fit can do without. The exit status is 1 if any is not done.
    """
    with errors_said(as_json):
        replayed = replay_all(ids, app, config, database)
    if as_json:
        print_json(replay_object(replayed))
    else:
        show_replayed(open_console(), replayed)
    raise typer.Exit(0 if all(one.ok for one in replayed) else 1)


async def _newest(url: str, states: Sequence[str], before: str | None, size: int) -> Sequence[Event]:
    async with open_orders(url) as ledger:
        return await ledger.newest_events(states=states, before=before, most=size)


async def _found(url: str, what: str) -> Sequence[Event]:
    async with open_orders(url) as ledger:
        event = await ledger.event(what)
        found = [event] if event else await ledger.events(what)
    if not found:
        raise InvalidArgument(
            f"no notification {what!r}, and none of an order or transfer of that number: vkpay notifications list shows "
            "those there are, vkpay query asks the provider"
        )
    return found


def _states(states: Sequence[str], failed: bool) -> Sequence[str]:
    unknown = [state for state in states if state not in STATES]
    if unknown:
        raise InvalidArgument(f"no state {unknown[0]!r}; there are {', '.join(STATES)}")
    return (*states, *ATTENTION) if failed else states


def _write_body(found: Sequence[Event]) -> None:
    if len(found) > 1:
        ids = ", ".join(event.id for event in found)
        raise InvalidArgument(f"there are {len(found)} notifications; name one of them: {ids}")
    typer.get_binary_stream("stdout").write(found[0].body)
