"""What each state asks a person to do."""

from __future__ import annotations

from collections.abc import Sequence

from vkpay_async.cli.terminal import time_text
from vkpay_async.ledger import Event

STATES = ("running", "waiting", "failed", "parked", "unmatched", "done")
NOTHING_RUNS = frozenset({"closed", "bound"})
REPLAY = "vkpay notifications replay {id} --app module:attribute"


def without_handler(event: Event) -> bool:
    """Whether it was kept, and there was nothing to run."""
    return event.state == "done" and event.attempts == 0 and event.kind not in NOTHING_RUNS


def advice_for(event: Event) -> str:
    """One sentence with the command to use; empty where nothing is to be done."""
    when, replay = time_text(event.due), REPLAY.format(id=event.id)
    if without_handler(event):
        return f"no handler ran. If type {event.type!r} has one by now: {replay}"
    return {
        "running": f"a process runs its handler. If it dies, another takes over after {when} UTC+8",
        "waiting": "no process had a hand free. The jobs run it: see that vkpay serve or vkpay worker is running",
        "failed": f"its handler raised. It runs again at {when} UTC+8; mended before that: {replay}",
        "parked": f"its handler failed too often and is not run again. Read the error, mend the handler, then: {replay}",
        "unmatched": "it is genuine and does not fit. Read the error, find out who paid what; when the ledger is right: "
        f"vkpay notifications replay {event.id}",
    }.get(event.state, "")


def advice_for_all(found: Sequence[Event]) -> list[str]:
    """The advice on the first event of each state."""
    firsts: dict[tuple[str, bool], Event] = {}
    for event in found:
        firsts.setdefault((event.state, without_handler(event)), event)
    return [f"{event.state}: {advice}" for event in firsts.values() if (advice := advice_for(event))]
