"""What the commands share."""

from __future__ import annotations

import json
import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest
import typer
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vkpay_async.cli.terminal import (
    CHECKS,
    WORDS,
    errors_said,
    marks_for,
    open_console,
    printable,
    time_text,
)
from vkpay_async.errors import OrderNotFound


def test_output_that_is_no_text_file_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", StringIO())
    assert open_console().width == 120


@pytest.mark.parametrize(
    ("encoding", "marks", "shown"),
    [("utf-8", CHECKS, "茶 ✓"), ("gbk", WORDS, "茶 ?"), ("ascii", WORDS, "? ?")],
)
def test_what_the_terminal_cannot_write_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, encoding: str, marks: object, shown: str
) -> None:
    raw = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(raw, encoding=encoding))
    console = open_console()
    assert marks_for(console) is marks
    console.print("茶 ✓")
    sys.stdout.flush()
    assert raw.getvalue().decode(encoding).strip() == shown


def test_a_buyers_text_does_not_steer_the_terminal() -> None:
    assert printable("Tea\x1b[2J\r500 g\n茶") == "Tea\ufffd[2J\ufffd500 g\n茶"


def test_times_are_those_of_beijing() -> None:
    assert (time_text(1_767_196_800_000), time_text(None)) == ("2026-01-01 00:00:00", "")


@pytest.mark.parametrize(
    ("error", "code", "msg"),
    [
        (OrderNotFound("no order 'A1'"), 2001, "no order 'A1'"),
        (
            OperationalError("SELECT secret", {}, Exception("disk I/O error")),
            -1,
            "the database refused: disk I/O error",
        ),
        (PoolTimeout("SELECT secret"), -1, "the database refused: TimeoutError"),
    ],
)
def test_an_error_is_said_once(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, msg: str
) -> None:
    for as_json, stdout in ((True, {"code": code, "msg": msg}), (False, None)):
        with pytest.raises(typer.Exit) as stopped, errors_said(as_json):
            raise error
        said = capsys.readouterr()
        assert (stopped.value.exit_code, said.err) == (1, f"{msg}\n")
        assert (json.loads(said.out) if said.out else None) == stdout
