from typing import cast

import pytest

from tests.vkpay_simulator.providers.wxpay_virtual.shop import Shop
from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.providers.weixin import WeixinSim
from vkpay_simulator.providers.wxpay_virtual import WxpayVirtualSim
from vkpay_simulator.world import Settings, World

NOW = 1_767_196_800.0


def new_world() -> World:
    """A world with virtual payment and WeChat's logins only, whose clock stands at the start of 2026 in China."""
    return World(
        Settings(seed=1),
        clock=Clock(real=lambda: NOW),
        providers={"weixin": WeixinSim, "wxpay-virtual": WxpayVirtualSim},
    )


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def sim(world: World) -> WxpayVirtualSim:
    return cast("WxpayVirtualSim", world.providers["wxpay-virtual"])


@pytest.fixture
def sent(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Delivery]:
    """What was handed to the world to be sent."""
    deliveries: list[Delivery] = []
    monkeypatch.setattr(world, "notify", deliveries.append)
    return deliveries


@pytest.fixture
def shop(world: World, sim: WxpayVirtualSim, sent: list[Delivery]) -> Shop:
    return Shop(world, sim, sent)
