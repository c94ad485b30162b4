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
from typing import Self, cast

from benchmarks.harness import percentile

WARM, WARM_S = 64, 0.1
"""How many are sent at the beginning of a turn that do not count, and how long at most."""

CORE = 0
"""Its own. The receiver has another."""

SETTLE_S = 0.05
"""For the receiver to take the connections in."""

LIMIT_S = 60.0
"""How long answers may be waited for after the last request."""

PERCENTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p99.9_ms": 0.999}
FIGURES = ("per_second", *PERCENTILES, "load_busy")


def by_round(took_us: Sequence[Sequence[int]], rounds: int, turns: int) -> dict[str, list[float]]:
    """The percentiles of all that was sent in each round: one turn has too few. What came before the rounds does not count."""
    counted = took_us[-rounds * turns :]
    together = [
        sorted(us for one in counted[at : at + turns] for us in one) for at in range(0, len(counted), turns)
    ]
    return {name: [percentile(one, share) / 1e3 for one in together] for name, share in PERCENTILES.items()}


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

    def __init__(self) -> None:
        self._load: Load | None = None
        self._buffer = b""
        self._due: float | None = None
        self.closed = False

    def begin(self, load: Load) -> None:
        """What it sends from here on is of this load. A connection that was closed has no part in it."""
        self._load = load
        if not self.closed:
            load.free(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or self._due is None or self._load is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        due, self._due = self._due, None
        self._load.answered(self, due, head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")))

    def connection_lost(self, _: Exception | None) -> None:
        self.closed = True
        if self._due is not None and self._load is not None:
            self._due = None
            self._load.lost()

    def close(self) -> None:
        self._due = None
        self._transport.close()


class Connections:
    """Connections that are open, and were there before what is measured begins."""

    def __init__(self, opened: Sequence[Connection]) -> None:
        self._opened = opened

    @property
    def whole(self) -> bool:
        """None has been closed."""
        return not any(one.closed for one in self._opened)

    @classmethod
    async def made(cls, host: str, port: int, count: int, *, tls: bool = False) -> Self:
        loop, opened = asyncio.get_running_loop(), list[Connection]()
        for _ in range(count):
            _, one = await loop.create_connection(Connection, host, port, ssl=tls or None)
            opened.append(one)
        await asyncio.sleep(SETTLE_S)
        return cls(opened)

    async def load(self, requests: Sequence[bytes], pace: Pace) -> Load:
        """Sends and waits for the answers. Raises ``TimeoutError`` where they do not come."""
        loop, began = asyncio.get_running_loop(), time.perf_counter()
        load = Load(requests, pace, lambda: time.perf_counter() - began)
        for one in self._opened:
            one.begin(load)
        if all(one.closed for one in self._opened):
            raise ConnectionResetError("the receiver has closed every connection")
        moments = pace.moments()
        if moments:
            threading.Thread(target=_remind, args=(loop, load, began, moments), daemon=True).start()
        async with asyncio.timeout(LIMIT_S + (moments[-1] if moments else 0.0)):
            await load.done.wait()
        return load

    def close(self) -> None:
        for one in self._opened:
            one.close()


def _remind(loop: asyncio.AbstractEventLoop, load: Load, began: float, moments: Sequence[float]) -> None:
    """In a thread of its own: a loop's timers are good to a millisecond, which is longer than an answer takes."""
    for moment in moments:
        pause = began + moment - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        loop.call_soon_threadsafe(load.go_on)
