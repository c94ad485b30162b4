"""Flows and watchers without a simulator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from vkpay_async.cli.demo.report import DemoFlow, FlowReport, Step, StepFailed


async def act(outcome: str | Exception) -> str:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def build_flow(pay_type: str = "wxpay_h5", merchant: str = "default", **steps: str | Exception) -> DemoFlow:
    return DemoFlow(
        pay_type=pay_type,
        merchant=merchant,
        steps=[(name, partial(act, outcome)) for name, outcome in steps.items()],
    )


@pytest.fixture
def flow() -> Callable[..., DemoFlow]:
    """A flow whose steps give a text or raise."""
    return build_flow


@pytest.fixture
def broken() -> DemoFlow:
    return build_flow(create="CodeUrl", pay=StepFailed("the buyer has no money"), notify="never reached")


@pytest.fixture
def told() -> Callable[..., FlowReport]:
    """A flow's report: each step its milliseconds, negative where it failed, ``None`` where it was skipped."""

    def build(pay_type: str = "wxpay_h5", merchant: str = "default", **steps: float | None) -> FlowReport:
        return FlowReport(
            pay_type=pay_type,
            merchant=merchant,
            steps=[
                Step(
                    step=name,
                    ok=ms is not None and ms >= 0,
                    ms=None if ms is None else abs(ms),
                    detail=f"what {name} gave",
                )
                for name, ms in steps.items()
            ],
        )

    return build
