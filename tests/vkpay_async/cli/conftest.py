"""``vkpay`` as it is typed, in a folder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

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
            await ledger.add(order)
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
