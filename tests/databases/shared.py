"""One server of each kind for the whole run, whichever worker needs it first, and private ones made from it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from filelock import FileLock

from tests.databases.account import Unavailable
from tests.databases.mysql import MySQL
from tests.databases.postgresql import PostgreSQL
from tests.databases.server import Server

KINDS: dict[str, type[Server]] = {"postgresql": PostgreSQL, "mysql": MySQL}


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers tell one another: where the server listens, or why there is none."""

    port: int = 0
    reason: str = ""


class Run:
    """The servers of one test run. ``home`` is its directory, ``owner`` the process that ends last (the controller)."""

    def __init__(self, home: Path, owner: int) -> None:
        self.home = home
        self.owner = owner
        self._known: dict[str, Server] = {}

    def server(self, backend: str) -> Server:
        """The running server that all workers share. Raises :class:`Unavailable`."""
        if backend not in self._known:
            with FileLock(self.home / f"{backend}.lock"):
                self._known[backend] = self._started(backend)
        return self._known[backend]

    def private(self, backend: str, name: str) -> Server:
        """A server of one's own, not started yet."""
        return KINDS[backend](self.home / name, self._template(backend), owner=os.getpid())

    def close(self) -> None:
        """Stop what was started by any worker, and delete everything."""
        for backend, kind in KINDS.items():
            if (self.home / backend / "pid").exists():
                kind(self.home / backend, self._template(backend), owner=self.owner, port=0).stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _started(self, backend: str) -> Server:
        note = self.home / f"{backend}.json"
        if not note.exists():
            note.write_bytes(msgspec.json.encode(self._start(backend)))
        started = msgspec.json.decode(note.read_bytes(), type=Started)
        if started.reason:
            raise Unavailable(started.reason)
        return self._shared(backend, started.port)

    def _start(self, backend: str) -> Started:
        try:
            server = self._shared(backend)
            server.start()
        except Unavailable as error:
            return Started(reason=str(error))
        _KEPT.append(server)
        return Started(port=server.port)

    def _shared(self, backend: str, port: int | None = None) -> Server:
        return KINDS[backend](self.home / backend, self._template(backend), owner=self.owner, port=port)

    def _template(self, backend: str) -> Path:
        return self.home / f"{backend}-template"


# A Popen that is collected while its process runs warns; these processes outlive the worker that started them.
_KEPT: list[Server] = []


def new_home() -> Path:
    """A directory that the account of the servers can walk into."""
    home = Path(mkdtemp(prefix="vkpay-db-"))
    if os.geteuid() == 0:
        home.chmod(0o755)
    return home
