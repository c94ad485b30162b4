"""Several results of one question, with different options, each stand in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import report, results
from benchmarks.__main__ import parser_of
from benchmarks.harness import Measured
from benchmarks.notify import TELLS_APART
from benchmarks.results import Result

APART = {"notify": TELLS_APART}


def kept(folder: Path, at: int, *given: str, wrong: tuple[str, ...] = (), **samples: float) -> None:
    options = vars(parser_of("notify").parse_args(given))
    figures: Any = {case: {"per_second": [value]} for case, value in samples.items()}
    made = results.result_of("notify", options, Measured(samples=figures, wrong=wrong))
    made.at = f"2026-01-01T00:00:{at:02d}Z"
    results.write(made, folder)


def runs(folder: Path) -> dict[str, list[Result]]:
    return results.kept(APART, folder)


def test_each_setting_of_the_options_has_its_newest_run(tmp_path: Path) -> None:
    kept(tmp_path, 1, **{"none/floor/64": 1, "none/ours/64": 0.5})
    kept(tmp_path, 2, **{"none/floor/64": 1, "none/ours/64": 0.95})
    kept(tmp_path, 3, "--store", "sqlite", "--slow-disk", "--rounds", "3")
    kept(tmp_path, 4, "--store", "sqlite", "--slow-disk", "--seconds", "9")
    kept(tmp_path, 5, wrong=("1 of 10 lost",))
    assert [one.at[-3:-1] for one in runs(tmp_path)["notify"]] == ["04", "02"]


def test_rows_of_all_runs_stand_in_one_table(tmp_path: Path) -> None:
    kept(tmp_path, 1, **{"none/floor/64": 100, "none/ours/64": 95})
    slow = {"slow sqlite/ours/64": 40, "slow sqlite/one each/64": 2, "none/floor/64": 1, "none/ours/64": 1}
    kept(tmp_path, 2, "--store", "sqlite", "--slow-disk", **slow)
    rows = list(report._targets(report.runs(tmp_path)))
    assert sum("| C1 |" in row for row in rows) == 1
    assert any("| C1 |" in row and "0.95 ×" in row for row in rows), "the run without options speaks first"
    assert any("| C4 |" in row and "20.0 ×" in row for row in rows)


def test_a_run_is_called_by_what_tells_it_from_others(tmp_path: Path) -> None:
    kept(tmp_path, 1)
    kept(tmp_path, 2, "--store", "postgres", "--processes", "2", "--rounds", "3")
    kept(tmp_path, 3, "--only", "one each", "ours")
    first, second, third = reversed(runs(tmp_path)["notify"])
    assert report.title(third) == "notify --only 'one each' ours"
    assert report.title(first) == report.stem(first) == "notify"
    assert report.title(second) == "notify --store postgres --processes 2"
    assert report.stem(second) == "notify-postgres-processes-2"
