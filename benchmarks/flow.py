"""Whole lives a second (create → pay → notify → refund → refund notify) over the simulator, and where a merchant's CPU goes.

The merchant has a core of its own, a ledger on disk and an empty handler; simulator and payers share the other core and are the
slower half. A life is five steps, and all lives of a turn take a step before the next.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.driven import pin
from benchmarks.drivers.canned import OTHER_CORE
from benchmarks.driving import Driven
from benchmarks.harness import Measured, Metrics, Target, Watch, interleaved
from benchmarks.lives import LIVES
from benchmarks.world import Simulated

TARGETS: tuple[Target, ...] = ()
TELLS_APART = ("only",)
TURNS = 2
AT_ONCE = 16
SETTLING_S = 4
"""Of business time, in which every provider ends a refund."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lives", type=int, default=30, help="in a turn")
    parser.add_argument("--only", nargs="+", choices=LIVES, default=list(LIVES), help="providers")


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    lives = 3 if options.quick else options.lives
    pin(OTHER_CORE)
    with ExitStack() as after:
        folder = Path(after.enter_context(tempfile.TemporaryDirectory(prefix="vkpay-bench-")))
        watch.begins("starting the simulator")
        stage = Stage(after, folder)
        cases = {name: lambda name=name: stage.live(name, lives) for name in options.only}
        samples = interleaved(cases, options.rounds, watch, warm_up=not options.quick, turns=options.turns)
    shares = {name: stage.shares(name) for name in options.only}
    return Measured(samples=samples, facts={"ms_per_life": shares}, wrong=stage.wrong)


class Stage:
    """Simulator and merchant, and the lives that are led between them."""

    def __init__(self, after: ExitStack, folder: Path) -> None:
        self._world = after.enter_context(Simulated(folder))
        self._merchant = after.enter_context(Driven("living"))
        port = free_port()
        config = self._world.config
        self._merchant.ask("open", config=config, database=f"sqlite:///{folder}/pay.db", port=port)
        self._world.notify_at(f"http://127.0.0.1:{port}/pay")
        self._seconds: dict[str, Counter[str]] = defaultdict(Counter)
        self._led: Counter[str] = Counter()
        self.wrong: list[str] = []

    def live(self, provider: str, lives: int) -> Metrics:
        """So many lives, from the order to the last notification."""
        life, merchant = LIVES[provider], self._merchant
        if life.logs_in and not self._led[provider]:
            code = self._world.post("login", {"appid": merchant.ask("appid", pay_type=life.logs_in)})["code"]
            merchant.ask("log_in", provider=provider, code=code)
        merchant.ask("sample")
        cpu, started = merchant.ask("cpu"), time.perf_counter()
        orders = merchant.ask("create", provider=provider, lives=lives, at_once=AT_ONCE)
        numbers = [order["number"] for order in orders]
        bought = self._world.each(lambda order: life.pays(self._world.posted, order), orders, AT_ONCE)
        self._world.post("clock", {"advance_seconds": 0})
        if life.gives_back is None:
            merchant.ask("refund", numbers=numbers, at_once=AT_ONCE)
        else:
            gives_back = life.gives_back
            self._world.each(lambda one: gives_back(self._world.posted, one), bought, AT_ONCE)
        self._world.post("clock", {"advance_seconds": SETTLING_S})
        ended: dict[str, Any] = merchant.ask("ended", numbers=numbers)
        took, spent = time.perf_counter() - started, merchant.ask("cpu") - cpu
        self._seconds[provider].update(merchant.ask("sampled"))
        self._led[provider] += lives
        self._check(provider, lives, ended)
        return {"per_second": lives / took, "cpu_ms": spent / lives * 1e3}

    def shares(self, provider: str) -> dict[str, float]:
        """Milliseconds a life of each kind of work, over all rounds."""
        led = self._led[provider] or 1
        return {
            kind: round(seconds / led * 1e3, 3) for kind, seconds in sorted(self._seconds[provider].items())
        }

    def _check(self, provider: str, lives: int, ended: dict[str, Any]) -> None:
        expected = {"refunded": lives, "paid": lives, "handled": lives, "lost": [], "handled twice": 0}
        if ended != expected:
            self.wrong.append(
                f"{provider}: of {lives} lives {ended}; failures {self._merchant.ask('failures')}"
            )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
