"""Notifications a second over HTTP: ``vkpay serve`` beside hand-written receivers and FastAPI with wechatpayv3's callback.

The receivers have a core of their own, on which one is at work at a time; load and database server share the other. WeChat Pay's
and Alipay's take turns, one in five is a refund's, some come twice, and each is answered only when it is where ``store`` says.
Afterwards every one that was sent is looked up in the database: a run that lost one, or had the effect of one twice, does not count.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from itertools import count, product
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import targeted
from benchmarks.deliveries import PREFIX
from benchmarks.driven import pin
from benchmarks.driving import Driven
from benchmarks.harness import Case, Measured, Metrics, Pick, Samples, Target, Watch, interleaved, median
from benchmarks.load import CORE, WARM
from benchmarks.receivers import APP, slow_disk
from benchmarks.served import HANDLERS
from benchmarks.stands import Stand
from benchmarks.stores import Store, store_of

STORES = ("none", "sqlite", "postgres", "mysql")
RECEIVERS = ("floor", "one each", "claim", "ours", "fastapi")
"""By hand; by hand with a transaction for each; ours as far as it is kept; ours, with its handler; the peer."""

LACKING = {("none", "one each"), ("none", "claim"), ("mysql", "floor")}
MANY, FEW = 64, 4
FEW_ARE_FOR = ("floor", "one each", "claim", "ours")
A_SECOND = 7000
"""How many are signed for each second and process: a receiver that is faster ends earlier."""

TURNS = 24
"""Of each case in a round."""

BUSY = 0.9
"""Of its core; a load that has no more left would be what is measured."""

TELLS_APART = ("store", "only", "concurrency", "rate", "processes", "handler", "slow_disk", "target")
"""Options with which it is another measurement, and no later one of the same."""


def _ratio(row: str, what: str, over: str, under: str, figure: str = "per_second", **bound: Any) -> Target:
    return Target(id=row, what=what, over=(over, figure), under=(under, figure), **bound)


def _few(what: str, receiver: str, figure: str, bound: float) -> Target:
    each, by_hand = "sqlite/one each/4", (("sqlite/floor/4", figure),)
    return _ratio("C6", what, f"sqlite/{receiver}/4", each, figure, by_hand=by_hand, at_most=bound)


def _by_hand(case: str) -> tuple[Pick]:
    return ((case, "per_second"),)


FLOOR = "none/floor/64"
TARGETS = (
    _ratio("C1", "received, no store ÷ the aiohttp floor", "none/ours/64", FLOOR, at_least=0.90),
    _ratio("C2", "verified and claimed on disk ÷ no store", "sqlite/claim/64", FLOOR, by_hand=_by_hand("sqlite/floor/64"), at_least=0.75),
    _ratio("C3", "the whole pipeline on disk ÷ no store", "sqlite/ours/64", FLOOR, at_least=0.50),
    _ratio(
        "C3",
        "the whole pipeline on disk ÷ FastAPI + wechatpayv3 without a store",
        "sqlite/ours/64",
        "none/fastapi/64",
        at_least=1,
    ),
    _ratio(
        "C4",
        "the whole pipeline with a 3 ms fsync ÷ a transaction each",
        "slow sqlite/ours/64",
        "slow sqlite/one each/64",
        by_hand=_by_hand("slow sqlite/floor/64"),
        at_least=15,
    ),
    _few("p50, 4 at once, claimed ÷ a transaction each", "claim", "p50_ms", 0.7),
    _few("p99, 4 at once, claimed ÷ a transaction each", "claim", "p99_ms", 1.1),
    _few("p50, 4 at once, the whole pipeline ÷ a transaction each", "ours", "p50_ms", 0.7),
    _few("p99, 4 at once, the whole pipeline ÷ a transaction each", "ours", "p99_ms", 1.1),
    _ratio("C7", "claimed on PostgreSQL ÷ no store", "postgres/claim/64", FLOOR, by_hand=_by_hand("postgres/floor/64"), at_least=0.85),
    Target(
        id="C7",
        what="PostgreSQL's CPU for a notification that is claimed",
        over=("postgres/claim/64", "db_cpu_us"),
        by_hand=(("postgres/floor/64", "db_cpu_us"),),
        at_most=40,
        unit="µs",
    ),
    _ratio(
        "C8",
        "claimed by two processes on PostgreSQL ÷ INSERT each",
        "2 × postgres/claim/64",
        "2 × postgres/one each/64",
        by_hand=_by_hand("2 × postgres/floor/64"),
        at_least=2.2,
    ),
    _ratio(
        "C8",
        "the whole pipeline of two processes on PostgreSQL ÷ INSERT each",
        "2 × postgres/ours/64",
        "2 × postgres/one each/64",
        at_least=2.2,
    ),
)  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    some: dict[str, Any] = {"nargs": "+", "metavar": "N"}
    parser.add_argument("--store", nargs="+", choices=STORES, default=["none", "sqlite"])
    parser.add_argument("--only", nargs="+", choices=RECEIVERS, default=list(RECEIVERS), help="receivers")
    parser.add_argument(
        "--concurrency", type=_positive(int), help=f"at once; {MANY}, and {FEW} for two", **some
    )
    parser.add_argument(
        "--rate", type=_positive(float), help="so many a second, instead of as many as go", **some
    )
    parser.add_argument(
        "--seconds",
        type=_positive(float),
        default=14.4,
        help=f"of load on each case in all: in 5 rounds of {TURNS} turns, 14.4 are 0.12 s a turn",
    )
    parser.add_argument("--duplicates", type=_share, default=0.05, help="share that is sent once more")
    parser.add_argument("--processes", type=_positive(int), default=1, help="of each receiver, on all cores")
    parser.add_argument(
        "--handler", choices=HANDLERS, default="empty", help="tx writes a row, slow takes 50 ms"
    )
    parser.add_argument("--slow-disk", action="store_true", help="every fsync takes 3 ms longer (needs gcc)")
    parser.add_argument(
        "--database", metavar="URL", help="a server's, where a database may be made for each receiver"
    )
    parser.add_argument("--app", default=APP, help="instead of the application that vkpay serve serves here")
    targeted.add_options(parser)


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    check(options)
    if options.config_out:
        targeted.write_config(options.config_out)
    if options.quick:
        options.seconds, options.concurrency = min(options.seconds, 0.1), options.concurrency or [8]
    seconds = options.seconds / (options.rounds * options.turns)
    with ExitStack() as after:
        folder = Path(after.enter_context(tempfile.TemporaryDirectory(prefix="vkpay-bench-")))
        if options.target:
            bench: Any = targeted.Deployment(options, seconds, after)
        else:
            bench = Bench(options, seconds, folder, after, watch)
        warm_up = not options.quick
        samples = interleaved(bench.cases(), options.rounds, watch, warm_up=warm_up, turns=options.turns)
        watch.begins("looking up what was sent")
        wrong = bench.ended(samples)
    # What may hold a password, somebody's path or a host's name is nobody else's business.
    options.database = options.keys = options.allow_host = None
    options.target = bool(options.target)
    busy = max(median(samples, (case, "load_busy")) for case in samples)
    if busy > BUSY:
        wrong.append(f"the load was busy {busy:.0%} of the time: what was measured is the load")
    return Measured(samples=samples, facts={"load_busy_at_most": busy}, wrong=wrong)


def check(options: argparse.Namespace) -> None:
    """Raises ``SystemExit`` for options that do not go together."""
    on_server = [store for store in options.store if store in ("postgres", "mysql")]
    if options.slow_disk and options.store != ["sqlite"]:
        raise SystemExit("--slow-disk slows a receiver's own disk: say --store sqlite with it")
    if options.database and not options.target and len(on_server) != 1:
        raise SystemExit("--database is the server of one --store, postgres or mysql")
    targeted.check(options)


class Chosen(NamedTuple):
    """One case. ``label`` is the store's with what is special about it, ``nth`` which of the loads of its receiver it is."""

    stand: Stand
    label: str
    nth: int
    concurrency: int
    rate: float | None

    @property
    def case(self) -> str:
        at = "" if self.rate is None else f"@{self.rate:g}"
        return f"{self.label}/{self.stand.name}/{self.concurrency}{at}"


