"""``vkpay worker``: the jobs in a process of their own."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.vkpay_async.cli.process import Start, until_true
from vkpay_async import VKPay
from vkpay_async.cli import worker
from vkpay_async.cli.worker import Engine, default_engine
from vkpay_async.ledger import Ledger

EMPTY = "from vkpay_async import VKPay\npay = VKPay.from_dict({}, database='sqlite:///vkpay.db')\n"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "empty_of_a_test.py").write_text(EMPTY)
    monkeypatch.delitem(sys.modules, "empty_of_a_test", raising=False)
    return "empty_of_a_test:pay"


def test_once_says_what_each_job_did(vkpay: Any, app: str) -> None:
    result = vkpay("worker", app, "--once", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (
        0,
        {"redeliver": 0, "repair": 0, "expire": 0, "refunds": 0, "transfers": 0, "delete": 0},
    )


def test_people_read_what_the_counts_mean(vkpay: Any, app: str) -> None:
    lines = [line.split() for line in vkpay("worker", app, "--once").stdout.splitlines()]
    assert lines[0] == ["job", "done"]
    assert ["redeliver", "0", "handlers", "run", "again"] in lines


def test_a_job_there_is_not(vkpay: Any, app: str) -> None:
    result = vkpay("worker", app, "--once", "--job", "cook")
    assert result.exit_code == 1
    assert "no job 'cook'; there are redeliver" in result.stderr


def test_it_needs_the_application(vkpay: Any) -> None:
    result = vkpay("worker", "--once")
    assert result.exit_code == 2
    assert "APP" in result.stderr


def test_procrastinate_wants_postgresql(vkpay: Any, app: str) -> None:
    result = vkpay("worker", app, "--engine", "procrastinate")
    assert result.exit_code == 1
    assert "need PostgreSQL" in result.stderr


@pytest.mark.parametrize(
    ("database", "installed", "engine"),
    [
        ("sqlite:///pay.db", True, Engine.loop),
        ("postgresql://shop@db/pay", True, Engine.procrastinate),
        ("postgresql://shop@db/pay", False, Engine.loop),
    ],
)
def test_the_engine_for_several_machines_is_taken_where_it_can_be(
    monkeypatch: pytest.MonkeyPatch, database: str, installed: bool, engine: Engine
) -> None:
    monkeypatch.setattr(worker, "find_spec", lambda _: object() if installed else None)
    assert default_engine(VKPay.from_dict({}, database=database)) is engine


@POSIX
async def test_it_runs_until_it_is_asked_to_stop(start: Start) -> None:
    working = await start("worker", "shop:pay")
    assert working.said["engine"] == "loop"
    assert working.said["paid"] == ["goods"]
    assert "redeliver" in working.said["jobs"]
    working.process.terminate()
    assert await working.end() == 0


@POSIX
async def test_on_postgresql_workers_share_a_queue(
    start: Start, fresh_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fresh_database("postgresql")
    monkeypatch.setenv("SHOP_DATABASE", url)
    ledger = Ledger(url)

    def count(connection: Connection) -> int:
        there = connection.exec_driver_sql("SELECT to_regclass('procrastinate_workers')").scalar()
        return (
            connection.exec_driver_sql("SELECT count(*) FROM procrastinate_workers").scalar() if there else 0
        )

    async def registered() -> bool:
        return await ledger.read(count) == 1

    working = await start("worker", "shop:pay")
    assert working.said["engine"] == "procrastinate"
    await until_true(registered)
    await ledger.close()
    working.process.send_signal(signal.SIGINT)
    assert await working.end() == 0
