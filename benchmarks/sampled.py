"""Where a process's CPU goes, by kind: a signal every millisecond of it, and the Python frame that it meets.

A C function is met in the frame that called it. Threads besides the event loop's are measured by their own clocks.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from types import FrameType
from typing import Any

EVERY_S = 0.001
CRYPTO, DATABASE, HTTP, OURS, REST = "crypto", "database", "HTTP and event loop", "ours", "rest"
IMAGE = "QR image"
KINDS = (
    ("/vkpay_async/crypto/", CRYPTO),
    ("/appleiap/chain.py", CRYPTO),
    ("/cryptography/", CRYPTO),
    ("/vkpay_async/ledger/", DATABASE),
    ("/sqlalchemy/", DATABASE),
    ("/vkpay_async/transport/", HTTP),
    ("/vkpay_async/web/", HTTP),
    ("/aiohttp/", HTTP),
    ("/asyncio/", HTTP),
    ("/multidict/", HTTP),
    ("/yarl/", HTTP),
    ("/vkpay_async/", OURS),
)
"""The first that the file's path holds counts, from the innermost frame outwards."""

THREADS = (
    ("vkpay-commit", DATABASE),
    ("vkpay-work", CRYPTO),
    ("asyncio", IMAGE),  # the loop's own threads: nothing else in a life is sent there
    ("driver", REST),
)
"""By how a thread's name begins."""


class Sampler:
    """Of the main thread, where the event loop has to run."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def start(self) -> None:
        """In the main thread."""
        self._met.clear()
        self._before = clocks()
        signal.signal(signal.SIGPROF, self._meet)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def stop(self) -> dict[str, float]:
        """CPU seconds of each kind since it was started."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        spent = {name: after - self._before.get(name, 0.0) for name, after in clocks().items()}
        seconds: Counter[str] = Counter()
        met = sum(self._met.values()) or 1
        for kind, times in self._met.items():
            seconds[kind] += spent["MainThread"] * times / met
        for name, took in spent.items():
            if name != "MainThread":
                seconds[of_thread(name)] += took
        return dict(seconds)

    def _meet(self, _: int, frame: FrameType | None) -> None:
        kind = kind_of(frame)
        if kind is not None:
            self._met[kind] += 1


def kind_of(frame: FrameType | Any) -> str | None:
    """``None`` while the loop waits: it is another thread's time."""
    if frame is not None and frame.f_code.co_filename.endswith("/selectors.py"):
        return None
    while frame is not None:
        path = frame.f_code.co_filename
        for part, kind in KINDS:
            if part in path:
                return kind
        frame = frame.f_back
    return REST


def of_thread(name: str) -> str:
    """What a thread other than the main one works for."""
    return next((kind for begins, kind in THREADS if name.startswith(begins)), REST)


def clocks() -> dict[str, float]:
    """CPU seconds of each thread by its name."""
    return {
        f"{thread.name}": time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }
