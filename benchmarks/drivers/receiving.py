"""The receivers beside ours: by hand over aiohttp, and FastAPI with wechatpayv3's callback. Started as ``vkpay serve`` is.

The first line of output says where it listens. SIGTERM ends it, and then it leaves its notes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from aiohttp import web

from benchmarks import floors, peers
from benchmarks.deliveries import PREFIX
from benchmarks.floors import Keep, heard
from benchmarks.notes import Notes
from benchmarks.served import Settings, settings

POOL = 16
MARK = "UPDATE vk_pay_orders SET status = 1, transaction_id = ? WHERE out_trade_no = ? AND status = 0"

RESTING_S = 300


class CountedGroupCommit(floors.GroupCommit):
    def __init__(self, database: str, notes: Notes) -> None:
        super().__init__(database)
        self._notes = notes

    def _commit(self, rows: list[tuple[Any, ...]]) -> None:
        super()._commit(rows)
        self._notes.committed()


async def group_commit(database: str, notes: Notes) -> Keep:
    kept = CountedGroupCommit(database.removeprefix("sqlite:///"), notes)
    return kept.insert


async def insert_on_file(database: str, notes: Notes) -> Keep:
    """A row for every notification, and a transaction for every row."""
    return _on_file(database, notes, moves=False)


async def one_each(database: str, notes: Notes) -> Keep:
    """As most are written: a transaction for every notification, in which its order is marked."""
    return _on_file(database, notes, moves=True)


def _on_file(database: str, notes: Notes, *, moves: bool) -> Keep:
    connection = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
        connection.execute(statement)

    async def keep(number: str, what: str, body: bytes) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR IGNORE INTO heard VALUES (?, ?, ?)", (number, what, body))
        if moves:
            connection.execute(MARK, (what, number))
        connection.execute("COMMIT")
        notes.committed()

    return keep


async def insert_each(database: str, notes: Notes) -> Keep:
    """On PostgreSQL as most write it: a pool, and an INSERT for every notification."""
    pool = await _postgres(database)

    async def keep(number: str, what: str, body: bytes) -> None:
        await pool.execute("INSERT INTO heard VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", number, what, body)

    return keep


async def batches(database: str, notes: Notes) -> Keep:
    """On PostgreSQL one statement for all that waits: while one commits, the next gathers."""
    pool = await _postgres(database)
    waiting: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
    flushing: list[asyncio.Task[None]] = []

    async def flush() -> None:
        while waiting:
            batch, waiting[:] = list(waiting), []
            columns = [list(column) for column in zip(*(row for row, _ in batch), strict=True)]
            await pool.execute(
                "INSERT INTO heard SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) "
                "ON CONFLICT DO NOTHING",
                *columns,
            )
            for _, written in batch:
                written.set_result(None)
        flushing.clear()

    async def keep(number: str, what: str, body: bytes) -> None:
        written = asyncio.get_running_loop().create_future()
        waiting.append(((number, what, body), written))
        if not flushing:
            flushing.append(asyncio.create_task(flush()))
        await written

    return keep


async def _postgres(database: str) -> Any:
    import asyncpg

    return await asyncpg.create_pool(database.replace("+asyncpg", ""), min_size=POOL, max_size=POOL)


async def mysql_each(database: str, notes: Notes) -> Keep:
    import asyncmy
    from sqlalchemy import make_url

    url = make_url(database)
    pool = await asyncmy.create_pool(
        host=url.host,
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        db=url.database,
        minsize=POOL,
        maxsize=POOL,
    )

    async def keep(number: str, what: str, body: bytes) -> None:
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("INSERT IGNORE INTO heard VALUES (%s, %s, %s)", (number, what, body))
            await connection.commit()

    return keep


KEEPING: dict[tuple[str, str], Callable[[str, Notes], Awaitable[Keep]]] = {
    ("sqlite", "floor"): group_commit,
    ("sqlite", "one each"): one_each,
    ("sqlite", "fastapi"): insert_on_file,
    ("postgres", "floor"): batches,
    ("postgres", "one each"): insert_each,
    ("postgres", "fastapi"): insert_each,
    ("mysql", "one each"): mysql_each,
    ("mysql", "fastapi"): mysql_each,
}
"""By store and receiver."""


async def keep_of(store: str, name: str, found: Settings, notes: Notes) -> Keep | None:
    return None if store == "none" else await KEEPING[store, name](found.database, notes)


async def by_hand(store: str, name: str, bound: socket.socket, found: Settings) -> None:
    notes, stop = Notes(found.notes), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = floors.receiver(PREFIX, await keep_of(store, name, found, notes))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    _settle_garbage()
    await web.SockSite(runner, bound, backlog=512).start()
    notes.start()
    _ready(bound)
    await stop.wait()
    await runner.cleanup()
    notes.write()


def fastapi(store: str, name: str, bound: socket.socket, found: Settings) -> None:
    """uvicorn, uvloop, httptools, and wechatpayv3's callback. Alipay's are verified by hand, at less than any package takes."""
    import uvicorn
    from fastapi import FastAPI, Request, Response

    client, alipay, notes = peers.wechatpayv3("http://127.0.0.1"), floors.AlipayHand(), Notes(found.notes)
    keeping: list[Keep | None] = [None]

    @asynccontextmanager
    async def life(_: Any) -> AsyncIterator[None]:
        keeping[0] = await keep_of(store, name, found, notes)
        _settle_garbage()
        notes.start()
        asyncio.get_running_loop().call_soon(_ready, bound)
        yield
        notes.write()

    async def from_wechat(number, request):  # type: ignore[no-untyped-def]
        body = await request.body()
        told = client.callback(request.headers, body)  # type: ignore[union-attr]
        if keeping[0] is not None:
            await keeping[0](*heard(told["resource"]), body)
        return {"code": "SUCCESS"}

    async def from_alipay(number, request):  # type: ignore[no-untyped-def]
        body = await request.body()
        told = alipay.read(request.headers, body)
        if keeping[0] is not None:
            await keeping[0](*heard(told), body)
        return Response(content=b"success", media_type="text/plain")

    app = FastAPI(lifespan=life)
    for pay_type, receive in (("wxpay_h5", from_wechat), ("alipay_h5", from_alipay)):
        receive.__annotations__ = {"number": str, "request": Request}  # known in here only
        app.post(f"{PREFIX}/vk-pay-notify/{pay_type}/{{number}}")(receive)
    quiet: Any = {"log_level": "error", "access_log": False}
    # By default it hangs up on connections that have rested for five seconds; the load's rest while others have their turn.
    config = uvicorn.Config(app, loop="uvloop", http="httptools", timeout_keep_alive=RESTING_S, **quiet)
    uvicorn.Server(config).run(sockets=[bound])


def _settle_garbage() -> None:
    """For every receiver alike, as ``vkpay serve`` does it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


_others: list[int] = []


def _ready(bound: socket.socket) -> None:
    """The last process to serve need not be the first: the port takes connections from here on."""
    if _others:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        print(json.dumps({"addresses": [address], "workers": _others}), flush=True)


def main(store: str, name: str) -> None:
    found = settings()
    logging.disable(logging.WARNING)
    bound = _bound(0, found.processes > 1)
    children: list[int] = []
    for _ in range(found.processes - 1):
        pid = os.fork()
        if pid == 0:
            bound = _bound(bound.getsockname()[1], True)
            children = []
            break
        children.append(pid)
    else:
        _others.extend([os.getpid(), *children])
    if name == "fastapi":
        fastapi(store, name, bound, found)
    else:
        uvloop.run(by_hand(store, name, bound, found))
    for pid in children:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def _bound(port: int, shared: bool) -> socket.socket:
    made = socket.socket()
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    made.listen(512)
    made.setblocking(False)
    return made


if __name__ == "__main__":
    main(*sys.argv[1:])
