"""Every question can be asked. Whether it still runs is for ``make bench-quick``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.__main__ import DEFAULT_ROUNDS, QUESTIONS, parser_of, question, targets_of
from benchmarks.results import ROOT
from benchmarks.soak import grown, judged

every_question = pytest.mark.parametrize("name", QUESTIONS)


@every_question
def test_it_takes_the_common_options(name: str) -> None:
    options = parser_of(name).parse_args(["--quick", "--json"])
    assert (options.quick, options.json, options.rounds) == (True, True, DEFAULT_ROUNDS)


@every_question
def test_it_says_what_it_measures_and_each_target_once(name: str) -> None:
    asked = question(name)
    assert asked.__doc__
    assert max(Counter((target.id, target.what) for target in asked.TARGETS).values(), default=1) == 1
    for target in asked.TARGETS:
        assert (target.at_most is None) != (target.at_least is None)


def test_a_run_of_fewer_turns_than_usual_is_judged_by_nothing() -> None:
    usual = vars(parser_of("notify").parse_args([]))
    assert targets_of("notify", usual) == question("notify").TARGETS
    assert targets_of("notify", usual | {"turns": usual["turns"] - 1}) == ()
    assert targets_of("ledger", vars(parser_of("ledger").parse_args([]))) == question("ledger").TARGETS


def test_make_asks_every_question() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = [line for line in makefile.splitlines() if line.startswith("QUESTIONS :=")]
    assert line.split()[2:] == list(QUESTIONS)


def test_requirements_are_pinned_and_name_no_address() -> None:
    for path in Path(ROOT, "benchmarks/requirements").glob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert lines
        assert all("==" in line and "/" not in line for line in lines), path.name


def course(**changes: list[float]) -> dict[str, list[float]]:
    steady = {"rss_mib": [100.0], "file_descriptors": [30.0], "tasks": [10.0], "longest_stall_ms": [5.0]}
    return {name: changes.get(name, values * 40) for name, values in steady.items()}


def test_a_soak_that_stays_as_it_was_is_well() -> None:
    assert judged(grown(course())) == []


def test_what_is_made_once_in_the_beginning_is_no_growth() -> None:
    assert judged(grown(course(rss_mib=[60.0] * 10 + [100.0] * 30))) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rss_mib", [100.0 + number for number in range(40)]),
        ("file_descriptors", [30.0 + number for number in range(40)]),
        ("tasks", [10.0 + 2 * number for number in range(40)]),
    ],
)
def test_a_soak_in_which_something_grows_fails(name: str, values: list[float]) -> None:
    (why,) = judged(grown(course(**{name: values})))
    assert "grew by" in why
