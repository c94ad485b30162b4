"""HTTP as fast as Python has it: a raw protocol that answers, and one that asks. Never what a measurement waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import cast


class Answering(asyncio.Protocol):
    """Answers every complete request with the bytes that ``answer`` gives."""

    def __init__(self, answer: Callable[[], bytes], opened: Callable[[], None] = lambda: None) -> None:
        self._answer = answer
        self._opened = opened
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._opened()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            _, found, rest = head.partition(b"content-length:")
            total = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._buffer) < total:
                return
            self._buffer = self._buffer[total:]
            self._transport.write(self._answer())
            if b"connection: close" in head:
                self._transport.close()


class Asking(asyncio.Protocol):
    """Sends the next request when the last one was answered, and closes when there is none left."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._met = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        # Before its first answer a connection has to be accepted, which servers do when they have the time.
        self._load.answered(head, time.perf_counter() - self._sent if self._met else None)
        self._met = True
        self._next()

    def _next(self) -> None:
        request = self._load.take()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


class Load:
    """A closed loop: as many requests under way as there are connections."""

    def __init__(self, requests: list[bytes]) -> None:
        self._left: Iterator[bytes] = iter(requests)
        self._waiting = len(requests)
        self.took: list[float] = []
        self.refused = 0
        self.seconds = 0.0
        self.done = asyncio.Event()

    def take(self) -> bytes | None:
        return next(self._left, None)

    def answered(self, head: bytes, seconds: float | None) -> None:
        """``seconds`` is ``None`` for an answer whose time does not count."""
        self.refused += not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204"))
        if seconds is not None:
            self.took.append(seconds)
        self._waiting -= 1
        if not self._waiting:
            self.done.set()


async def asked(port: int, requests: list[bytes], at_once: int) -> Load:
    """Everything is sent and answered. Raises ``TimeoutError`` after two minutes."""
    load, loop = Load(requests), asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(min(at_once, len(requests))):
        await loop.create_connection(lambda: Asking(load), "127.0.0.1", port)
    await asyncio.wait_for(load.done.wait(), 120)
    load.seconds = time.perf_counter() - started
    return load


def canned(body: bytes, headers: dict[str, str]) -> bytes:
    """A whole answer."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
