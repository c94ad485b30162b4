"""Notifications received over HTTP, stored and handled: beside a receiver that stores nothing, one that commits each, and a peer.

``python -m benchmarks.receive`` prints one JSON line. Each receiver runs in a process of its own on one core; the load
comes from the other, with bodies that were signed beforehand. ``claim``: what happened is kept, and nothing else; ``moved``: it
is matched and its order moved in the same transaction; ``pipeline``: an empty handler and its outcome besides. Nothing is
acknowledged before it is on disk.

``--database URL`` keeps it on a server instead, in tables that are made anew; ``--processes`` share a port and all cores.
``--slow-disk`` lets every fsync of a receiver take 3 ms longer, as a disk in a cloud does (it needs gcc).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import multiprocessing
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks import parties, peers
from benchmarks.rounds import machine, pin, ratio
from vkpay_async import PaidOrder, VKPay
from vkpay_async.order import Order
from vkpay_async.providers.wxpay.models import Transaction

Serve = Callable[[str, list[str]], Any]
PATH = "/pay/vk-pay-notify/wxpay_h5/"


def number(n: int) -> str:
    return f"T{n:013d}"


def requests(count: int) -> list[bytes]:
    """Whole HTTP requests, signed."""
    made = []
    for n in range(count):
        body = parties.notification(number(n))
        head = "".join(f"{name}: {value}\r\n" for name, value in parties.signed_headers(body).items())
        line = f"POST {PATH}{number(n)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        made.append(f"{line}{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return made


class Caller(asyncio.Protocol):
    """Sends the next request when the last one was answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._load.answered(
            head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")), time.perf_counter() - self._sent
        )
        self._next()

    def _next(self) -> None:
        request = self._load.take()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


class Load:
    """A closed loop over some connections."""

    def __init__(self, made: list[bytes]) -> None:
        self._left = list(reversed(made))
        self._waiting = len(made)
        self.latencies: list[float] = []
        self.failed = 0
        self.done = asyncio.Event()

    def take(self) -> bytes | None:
        return self._left.pop() if self._left else None

    def answered(self, well: bool, seconds: float) -> None:
        self.failed += not well
        self.latencies.append(seconds)
        self._waiting -= 1
        if not self._waiting:
            self.done.set()


async def run_load(port: int, made: list[bytes], concurrency: int) -> dict[str, float]:
    load, loop = Load(made), asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(concurrency):
        await loop.create_connection(lambda: Caller(load), "127.0.0.1", port)
    await asyncio.wait_for(load.done.wait(), 120)
    seconds = time.perf_counter() - started
    if load.failed:
        raise SystemExit(f"{load.failed} of {len(made)} were not accepted")
    ordered = sorted(load.latencies)
    return {
        "seconds_each": seconds / len(made),
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
    }


class Hand:
    """The floor: verify, decrypt, typed; by hand."""

    def __init__(self) -> None:
        self._key = parties.PLATFORM.public_key()
        self._gcm = AESGCM(parties.V3_KEY.encode())

    def read(self, headers: Any, body: bytes) -> Any:
        timestamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64decode(headers["Wechatpay-Signature"])
        self._key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        resource = msgspec.json.decode(body)["resource"]
        sealed = base64.b64decode(resource["ciphertext"])
        plain = self._gcm.decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode())
        return msgspec.json.decode(plain, type=Transaction)


OK = b'{"code":"SUCCESS"}'


async def no_store(database: str, numbers: list[str]) -> web.Application:
    hand = Hand()

    async def receive(request: web.Request) -> web.Response:
        hand.read(request.headers, await request.read())
        return web.Response(body=OK, content_type="application/json")

    app = web.Application()
    app.router.add_post(PATH + "{number}", receive)
    return app


async def one_each(database: str, numbers: list[str]) -> web.Application:
    """As most are written: a transaction for every notification."""
    connection = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE orders (number TEXT PRIMARY KEY, status INT, fee INT, paid TEXT)",
        "CREATE TABLE heard (number TEXT, what TEXT, body BLOB, PRIMARY KEY (number, what))",
        "BEGIN",
    ):
        connection.execute(statement)
    connection.executemany("INSERT INTO orders VALUES (?, 0, 100, NULL)", [(one,) for one in numbers])
    connection.execute("COMMIT")
    hand = Hand()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        trade = hand.read(request.headers, body)
        connection.execute("BEGIN IMMEDIATE")
        key = (trade.out_trade_no, trade.transaction_id)
        connection.execute("INSERT INTO heard VALUES (?, ?, ?)", (*key, body))
        connection.execute(
            "UPDATE orders SET status = 1, paid = ? WHERE number = ? AND status = 0", key[::-1]
        )
        connection.execute("COMMIT")
        return web.Response(body=OK, content_type="application/json")

    app = web.Application()
    app.router.add_post(PATH + "{number}", receive)
    return app


