"""Random interleavings of create, pay, notify, refund and close at every provider: ledger and simulator agree at every step.

``STATE_MACHINE_EXAMPLES=300 STATE_MACHINE_STEPS=40`` makes a longer run of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.cases import case_of
from tests.flow.lives import LIVES
from tests.flow.machine import PaymentLife, StoreLife
from vkpay_async.registry import REGISTRY
from vkpay_simulator.clock import Clock
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.world import Settings, World

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "25"))
STEPS = int(os.environ.get("STATE_MACHINE_STEPS", "25"))
UNSHRUNK = (Phase.reuse, Phase.generate)
"""Shrinking a run of so many steps takes longer than a test may: what failed is shown as it was found."""

NOON_S = 1_795_233_600  # 2026-11-21 12:00 in Beijing

MACHINES = {
    "wallets": (PaymentLife, ("wxpay", "alipay", "vkspay")),
    "mini programs": (PaymentLife, ("wxpay-virtual", "douyin", "douyin-trade", "huawei")),
    "stores": (StoreLife, ("appleiap", "huaweiiap")),
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    """Its clock stands, and signatures carry its time."""
    world = World(Settings(seed=1, sign_with_virtual_time=True), clock=Clock(real=lambda: NOON_S))
    with RunningSimulator(world=world) as running:
        yield running


def test_every_provider_is_driven() -> None:
    assert {case_of(name).of or name for name in LIVES} == set(REGISTRY)
    assert sorted(name for _, names in MACHINES.values() for name in names) == sorted(LIVES)


@pytest.mark.parametrize("name", MACHINES)
def test_ledger_and_simulator_agree_whatever_happens(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("vkpay_async.service.payments.NOTIFY_GRACE_S", 0.001)
    monkeypatch.setattr("vkpay_async.notify.running.FIRST_PAUSE_MS", 0)
    kind, names = MACHINES[name]
    driven = {"simulator": simulator, "lives": tuple(LIVES[one] for one in names)}
    run_state_machine_as_test(
        type("Life", (kind,), driven),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=UNSHRUNK,
            suppress_health_check=list(HealthCheck),
        ),
    )
