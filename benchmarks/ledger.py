"""The ledger's operations at 10⁴, 10⁵ and 10⁶ stored orders: what each costs beside the same at the fewest.

Each size has a database of its own on each store, filled beforehand and kept for the run only: a file, and databases on servers
that are started for it, or on the one of ``--database URL``. Time of a call through the public ledger, its commit included, one
after the other on one core; keys are drawn from all there are. On a busy disk the wait for it levels the sizes: the growth is
judged by CPU time, ours and the server's together.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from itertools import count
from multiprocessing import get_context
from typing import Any, NamedTuple

import uvloop
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.driven import CORE, pin
from benchmarks.harness import Case, Measured, Metrics, Target, Watch, interleaved
from benchmarks.shop import UNPAID_ONE_IN, Shop, created, fill, is_paid, number
from benchmarks.stores import family_cpu, keep_to
from benchmarks.works import provider_of
from vkpay_async.jobs.looking import BATCH, MINUTE_MS
from vkpay_async.jobs.orders import LONGEST_PAUSE_MS
from vkpay_async.ledger import Claimed, Ledger
from vkpay_async.ledger.engine import parsed_url

Call = Callable[[], Awaitable[Any]]

SIZES = (10_000, 100_000, 1_000_000)
LARGE = 10_000_000
QUICK_SIZES = [2000, 4000]
AT_ONCE = 64
WANTED = (
    ("lookup", 2.0),
    ("insert", 2.3),
    ("user_page", 2.0),
    ("keyset_page", 1.6),
    ("due_none", 1.2),
    ("due_list", 1.2),
)
"""How much more a call may cost at a million orders than at ten thousand."""

STORES = ("sqlite", "postgres", "mysql")
BACKENDS = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
TELLS_APART = ("store", "sizes", "large", "only", "database")
SERVERS_CORE = 0
TURNS = 12

TARGETS = tuple(
    Target(
        id="E3",
        what=f"{name.replace('_', ' ')} on {store}, CPU: {SIZES[-1]:,} orders ÷ {SIZES[0]:,}",
        over=(f"{store}/{name} {SIZES[-1]}", "cpu_us"),
        under=(f"{store}/{name} {SIZES[0]}", "cpu_us"),
        at_most=bound,
    )
    for store in STORES
    for name, bound in WANTED
)


class Operations:
    """Calls of each kind, their keys drawn beforehand."""

    def __init__(self, ledger: Ledger, shop: Shop) -> None:
        self._ledger = ledger
        self._shop = shop
        self._drawn = random.Random(shop.size)
        self._new = count(shop.size)
        self._heard = count(shop.now)
        self._paying: set[int] = set()
        self._again = count(shop.now + LONGEST_PAUSE_MS)

    def lookup(self) -> Call:
        key = number(self._any())
        return lambda: self._ledger.get(key)

    def insert(self) -> Call:
        n = next(self._new)
        order, due = self._shop.order(n), created(n) + MINUTE_MS
        return lambda: self._ledger.add(order, repair_due=due)

    def pay(self) -> Call:
        claim = self._shop.payment(self._unpaid(), next(self._heard))

        async def call() -> Claimed:
            claimed = await self._ledger.claim(claim)
            assert claimed.moved
            return claimed

        return call

    def pay_at_once(self) -> Call:
        """All of them in one commit."""
        calls = [self.pay() for _ in range(AT_ONCE)]

        async def call() -> None:
            await asyncio.gather(*(one() for one in calls))

        return call

    def user_page(self) -> Call:
        user = self._shop.user(self._any())
        return lambda: self._ledger.page({"user_id": user})

    def keyset_page(self) -> Call:
        last = self._shop.order(self._any())
        return lambda: self._ledger.page(after=last)

    def due_none(self) -> Call:
        """As the repair job finds it most times."""
        return lambda: self._ledger.take_due_orders("repair_due", now=0, again=0, most=BATCH)

    def due_list(self) -> Call:
        """The first of a queue, put off until after its last: the queue is as long as before."""
        again = next(self._again)

        async def call() -> None:
            taken = await self._ledger.take_due_orders("repair_due", now=again, again=again, most=BATCH)
            assert len(taken) == BATCH

        return call

    def _any(self) -> int:
        return self._drawn.randrange(self._shop.size)

    def _unpaid(self) -> int:
        if len(self._paying) > 0.9 * self._shop.size / UNPAID_ONE_IN:
            raise SystemExit(
                f"a shop of {self._shop.size} orders has not enough unpaid ones for so many rounds"
            )
        while is_paid(n := self._any()) or n in self._paying:
            pass
        self._paying.add(n)
        return n


CALLS = {
    "lookup": 50,
    "insert": 20,
    "pay": 10,
    "pay_at_once": 1,
    "user_page": 12,
    "keyset_page": 12,
    "due_none": 15,
    "due_list": 1,
}
"""How many of each in a turn: what writes leaves the smallest shop about as large."""

EVERY = {"pay_at_once": 3}
"""Turn of those that would use up the unpaid orders of the smallest shop."""

ORDERS_A_CALL = {"pay_at_once": AT_ONCE, "due_list": BATCH}


def timed(
    loop: asyncio.AbstractEventLoop, name: str, make: Callable[[], Call], calls: int, server: int | None
) -> Case:
    """A call, or an order of it. ``server`` is the process of the database's, where it has one of its own."""

    async def run(those: list[Call]) -> None:
        for call in those:
            await call()

    def cpu_now() -> float:
        return time.process_time() + (0.0 if server is None else family_cpu(server))

    def measure() -> Metrics:
        those = [make() for _ in range(calls)]
        each = len(those) * ORDERS_A_CALL.get(name, 1)
        cpu, wall = cpu_now(), time.perf_counter()
        loop.run_until_complete(run(those))
        wall = time.perf_counter() - wall
        return {"us": wall / each * 1e6, "cpu_us": (cpu_now() - cpu) / each * 1e6}

    return measure


