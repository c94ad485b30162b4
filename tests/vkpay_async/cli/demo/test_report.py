"""Flows are run one after the other, and a step that fails ends its own flow only."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from vkpay_async.cli.demo import report
from vkpay_async.cli.demo.report import DemoFlow, Report, Step, StepFailed, require, run_flows
from vkpay_async.errors import OrderNotPaid


class Watched:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def begins(self, flow: DemoFlow, step: str) -> None:
        self.seen.append(f"{flow.pay_type} {step}")

    def ended(self, flow: DemoFlow, step: Step) -> None:
        self.seen.append("ok" if step.ok else step.detail)


async def test_a_failed_step_skips_the_rest_of_its_flow(flow: Any, broken: DemoFlow) -> None:
    watch = Watched()
    first, second = await run_flows([broken, flow("alipay_h5", create="CodeUrl")], watch)
    assert not first.ok
    assert [(step.step, step.ok, step.ms is None, step.detail) for step in first.steps] == [
        ("create", True, False, "CodeUrl"),
        ("pay", False, False, "the buyer has no money"),
        ("notify", False, True, "skipped: pay failed"),
    ]
    assert second.ok
    assert watch.seen == [
        "wxpay_h5 create",
        "ok",
        "wxpay_h5 pay",
        "the buyer has no money",
        "wxpay_h5 notify",
        "skipped: pay failed",
        "alipay_h5 create",
        "ok",
    ]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (OrderNotPaid("order 'a' has not been paid"), "OrderNotPaid: order 'a' has not been paid"),
        (KeyError("resultStatus"), "KeyError: 'resultStatus'"),
    ],
)
async def test_any_error_is_the_steps_outcome(flow: Any, error: Exception, detail: str) -> None:
    (told,) = await run_flows([flow(create=error)], Watched())
    assert told.steps[0].detail == detail


async def test_a_step_that_never_ends_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "STEP_LIMIT_S", 0.01)
    waits = DemoFlow(pay_type="wxpay_h5", merchant="default", steps=[("notify", _never)])
    (told,) = await run_flows([waits], Watched())
    assert told.steps[0].detail.startswith("TimeoutError")
    assert not told.ok


async def _never() -> str:
    await asyncio.Event().wait()
    return "never"


def test_require() -> None:
    require(1, "fine")
    with pytest.raises(StepFailed, match="the order is 0"):
        require(0, "the order is 0")


def test_json(told: Any) -> None:
    flows = [told("wxpay_mp-weixin", "certs", create=12.5), told("alipay_h5", create=3, pay=-4, notify=None)]
    found = json.loads(Report(flows=flows, seconds=1.5, code_url="weixin://x").to_json())
    assert found == {
        "ok": False,
        "flows": [
            {
                "provider": "wxpay",
                "pay_type": "wxpay_mp-weixin",
                "merchant": "certs",
                "ok": True,
                "steps": [{"step": "create", "ok": True, "ms": 12.5, "detail": "what create gave"}],
            },
            {
                "provider": "alipay",
                "pay_type": "alipay_h5",
                "merchant": "default",
                "ok": False,
                "steps": [
                    {"step": "create", "ok": True, "ms": 3, "detail": "what create gave"},
                    {"step": "pay", "ok": False, "ms": 4, "detail": "what pay gave"},
                    {"step": "notify", "ok": False, "ms": None, "detail": "what notify gave"},
                ],
            },
        ],
    }


def test_nothing_done_is_not_ok() -> None:
    assert not Report(flows=[]).ok
