import pytest

from tests.vkpay_simulator.providers.douyin.merchant import Shop, Simulated, TradeShop


@pytest.fixture
def simulated() -> Simulated:
    return Simulated()


@pytest.fixture
def shop(simulated: Simulated) -> Shop:
    return simulated.shop()


@pytest.fixture
def trade(simulated: Simulated) -> TradeShop:
    return simulated.trade()
