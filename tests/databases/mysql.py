"""MariaDB, or MySQL where that is installed, from the system's packages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import psutil

from tests.databases import programs, sql
from tests.databases.account import Unavailable
from tests.databases.server import Server

_USER = "vkpay"
_PASSWORD = "vkpay"
_ROOM = ["--innodb-buffer-pool-size=32M", "--loose-innodb-log-file-size=8M"]
_SETTINGS = [
    *_ROOM,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--loose-mysqlx=OFF",
    "--max-connections=200",
    "--innodb-flush-log-at-trx-commit=1",
    # Relative to the data directory: the path of a socket must be short.
    "--socket=server.sock",
    "--pid-file=server.pid",
]
_FIRST_SQL = f"""\
CREATE USER IF NOT EXISTS '{_USER}'@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}';
GRANT ALL ON *.* TO '{_USER}'@'127.0.0.1';
"""
# Debian keeps servers where the PATH of an ordinary user does not look.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])


class MySQL(Server):
    backend = "mysql"

    def url(self, database: str | None = None) -> str:
        return (
            f"mysql+asyncmy://{_USER}:{_PASSWORD}@127.0.0.1:{self.port}/{database or 'mysql'}?charset=utf8mb4"
        )

    def create(self, database: str) -> None:
        sql.execute(self.url(), f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4")

    def drop(self, database: str) -> None:
        """A connection left inside a transaction would make DROP wait for ever."""
        connected = sql.execute(self.url(), "SELECT id, db FROM information_schema.processlist")
        left = [f"KILL {row.id}" for row in connected if row.db == database]
        sql.execute(self.url(), *left, f"DROP DATABASE IF EXISTS `{database}`")

    def _initialise(self, data: Path) -> None:
        here = ["--no-defaults", f"--datadir={data}", *_as_root(), *_ROOM]
        if installer := shutil.which("mariadb-install-db", path=_PATH):
            programs.run([installer, *here, "--auth-root-authentication-method=normal", "--skip-test-db"])
        else:
            programs.run([_server(), *here, "--initialize-insecure"])

    def _command(self) -> list[str]:
        first = self.directory / "first.sql"
        first.write_text(_FIRST_SQL)
        here = [f"--datadir={self.data}", f"--port={self.port}", f"--init-file={first}"]
        return [_server(), "--no-defaults", *here, *_as_root(), *_SETTINGS]

    def _account(self) -> dict[str, Any]:
        return {}

    def _shut_down(self, process: psutil.Process) -> None:
        process.terminate()


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _server() -> str:
    for name in ("mariadbd", "mysqld"):
        if found := shutil.which(name, path=_PATH):
            return found
    raise Unavailable("no MariaDB and no MySQL server: apt-get install mariadb-server")
