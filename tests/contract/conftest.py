"""Every registered provider, and an eighth that is kept here to show what a new one takes.

SamplePay is one folder on each side and one line in each registry; the lines are added while these tests run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.flow.conftest import Shop, open_shop
from vkpay_async import registry
from vkpay_simulator import providers as simulated
from vkpay_simulator.running import RunningSimulator

SAMPLE = "samplepay"
NAMES = [*registry.REGISTRY, SAMPLE]
SDK_LINE = (SAMPLE, "tests.contract.sample.sdk")
SIMULATOR_LINE = (SAMPLE, "tests.contract.sample.simulator.provider:SampleSim")


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.REGISTRY, *SDK_LINE)
    monkeypatch.setitem(simulated.REGISTRY, *SIMULATOR_LINE)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """A provider's name, as both registries have it."""
    return str(request.param)


@pytest.fixture(scope="session")
def vkpay_sim_server() -> Iterator[RunningSimulator]:
    """One simulator with all of them. A world looks into the registry when it is made."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(simulated.REGISTRY, *SIMULATOR_LINE)
        simulator = RunningSimulator()
    with simulator:
        yield simulator


@pytest.fixture
async def shop(vkpay_sim: RunningSimulator, tmp_path: Path) -> AsyncIterator[Shop]:
    opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db")
    yield opened
    await runner.cleanup()
