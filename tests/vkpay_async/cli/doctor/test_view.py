"""The findings for people."""

from __future__ import annotations

import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.console import Console

from vkpay_async.cli.doctor.check import Check, Report
from vkpay_async.cli.doctor.view import show
from vkpay_async.cli.terminal import open_console

REPORT = Report(
    checks=[
        *(
            Check(kind="keys", subject=f"wxpay.{name}", detail="they fit")
            for name in ("h5", "mweb", "codepay", "transfer", "mp-weixin")
        ),
        Check(kind="mode", subject="alipay.h5", state="warning", detail="old", advice="take RSA2"),
        Check(kind="config", state="problem", detail="[wxpay.h6] is unknown\x1b[2J", advice="write h5"),
    ]
)


def shown(width: int) -> str:
    file = StringIO()
    show(Console(file=file, width=width), REPORT)
    return file.getvalue()


def test_problems_come_first_and_what_is_the_same_stands_once() -> None:
    lines = [line.split() for line in shown(100).splitlines()]
    assert lines[1:] == [
        ["✗", "config", "[wxpay.h6]", "is", "unknown\ufffd[2J"],
        ["→", "write", "h5"],
        ["!", "mode", "old"],
        ["alipay.h5", "→", "take", "RSA2"],
        ["✓", "keys", "they", "fit"],
        ["wxpay.h5,", "wxpay.mweb,", "wxpay.codepay", "and", "2", "more"],
        ["1", "problem,", "1", "warning,", "5", "ok"],
    ]


@pytest.mark.parametrize("width", [30, 80])
def test_a_narrow_terminal_loses_nothing(width: int) -> None:
    text = shown(width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_an_ascii_terminal_gets_words(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(raw, encoding="ascii"))
    show(open_console(), REPORT)
    sys.stdout.flush()
    lines = [line.split() for line in raw.getvalue().decode().splitlines()]
    assert ["FAILED", "config", "[wxpay.h6]", "is", "unknown?[2J"] in lines
    assert ["->", "write", "h5"] in lines