async def insert_each(database: str, numbers: list[str]) -> web.Application:
    """On PostgreSQL as most write it: a pool, and an INSERT for every notification."""
    import asyncpg

    pool = await asyncpg.create_pool(database.replace("+asyncpg", ""), min_size=16, max_size=16)
    await pool.execute(
        "CREATE TABLE IF NOT EXISTS heard (number text PRIMARY KEY, transaction_id text, body bytea)"
    )
    hand = Hand()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        trade = hand.read(request.headers, body)
        await pool.execute(
            "INSERT INTO heard VALUES ($1, $2, $3)", trade.out_trade_no, trade.transaction_id, body
        )
        return web.Response(body=OK, content_type="application/json")

    app = web.Application()
    app.router.add_post(PATH + "{number}", receive)
    return app


async def ours(database: str, numbers: list[str], *, handler: bool) -> web.Server:
    from sqlalchemy import insert

    from vkpay_async.ledger.schema import orders
    from vkpay_async.web.aiohttp import vkpay_handler

    config = {**parties.config("http://127.0.0.1"), "notify_url": "http://127.0.0.1/pay"}
    pay = VKPay.from_dict(config, database=database)
    if handler:

        @pay.on_paid("goods")
        async def ship(order: PaidOrder) -> None:
            """Nothing to do."""

    await pay.orders.open()
    server = web.Server(vkpay_handler(pay, prefix="/pay"), access_log=None)  # type: ignore[arg-type]
    if not numbers:
        return server
    order = Order(
        out_trade_no="",
        type="goods",
        pay_type="wxpay_h5",
        total_fee=100,
        create_date=1_767_196_800_000,
        pid="default",
        mch_id=parties.MCH_ID,
        provider_appid=parties.APP_ID,
    )
    row = {name: value for name, value in msgspec.structs.asdict(order).items() if name != "refund_list"}
    rows = [{**row, "out_trade_no": one} for one in numbers]
    await pay.orders.write(lambda connection: connection.execute(insert(orders), rows))
    return server


async def verified(database: str, numbers: list[str]) -> web.Server:
    """Everything before the ledger: what a notification costs when nothing is kept of it."""
    from vkpay_async.notify.pipeline import Settled
    from vkpay_async.notify.receiver import Receiver

    async def nothing(*_: object) -> Settled:
        return Settled()

    Receiver._settled = nothing  # type: ignore[assignment]
    return await ours(database, [], handler=False)


async def claim(database: str, numbers: list[str]) -> web.Server:
    """The claim alone, without the order: the receiver as it is, and decisions that keep the event."""
    from vkpay_async.happenings import Decision
    from vkpay_async.notify import decisions

    decisions.on_payment = lambda found, event, *_: Decision(event=event)  # type: ignore[assignment]
    return await ours(database, [], handler=False)


async def moved(database: str, numbers: list[str]) -> web.Server:
    return await ours(database, numbers, handler=False)


async def pipeline(database: str, numbers: list[str]) -> web.Server:
    return await ours(database, numbers, handler=True)


