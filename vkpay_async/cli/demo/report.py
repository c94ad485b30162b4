"""Flows and their steps: how they are run, and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, Protocol

import msgspec

from vkpay_async.pay_type import split_pay_type

STEP_LIMIT_S = 20

Act = Callable[[], Awaitable[str]]
"""Does one step and says what came of it. Raises when it failed."""


class StepFailed(Exception):
    """What came back is not what should have."""


def require(holds: object, message: str) -> None:
    """Raises :class:`StepFailed`."""
    if not holds:
        raise StepFailed(message)


class DemoFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that build on each other."""

    pay_type: str
    merchant: str
    steps: Sequence[tuple[str, Act]]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a step. One that was not tried has no ``ms`` and is not ``ok``."""

    step: str
    ok: bool
    ms: float | None
    detail: str


class FlowReport(msgspec.Struct, frozen=True, kw_only=True):
    pay_type: str
    merchant: str
    steps: list[Step]

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run. ``code_url`` is the text of one Native payment's QR code."""

    flows: list[FlowReport]
    seconds: float = 0.0
    code_url: str | None = None

    @property
    def ok(self) -> bool:
        return bool(self.flows) and all(flow.ok for flow in self.flows)

    def to_json(self) -> bytes:
        return msgspec.json.encode({"ok": self.ok, "flows": [_row(flow) for flow in self.flows]})


class Watch(Protocol):
    """Told of every step before and after it."""

    def begins(self, flow: DemoFlow, step: str) -> None: ...

    def ended(self, flow: DemoFlow, step: Step) -> None: ...


async def run_flows(flows: Iterable[DemoFlow], watch: Watch) -> list[FlowReport]:
    """One flow after the other: a step's time is its own."""
    return [await _run_flow(flow, watch) for flow in flows]


async def _run_flow(flow: DemoFlow, watch: Watch) -> FlowReport:
    steps: list[Step] = []
    failed: str | None = None
    for name, act in flow.steps:
        watch.begins(flow, name)
        step = await _run_step(name, act) if failed is None else _skipped(name, failed)
        if not step.ok and failed is None:
            failed = name
        steps.append(step)
        watch.ended(flow, step)
    return FlowReport(pay_type=flow.pay_type, merchant=flow.merchant, steps=steps)


async def _run_step(name: str, act: Act) -> Step:
    started = perf_counter()
    try:
        async with asyncio.timeout(STEP_LIMIT_S):
            ok, detail = True, await act()
    except StepFailed as error:
        ok, detail = False, str(error)
    except Exception as error:  # noqa: BLE001 - whatever a step fails of is its outcome, and the other flows go on
        ok, detail = False, f"{type(error).__name__}: {error}"
    return Step(step=name, ok=ok, ms=round((perf_counter() - started) * 1000, 1), detail=detail)


def _skipped(name: str, failed: str) -> Step:
    return Step(step=name, ok=False, ms=None, detail=f"skipped: {failed} failed")


def _row(flow: FlowReport) -> dict[str, Any]:
    return {
        "provider": split_pay_type(flow.pay_type)[0],
        "pay_type": flow.pay_type,
        "merchant": flow.merchant,
        "ok": flow.ok,
        "steps": flow.steps,
    }
