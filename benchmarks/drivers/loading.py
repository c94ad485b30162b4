"""The load of ``notify``: notifications signed beforehand on all cores, and sent from a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import time
from functools import partial
from typing import Any

import uvloop

from benchmarks import deliveries
from benchmarks.driven import drive
from benchmarks.harness import percentile
from benchmarks.load import CORE, PERCENTILES, WARM, WARM_S, Pace, loaded

GOOD_FOR_S = 120
"""WeChat Pay's signatures are refused after five minutes."""

COPY_WITHIN = 1000
"""A copy comes after so many others at most: some meet their original under way, most find it stored."""


class Loading:
    def __init__(self) -> None:
        self._warm = self._refused = 0
        self._signed: tuple[Any, ...] = ()
        self._until = 0.0

    def sign(self, first: int, count: int, host: str, prefix: str, duplicates: float) -> None:
        """Makes the notifications, unless those of the last time are still good."""
        wanted = (first, count, host, prefix, duplicates)
        if self._signed == wanted and time.monotonic() < self._until:
            return
        fork = multiprocessing.get_context("fork")
        with fork.Pool(os.cpu_count(), _on_all_cores) as pool:
            made = pool.map(
                partial(deliveries.request, host=host, prefix=prefix), range(first, first + count), 100
            )
        self._order = mixed(count, duplicates)
        self._requests = [made[n] for n in self._order]
        self._signed, self._until = wanted, time.monotonic() + GOOD_FOR_S

    def warm(self, host: str, port: int, tls: bool, connections: int) -> None:
        """The first of them, whose times and CPU do not count: a receiver runs for days, and starts once."""
        pace = Pace(WARM, WARM_S)
        load = uvloop.run(loaded(self._requests, pace, host, port, connections, tls=tls))
        self._warm, self._refused = load.sent, load.refused

    def run(
        self, host: str, port: int, tls: bool, connections: int, seconds: float, rate: float | None
    ) -> dict[str, float]:
        """Those behind the first. Times are the machine's own.

        ``total`` and ``refused`` are of all that were sent since :meth:`warm`, ``distinct`` of them were no copies: those with
        the lowest numbers.
        """
        left = self._requests[self._warm :]
        pace = Pace(len(left), seconds, rate)
        began, cpu = time.monotonic(), _cpu()
        load = uvloop.run(loaded(left, pace, host, port, connections, tls=tls))
        ended, cpu = time.monotonic(), _cpu() - cpu
        took = sorted(load.took) or [0.0]
        total = self._warm + load.sent
        return {
            "sent": load.sent,
            "total": total,
            "distinct": max(self._order[:total], default=-1) + 1,
            "refused": self._refused + load.refused,
            "per_second": (load.sent - load.refused) / load.last if load.last else 0.0,
            **{name: percentile(took, share) * 1e3 for name, share in PERCENTILES.items()},
            "load_busy": cpu / (ended - began),
            "began": began,
            "ended": ended,
        }


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
    drive({"sign": loading.sign, "warm": loading.warm, "run": loading.run}, CORE)
