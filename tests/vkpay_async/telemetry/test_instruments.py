"""Whether somebody listens, in interpreters of their own: OpenTelemetry's providers are set once a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROLOGUE = """
import sys
from vkpay_async.telemetry import instruments, provider_call
listens = lambda: provider_call("wxpay.query") is not None
"""
TRACES = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
"""
METRICS = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
metrics.set_meter_provider(MeterProvider())
"""


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + code], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_opentelemetry_is_not_imported_for_a_program_that_does_not_use_it() -> None:
    run("assert not listens(); assert 'opentelemetry' not in sys.modules")


def test_one_that_is_not_installed_is_not_missed() -> None:
    run("sys.modules['opentelemetry'] = None; assert not listens()")


def test_the_api_alone_listens_to_nothing() -> None:
    run("from opentelemetry import trace, metrics; trace.get_tracer('shop'); assert not listens()")


@pytest.mark.parametrize("configure", [TRACES, METRICS, TRACES + METRICS])
def test_either_provider_is_enough(configure: str) -> None:
    run(configure + "assert listens()")


def test_a_provider_that_comes_late_is_noticed_a_second_later() -> None:
    run(
        "now = 100.0; instruments.monotonic = lambda: now\n"
        f"assert not listens()\n{TRACES}\nnow = 100.9; assert not listens()\nnow = 101.0; assert listens()"
    )