class Kind(NamedTuple):
    """A store of one kind. ``url`` is the server's, or a file's to be; ``pid`` that of a server that was started here."""

    name: str
    url: str | None
    pid: int | None = None


def kinds(options: argparse.Namespace, after: ExitStack) -> Iterator[Kind]:
    """Raises ``SystemExit`` for one that was asked for by name and cannot be."""
    if options.database:
        yield Kind(BACKENDS[parsed_url(options.database).get_backend_name()], options.database)
        return
    for name in options.store or STORES:
        if name == "sqlite":
            yield Kind(name, None)
            continue
        from benchmarks.servers import Unavailable, started

        try:
            server = started(name, after)
        except Unavailable as error:
            if options.store:
                raise SystemExit(f"--store {name}: {error}") from None
            print(f"left out: {name}: {error}", file=sys.stderr)
        else:
            yield Kind(name, server.url(), server.pid)


@asynccontextmanager
async def made(server: str, name: str) -> AsyncIterator[str]:
    """A database on a server, whose URL is that of one that is there already."""
    url = parsed_url(server)
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        async with engine.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name}"))


class Stocked(NamedTuple):
    """A database full of orders."""

    kind: Kind
    shop: Shop
    url: str


async def stocked(kind: Kind, shop: Shop, after: AsyncExitStack) -> Stocked:
    """The database, with nothing in it yet."""
    if kind.url is None:
        folder = after.enter_context(tempfile.TemporaryDirectory(prefix="vkpay-bench-"))
        return Stocked(kind, shop, f"sqlite:///{folder}/pay.db")
    return Stocked(kind, shop, await after.enter_async_context(made(kind.url, f"vkpay_bench_{shop.size}")))


def fill_all(those: Sequence[Stocked]) -> None:
    """In processes of their own, one for each store, the largest first."""
    largest_first = sorted(those, key=lambda one: -one.shop.size)
    with ProcessPoolExecutor(len({one.kind for one in those}), get_context("fork")) as pool:
        list(pool.map(_fill, [one.url for one in largest_first], [one.shop.size for one in largest_first]))


def _fill(url: str, size: int) -> None:
    async def filled() -> None:
        ledger = Ledger(url)
        await fill(ledger, Shop(size, provider_of("wxpay_h5")))
        await ledger.close()

    asyncio.run(filled())


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="orders, the fewest first")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} orders as well")
    parser.add_argument(
        "--store", nargs="+", choices=STORES, help="all that can be started, if it is not said"
    )
    parser.add_argument("--database", metavar="URL", help="of a server whose user may make databases")
    parser.add_argument("--only", nargs="+", choices=CALLS, default=list(CALLS))


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    sizes = QUICK_SIZES if options.quick else [*options.sizes, *([LARGE] if options.large else [])]
    loop, after = uvloop.new_event_loop(), AsyncExitStack()
    asyncio.set_event_loop(loop)
    try:
        watch.begins("starting the stores")
        found = [*kinds(options, after.enter_context(ExitStack()))]
        # What may hold a password is nobody else's business.
        options.database = parsed_url(options.database).get_backend_name() if options.database else None
        shops = [Shop(size, provider_of("wxpay_h5")) for size in sizes]
        those = [loop.run_until_complete(stocked(kind, shop, after)) for kind in found for shop in shops]
        watch.begins(f"filling {', '.join(f'{size:,}' for size in sizes)}")
        fill_all(those)
        pin(CORE)
        for kind in found:
            if kind.pid is not None:
                keep_to(SERVERS_CORE, kind.pid)
        cases = loop.run_until_complete(_cases(options, those, loop, after))
        gc.collect()
        gc.freeze()
        warm_up = not options.quick
        return Measured(
            samples=interleaved(
                cases,
                options.rounds,
                watch,
                warm_up=warm_up,
                turns=options.turns,
                beside=_operation,
                every=lambda case: EVERY.get(_operation(case).partition("/")[2], 1),
            )
        )
    finally:
        loop.run_until_complete(after.aclose())
        loop.close()
        gc.unfreeze()


async def _cases(
    options: argparse.Namespace, those: list[Stocked], loop: asyncio.AbstractEventLoop, after: AsyncExitStack
) -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for one in those:
        ledger = Ledger(one.url)
        after.push_async_callback(ledger.close)
        await ledger.open()
        operations = Operations(ledger, one.shop)
        for name in options.only:
            calls = 1 if options.quick else CALLS[name]
            case = timed(loop, name, getattr(operations, name), calls, one.kind.pid)
            cases[f"{one.kind.name}/{name} {one.shop.size}"] = case
    return cases


def _operation(case: str) -> str:
    """The sizes beside each other."""
    return case.partition(" ")[0]
