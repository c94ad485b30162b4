"""What the simulator can serve and send: notifications and answers a second beside the floor, with one process and with two.

The receiver of its notifications and the load of questions are raw protocols on the other core, where the second process has to share
with the receiver: ``core_share`` says how much of its core a process had, and what is missing from 1 went to others.
``full`` has many merchants and fifty thousand open orders in its memory.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import uvloop

from benchmarks import raw
from benchmarks.driven import pin
from benchmarks.drivers.canned import OTHER_CORE
from benchmarks.driving import Driven
from benchmarks.harness import Measured, Metrics, Target, Watch, interleaved, percentile

TURNS = 10
EVERY = 3
"""Turn of the full one, which no target is about."""
AT_ONCE = 64
RECEIVED = raw.canned(b'{"code":"SUCCESS"}', {"Content-Type": "application/json"})

TARGETS = (
    Target(
        id="D1",
        what="notifications signed and sent a second ÷ floor",
        over=("notifications/ours", "per_second"),
        under=("notifications/floor", "per_second"),
        at_least=0.90,
    ),
    Target(
        id="D1",
        what="two processes ÷ one",
        over=("notifications/ours, two processes", "per_second"),
        under=("notifications/ours", "per_second"),
        by_hand=(("notifications/floor, two processes", "per_second"), ("notifications/floor", "per_second")),
        at_least=1.65,
    ),
    Target(
        id="D2",
        what="answers a second ÷ floor",
        over=("answers/ours", "per_second"),
        under=("answers/floor", "per_second"),
        at_least=0.85,
    ),
    Target(
        id="D2",
        what="p99 of an answer, 64 at once",
        over=("answers/ours", "p99_ms"),
        by_hand=(("answers/floor", "p99_ms"),),
        at_most=60,
        unit="ms",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=200, help="notifications or questions in a turn")
    parser.add_argument("--open-orders", type=int, default=50_000, help="that the full one has in its memory")
    parser.add_argument("--merchants", type=int, default=100, help="that the full one has")


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    count = 20 if options.quick else options.count
    orders, merchants = (50, 3) if options.quick else (options.open_orders, options.merchants)
    pin(OTHER_CORE)
    with ExitStack() as after:
        receiver = after.enter_context(Driven("canned"))
        receiver.ask("answer", answer=RECEIVED.decode())
        url = f"http://127.0.0.1:{receiver.ask('serve')}/pay"
        floor, second_floor, ours, second = (after.enter_context(Driven("simulating")) for _ in range(4))
        full = after.enter_context(Driven("simulating"))
        watch.begins(f"opening {merchants} merchants and {orders} orders")
        ports = {}
        for driven in (second_floor, second):
            driven.ask("core", core=OTHER_CORE)
        for name, driven, kind in (
            ("floor", floor, "floor"),
            ("second floor", second_floor, "floor"),
            ("ours", ours, "ours"),
            ("second", second, "ours"),
        ):
            ports[name] = driven.ask("open", kind=kind, notify_url=url, merchants=1)["port"]
        opened = full.ask("open", kind="ours", notify_url=url, merchants=merchants)
        filled = full.ask("fill", count=orders)
        cases = {
            "notifications/floor": lambda: _sent(floor, count),
            "notifications/floor, two processes": lambda: _both_sent([floor, second_floor], count),
            "notifications/ours": lambda: _sent(ours, count),
            "notifications/ours, two processes": lambda: _both_sent([ours, second], count),
            "notifications/ours, full": lambda: _sent(full, count),
            "answers/floor": lambda: _answered(floor, ports["floor"], count),
            "answers/ours": lambda: _answered(ours, ports["ours"], count),
            "answers/ours, full": lambda: _answered(full, opened["port"], count),
        }
        samples = interleaved(
            cases,
            options.rounds,
            watch,
            warm_up=not options.quick,
            turns=options.turns,
            beside=_beside,
            every=lambda case: EVERY if case.endswith("full") else 1,
        )
    samples["memory/ours, full"] = {
        "mib_per_1000_merchants": [opened["mib"] / (merchants - 1) * 1000],
        "mib_per_1000_orders": [filled["mib"] / orders * 1000],
        "us_to_create": [filled["seconds"] / orders * 1e6],
    }
    return Measured(samples=samples)


def _beside(case: str) -> str:
    return case.partition("/")[0]


def _sent(driven: Driven, count: int) -> Metrics:
    driven.ask("fill", count=count)
    found: dict[str, float] = driven.ask("send", count=count, at_once=AT_ONCE)
    return {**found, "core_share": _core_share(found)}


def _both_sent(drivens: list[Driven], count: int) -> Metrics:
    """As many as one sends, from each; both have to be ready before one begins."""
    for driven in drivens:
        driven.ask("fill", count=count)
    with ThreadPoolExecutor(len(drivens)) as pool:
        found: list[dict[str, float]] = list(
            pool.map(lambda driven: driven.ask("send", count=count, at_once=AT_ONCE // 2), drivens)
        )
    return {
        "per_second": len(found) * min(one["per_second"] for one in found),  # until the later one is done
        "cpu_us": sum(one["cpu_us"] for one in found) / len(found),
        "core_share": sum(_core_share(one) for one in found) / len(found),
    }


def _core_share(found: dict[str, float]) -> float:
    return found["per_second"] * found["cpu_us"] / 1e6


def _answered(driven: Driven, port: int, count: int) -> Metrics:
    driven.ask("fill", count=1)
    requests = [request.encode() for request in driven.ask("questions", count=count)]
    before: float = driven.ask("cpu")
    load: Any = uvloop.run(raw.asked(port, requests, AT_ONCE))
    cpu: float = driven.ask("cpu") - before
    if load.refused:
        raise SystemExit(f"{load.refused} of {count} questions were refused")
    took = sorted(load.took) or [load.seconds]
    return {
        "per_second": count / load.seconds,
        "cpu_us": cpu / count * 1e6,
        "p50_ms": percentile(took, 0.5) * 1e3,
        "p99_ms": percentile(took, 0.99) * 1e3,
    }
