"""The parent of the workers: starts them, starts again what died, and passes on the wish to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec

from vkpay_async.cli.serve.server import SIGNALS
from vkpay_async.cli.serve.serving import Facts, Serving

FIRST_PAUSE_S = 0.5
STEADY_S = 10.0
"""A worker that has lived as long did not die of its start."""

MOST_QUICK_DEATHS = 5
FORCED_S = 10.0
"""How long after its drain a worker may still live."""

log = logging.getLogger("vkpay_async.serve")


class Worker(msgspec.Struct, kw_only=True):
    """A process in its place. ``quick`` counts its predecessors that died at once, one after the other."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    born: float
    quick: int = 0


class Supervisor:
    """Runs ``serving.workers`` processes. :meth:`run` gives the exit status."""

    def __init__(self, serving: Serving, *, started: Callable[[Facts, list[int]], None]) -> None:
        self._serving = serving
        self._started = started
        self._workers: dict[int, Worker] = {}
        self._stop = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Until a signal, or until a worker cannot be kept alive: then 1."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._asked, number)
        try:
            if await self._all_begun():
                await self._keep_all()
            return await self._end()
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    async def _all_begun(self) -> bool:
        facts = await self._begin(0)  # alone: it makes the tables, and says once what is wrong
        if facts is None:
            return False
        others = range(1, self._serving.workers)
        begun = await asyncio.gather(*(self._begin(place) for place in others))
        if not all(begun):
            return False
        self._started(facts, [worker.process.pid for worker in self._workers.values()])
        return True

    def _asked(self, number: int) -> None:
        if self._stop.is_set():
            self._status = 128 + number
            self._send(signal.SIGKILL)
            return
        log.info("stopping: what runs is waited for; a second signal ends at once")
        self._stop.set()
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                worker.process.send_signal(number)

    async def _begin(self, place: int) -> Facts | None:
        """A worker that serves; ``None`` when it ended before that: it has said why."""
        worker = await self._start(place)
        line = await worker.reader.readline()
        if line:
            return msgspec.json.decode(line, type=Facts)
        if not self._stop.is_set():
            self._status = 1
        return None

    async def _start(self, place: int, quick: int = 0) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "vkpay_async.cli.serve.worker",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(msgspec.json.encode(self._serving) + b"\n")
        born = asyncio.get_running_loop().time()
        worker = Worker(process=process, reader=reader, writer=writer, born=born, quick=quick)
        self._workers[place] = worker
        if self._stop.is_set():  # asked while the process was being made
            self._send(signal.SIGTERM)
        return worker

    async def _keep_all(self) -> None:
        keeping = [asyncio.create_task(self._keep(place)) for place in self._workers]
        await self._stop.wait()
        await asyncio.gather(*keeping)

    async def _keep(self, place: int) -> None:
        """Starts a worker again each time it dies."""
        while True:
            worker = self._workers[place]
            status = await worker.process.wait()
            worker.writer.close()
            if self._stop.is_set() or not await self._may_start_again(place, worker, status):
                return
            again = await self._start(place, worker.quick)
            log.warning("worker %d is started again as process %d", place + 1, again.process.pid)

    async def _may_start_again(self, place: int, worker: Worker, status: int) -> bool:
        lived = asyncio.get_running_loop().time() - worker.born
        worker.quick = worker.quick + 1 if lived < STEADY_S else 0
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        log.error("worker %d (process %d) ended %s after %.1f s", place + 1, worker.process.pid, how, lived)
        if worker.quick >= MOST_QUICK_DEATHS:
            log.error(
                "worker %d died at once %d times: giving up. Its last words stand above; with --workers 1 it can be debugged",
                place + 1,
                worker.quick,
            )
            self._status = 1
            self._stop.set()
            self._send(signal.SIGTERM)
            return False
        pause = FIRST_PAUSE_S * 2 ** (worker.quick - 1) if worker.quick else 0.0
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), pause)
        return not self._stop.is_set()

    async def _end(self) -> int:
        self._stop.set()
        self._send(signal.SIGTERM)
        ending = [asyncio.create_task(worker.process.wait()) for worker in self._workers.values()]
        _, late = await asyncio.wait(ending, timeout=self._serving.drain + FORCED_S)
        if late:
            self._send(signal.SIGKILL)
            await asyncio.wait(late)
        for worker in self._workers.values():
            worker.writer.close()
        return self._status
