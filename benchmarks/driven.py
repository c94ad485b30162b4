"""The side of a measured program: takes orders on standard input, one JSON line each, and answers on standard output.

A peer has an interpreter and packages of its own: nothing but the standard library may be imported here.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORE = 1


def drive(doings, core=CORE):
    """Does what is asked until the input ends. What the doings print does not get between the answers."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    pin(core)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = doings[asked.pop("do")](**asked)
        print(json.dumps(answer), file=answers, flush=True)


def pin(core):
    if hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})


class Contexts:
    """Counts the SSL contexts that are made."""

    def __init__(self):
        self.made = 0
        original = ssl.SSLContext.__new__

        def counted(kind, *given, **named):
            self.made += 1
            return original(kind, *given, **named)

        ssl.SSLContext.__new__ = counted


def each(work, count):
    """Seconds of CPU that one piece of work takes. The first does not count: collecting garbage has emptied the caches."""
    gc.collect()
    work()
    started = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - started) / count


def in_threads(call, count, at_once):
    """Blocking calls, ``at_once`` of them under way."""
    took = []

    def worker(turns):
        for _ in range(turns):
            started = time.perf_counter()
            call()
            took.append(time.perf_counter() - started)

    with ThreadPoolExecutor(at_once) as pool:
        before = _clocks()
        list(pool.map(worker, _turns(count, at_once)))
        return _figures(before, took)


async def in_tasks(call, count, at_once):
    """Awaitable calls, ``at_once`` of them under way."""
    took = []

    async def worker(turns):
        for _ in range(turns):
            started = time.perf_counter()
            await call()
            took.append(time.perf_counter() - started)

    before = _clocks()
    await asyncio.gather(*(worker(turns) for turns in _turns(count, at_once)))
    return _figures(before, took)


def rss_mib():
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _turns(count, at_once):
    return [max(1, count // at_once)] * at_once


def _clocks():
    gc.collect()
    return time.perf_counter(), time.process_time()


def _figures(before, took):
    wall, cpu = time.perf_counter() - before[0], time.process_time() - before[1]
    took.sort()
    return {
        "per_second": len(took) / wall,
        "cpu_us": cpu / len(took) * 1e6,
        "p50_ms": took[len(took) // 2] * 1e3,
        "p99_ms": took[min(len(took) - 1, int(len(took) * 0.99))] * 1e3,
    }
