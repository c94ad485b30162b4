"""The ledger's operations at 10⁴, 10⁵ and 10⁶ stored orders: what each costs beside the same at the fewest.

Each size has a database of its own, filled beforehand and kept for the run only: a file, or with ``--database URL`` one that is
made on that server and dropped. Time of a call through the public ledger, its commit included, one after the other on one core;
keys are drawn from all there are. On a busy disk the wait for it levels the sizes: the growth is judged by CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any

import uvloop
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks import parties
from benchmarks.driven import CORE, pin
from benchmarks.harness import Case, Measured, Metrics, Target, Watch, interleaved
from benchmarks.shop import UNPAID_ONE_IN, Shop, created, fill, is_paid, number
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.jobs.looking import BATCH, MINUTE_MS
from vkpay_async.jobs.orders import LONGEST_PAUSE_MS
from vkpay_async.ledger import Claimed, Ledger
from vkpay_async.ledger.engine import parsed_url
from vkpay_async.providers.registry import Providers

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

TARGETS = tuple(
    Target(
        id="E3",
        what=f"{name.replace('_', ' ')}: {SIZES[-1]:,} orders ÷ {SIZES[0]:,}",
        over=(f"{name} {SIZES[-1]}", "cpu_us"),
        under=(f"{name} {SIZES[0]}", "cpu_us"),
        at_most=bound,
    )
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
    "lookup": 200,
    "insert": 120,
    "pay": 56,
    "pay_at_once": 3,
    "user_page": 50,
    "keyset_page": 50,
    "due_none": 50,
    "due_list": 5,
}
"""How many of each in a round: what writes fills SQLite's log once or so, and leaves the smallest shop about as large."""

ORDERS_A_CALL = {"pay_at_once": AT_ONCE, "due_list": BATCH}


def timed(loop: asyncio.AbstractEventLoop, name: str, make: Callable[[], Call], calls: int) -> Case:
    """A call, or an order of it."""

    async def run(those: list[Call]) -> None:
        for call in those:
            await call()

    def measure() -> Metrics:
        those = [make() for _ in range(calls)]
        each = len(those) * ORDERS_A_CALL.get(name, 1)
        wall, cpu = time.perf_counter(), time.process_time()
        loop.run_until_complete(run(those))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {"us": wall / each * 1e6, "cpu_us": cpu / each * 1e6}

    return measure


@asynccontextmanager
async def filled(shop: Shop, database: str | None) -> AsyncIterator[Ledger]:
    async with AsyncExitStack() as after:
        if database is None:
            folder = after.enter_context(tempfile.TemporaryDirectory(prefix="vkpay-bench-"))
            url = f"sqlite:///{folder}/pay.db"
        else:
            url = await after.enter_async_context(made(database, f"vkpay_bench_{shop.size}"))
        ledger = Ledger(url)
        after.push_async_callback(ledger.close)
        await fill(ledger, shop)
        yield ledger


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


async def prepared(sizes: list[int], database: str | None, after: AsyncExitStack) -> dict[int, Operations]:
    config = config_from_dict(parties.config("http://127.0.0.1"))
    provider = Providers(config, SYSTEM_ENV).get(None, "wxpay_h5")
    shops = [Shop(size, provider) for size in sizes]
    return {
        shop.size: Operations(await after.enter_async_context(filled(shop, database)), shop) for shop in shops
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="orders, the fewest first")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} orders as well")
    parser.add_argument("--database", help="URL on a server, whose user may make databases")
    parser.add_argument("--only", nargs="+", choices=CALLS, default=list(CALLS))


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    sizes = QUICK_SIZES if options.quick else [*options.sizes, *([LARGE] if options.large else [])]
    database, options.database = (
        options.database,
        parsed_url(options.database or "sqlite://").get_backend_name(),
    )
    pin(CORE)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    after = AsyncExitStack()
    try:
        watch.begins(f"filling {', '.join(f'{size:,}' for size in sizes)}")
        operations = loop.run_until_complete(prepared(sizes, database, after))
        gc.collect()
        gc.freeze()
        cases = {
            f"{name} {size}": timed(loop, name, getattr(one, name), 1 if options.quick else CALLS[name])
            for name in options.only
            for size, one in operations.items()
        }
        return Measured(
            samples=interleaved(cases, options.rounds, watch, warm_up=not options.quick, turns=options.turns)
        )
    finally:
        loop.run_until_complete(after.aclose())
        loop.close()
        gc.unfreeze()
