"""The servers themselves: they answer, keep databases apart, and keep what was committed through a kill."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.databases import sql
from tests.databases.account import Unavailable
from tests.databases.server import Server

SERVERS = ["postgresql", "mysql"]


async def query(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements in one transaction; the rows of the last."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _query_sqlite(str(parsed.database), statements)
    async with create_async_engine(parsed, poolclass=NullPool).begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def _query_sqlite(path: str, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows
    finally:
        connection.close()


async def test_an_empty_database_answers(database_url: str) -> None:
    assert await query(database_url, "SELECT 1") == [(1,)]
    await query(database_url, "CREATE TABLE money (fen INTEGER)", "INSERT INTO money VALUES (1)")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backend_can_be_chosen(database_url: str) -> None:
    assert database_url.startswith("sqlite:///")


@pytest.mark.parametrize("backend", ["sqlite", *SERVERS])
async def test_two_databases_do_not_see_each_other(
    backend: str, fresh_database: Callable[[str], str]
) -> None:
    one, other = fresh_database(backend), fresh_database(backend)
    await query(one, "CREATE TABLE money (fen INTEGER)", "INSERT INTO money VALUES (1)")
    await query(other, "CREATE TABLE money (fen INTEGER)")
    assert await query(other, "SELECT fen FROM money") == []
    assert await query(one, "SELECT fen FROM money") == [(1,)]


@pytest.mark.parametrize("backend", SERVERS)
async def test_dropping_does_not_wait_for_a_connection_left_open(
    backend: str, fresh_database: Callable[[str], str], database_servers: Any
) -> None:
    url = fresh_database(backend)
    await query(url, "CREATE TABLE money (fen INTEGER)")
    engine = create_async_engine(url, poolclass=NullPool)
    connection = await engine.connect()
    await connection.execute(text("SELECT fen FROM money"))
    database_servers.server(backend).drop(make_url(url).database)
    await connection.invalidate()
    await connection.close()


@pytest.mark.parametrize("backend", SERVERS)
@pytest.mark.parametrize("end", [Server.kill, Server.stop], ids=["kill", "stop"])
async def test_what_was_committed_is_there_after_the_restart(
    backend: str, end: Callable[[Server], None], private_server: Callable[[str], Server]
) -> None:
    server = private_server(backend)
    server.create("pay")
    url = server.url("pay")
    await query(url, "CREATE TABLE money (fen INTEGER)", "INSERT INTO money VALUES (1)")
    await asyncio.to_thread(end, server)
    with pytest.raises(Exception, match=r"(?i)connect"):
        await query(url, "SELECT 1")
    await asyncio.to_thread(server.start)
    assert await query(url, "SELECT fen FROM money") == [(1,)]


@pytest.mark.parametrize("backend", SERVERS)
def test_a_killed_server_can_be_left_behind(backend: str, private_server: Callable[[str], Server]) -> None:
    server = private_server(backend)
    server.kill()
    server.kill()
    server.stop()
    with pytest.raises(Exception, match=r"(?i)connect"):
        sql.execute(server.url(), "SELECT 1")


@pytest.mark.parametrize("backend", SERVERS)
def test_a_database_used_again_is_empty(backend: str, private_server: Callable[[str], Server]) -> None:
    server = private_server(backend)
    server.create("one")
    sql.execute(
        server.url("one"), "CREATE TABLE money (fen INTEGER)", "CREATE SCHEMA IF NOT EXISTS elsewhere"
    )
    server.drop("one")
    server.create("two")
    sql.execute(server.url("two"), "CREATE TABLE money (fen INTEGER)")
    assert sql.execute(server.url("two"), "SELECT fen FROM money") == []
    with pytest.raises(Exception, match="one"):
        sql.execute(server.url("one"), "SELECT 1")


@pytest.mark.parametrize("backend", SERVERS)
def test_a_server_that_cannot_start_says_why(backend: str, private_server: Callable[[str], Server]) -> None:
    server = private_server(backend)
    server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        with pytest.raises(Unavailable, match="in use"):
            server.start()


@pytest.mark.parametrize("backend", SERVERS)
def test_a_server_does_not_outlive_its_owner(backend: str, private_server: Callable[[str], Server]) -> None:
    server = private_server(backend)
    server.stop()
    owner = subprocess.Popen(["sleep", "60"])
    server.owner = owner.pid
    server.start()
    owner.kill()
    owner.wait()
    assert psutil.Process(server.pid).wait(timeout=20) is not None
