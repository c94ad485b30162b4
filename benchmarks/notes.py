"""What a receiver notes of itself while it runs, and leaves in a file when it ends. The clock is the machine's own."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
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
    """All that the processes of one receiver have left. Times are the machine's monotonic ones."""

    def __init__(
        self, stalls: list[tuple[float, float]], commits: list[float], handled: Counter[str], processes: int
    ) -> None:
        self.handled = handled
        self.processes = processes
        self._stalls = stalls
        self._commits = commits

    @classmethod
    def read(cls, folder: Path) -> Self:
        left = [json.loads(path.read_text()) for path in folder.glob("*.json")]
        return cls(
            stalls=[(at, late) for one in left for at, late in one["stalls"]],
            commits=[at for one in left for at in one["commits"]],
            handled=Counter(what for one in left for what in one["handled"]),
            processes=len(left),
        )

    def stalls_ms(self, began: float, ended: float) -> list[float]:
        return [late for at, late in self._stalls if began <= at <= ended]

    def commits(self, began: float, ended: float) -> int:
        return sum(began <= at <= ended for at in self._commits)
