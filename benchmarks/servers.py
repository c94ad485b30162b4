"""Database servers that a run starts for itself, with as much memory as one has that serves a shop: the tests' have little."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

from tests.databases.account import Unavailable
from tests.databases.mysql import MySQL
from tests.databases.postgresql import PostgreSQL
from tests.databases.server import Server

__all__ = ["Unavailable", "started"]


class _PostgreSQL(PostgreSQL):
    def _command(self) -> list[str]:
        more = ("shared_buffers=512MB", "maintenance_work_mem=256MB", "max_wal_size=4GB")
        return [*super()._command(), *(f"--{setting}" for setting in more)]


class _MySQL(MySQL):
    def _command(self) -> list[str]:
        return [*super()._command(), "--innodb-buffer-pool-size=1G", "--loose-innodb-log-file-size=512M"]


KINDS: dict[str, type[Server]] = {"postgres": _PostgreSQL, "mysql": _MySQL}


def started(name: str, after: ExitStack) -> Server:
    """Is gone, with its data, when ``after`` ends. Raises :class:`Unavailable`."""
    home = Path(mkdtemp(prefix="vkpay-bench-db-"))
    after.callback(shutil.rmtree, home, ignore_errors=True)
    if os.geteuid() == 0:
        home.chmod(0o755)  # the account of the servers has to walk into it
    server = KINDS[name](home / name, home / "template", owner=os.getpid())
    after.callback(server.remove)
    server.start()
    return server
