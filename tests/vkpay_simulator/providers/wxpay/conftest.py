from typing import cast

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import Shop
from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.providers.wxpay.provider import WxpaySim
from vkpay_simulator.world import Settings, World

NOW = 1_767_196_800.0


def new_world(settings: Settings | None = None) -> World:
    """A world with WeChat Pay only, whose clock stands at the start of 2026 in China."""
    return World(settings or Settings(seed=1), clock=Clock(real=lambda: NOW), providers={"wxpay": WxpaySim})


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def sim(world: World) -> WxpaySim:
    return cast("WxpaySim", world.providers["wxpay"])


@pytest.fixture
def sent(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Delivery]:
    """What was handed to the world to be sent."""
    deliveries: list[Delivery] = []
    monkeypatch.setattr(world, "notify", deliveries.append)
    return deliveries


@pytest.fixture
def shop(world: World, sim: WxpaySim, sent: list[Delivery]) -> Shop:
    return Shop(world, sim, "default", sent)


@pytest.fixture
def certs(world: World, sim: WxpaySim, sent: list[Delivery]) -> Shop:
    return Shop(world, sim, "certs", sent)


@pytest.fixture
def partner(world: World, sim: WxpaySim, sent: list[Delivery]) -> Shop:
    return Shop(world, sim, "partner", sent)


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> Shop:
    world = new_world(Settings(seed=1, lenient=True))
    monkeypatch.setattr(world, "notify", [].append)
    return Shop(world, cast("WxpaySim", world.providers["wxpay"]), "default", [])
