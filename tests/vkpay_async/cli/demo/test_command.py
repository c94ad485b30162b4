"""Options, output and exit status of ``vkpay demo``, with flows that need no simulator."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from vkpay_async.cli.app import app
from vkpay_async.cli.demo import command
from vkpay_async.cli.demo.report import DemoFlow
from vkpay_async.cli.demo.simulator import SimulatorFailed

Demo = Callable[..., Result]


@pytest.fixture
def opened() -> list[tuple[int, int | None]]:
    """Port and seed of every simulator that was started."""
    return []


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, opened: list[tuple[int, int | None]]) -> Demo:
    @asynccontextmanager
    async def open_shop(port: int, seed: int | None, database: str | None) -> AsyncIterator[Any]:
        opened.append((port, seed))
        yield SimpleNamespace(code_url=None)

    def run(*flows: DemoFlow, args: tuple[str, ...] = ()) -> Result:
        monkeypatch.setattr(command, "open_shop", open_shop)
        monkeypatch.setattr(command, "all_flows", lambda _: list(flows))
        return CliRunner().invoke(app, ["demo", *args])

    return run


def test_json_is_all_there_is_on_stdout(demo: Demo, flow: Any) -> None:
    result = demo(flow(create="CodeUrl"), args=("--json",))
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert found["flows"][0]["steps"][0]["detail"] == "CodeUrl"
    assert result.stderr == ""


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_a_failed_step_is_exit_status_1(
    demo: Demo, flow: Any, broken: DemoFlow, args: tuple[str, ...]
) -> None:
    result = demo(flow("alipay_h5", create="CodeUrl"), broken, args=args)
    assert result.exit_code == 1
    assert "the buyer has no money" in result.stdout


def test_a_table_for_people(demo: Demo, flow: Any) -> None:
    result = demo(flow(create="CodeUrl", pay="paid"))
    assert result.exit_code == 0
    assert result.stdout.count("wxpay_h5") == 1
    assert "1 of 1 flows ok, 2 steps" in result.stdout


def test_only_what_was_asked_for(demo: Demo, flow: Any) -> None:
    flows = [flow(name, create="x") for name in ("wxpay_h5", "wxpay_mweb", "alipay_h5")]
    result = demo(*flows, args=("--json", "--only", "alipay_h5", "--only", "wxpay_h5"))
    assert [one["pay_type"] for one in json.loads(result.stdout)["flows"]] == ["wxpay_h5", "alipay_h5"]


def test_an_unknown_pay_type_is_answered_with_the_known(demo: Demo) -> None:
    result = demo(args=("--only", "wxpay_h6"))
    assert result.exit_code == 2
    assert "wxpay_h6" in result.stderr
    assert "wxpay_transfer" in result.stderr


def test_port_and_seed_are_the_simulators(
    demo: Demo, flow: Any, opened: list[tuple[int, int | None]]
) -> None:
    demo(flow(create="x"), args=("--port", "9300", "--seed", "7"))
    demo(flow(create="x"))
    assert opened == [(9300, 7), (0, None)]


@pytest.mark.parametrize(("args", "stdout"), [((), ""), (("--json",), '{"ok":false,"flows":[]}\n')])
def test_without_a_simulator_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], stdout: str
) -> None:
    def open_shop(_port: int, _seed: int | None, _database: str | None) -> Any:
        raise SimulatorFailed("pip install it")

    monkeypatch.setattr(command, "open_shop", open_shop)
    result = CliRunner().invoke(app, ["demo", *args])
    assert (result.exit_code, result.stderr, result.stdout) == (1, "pip install it\n", stdout)


def test_sigterm_ends_the_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    @asynccontextmanager
    async def open_shop(_port: int, _seed: int | None, _database: str | None) -> AsyncIterator[Any]:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
            yield None
        finally:
            closed.append("shop")

    monkeypatch.setattr(command, "open_shop", open_shop)
    result = CliRunner().invoke(app, ["demo", "--json"])
    assert (result.exit_code, closed, result.stdout) == (143, ["shop"], "")
