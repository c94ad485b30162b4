"""A receiver and its database, from the beginning of a run to its end: it starts once, as in life, and is loaded in turns.

Of each turn it takes the numbers that belong to it. All that was sent is looked up when the receiver has ended.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import audit, parties
from benchmarks.audit import Verdict
from benchmarks.driving import Driven
from benchmarks.harness import Metrics
from benchmarks.load import FIGURES, by_round
from benchmarks.notes import Noted
from benchmarks.receivers import Receiving
from benchmarks.served import Settings
from benchmarks.stores import Store

QUIET, LOOK_S, SETTLE_S = 0.2, 0.005, 2.0
"""A receiver has done with what it answered when it takes less than so much of a core; looked at so often, for so long."""


class Turn(NamedTuple):
    """What was sent, and when, on the machine's own clock."""

    case: str
    numbers: range
    sent: int
    total: int
    refused: int
    began: float
    ended: float
    until: float
    """When the receiver had done with it."""

    took_us: list[int]


class Stand:
    """``name`` is the receiver's."""

    def __init__(
        self, store: Store, name: str, options: argparse.Namespace, load: Driven, folder: Path, count: int
    ) -> None:
        self.store = store
        self.name = name
        self._options = options
        self._load = load
        self._count = count
        self._notes = folder / f"notes-{store.name}-{name.replace(' ', '-')}"
        self._after = ExitStack()
        self._turns: list[Turn] = []
        self._noted: Noted | None = None
        self._verdict = Verdict()

    def open(self, slow_disk: Path | None) -> None:
        self._notes.mkdir()
        self._url = self._after.enter_context(self.store.fresh(self._count))
        settings = Settings(
            config={**parties.config("http://127.0.0.1:9"), "notify_url": "http://127.0.0.1/pay"},
            database=self._url,
            notes=str(self._notes),
            part="verified" if self.store.name == "none" else "claim" if self.name == "claim" else "all",
            handler=self._options.handler,
            processes=self._options.processes,
        )
        receiving = Receiving(
            self.store.name, self.name, settings, app=self._options.app, slow_disk=slow_disk
        )
        self._receiver = self._after.enter_context(receiving)
        self._commits = self.store.commits(self._url)

    def close(self) -> None:
        self._after.close()

    def turn(self, case: str, numbers: range, at_once: int, seconds: float, rate: float | None) -> Metrics:
        """One load, with the notifications of these orders, which are signed."""
        receiver, store = self._receiver, self.store
        self._load.ask("take", first=numbers.start, count=len(numbers), duplicates=self._options.duplicates)
        self._load.ask("warm", host="127.0.0.1", port=receiver.port, tls=False, connections=at_once)
        self._settled()
        cpu, database = receiver.cpu(), store.cpu()
        sent: dict[str, Any] = self._load.ask("run", seconds=seconds, rate=rate)
        until = self._settled()
        cpu = receiver.cpu() - cpu
        served = None if database is None else (store.cpu() or 0.0) - database
        own = {name: sent[name] for name in ("sent", "total", "refused", "began", "ended", "took_us")}
        self._turns.append(Turn(case=case, numbers=numbers[: sent["distinct"]], until=until, **own))
        each = 1e6 / max(1, sent["sent"])
        return {
            **{name: sent[name] for name in FIGURES},
            "cpu_us": cpu * each,
            **({} if served is None else {"db_cpu_us": served * each}),
            "rss_mib": receiver.rss_mib(),
        }

    def ended(self) -> list[str]:
        """Ends the receiver and looks everything up; gives what was wrong with it."""
        if not self._turns:
            return []
        self._noted = self._receiver.stop()
        if self.store.name != "none":
            self._verdict = self._looked_up([n for turn in self._turns for n in turn.numbers])
        distinct = sum(len(turn.numbers) for turn in self._turns)
        refused = [
            f"{turn.case}: {turn.refused} of {turn.total} were not accepted"
            for turn in self._turns
            if turn.refused
        ]
        return [*audit.words(f"{self.store.name}/{self.name}", self._verdict, distinct), *refused]

    def noted(self, case: str) -> dict[str, list[float]]:
        """What is known in the end only: of the turns of one case, and how it stands with all that the receiver got."""
        assert self._noted is not None
        turns = [turn for turn in self._turns if turn.case == case]
        stalls = [self._noted.stalls_ms(turn.began, turn.ended) for turn in turns]
        found = {
            **by_round([turn.took_us for turn in turns], self._options.rounds, self._options.turns),
            "stalls": [sum(map(len, stalls)) / len(stalls)],
            "stall_ms": [max((late for some in stalls for late in some), default=0.0)],
            "lost": [float(self._verdict.lost)],
            "doubled": [float(self._verdict.doubled)],
        }
        if self.store.name == "none" or not self.store.tells_commits:
            return found
        return {**found, "commits": [self._commits_each(turns)]}

    def _commits_each(self, turns: list[Turn]) -> float:
        """By the server's count of all that the receiver got, where a server counts."""
        assert self._noted is not None
        if self._commits is not None:
            made = (self.store.commits(self._url) or 0) - self._commits
            return made / sum(turn.total for turn in self._turns)
        made = sum(self._noted.commits(turn.began, turn.until) for turn in turns)
        return made / max(1, sum(turn.sent for turn in turns))

    def _looked_up(self, those: list[int]) -> Verdict:
        if self.name == "ours":
            assert self._noted is not None
            return audit.of_ledger(self._url, those, self._noted.handled)
        return audit.of_claims(self._url, those) if self.name == "claim" else audit.of_rows(self._url, those)

    def _settled(self) -> float:
        """When there is nothing left to do for it, such as the outcomes of handlers: its turn is not another's to pay for."""
        end = time.monotonic() + SETTLE_S
        before, now = self._receiver.cpu(), time.monotonic()
        while now < end:
            time.sleep(LOOK_S)
            spent, was = self._receiver.cpu(), now
            now = time.monotonic()
            if spent - before < QUIET * (now - was):
                break
            before = spent
        return now