def fastapi(told: Connection) -> None:
    """FastAPI with uvicorn, uvloop and httptools, and wechatpayv3's callback: no store at all."""
    import uvicorn
    from fastapi import FastAPI, Request

    client = peers.wechatpayv3("http://127.0.0.1")
    app = FastAPI()

    async def receive(number, request):  # type: ignore[no-untyped-def]
        found = client.callback(request.headers, await request.body())  # type: ignore[union-attr]
        assert found["event_type"] == "TRANSACTION.SUCCESS"
        return {"code": "SUCCESS"}

    receive.__annotations__ = {"number": str, "request": Request}  # known in here only
    app.post(PATH + "{number}")(receive)
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    told.send(listening.getsockname()[1])
    config = uvicorn.Config(app, log_level="error", loop="uvloop", http="httptools", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


RECEIVERS: dict[str, Serve] = {
    "no_store": no_store,
    "one_each": one_each,
    "verified": verified,
    "claim": claim,
    "moved": moved,
    "pipeline": pipeline,
}
ON_A_SERVER: dict[str, Serve] = {
    "no_store": no_store,
    "insert_each": insert_each,
    "claim": claim,
    "moved": moved,
    "pipeline": pipeline,
}


def serve(
    name: str, database: str, numbers: list[str], told: Connection, core: int | None, port: int
) -> None:
    """The process of one receiver."""
    if core is not None:
        pin(core)
    import logging

    logging.disable(logging.WARNING)
    if name == "fastapi":
        fastapi(told)
        return

    async def run() -> None:
        app = await {**RECEIVERS, **ON_A_SERVER}[name](database, numbers)
        runner = (
            web.AppRunner(app, access_log=None) if isinstance(app, web.Application) else web.ServerRunner(app)
        )
        await runner.setup()
        # For every receiver alike, as `vkpay serve` does it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=512, reuse_port=bool(port))
        await site.start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(run())


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(
    name: str, made: list[bytes], concurrency: int, database: str | None, processes: int
) -> dict[str, float]:
    """One receiver from its start, with tables of its own, to its end."""
    fork = multiprocessing.get_context("fork")
    numbers = [number(n) for n in range(len(made))]
    with tempfile.TemporaryDirectory(prefix="vkpay-bench-") as folder:
        url = database or f"sqlite:///{folder}/pay.db"
        if database:
            asyncio.run(emptied(database))
        running, port = [], 0 if processes == 1 else free_port()
        try:
            for nth in range(processes):
                ours_end, theirs = fork.Pipe()
                core = 1 if processes == 1 else None
                given = (name, url, [] if nth else numbers, theirs, core, port)
                process = fork.Process(target=serve, args=given, daemon=True)
                process.start()
                running.append(process)
                bound = ours_end.recv()
            before = sum(cpu_seconds(process.pid) for process in running)
            found = uvloop.run(run_load(bound, made, concurrency))
            found["cpu_each"] = (sum(cpu_seconds(process.pid) for process in running) - before) / len(made)
            found["rss_mib"] = max(rss_mib(process.pid) for process in running)
        finally:
            for process in running:
                process.kill()
                process.join()
    return found


async def emptied(database: str) -> None:
    """The server's database without any table of ours or the comparison's."""
    from sqlalchemy import text

    from vkpay_async.ledger.engine import open_store
    from vkpay_async.ledger.schema import metadata

    store = open_store(database)
    await store.write(metadata.drop_all)
    for table in ("heard", "vk_pay_schema_version"):
        statement = text(f"DROP TABLE IF EXISTS {table}")
        await store.write(lambda connection, drop=statement: connection.execute(drop))
    await store.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        bound: int = listening.getsockname()[1]
        return bound


SLOW_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
#define SLOW(name) int name(int file) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, #name); \\
  usleep(3000); return real(file); }
SLOW(fsync)
SLOW(fdatasync)
"""


def slowed_down() -> None:
    """Starts over with a library before the C library's own whose fsync takes 3 ms longer."""
    folder = tempfile.mkdtemp(prefix="vkpay-bench-")
    library = f"{folder}/slow.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", library, "-ldl"]
    subprocess.run(command, input=SLOW_DISK.encode(), check=True)
    environment = {**os.environ, "LD_PRELOAD": library}
    os.execve(sys.executable, [sys.executable, "-m", "benchmarks.receive", *sys.argv[1:]], environment)  # noqa: S606 - this very program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--database", help="a server's URL instead of a file of SQLite")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--slow-disk", action="store_true")
    options = parser.parse_args()
    if options.slow_disk and "LD_PRELOAD" not in os.environ:
        slowed_down()
    made = requests(options.count)
    if options.processes == 1:
        pin(0)
    peer = ["fastapi"] if _has_peer() and options.processes == 1 and not options.database else []
    names = options.only or [*(ON_A_SERVER if options.database else RECEIVERS), *peer]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            found[name].append(measure(name, made, options.concurrency, options.database, options.processes))
    print(json.dumps(_report(options, found)))


def _has_peer() -> bool:
    from importlib.util import find_spec

    return all(find_spec(name) for name in ("fastapi", "uvicorn", "httptools", "wechatpayv3"))


def _report(options: argparse.Namespace, found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    each = {name: [1 / one["seconds_each"] for one in rounds] for name, rounds in found.items()}

    def median(name: str, key: str, scale: float) -> float:
        return round(statistics.median(one[key] for one in found[name]) * scale, 2)

    return {
        "benchmark": "receive",
        "rounds": options.rounds,
        "concurrency": options.concurrency,
        "store": (options.database or "sqlite").partition(":")[0]
        + (", slow disk" if options.slow_disk else ""),
        "processes": options.processes,
        "per_second": {name: round(statistics.median(values)) for name, values in each.items()},
        "ratio_to_no_store": {name: ratio(each, name, "no_store") for name in each if "no_store" in each},
        "cpu_us": {name: median(name, "cpu_each", 1e6) for name in found},
        "p50_ms": {name: median(name, "p50", 1e3) for name in found},
        "p99_ms": {name: median(name, "p99", 1e3) for name in found},
        "rss_mib": {name: median(name, "rss_mib", 1) for name in found},
        "machine": machine(),
    }


if __name__ == "__main__":
    main()