class Bench:
    """The load, and the receivers with their stores. ``seconds`` are those of a turn."""

    def __init__(
        self, options: argparse.Namespace, seconds: float, folder: Path, after: ExitStack, watch: Watch
    ) -> None:
        self._options = options
        self._seconds = seconds
        if options.processes == 1:
            pin(CORE)  # what is started here stays here: the load, and a database server
        self._load = after.enter_context(Driven("loading"))
        slow = slow_disk(folder) if options.slow_disk else None
        watch.begins("starting the stores")
        stores = [store_of(name, options.database, folder, after) for name in options.store]
        at_once = options.concurrency or ([MANY] if options.rate else [MANY, FEW])
        self._loads = [*product(at_once, options.rate or [None])]
        most = max(rate or A_SECOND * options.processes for _, rate in self._loads)
        self._count = WARM + math.ceil(seconds * most)
        turns = options.rounds * options.turns + (not options.quick)
        self._chosen = [*self._cases(stores, folder, self._count * len(self._loads) * turns)]
        for stand in self._stands():
            watch.begins(f"starting {stand.store.name}/{stand.name}")
            after.callback(stand.close)
            stand.open(slow)
        if options.processes > 1 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._load.pid, range(os.cpu_count() or 1))

    def cases(self) -> dict[str, Case]:
        return {one.case: partial(self._turn, one, count()) for one in self._chosen}

    def ended(self, samples: Samples) -> list[str]:
        """Adds to the figures what the receivers have noted. Gives why the run does not count."""
        wrong = [word for stand in self._stands() for word in stand.ended()]
        for one in self._chosen:
            samples[one.case] |= one.stand.noted(one.case)
        return wrong

    def _stands(self) -> list[Stand]:
        return list(dict.fromkeys(one.stand for one in self._chosen))

    def _cases(self, stores: list[Store], folder: Path, orders: int) -> Iterator[Chosen]:
        options = self._options
        slow, many = "slow " * options.slow_disk, f"{options.processes} × " * (options.processes > 1)
        for store, receiver in product(stores, RECEIVERS):
            lacking = (store.name, receiver) in LACKING or (receiver == "fastapi" and not _has_peer())
            if receiver not in options.only or lacking:
                continue
            stand = Stand(store, receiver, options, self._load, folder, orders)
            for nth, (at_once, rate) in enumerate(self._loads):
                asked_for = options.concurrency or at_once == MANY
                if asked_for or (store.name != "none" and receiver in FEW_ARE_FOR):
                    yield Chosen(stand, f"{many}{slow}{store.name}", nth, at_once, rate)

    def _turn(self, one: Chosen, turns: Iterator[int]) -> Metrics:
        """Each turn and each load has orders of its own; all receivers have the same. They are signed for some turns at once."""
        turn, each = next(turns), len(self._loads) * self._count
        warm_up, together = not self._options.quick, self._options.turns
        start = turn - (turn - warm_up) % together if turn >= warm_up else turn
        count = each * (together if turn >= warm_up else 1)
        self._load.ask("sign", first=start * each, count=count, host="127.0.0.1", prefix=PREFIX)
        first = turn * each + one.nth * self._count
        numbers = range(first, first + self._count)
        return one.stand.turn(one.case, numbers, one.concurrency, self._seconds, one.rate)


def _has_peer() -> bool:
    return all(find_spec(name) for name in ("fastapi", "uvicorn", "httptools", "wechatpayv3"))


def _positive(kind: type[Any]) -> Any:
    def positive(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text}: more than 0")
        return value

    return positive


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text}: a share, such as 0.05")
    return value
