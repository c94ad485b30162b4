"""The gateway at the other end of ``client``: one signed answer for whatever is asked, over HTTP and over TLS."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import uvloop

from benchmarks.certs import server_context
from benchmarks.driven import drive
from benchmarks.raw import Answering

OTHER_CORE = 0


class Gateway:
    """Serves in a thread; the thread that drives it sleeps meanwhile."""

    def __init__(self) -> None:
        self.answer = b""
        self.connections = 0
        self._loop = uvloop.new_event_loop()

    def open(self, chain: str, key: str) -> dict[str, int]:
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        made = asyncio.run_coroutine_threadsafe(self._open(chain, key), self._loop)
        return made.result()

    def serve(self) -> int:
        """Plain only; gives the port."""
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(self._plain(), self._loop).result()

    async def _plain(self) -> int:
        protocol = lambda: Answering(lambda: self.answer, self._connected)  # noqa: E731
        return _port(await self._loop.create_server(protocol, "127.0.0.1", 0, backlog=512))

    async def _open(self, chain: str, key: str) -> dict[str, int]:
        def protocol() -> Answering:
            return Answering(lambda: self.answer, self._connected)

        plain = await self._loop.create_server(protocol, "127.0.0.1", 0, backlog=512)
        secure = await self._loop.create_server(
            protocol, "127.0.0.1", 0, backlog=512, ssl=server_context(chain, key)
        )
        return {"http": _port(plain), "https": _port(secure)}

    def take(self, answer: str) -> None:
        """From now on it answers this."""
        self.answer = answer.encode()

    def opened(self) -> int:
        """Connections up to now."""
        return self.connections

    def _connected(self) -> None:
        self.connections += 1


def _port(server: Any) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


if __name__ == "__main__":
    gateway = Gateway()
    drive(
        {"open": gateway.open, "serve": gateway.serve, "answer": gateway.take, "opened": gateway.opened},
        core=OTHER_CORE,
    )
