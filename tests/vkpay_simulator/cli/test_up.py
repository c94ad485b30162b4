import asyncio

import pytest

from vkpay_simulator.cli import up


def test_the_simulator_runs_on_uvloop_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=up.loop_factory()) as runner:
        assert isinstance(runner.get_loop(), uvloop.Loop)


def test_the_simulator_runs_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "find_spec", lambda _name: None)
    with asyncio.Runner(loop_factory=up.loop_factory()) as runner:
        assert type(runner.get_loop()).__module__.startswith("asyncio.")
