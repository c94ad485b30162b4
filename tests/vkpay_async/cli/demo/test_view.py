"""What people see."""

from __future__ import annotations

import sys
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from rich.console import Console

from vkpay_async.cli.demo.report import DemoFlow, Report, Step
from vkpay_async.cli.demo.view import Bar, qr_text, show
from vkpay_async.cli.terminal import open_console
from vkpay_async.qr import qr_matrix

CODE_URL = "weixin://wxpay/bizpayurl?pr=example"
MODULES = {"█": (True, True), "▀": (True, False), "▄": (False, True), " ": (False, False)}
STEPS = ("create", "pay", "notify", "query", "partial_refund", "full_refund", "query_refund", "ledger")


def shown(report: Report, width: int = 80) -> str:
    file = StringIO()
    show(Console(file=file, width=width), report)
    return file.getvalue()


def test_every_flow_stands_in_the_table_once(told: Any) -> None:
    flows = [told(**dict.fromkeys(STEPS, 7.2)), told("alipay_h5", create=-12.0, pay=None)]
    text = shown(Report(flows=[*flows, told("wxpay_transfer", transfer=1.0, query=2.0)], seconds=2.0))
    lines = [line.split() for line in text.splitlines()]
    assert [line for line in lines if line and line[0] == "wxpay_h5"] == [
        ["wxpay_h5", "default", *["✓", "7"] * len(STEPS)]
    ]
    assert ["alipay_h5", "default", "✗", "12", "-"] in lines
    assert ["pay_type", "merchant", "transfer", "query"] in lines
    assert "alipay_h5 (default), create: what create gave" in text
    assert "what pay gave" not in text
    assert "2 of 3 flows ok, 12 steps in 2.0 s" in text


def test_a_payment_table_fits_into_80_columns(told: Any) -> None:
    text = shown(Report(flows=[told("alipay_mp-alipay", **dict.fromkeys(STEPS, 541.0))]))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_details_are_not_taken_for_markup(told: Any) -> None:
    flow = told(create=1.0)
    failed = Step(step="create", ok=False, ms=1.0, detail="config: [wxpay.h5] is missing")
    flow.steps[0] = failed
    assert "[wxpay.h5] is missing" in shown(Report(flows=[flow]))


def test_the_qr_code_has_every_module() -> None:
    rows: list[list[bool]] = []
    for line in qr_text(CODE_URL).plain.splitlines():
        pairs = [MODULES[char] for char in line]
        rows += [[upper for upper, _ in pairs], [lower for _, lower in pairs]]
    matrix = qr_matrix(CODE_URL)
    assert rows[: len(matrix)] == matrix
    assert not any(map(any, rows[len(matrix) :]))


def test_the_qr_code_is_shown_with_its_text(told: Any) -> None:
    text = shown(Report(flows=[told(create=1.0)], code_url=CODE_URL))
    assert CODE_URL in text
    assert qr_text(CODE_URL).plain.splitlines()[1] in text.splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_the_bar_is_for_terminals_only(flow: Any, terminal: bool) -> None:
    file = StringIO()
    with Bar(Console(file=file, force_terminal=terminal, width=100)) as bar:
        one: DemoFlow = flow(create="CodeUrl", pay="paid")
        bar.expect([one])
        bar.begins(one, "create")
        bar.ended(one, Step(step="create", ok=True, ms=1.0, detail=""))
    assert ("wxpay_h5 · default · create" in file.getvalue()) == terminal
    assert ("1/2" in file.getvalue()) == terminal


def test_an_ascii_terminal_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    raw = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(raw, encoding="ascii"))
    show(open_console(), Report(flows=[told(create=7.0), told(create=-8.0)], code_url=CODE_URL))
    sys.stdout.flush()
    said = [line.split() for line in raw.getvalue().decode().splitlines()]
    assert ["wxpay_h5", "default", "ok", "7"] in said
    assert ["wxpay_h5", "default", "FAILED", "8"] in said
    assert b"?" not in raw.getvalue()
