"""The load of ``notify``: notifications signed beforehand on all cores, and sent from a process of its own."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import random
import resource
import time
from functools import cache, partial
from typing import Any, NamedTuple

import uvloop

from benchmarks import deliveries
from benchmarks.driven import drive
from benchmarks.harness import percentile
from benchmarks.load import CORE, PERCENTILES, WARM, WARM_S, Connections, Load, Pace

GOOD_FOR_S = 200
"""WeChat Pay's signatures are refused after five minutes."""

NEWS_S = 0.001
"""For the loop to hear of connections that a receiver has closed meanwhile."""

COPY_WITHIN = 1000
"""A copy comes after so many others at most: some meet their original under way, most find it stored."""


class Signed(NamedTuple):
    """Those of some orders in a row, ready to be sent to where they are for."""

    first: int
    requests: list[bytes]
    to: tuple[str, str]
    until: float

    def has(self, first: int, count: int) -> bool:
        return self.first <= first and first + count <= self.first + len(self.requests)


class Loading:
    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._signed = Signed(0, [], ("", ""), 0.0)
        self._kept: dict[tuple[str, int, int], Connections] = {}

    def sign(self, first: int, count: int, host: str, prefix: str) -> None:
        """Makes the notifications of these orders, unless they are there and still good."""
        signed, to, now = self._signed, (host, prefix), time.monotonic()
        if signed.has(first, count) and signed.to == to and now < signed.until:
            return
        fork = multiprocessing.get_context("fork")
        with fork.Pool(os.cpu_count(), _on_all_cores) as pool:
            request = partial(deliveries.request, host=host, prefix=prefix)
            made = pool.map(request, range(first, first + count), 100)
        self._signed = Signed(first, made, to, now + GOOD_FOR_S)

    def take(self, first: int, count: int, duplicates: float) -> None:
        """Lays out what the next turn sends: the notifications of these orders, and copies of some."""
        assert self._signed.has(first, count)
        start = first - self._signed.first
        self._order = mixed(count, duplicates)
        self._requests = [self._signed.requests[start + n] for n in self._order]

    def warm(self, host: str, port: int, tls: bool, connections: int) -> None:
        """Sends the first of them, whose times and CPU do not count: a receiver runs for days, and keeps its connections."""
        where = (host, port, connections)
        self._loop.run_until_complete(asyncio.sleep(NEWS_S))
        if where in self._kept and not self._kept[where].whole:
            self._kept.pop(where).close()
        if where not in self._kept:
            made = Connections.made(host, port, connections, tls=tls)
            self._kept[where] = self._loop.run_until_complete(made)
        self._connections = self._kept[where]
        load = self._sent(0, Pace(WARM, WARM_S))
        self._warm, self._refused = load.sent, load.refused

    def run(self, seconds: float, rate: float | None) -> dict[str, Any]:
        """Those behind the first. Times are the machine's own.

        ``total`` and ``refused`` are of all that were sent since :meth:`warm`, ``distinct`` of them were no copies: those with
        the lowest numbers. ``took_us`` are the times of all that :meth:`run` has sent.
        """
        began, cpu = time.monotonic(), _cpu()
        load = self._sent(self._warm, Pace(len(self._requests) - self._warm, seconds, rate))
        ended, cpu = time.monotonic(), _cpu() - cpu
        took = sorted(load.took) or [0.0]
        took_us = [round(seconds * 1e6) for seconds in took]
        total = self._warm + load.sent
        return {
            "sent": load.sent,
            "total": total,
            "distinct": max(self._order[:total], default=-1) + 1,
            "refused": self._refused + load.refused,
            "took_us": took_us,
            "per_second": (load.sent - load.refused) / load.last if load.last else 0.0,
            **{name: percentile(took, share) * 1e3 for name, share in PERCENTILES.items()},
            "load_busy": cpu / (ended - began),
            "began": began,
            "ended": ended,
        }

    def _sent(self, first: int, pace: Pace) -> Load:
        gc.collect()
        gc.disable()
        try:
            return self._loop.run_until_complete(self._connections.load(self._requests[first:], pace))
        finally:
            gc.enable()


@cache
def mixed(count: int, duplicates: float) -> list[int]:
    """All of them in their order, and copies of some a little later."""
    drawn, later = random.Random(count), dict[int, list[int]]()
    order = []
    for n in range(count):
        order.append(n)
        if drawn.random() < duplicates:
            later.setdefault(n + drawn.randrange(COPY_WITHIN), []).append(n)
        order += later.pop(n, [])
    return order


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _on_all_cores() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


if __name__ == "__main__":
    loading = Loading()
    drive({"sign": loading.sign, "take": loading.take, "warm": loading.warm, "run": loading.run}, CORE)
