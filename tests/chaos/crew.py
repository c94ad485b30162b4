"""The processes of a shop: started, killed, frozen, and started again when they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROLES = ("receiver", "worker", "receiver", "worker")
ROOT = Path(__file__).resolve().parents[2]


class Crew:
    """Two receivers on one listening socket, and two workers. ``ended`` counts those that ended, by their exit code."""

    def __init__(self, folder: Path, listening: socket.socket) -> None:
        self._folder = folder
        self._listening = listening
        self._members: list[subprocess.Popen[bytes]] = []
        self.ended: dict[int, int] = {}

    def kill(self, target: int) -> None:
        self._members[target].kill()

    async def freeze(self, target: int, seconds: float) -> None:
        """As a machine that swaps, or is moved: everything stands still, and goes on later as if nothing had been."""
        process = self._members[target]
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    async def watch(self) -> None:
        while True:
            for index, process in enumerate(self._members):
                if (code := process.poll()) is not None:
                    self.ended[code] = self.ended.get(code, 0) + 1
                    self._members[index] = self._started(ROLES[index])
            await asyncio.sleep(0.1)

    def _started(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.chaos.shop", role, str(self._folder)]
        descriptor = self._listening.fileno()
        # A killed process leaves half a file of coverage's, which the report would stumble over.
        env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, str(descriptor)] if role == "receiver" else command,
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=log,
                pass_fds=[descriptor] if role == "receiver" else [],
            )

    def begin(self) -> None:
        self._members = [self._started(role) for role in ROLES]

    def end(self) -> None:
        for process in self._members:
            process.kill()
        for process in self._members:
            process.wait()


@asynccontextmanager
async def crew_of(folder: Path, listening: socket.socket) -> AsyncIterator[Crew]:
    crew = Crew(folder, listening)
    crew.begin()
    watching = asyncio.create_task(crew.watch())
    try:
        yield crew
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        crew.end()
