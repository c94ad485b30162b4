"""A mixed load with faults on, for ``--minutes N``: does anything of the merchant's process grow, and does anything get lost?

Lives of every provider come one wave after the other while the simulator loses, doubles and delays. Memory, file descriptors,
tasks and the longest stall of the event loop are noted each second. What the simulator keeps in its memory is its own matter.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.driven import pin
from benchmarks.drivers.canned import OTHER_CORE
from benchmarks.driving import Driven
from benchmarks.flow import free_port
from benchmarks.harness import Measured, Target, Watch
from benchmarks.lives import LIVES, Life
from benchmarks.world import Refused, Simulated

AT_ONCE = 8
A_WAVE = 4
FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "drop", "match": {"operation": "*create*"}},
    {"fault": "drop", "after": True, "match": {"operation": "*refund"}},
    {"fault": "status", "status": 502},
    {"fault": "latency", "seconds": 0.2},
    {"fault": "bad_signature", "match": {"operation": "*query*"}},
    {"fault": "truncate"},
    {"fault": "lose_notify", "times": 2},
    {"fault": "duplicate_notify", "copies": 3},
)
"""Put in force in turn, one each wave."""

MAY_GROW = {"rss_mib": (1.05, 8.0), "file_descriptors": (1.0, 16.0), "tasks": (1.0, 16.0)}
"""The last quarter beside the second: so many times as much, and so much on top."""

STALL_MS = 250.0
HOURS = 2 * 3600
TARGETS: tuple[Target, ...] = (
    Target(id="–", what="memory, last quarter ÷ second", over=("growth", "rss_mib"), at_most=1.05),
    Target(
        id="–",
        what="file descriptors, last − second quarter",
        over=("growth", "file_descriptors"),
        at_most=16,
        unit="",
    ),
    Target(id="–", what="tasks, last − second quarter", over=("growth", "tasks"), at_most=16, unit=""),
    Target(
        id="–",
        what="a stall of the loop, 99 of 100 seconds",
        over=("growth", "stall_p99_ms"),
        at_most=STALL_MS,
        unit="ms",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=2.0)


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    seconds = 2.0 if options.quick else options.minutes * 60
    pin(OTHER_CORE)
    with ExitStack() as after:
        folder = Path(after.enter_context(tempfile.TemporaryDirectory(prefix="vkpay-bench-")))
        watch.begins("starting the simulator")
        soak = Soak(after, folder)
        watch.expect(int(seconds))
        soak.go_on(seconds, watch)
        wrong = soak.settle()
    growth = grown(soak.course)
    if not options.quick:
        wrong += judged(growth)
    samples = {"growth": {name: [value] for name, value in growth.items()}}
    facts = {"course": soak.course, "lives": soak.led, "failures": soak.failures, "faults": soak.faults}
    return Measured(samples=samples, facts=facts, wrong=wrong)


class Soak:
    """The load, and what was noted of it."""

    def __init__(self, after: ExitStack, folder: Path) -> None:
        self._world = after.enter_context(Simulated(folder))
        self._merchant = after.enter_context(Driven("living"))
        port = free_port()
        config = {**self._world.config, "http": {"attempts": 2}}
        self._merchant.ask("open", config=config, database=f"sqlite:///{folder}/pay.db", port=port)
        self._world.notify_at(f"http://127.0.0.1:{port}/pay")
        for life in LIVES.values():
            if life.logs_in:
                appid = self._merchant.ask("appid", pay_type=life.logs_in)
                code = self._world.post("login", {"appid": appid})["code"]
                self._merchant.ask("log_in", provider=life.provider, code=code)
        self.course: dict[str, list[float]] = {"seconds": []}
        self.led = 0
        self.faults = 0
        self.failures: dict[str, int] = {}
        self._paid: list[str] = []

    def go_on(self, seconds: float, watch: Watch) -> None:
        """Wave after wave; the course has a point for each second."""
        started, noted = time.perf_counter(), 0
        wave = 0
        while (now := time.perf_counter() - started) < seconds:
            if int(now) >= noted:
                self._note(now)
                for _ in range(int(now) + 1 - noted):
                    watch.ended()
                noted = int(now) + 1
            lives = list(LIVES.values())
            self._world.post("faults", FAULTS[wave % len(FAULTS)])
            self.faults += 1
            self._wave(lives[wave % len(lives)])
            wave += 1
        self._note(time.perf_counter() - started)

    def settle(self) -> list[str]:
        """Hours pass without faults: everything that was paid has reached its handler, once."""
        self._world.each(lambda _: self._world.removed("faults"), [0], 1)
        self._world.post("clock", {"advance_seconds": HOURS})
        self.failures = self._merchant.ask("failures")
        ended = self._merchant.ask("ended", numbers=self._paid)
        wrong = []
        if ended["handled"] != len(self._paid):
            lost = ", ".join(ended["lost"][:10])
            wrong.append(f"of {len(self._paid)} paid orders {ended['handled']} were handled; not: {lost}")
        if ended["handled twice"]:
            wrong.append(f"{ended['handled twice']} handlers ran twice")
        return wrong

    def _wave(self, life: Life) -> None:
        merchant, world = self._merchant, self._world
        orders = merchant.ask("create", provider=life.provider, lives=A_WAVE, at_once=AT_ONCE)

        async def pays(order: dict[str, Any]) -> Any:
            try:
                return order["number"], await life.pays(world.posted, order)
            except Refused:
                return None

        paid = [one for one in world.each(pays, orders, AT_ONCE) if one is not None]
        self._paid += [number for number, _ in paid]
        world.post("clock", {"advance_seconds": 0})
        if life.gives_back is None:
            merchant.ask("refund", numbers=[number for number, _ in paid], at_once=AT_ONCE)
        else:
            gives_back = life.gives_back
            # A sandbox tells of a purchase once; whoever opens the app again brings the proof.
            proofs = {number: one[life.proof] for number, one in paid}
            merchant.ask("prove", proofs=proofs, at_once=AT_ONCE)
            # What is given back before anybody knew that it was paid is rightly never delivered.
            known = set(merchant.ask("known", numbers=list(proofs)))
            bought = [one for number, one in paid if number in known]
            world.each(lambda one: gives_back(world.posted, one), bought, AT_ONCE)
        world.post("clock", {"advance_seconds": 60})
        self.led += len(paid)

    def _note(self, now: float) -> None:
        found = {**self._merchant.ask("health"), "lives": self.led, "simulator_rss_mib": self._world.rss_mib}
        self.course["seconds"].append(round(now, 2))
        for name, value in found.items():
            self.course.setdefault(name, []).append(round(value, 2))


def grown(course: dict[str, list[float]]) -> dict[str, float]:
    """The last quarter beside the second: in the first, what is made once is made."""
    found = {}
    for name in MAY_GROW:
        second, last = _quarters(course[name])
        found[name] = last / second if name == "rss_mib" else last - second
    found["rss_mib_gained"] = _quarters(course["rss_mib"])[1] - _quarters(course["rss_mib"])[0]
    stalls = sorted(course["longest_stall_ms"])
    found["stall_p99_ms"] = stalls[min(len(stalls) - 1, int(len(stalls) * 0.99))]
    return found


def judged(growth: dict[str, float]) -> list[str]:
    """What grew. Memory may by a share, or by so little that an allocator's habits explain it."""
    wrong = []
    share, mib = MAY_GROW["rss_mib"]
    if growth["rss_mib"] > share and growth["rss_mib_gained"] > mib:
        wrong.append(f"memory grew by {growth['rss_mib_gained']:.1f} MiB from the second quarter to the last")
    for name in ("file_descriptors", "tasks"):
        if growth[name] > MAY_GROW[name][1]:
            wrong += [f"{name.replace('_', ' ')} grew by {growth[name]:.0f}"]
    return wrong


def _quarters(values: Sequence[float]) -> tuple[float, float]:
    quarter = max(1, len(values) // 4)
    return statistics.median(values[quarter : 2 * quarter] or values[-1:]), statistics.median(
        values[-quarter:]
    )
