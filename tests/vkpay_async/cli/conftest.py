"""``vkpay`` as it is typed, in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.vkpay_async.cli.process import COMMAND, PATIENCE_S, ROOT, SHOP, Start, Started
from tests.vkpay_async.fake import Bank, Clock, open_shop
from vkpay_async.cli.app import app
from vkpay_async.ledger import Ledger
from vkpay_async.order import Order
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

Run = Callable[..., Result]


@pytest.fixture
def vkpay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the test's folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(app, args)


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[[Mapping[str, Any]], Path]:
    """Writes ``vkpay.toml``."""

    def write(data: Mapping[str, Any]) -> Path:
        path = tmp_path / "vkpay.toml"
        path.write_text(dumps(data), encoding="utf-8")
        return path

    return write


@pytest.fixture
def config(vkpay_sim: RunningSimulator) -> dict[str, Any]:
    """The simulator's configuration, to be changed by a test."""
    return vkpay_sim.config


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., None]:
    """Puts orders into the ``vkpay.db`` of the test's folder."""

    async def add(orders: tuple[Order, ...]) -> None:
        ledger = Ledger(f"sqlite:///{tmp_path}/vkpay.db")
        for order in orders:
            unrefunded = {"refund_list": (), "refund_fee": 0, "status": min(order.status, 1)}
            await ledger.add(msgspec.structs.replace(order, **unrefunded))
            for entry in order.refund_list:
                await ledger.add_refund(order.out_trade_no, msgspec.structs.replace(entry, state="PENDING"))
                await ledger.set_refund(order.out_trade_no, entry.out_refund_no, state=entry.state)
        await ledger.close()

    return lambda *orders: asyncio.run(add(orders))


@pytest.fixture
def order() -> Callable[..., Order]:
    def build(out_trade_no: str = "A1", **more: Any) -> Order:
        known: dict[str, Any] = {
            "type": "goods",
            "pay_type": "wxpay_h5",
            "total_fee": 19900,
            "create_date": 1_767_196_800_000,
        }
        return Order(out_trade_no=out_trade_no, **{**known, **more})

    return build


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, with ``shop.py``, for commands that run as processes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "simulator"))))
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    return tmp_path


@pytest.fixture
async def unpaid(folder: Path, bank: Bank, clock: Clock) -> None:
    """An order in the shop's database."""
    shop = open_shop(bank, clock, f"sqlite:///{folder}/pay.db")
    async with shop.pay:
        await shop.order()


@pytest.fixture
async def start(folder: Path) -> AsyncIterator[Start]:
    """Starts a command with ``--json`` and waits for its first line."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*args: str) -> Started:
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, *args, "--json", stdout=asyncio.subprocess.PIPE, stderr=log
            )
        started.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, (folder / "log").read_text()
        return Started(process, json.loads(line), folder / "log")

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()
