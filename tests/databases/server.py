"""One database server in a directory of its own: start, stop, kill, start again with its data kept."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Any, ClassVar

import psutil
from filelock import FileLock

from tests.databases import sql
from tests.databases.account import Unavailable

_START_S = 30
_STOP_S = 20
_PAUSE_S = 0.01
# Under every system's range for outgoing connections. A port from that range can be taken by a client while
# the server is down, and a client that tries to connect to it can even meet itself.
_PORTS = range(20_000, 32_000)
_ATTEMPTS = 5
# Outlives a test run that is killed, for as long as it takes to take the server along.
_GUARD = "while kill -0 $0 && kill -0 $1; do sleep 1; done; kill -QUIT $1"


class Server(ABC):
    """A server of one kind. ``directory`` holds data and log; ``template`` is an initialised, empty data directory.

    The methods block; from a test with other tasks call them as ``await asyncio.to_thread(server.start)``.
    The server does not outlive the process ``owner``.
    """

    backend: ClassVar[str]

    def __init__(self, directory: Path, template: Path, *, owner: int, port: int | None = None) -> None:
        self.directory = directory
        self.template = template
        self.owner = owner
        self.port = free_port() if port is None else port
        self._child: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def pid(self) -> int:
        return int((self.directory / "pid").read_text())

    @abstractmethod
    def url(self, database: str | None = None) -> str:
        """A SQLAlchemy URL for the async driver; without a database, the one for maintenance."""

    @abstractmethod
    def _initialise(self, data: Path) -> None:
        """Make a data directory without databases. Raises :class:`Unavailable`."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _account(self) -> dict[str, Any]: ...

    @abstractmethod
    def _shut_down(self, process: psutil.Process) -> None: ...

    @abstractmethod
    def create(self, database: str) -> None:
        """An empty database."""

    @abstractmethod
    def drop(self, database: str) -> None:
        """Gone, together with whoever is still connected to it."""

    def start(self) -> None:
        """Ready for SQL on return, on the same port as before. Raises :class:`Unavailable` with the log's end."""
        for attempt in range(_ATTEMPTS):
            first = not self.data.exists()
            self._spawn()
            if sql.wait_for(self.url(), self._alive, _START_S):
                return
            self.kill()
            if not first or attempt + 1 == _ATTEMPTS or "in use" not in self._log_end():
                break
            shutil.rmtree(self.data)
            self.port = free_port()
        raise Unavailable(f"the {self.backend} server does not start; the end of its log:\n{self._log_end()}")

    def stop(self) -> None:
        """An orderly end: connections are cut, everything is written out."""
        if self._alive():
            self._shut_down(psutil.Process(self.pid))
            self._wait()
        self._dismiss_guard()

    def kill(self) -> None:
        """SIGKILL to the server and all its processes at once, as a lost machine would look."""
        if self._alive():
            server = psutil.Process(self.pid)
            family = [server, *server.children(recursive=True)]
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._wait()
            _wait_for_end([process.pid for process in family])
        self._dismiss_guard()

    def remove(self) -> None:
        """Stop it, whatever it is doing, and delete its directory."""
        try:
            self.stop()
        except (TimeoutError, subprocess.TimeoutExpired):
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _spawn(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self._copy_template()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                start_new_session=True,
                **self._account(),
            )
        (self.directory / "pid").write_text(str(self._child.pid))
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, str(self.owner), str(self._child.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _copy_template(self) -> None:
        with FileLock(f"{self.template}.lock"):
            if not self.template.exists():
                unfinished = self.template.with_name(f"{self.template.name}.unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                self._initialise(unfinished)
                unfinished.rename(self.template)
        subprocess.run(["cp", "-Rp", str(self.template), str(self.data)], check=True)

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return (self.directory / "pid").exists() and not _ended(self.pid)

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            self._guard = None

    def _wait(self) -> None:
        if self._child is not None:
            self._child.wait(_STOP_S)
        else:
            _wait_for_end([self.pid])

    def _log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def free_port() -> int:
    """A free port on 127.0.0.1 (drawn without ``random``, which pytest-randomly seeds alike in every worker)."""
    for port in SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable("no free port between 20000 and 32000 on 127.0.0.1")


def _wait_for_end(pids: list[int]) -> None:
    end = time.monotonic() + _STOP_S
    while not all(map(_ended, pids)):
        if time.monotonic() > end:
            raise TimeoutError(f"a database server does not end: {pids}")
        time.sleep(_PAUSE_S)


def _ended(pid: int) -> bool:
    """A zombie counts: whoever adopted the process may be slow to reap it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
