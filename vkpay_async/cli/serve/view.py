"""The one line at the start, for people or for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer

from vkpay_async.cli.serve.serving import Facts, Serving
from vkpay_async.cli.terminal import print_json


def say_started(
    serving: Serving, facts: Facts, addresses: Sequence[str], pids: Sequence[int], *, as_json: bool
) -> None:
    if as_json:
        print_json(_object(serving, facts, addresses, pids))
    else:
        typer.echo(f"vkpay serves {', '.join(addresses)}: {'; '.join(_parts(serving, facts))}")


def _object(
    serving: Serving, facts: Facts, addresses: Sequence[str], pids: Sequence[int]
) -> dict[str, object]:
    return {
        "addresses": addresses,
        "workers": list(pids),
        "database": facts.database,
        "handlers": {
            "paid": facts.paid,
            "refunded": facts.refunded,
            "transferred": facts.transferred,
            "authorized": facts.authorized,
            "events": facts.events,
        },
        "reply_policy": facts.reply_policy,
        "front_door": serving.front_door is not None,
        "jobs": serving.jobs,
        "loop": facts.loop,
    }


def _parts(serving: Serving, facts: Facts) -> Iterator[str]:
    yield "1 worker" if serving.workers == 1 else f"{serving.workers} workers"
    yield f"database {facts.database}"
    yield handlers_text(facts, named=serving.app is not None)
    yield f"reply policy {facts.reply_policy}"
    yield "front door open" if serving.front_door else "front door off"
    yield "jobs on" if serving.jobs else "jobs off"


def handlers_text(facts: Facts, *, named: bool) -> str:
    """What runs for what; and where nothing does, what to do about it."""
    if not facts.handlers:
        where = "the application registers none" if named else "name your VKPay as module:attribute"
        return f"NO HANDLERS, notifications are stored and nothing runs ({where})"
    kinds = {
        "paid": facts.paid,
        "refunded": facts.refunded,
        "transferred": ["all"] if facts.transferred else [],
        "authorized": ["all"] if facts.authorized else [],
        "events": facts.events,
    }
    return "handlers " + ", ".join(f"{kind} ({', '.join(types)})" for kind, types in kinds.items() if types)
