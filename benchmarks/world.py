"""A simulator in a process of its own on the other core, and the people around the merchant: payers, and time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp

from benchmarks.drivers.canned import OTHER_CORE
from benchmarks.results import ROOT

T = TypeVar("T")

READY = "VKPAY_SIM_READY"
LIMIT_S = 60


class Refused(Exception):
    """The simulator refused what the payer wanted."""


class Simulated:
    """``vkpay-sim up``, and its control API. ``config`` is what a merchant loads."""

    def __init__(self, folder: Path) -> None:
        config = folder / "vkpay.toml"
        path = os.pathsep.join(str(one) for one in (ROOT, ROOT / "simulator"))
        command = [sys.executable, "-m", "vkpay_simulator", "up", "--port", "0", "--seed", "1"]
        self._process = subprocess.Popen(
            [*command, "--config-out", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > OTHER_CORE:
            os.sched_setaffinity(self._process.pid, {OTHER_CORE})
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().removeprefix(READY).strip()
        self.config: dict[str, Any] = tomllib.loads(config.read_text(encoding="utf-8"))
        self._runner = asyncio.Runner()
        self._session = self._runner.run(_session())

    @property
    def rss_mib(self) -> float:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def notify_at(self, url: str) -> None:
        """Where merchants hear of what orders name no address for."""
        for pid in self.config["merchants"]:
            self.post(f"merchants/{pid}", {"notify_url": url})

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._runner.run(self.posted(path, body))

    async def posted(self, path: str, body: Mapping[str, Any]) -> Any:
        async with self._session.post(f"{self.url}/_sim/{path}", json=dict(body)) as answer:
            found = await answer.json()
            if answer.status >= 400:
                raise Refused(f"/_sim/{path}: {found}")
            return found

    async def removed(self, path: str) -> None:
        async with self._session.delete(f"{self.url}/_sim/{path}") as answer:
            await answer.read()

    def each(
        self, work: Callable[[Any], Coroutine[Any, Any, T]], those: Iterable[Any], at_once: int
    ) -> list[T]:
        """All of them, some at once, in the order of ``those``."""

        async def run() -> list[T]:
            free = asyncio.Semaphore(at_once)

            async def one(thing: Any) -> T:
                async with free:
                    return await work(thing)

            return list(await asyncio.gather(*(one(thing) for thing in those)))

        return self._runner.run(run())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._session.close())
        self._runner.close()
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT_S))
