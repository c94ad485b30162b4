"""Two runs of a question say the same, or it is told which of their rows do not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import compare, results
from benchmarks.__main__ import parser_of
from benchmarks.harness import Measured


def kept(
    folder: Path, day: int, *given: str, question: str = "micro", wrong: str = "", **cases: list[float]
) -> None:
    figures: dict[str, str] = {
        "client/ours": "ms",
        "none/ours/64": "per_second",
        "none/floor/64": "per_second",
    }
    samples = {case: {figures.get(case, "us"): values} for case, values in cases.items()}
    options: dict[str, Any] = vars(parser_of(question).parse_args(given))
    measured = Measured(samples=samples, wrong=[wrong] if wrong else [])
    made = results.result_of(question, options, measured, now=datetime(2026, 1, day, tzinfo=UTC))
    results.write(made, folder)


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = compare.told(Console(width=200), folder=folder)
    return status, capsys.readouterr().out


def call(over: float) -> dict[str, list[float]]:
    """A clock that drifts, and a ratio in each round."""
    return {"call/crypto": [100.0, 150.0, 200.0], "call/ours": [100 * over, 150 * over, 200 * over]}


@pytest.mark.parametrize(("first", "second", "status"), [(1.0, 1.09, 0), (1.0, 1.11, 1), (1.11, 1.0, 1)])
def test_a_ratio_that_differs_by_more_than_a_tenth_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: float, second: float, status: int
) -> None:
    kept(tmp_path, 1, **call(first))
    kept(tmp_path, 2, **call(second))
    found, text = told(tmp_path, capsys)
    assert found == status
    (row,) = [line for line in text.splitlines() if line.startswith("A1")]
    assert f"{first:.2f} ×" in row
    assert f"{second:.2f} ×" in row
    assert row.rstrip().endswith("✗") == bool(status)


def test_a_clock_that_runs_at_half_its_speed_makes_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(tmp_path, 1, **call(1.05))
    kept(tmp_path, 2, **{case: [2 * value for value in values] for case, values in call(1.05).items()})
    assert told(tmp_path, capsys)[0] == 0


def test_what_is_no_ratio_is_marked_and_changes_no_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, ms in ((1, 0.5), (2, 0.9)):
        kept(tmp_path, day, **{"client/ours": [ms] * 3})
    status, text = told(tmp_path, capsys)
    assert status == 0
    (row,) = [line for line in text.splitlines() if line.startswith("A8")]
    assert "80.0%" in row
    assert row.rstrip().endswith("~")


def test_the_two_latest_count_that_nothing_was_wrong_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, over, wrong in ((1, 9.0, ""), (2, 1.0, ""), (3, 1.05, ""), (4, 9.0, "one was lost")):
        kept(tmp_path, day, wrong=wrong, **call(over))
    status, text = told(tmp_path, capsys)
    assert status == 0
    assert "2026-01-02" in text
    assert "2026-01-03" in text
    assert "2026-01-04" not in text


def test_only_what_was_asked_alike_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    received = {"none/floor/64": [100.0], "none/ours/64": [90.0]}
    kept(tmp_path, 1, question="notify", **received)
    kept(tmp_path, 2, "--slow-disk", "--store", "sqlite", question="notify", **received)
    status, text = told(tmp_path, capsys)
    assert status == 2
    assert "nothing to compare" in text
    kept(tmp_path, 3, "--rounds", "9", question="notify", **received)
    assert told(tmp_path, capsys)[0] == 0


def test_a_question_that_there_is_not_is_refused() -> None:
    with pytest.raises(SystemExit):
        compare.main(["speed"])
