"""The load of ``notify``: notifications signed beforehand on all cores, and sent from a process of its own."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import resource
import time
from functools import partial
from typing import Any, NamedTuple

import uvloop

from benchmarks import deliveries
from benchmarks.driven import drive
from benchmarks.harness import percentile
from benchmarks.load import CORE, PERCENTILES, WARM, WARM_S, Connections, Load, Pace

GOOD_FOR_S = 200
"""WeChat Pay's signatures are refused after five minutes."""

KEPT = 8
"""How many settings' notifications are kept at a time."""

COPY_WITHIN = 1000
"""A copy comes after so many others at most: some meet their original under way, most find it stored."""


class Signed(NamedTuple):
    """Ready to be sent, copies included."""

    requests: list[bytes]
    order: list[int]
    """Which of them each is, from 0."""

    until: float


class Loading:
    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._kept: dict[tuple[Any, ...], Signed] = {}

    def sign(self, first: int, count: int, host: str, prefix: str, duplicates: float) -> None:
        """Makes the notifications that are sent next, unless they are there and still good."""
        wanted, now = (first, count, host, prefix, duplicates), time.monotonic()
        self._kept = {key: one for key, one in [*self._kept.items()][-KEPT:] if now < one.until}
        if wanted not in self._kept:
            fork = multiprocessing.get_context("fork")
            with fork.Pool(os.cpu_count(), _on_all_cores) as pool:
                made = pool.map(
                    partial(deliveries.request, host=host, prefix=prefix), range(first, first + count), 100
                )
            order = mixed(count, duplicates)
            self._kept[wanted] = Signed([made[n] for n in order], order, now + GOOD_FOR_S)
        self._signed = self._kept[wanted]

    def warm(self, host: str, port: int, tls: bool, connections: int) -> None:
        """Connects, and sends the first of them, whose times and CPU do not count: a receiver runs for days."""
        made = Connections.made(host, port, connections, tls=tls)
        self._connections = self._loop.run_until_complete(made)
        load = self._sent(0, Pace(WARM, WARM_S))
        self._warm, self._refused = load.sent, load.refused

    def run(self, seconds: float, rate: float | None) -> dict[str, float]:
        """Those behind the first. Times are the machine's own.

        ``total`` and ``refused`` are of all that were sent since :meth:`warm`, ``distinct`` of them were no copies: those with
        the lowest numbers.
        """
        signed = self._signed
        began, cpu = time.monotonic(), _cpu()
        load = self._sent(self._warm, Pace(len(signed.requests) - self._warm, seconds, rate))
        ended, cpu = time.monotonic(), _cpu() - cpu
        self._connections.close()
        took = sorted(load.took) or [0.0]
        total = self._warm + load.sent
        return {
            "sent": load.sent,
            "total": total,
            "distinct": max(signed.order[:total], default=-1) + 1,
            "refused": self._refused + load.refused,
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
            return self._loop.run_until_complete(self._connections.load(self._signed.requests[first:], pace))
        finally:
            gc.enable()


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
