"""Fixtures for your own tests: ``vkpay_sim``, a running simulator with a fresh state for each test.

pytest imports this file in every run, so it imports nothing that takes time before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vkpay_simulator.running import RunningSimulator


@pytest.fixture(scope="session")
def vkpay_sim_server() -> Iterator[RunningSimulator]:
    """The simulator of the whole run, on a free port, in a thread of its own."""
    if find_spec("faker") is None:
        pytest.fail("vkpay_sim needs faker: pip install 'vkpay-async[simulator]'", pytrace=False)
    from vkpay_simulator.running import RunningSimulator

    with RunningSimulator() as simulator:
        yield simulator


@pytest.fixture
def vkpay_sim(vkpay_sim_server: RunningSimulator) -> RunningSimulator:
    """The simulator with no orders, no faults and the real time."""
    vkpay_sim_server.reset()
    return vkpay_sim_server
