"""Where a receiver keeps what it hears: a database for each receiver, with the orders that will be paid in it."""

from __future__ import annotations

import asyncio
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, MetaData, String, Table, insert, make_url

from benchmarks import deliveries
from vkpay_async.ledger import Ledger
from vkpay_async.ledger.schema import orders, refunds

ROWS_AT_ONCE = 5000
_metadata = MetaData()

shipped = Table("benchmark_shipped", _metadata, Column("what", String(64)))
"""What the handlers of ``--handler tx`` write. Nothing in it is unique: what they do twice stands there twice."""

heard = Table(
    "heard",
    _metadata,
    Column("number", String(64), primary_key=True),
    Column("what", String(64), primary_key=True),
    Column("body", LargeBinary(2**24 - 1)),
)
"""What the receivers write that have no ledger."""


class Store(ABC):
    """One kind. ``name`` is the option's."""

    name: str
    tells_commits: bool = True
    """Whether there is anybody to count them: the receiver itself, or a server for each database."""

    @contextmanager
    @abstractmethod
    def fresh(self, count: int) -> Iterator[str]:
        """The URL of a database with so many orders, of which nothing was heard yet."""

    def cpu(self) -> float | None:
        """CPU seconds of the database server so far; ``None`` where there is none, or it is not ours to look at."""
        return None

    def commits(self, url: str) -> int | None:
        """How many there were in this database, by its server's own count; ``None`` where the receiver has to count."""
        return None


class File(Store):
    """SQLite. With ``name`` "none" it is there for the receiver to open, and stays as it is."""

    def __init__(self, folder: Path, name: str = "sqlite") -> None:
        self.name = name
        self._folder = folder

    @contextmanager
    def fresh(self, count: int) -> Iterator[str]:
        filled = self._folder / f"filled-{count}.db"
        if not filled.exists():
            asyncio.run(fill(f"sqlite:///{filled}", range(count)))
        path = self._folder / f"{token_hex(5)}.db"
        shutil.copyfile(filled, path)
        with path.open("rb") as file:  # what the system has still to write would slow the receiver down
            os.fsync(file.fileno())
        try:
            yield f"sqlite:///{path}"
        finally:
            for left in self._folder.glob(f"{path.name}*"):
                left.unlink()


class OnServer(Store):
    """PostgreSQL or MySQL. Databases are made on the server and dropped; no other is touched."""

    def __init__(self, name: str, url: str, after: ExitStack, pid: int | None = None) -> None:
        self.name = name
        self._url = make_url(url)
        self._pid = pid
        self._after = after
        self._filled: dict[int, str] = {}
        self.tells_commits = name == "postgres"  # MySQL counts those of all its databases together

    @contextmanager
    def fresh(self, count: int) -> Iterator[str]:
        if self.name == "mysql":
            with self._made(" CHARACTER SET utf8mb4") as url:
                asyncio.run(fill(url, range(count)))
                yield url
            return
        if count not in self._filled:
            filled = self._after.enter_context(self._made())
            asyncio.run(fill(filled, range(count)))
            self._do("CHECKPOINT")
            self._filled[count] = filled
        with self._made(f" TEMPLATE {make_url(self._filled[count]).database}") as url:
            yield url

    @contextmanager
    def _made(self, how: str = "") -> Iterator[str]:
        database = f"vkpay_bench_{token_hex(5)}"
        self._do(f"CREATE DATABASE {database}{how}")
        try:
            yield self._url.set(database=database).render_as_string(hide_password=False)
        finally:
            self._do(f"DROP DATABASE {database}{' WITH (FORCE)' if self.name == 'postgres' else ''}")

    def cpu(self) -> float | None:
        return None if self._pid is None else family_cpu(self._pid)

    def commits(self, url: str) -> int | None:
        if not self.tells_commits:
            return None
        # Of connections that are closed; an idle one tells of its last transactions within ten seconds.
        found = {row.datname: row.xact_commit for row in self._do("SELECT * FROM pg_stat_database")}
        return int(found[make_url(url).database])

    def _do(self, statement: str) -> list[Any]:
        from tests.databases import sql

        return sql.execute(self._url.render_as_string(hide_password=False), statement)


def store_of(name: str, database: str | None, folder: Path, after: ExitStack) -> Store:
    """On a server that is started here, where none is named. Raises ``SystemExit``."""
    if name in ("none", "sqlite"):
        return File(folder, name)
    if database is not None:
        return OnServer(name, database, after)
    from benchmarks.servers import Unavailable, started

    try:
        server = started(name, after)
    except Unavailable as error:
        raise SystemExit(f"--store {name}: {error}") from None
    return OnServer(name, server.url(), after, server.pid)


async def fill(url: str, those: range, *, ours: bool = True) -> None:
    """Through the SDK's ledger, as the merchant that had taken the orders; in a database of ours, with tables beside it."""
    ledger = Ledger(url)
    await ledger.open()
    if ours:
        await ledger.write(lambda connection: _metadata.create_all(connection))
    for table, rows in ((orders, deliveries.orders(those)), (refunds, deliveries.refunds(those))):
        while part := list(islice(rows, ROWS_AT_ONCE)):
            await ledger.write(partial(_insert, table, part))
    await ledger.close()


def _insert(table: Table, rows: list[deliveries.Row], connection: Connection) -> None:
    connection.execute(insert(table), rows)


def family_cpu(pid: int) -> float:
    """CPU seconds of a process, of those that it has waited for, and of those that it has started."""
    own = _own_cpu(pid) + _of_those_that_ended(pid)
    return own + sum(family_cpu(child) for child in children(pid))


def keep_to(core: int, pid: int) -> None:
    """A server, its threads and its processes, as far as there are any yet: later ones inherit it."""
    if hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                os.sched_setaffinity(int(task.name), {core})
        for child in children(pid):
            keep_to(core, child)


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def _own_cpu(pid: int) -> float:
    """To the nanosecond: a turn of a server with many processes would get lost in the system's ticks of 10 ms."""
    found = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has just ended
            found += int(task.read_text().split()[0])
    return found / 1e9


def _of_those_that_ended(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[13:15]) / os.sysconf("SC_CLK_TCK")
