"""The ledger's operations at 10⁴, 10⁵ and 10⁶ stored orders: what each costs beside the same at the fewest.

``python -m benchmarks.ledger`` prints one JSON line. Each size has a database of its own, filled beforehand and kept for
the run only: a file, or with ``--database URL`` one that is made on that server and dropped. Wall time of a call through
the public ledger, its commit included, one after the other on one core; keys are drawn from all there are. On a busy disk
the wait for it levels the sizes: CPU time stands beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any

import uvloop
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks import parties
from benchmarks.rounds import interleaved, machine, medians, pin, ratio
from benchmarks.shop import UNPAID_ONE_IN, Shop, created, fill, is_paid, number
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.jobs.looking import BATCH, MINUTE_MS
from vkpay_async.jobs.orders import LONGEST_PAUSE_MS
from vkpay_async.ledger import Claimed, Ledger
from vkpay_async.ledger.engine import parsed_url
from vkpay_async.providers.registry import Providers

Call = Callable[[], Awaitable[Any]]
Samples = dict[str, list[float]]

SIZES = (10_000, 100_000, 1_000_000)
LARGE = 10_000_000
AT_ONCE = 64
LIMITS = {
    "lookup": 2.3,
    "insert": 2.3,
    "pay": 2.3,
    "pay_at_once": 2.3,
    "user_page": 2.0,
    "keyset_page": 1.6,
    "due_none": 1.2,
    "due_list": 1.2,
}
"""How much more a call may cost at a million orders than at ten thousand."""


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


def timed(
    loop: asyncio.AbstractEventLoop, name: str, make: Callable[[], Call], cpu: list[float]
) -> Callable[[], float]:
    """Seconds a call, or an order of it; the process's own go to ``cpu``."""

    async def run(calls: list[Call]) -> None:
        for call in calls:
            await call()

    def measure() -> float:
        calls = [make() for _ in range(CALLS[name])]
        each = len(calls) * ORDERS_A_CALL.get(name, 1)
        started, busy = time.perf_counter(), time.process_time()
        loop.run_until_complete(run(calls))
        cpu.append((time.process_time() - busy) / each)
        return (time.perf_counter() - started) / each

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


def measure_all(options: argparse.Namespace, sizes: list[int]) -> tuple[Samples, Samples]:
    """Wall and CPU time of each operation at each size."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    after = AsyncExitStack()
    try:
        operations = loop.run_until_complete(prepared(sizes, options.database, after))
        gc.collect()
        gc.freeze()
        cpu: Samples = defaultdict(list)
        measures = {
            f"{name} {size}": timed(loop, name, getattr(one, name), cpu[f"{name} {size}"])
            for name in options.only
            for size, one in operations.items()
        }
        wall = interleaved(measures, options.rounds)
        return wall, {name: counted[1:] for name, counted in cpu.items()}
    finally:
        loop.run_until_complete(after.aclose())
        loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="how many orders, the fewest first"
    )
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} orders as well")
    parser.add_argument("--database", help="URL on a server, whose user may make databases")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=CALLS, default=list(CALLS))
    options = parser.parse_args()
    sizes = [*options.sizes, *([LARGE] if options.large else [])]
    pin(1)
    wall, cpu = measure_all(options, sizes)

    def ratios(samples: Samples) -> dict[str, dict[str, float]]:
        return {
            f"{name} {size}": ratio(samples, f"{name} {size}", f"{name} {sizes[0]}")
            for name in options.only
            for size in sizes[1:]
        }

    print(
        json.dumps(
            {
                "benchmark": "ledger",
                "database": parsed_url(options.database or "sqlite://").get_backend_name(),
                "rounds": options.rounds,
                "us": medians(wall),
                "cpu_us": medians(cpu),
                f"ratio_to_{sizes[0]}": ratios(wall),
                f"cpu_ratio_to_{sizes[0]}": ratios(cpu),
                "limit": LIMITS,
                "machine": machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
