"""Whatever is killed, and whenever: every payment is kept, and each handler's transaction takes effect once.

``VKPAY_CHAOS_ORDERS`` makes it long (``make chaos``), ``VKPAY_CHAOS_SEED`` repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from tests.chaos.plan import Blow, Plan, make_plan, new_seed
from tests.chaos.run import Outage, Run, report
from tests.databases.server import Server
from vkpay_simulator.running import RunningSimulator

ORDERS = int(os.environ.get("VKPAY_CHAOS_ORDERS", "120"))


def _plan() -> Plan:
    if ORDERS <= 200:
        return make_plan(new_seed(), orders=ORDERS, paying_s=5, kills=3, stops=1, freezes=1)
    paying_s = ORDERS / 50
    return make_plan(
        new_seed(),
        orders=ORDERS,
        paying_s=paying_s,
        kills=int(paying_s / 2.5),
        stops=int(paying_s / 10),
        freezes=int(paying_s / 10),
    )


def _server_outage(server: Server) -> Outage:
    async def outage(blow: Blow) -> None:
        await asyncio.to_thread(server.kill if blow.kind == "database_kill" else server.stop)
        await asyncio.sleep(blow.seconds)
        await asyncio.to_thread(server.start)

    return outage


def _file_outage(file: Path) -> Outage:
    """A file cannot be stopped, but a stranger may hold it: a backup, somebody's shell."""

    async def outage(blow: Blow) -> None:
        with closing(
            sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        ) as stranger:
            await asyncio.to_thread(stranger.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(blow.seconds)
            await asyncio.to_thread(stranger.execute, "ROLLBACK")

    return outage


async def _checked(sim: RunningSimulator, database: str, folder: Path, outage: Outage, backend: str) -> None:
    plan = _plan()
    print(f"VKPAY_CHAOS_SEED={plan.seed}", flush=True)
    result = await Run(plan=plan, sim=sim, database=database, folder=folder, outage=outage).go(
        30 if ORDERS <= 200 else 90
    )
    print(msgspec.json.encode(report(result, plan, backend)).decode(), flush=True)
    assert (result.findings.wrong, result.left) == ({}, 0)


async def test_postgresql(
    vkpay_sim: RunningSimulator, private_server: Callable[[str], Server], tmp_path: Path
) -> None:
    server = private_server("postgresql")
    server.create("chaos")
    await _checked(vkpay_sim, server.url("chaos"), tmp_path, _server_outage(server), "postgresql")


async def test_sqlite(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    file = tmp_path / "pay.db"
    await _checked(vkpay_sim, f"sqlite:///{file}", tmp_path, _file_outage(file), "sqlite")
