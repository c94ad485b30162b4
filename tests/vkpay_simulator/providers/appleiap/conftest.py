import pytest

from tests.vkpay_simulator.providers.appleiap.shop import Shop, Simulated


@pytest.fixture
def simulated() -> Simulated:
    return Simulated()


@pytest.fixture
def shop(simulated: Simulated) -> Shop:
    return simulated.shop()


@pytest.fixture
def production(simulated: Simulated) -> Shop:
    return simulated.shop(environment="Production")
