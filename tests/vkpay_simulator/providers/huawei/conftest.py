import pytest

from tests.vkpay_simulator.providers.huawei.shop import Shop, Simulated


@pytest.fixture
def simulated() -> Simulated:
    return Simulated()


@pytest.fixture
def shop(simulated: Simulated) -> Shop:
    """A direct merchant with an RSA certificate."""
    return simulated.shop()


@pytest.fixture
def sm2_shop(simulated: Simulated) -> Shop:
    """A direct merchant with an SM2 certificate."""
    return simulated.shop("certs")


@pytest.fixture
def partner(simulated: Simulated) -> Shop:
    return simulated.shop("partner")
