"""What a receiver notes of itself while it runs, and leaves in a file when it ends. The clock is the machine's own."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

BEAT_S = 0.01
STALL_MS = 10.0


class Notes:
    """In the receiver's process. ``handled`` has what the application's handlers were told, as often as they were."""

    def __init__(self, folder: str) -> None:
        self.handled: list[str] = []
        self._folder = Path(folder)
        self._stalls: list[tuple[float, float]] = []
        self._commits: list[float] = []

    def start(self) -> None:
        """Inside the running loop: notes how late it comes back to what is due."""
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    def committed(self, *_: Any) -> None:
        self._commits.append(time.monotonic())

    def write(self) -> None:
        noted = {"stalls": self._stalls, "commits": self._commits, "handled": self.handled}
        (self._folder / f"{os.getpid()}.json").write_text(json.dumps(noted))

    async def _beat(self) -> None:
        while True:
            due = time.monotonic() + BEAT_S
            await asyncio.sleep(BEAT_S)
            now = time.monotonic()
            if (late := (now - due) * 1e3) > STALL_MS:
                self._stalls.append((now, late))


class Noted:
    """All that the processes of one receiver have left, since the load began."""

    def __init__(self, stalls_ms: list[float], commits: int, handled: Counter[str], processes: int) -> None:
        self.stalls_ms = stalls_ms
        self.commits = commits
        self.handled = handled
        self.processes = processes

    @classmethod
    def read(cls, folder: Path, began: float, ended: float) -> Self:
        """Times are the machine's monotonic ones. What a handler's outcome commits after the last answer counts too."""
        left = [json.loads(path.read_text()) for path in folder.glob("*.json")]
        return cls(
            stalls_ms=[late for one in left for at, late in one["stalls"] if began <= at <= ended],
            commits=sum(at >= began for at in _all(left, "commits")),
            handled=Counter(_all(left, "handled")),
            processes=len(left),
        )


def _all(left: list[dict[str, list[Any]]], name: str) -> Iterable[Any]:
    return (value for one in left for value in one[name])
