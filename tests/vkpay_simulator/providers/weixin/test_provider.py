"""It takes no payments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vkpay_simulator.providers.base import SimProvider, SimulatorError
from vkpay_simulator.providers.weixin import WeixinSim
from vkpay_simulator.world import Settings, World


@pytest.fixture
def sim() -> SimProvider:
    return World(Settings(seed=1), providers={"weixin": WeixinSim}).providers["weixin"]


@pytest.mark.parametrize(
    "act",
    [
        lambda sim: sim.pay("T1"),
        lambda sim: sim.scan("T1"),
        lambda sim: sim.cancel("T1"),
        lambda sim: sim.settle_refund("R1", "SUCCESS"),
        lambda sim: sim.settle_transfer("B1", "confirm"),
    ],
)
def test_there_is_nothing_to_pay(sim: SimProvider, act: Callable[[SimProvider], Any]) -> None:
    with pytest.raises(SimulatorError, match="name the provider that is paid") as caught:
        act(sim)
    assert caught.value.status == 404
    assert sim.orders() == []


def test_without_a_provider_that_has_apps_there_are_none(sim: SimProvider) -> None:
    assert isinstance(sim, WeixinSim)
    with pytest.raises(SimulatorError, match="WeChat has no app 'wx1'"):
        sim.login("wx1", None)
