"""A load of ready requests over kept connections: as fast as they are answered, or at a fixed rate.

At a fixed rate a request's time counts from the moment at which it was to be sent. A receiver that stands still for a second
holds up all that would have come in that second, and a clock that started with the actual sending would leave them out
("coordinated omission").
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

WARM, WARM_S = 300, 2.0
"""How many are sent before it counts, and how long at most."""

CORE = 0
"""Its own. The receiver has another."""

SETTLE_S = 0.1
"""For the receiver to take the connections in."""

LIMIT_S = 60.0
"""How long answers may be waited for after the last request."""

PERCENTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p99.9_ms": 0.999}
FIGURES = ("per_second", *PERCENTILES, "load_busy")


class Pace:
    """When which request is to be sent. Times are seconds since the load began."""

    def __init__(self, count: int, seconds: float, rate: float | None = None) -> None:
        self._rate = rate
        self._seconds = seconds
        self._count = count if rate is None else min(count, int(rate * seconds))
        self.taken = 0

    def take(self, now: float) -> float | None:
        """From when the next request's time counts; ``None`` where none is due now."""
        if self.over(now):
            return None
        due = now if self._rate is None else self.taken / self._rate
        if due > now:
            return None
        self.taken += 1
        return due

    def over(self, now: float) -> bool:
        """Nothing more is to be sent. At a fixed rate all are sent, however late."""
        return self.taken >= self._count or (self._rate is None and now >= self._seconds)

    def moments(self) -> Sequence[float]:
        """When something falls due, where that is not whenever a connection is free."""
        return [] if self._rate is None else [n / self._rate for n in range(self._count)]


class Load:
    """Which connection sends what. ``took`` are seconds a request, in the order of the answers."""

    def __init__(self, requests: Sequence[bytes], pace: Pace, clock: Callable[[], float]) -> None:
        self._requests = requests
        self._pace = pace
        self._clock = clock
        self._idle: deque[Connection] = deque()
        self._under_way = 0
        self.took: list[float] = []
        self.refused = 0
        self.last = 0.0
        self.done = asyncio.Event()

    @property
    def sent(self) -> int:
        return self._pace.taken

    def free(self, connection: Connection) -> None:
        self._idle.append(connection)
        self.go_on()

    def go_on(self) -> None:
        """Sends what is due."""
        now = self._clock()
        while self._idle and (due := self._pace.take(now)) is not None:
            self._under_way += 1
            self._idle.popleft().send(self._requests[self._pace.taken - 1], due)
        if not self._under_way and self._pace.over(now):
            self.done.set()

    def answered(self, connection: Connection, due: float, well: bool) -> None:
        self.last = self._clock()
        self.took.append(self.last - due)
        self.refused += not well
        self._under_way -= 1
        self.free(connection)

    def lost(self) -> None:
        """A connection that was closed with a request under way: it counts as refused."""
        self.refused += 1
        self._under_way -= 1
        self.go_on()


class Connection(asyncio.Protocol):
    """One request under way at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or self._due is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        due, self._due = self._due, None
        self._load.answered(self, due, head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")))

    def connection_lost(self, _: Exception | None) -> None:
        if self._due is not None:
            self._due = None
            self._load.lost()

    def close(self) -> None:
        self._due = None
        self._transport.close()


async def loaded(
    requests: Sequence[bytes], pace: Pace, host: str, port: int, connections: int, *, tls: bool = False
) -> Load:
    """Sends and waits for the answers. Raises ``TimeoutError`` where they do not come."""
    loop, opened = asyncio.get_running_loop(), list[Connection]()
    began = [0.0]
    load = Load(requests, pace, lambda: time.perf_counter() - began[0])
    for _ in range(connections):
        _, one = await loop.create_connection(lambda: Connection(load), host, port, ssl=tls or None)
        opened.append(one)
    await asyncio.sleep(SETTLE_S)
    began[0] = time.perf_counter()
    for one in opened:
        load.free(one)
    moments = pace.moments()
    if moments:
        threading.Thread(target=_remind, args=(loop, load, began[0], moments), daemon=True).start()
    try:
        async with asyncio.timeout(LIMIT_S + (moments[-1] if moments else 0.0)):
            await load.done.wait()
    finally:
        for one in opened:
            one.close()
    return load


def _remind(loop: asyncio.AbstractEventLoop, load: Load, began: float, moments: Sequence[float]) -> None:
    """In a thread of its own: a loop's timers are good to a millisecond, which is longer than an answer takes."""
    for moment in moments:
        pause = began + moment - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        loop.call_soon_threadsafe(load.go_on)
