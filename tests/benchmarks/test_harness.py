"""Rounds, ratios and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.harness import Metrics, Samples, Target, all_judged, interleaved, judged, percentile, ratios


class Seen:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.expected = self.done = 0
        self.begun: list[str] = []

    def expect(self, steps: int) -> None:
        self.expected += steps

    def begins(self, what: str) -> None:
        self.begun.append(what)

    def ended(self) -> None:
        self.done += 1


def played(names: str, rounds: int, **how: Any) -> tuple[str, Samples, Seen]:
    """The turns that were taken, and what they came to: each is worth its place."""
    turns: list[str] = []

    def case(name: str) -> Callable[[], Metrics]:
        def measure() -> Metrics:
            turns.append(name)
            return {"us": float(len(turns))}

        return measure

    watch = Seen()
    samples = interleaved({name: case(name) for name in names}, rounds, watch, **how)
    return "".join(turns), samples, watch


def test_rounds_interleave_there_and_back_and_the_first_does_not_count() -> None:
    turns, samples, watch = played("abc", 2)
    assert turns == "abc" + "abc" + "cba"
    assert samples == {"a": {"us": [4.0, 9.0]}, "b": {"us": [5.0, 8.0]}, "c": {"us": [6.0, 7.0]}}
    assert watch.expected == watch.done == 9


def test_what_drifts_within_a_round_drifts_in_both_directions() -> None:
    """Each turn is a little dearer than the last, and all come to the same."""
    turns, samples, watch = played("abc", 1, turns=2)
    assert turns == "abc" + "abc" + "cba"
    assert samples == {name: {"us": [6.5]} for name in "abc"}
    assert watch.expected == watch.done == 9


def test_what_is_compared_has_its_turns_together() -> None:
    turns, samples, _ = played("aAbB", 1, turns=2, beside=str.lower, warm_up=False)
    assert turns == "aAAa" + "bBBb"
    assert samples["a"] == samples["A"] == {"us": [2.5]}


def test_a_turn_that_takes_long_is_taken_seldom() -> None:
    turns, samples, watch = played("ab", 1, turns=4, every=lambda name: 2 if name == "b" else 1)
    assert turns == "ab" + "ab" + "a" + "ab" + "a"
    assert samples == {"a": {"us": [5.5]}, "b": {"us": [5.5]}}
    assert watch.expected == watch.done == 10


def test_a_rounds_figure_is_what_its_turns_come_to_together() -> None:
    """One of three was on a slow machine: the round was a little slow."""
    turns = iter([1.0, 1.0, 4.0])
    samples = interleaved({"a": lambda: {"us": next(turns)}}, 1, Seen(), warm_up=False, turns=3)
    assert samples == {"a": {"us": [2.0]}}


def test_without_warming_up_every_round_counts() -> None:
    assert interleaved({"a": lambda: {"us": 1.0}}, 1, Seen(), warm_up=False) == {"a": {"us": [1.0]}}


def test_a_ratio_is_taken_within_a_round() -> None:
    """The machine was twice as slow in the second: each round says 1.5, the medians apart would not."""
    samples = {"ours": {"us": [3.0, 6.0, 3.3]}, "floor": {"us": [2.0, 4.0, 2.2]}}
    assert ratios(samples, ("ours", "us"), ("floor", "us")) == pytest.approx([1.5, 1.5, 1.5])


def test_what_was_not_measured_in_the_same_rounds_has_no_ratio() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios({"a": {"us": [1.0]}, "b": {"us": [1.0, 2.0]}}, ("a", "us"), ("b", "us"))


@pytest.mark.parametrize(
    ("bounds", "met"),
    [
        ({"at_most": 1.5}, True),
        ({"at_most": 1.49}, False),
        ({"at_least": 1.5}, True),
        ({"at_least": 1.51}, False),
    ],
)
def test_the_median_is_judged_and_its_spread_is_told(bounds: dict[str, float], met: bool) -> None:
    target = Target(id="A1", what="a call", over=("ours", "us"), under=("floor", "us"), **bounds)  # type: ignore[arg-type]
    found = judged(target, {"ours": {"us": [1.2, 3.0, 9.0]}, "floor": {"us": [1.0, 2.0, 3.0]}})
    assert found is not None
    assert (found.median, found.low, found.high, found.met) == (1.5, 1.2, 3.0, met)


def test_a_figure_of_its_own_has_its_unit() -> None:
    target = Target(id="A8", what="a client", over=("ours", "ms"), at_most=1, unit="ms")
    assert target.bound == "≤ 1 ms"
    found = judged(target, {"ours": {"ms": [0.5, 0.7, 0.6]}})
    assert found is not None
    assert (found.median, found.met) == (0.6, True)


def test_what_hand_written_code_comes_to_stands_beside_it() -> None:
    samples = {
        "ours": {"us": [3.0, 6.0]},
        "by hand": {"us": [2.4, 4.8]},
        "crypto": {"us": [2.0, 4.0]},
        "theirs": {"us": [24.0, 48.0]},
    }

    def by_hand(*picks: str, under: str | None = "crypto") -> float | None:
        target = Target(
            id="A1",
            what="a call",
            over=("ours", "us"),
            under=(under, "us") if under else None,
            by_hand=tuple((pick, "us") for pick in picks),  # type: ignore[arg-type]
            at_most=2,
        )
        found = judged(target, samples)
        assert found is not None
        return found.by_hand

    assert by_hand("by hand") == pytest.approx(1.2)
    assert by_hand("theirs", "by hand") == pytest.approx(10)
    assert by_hand("by hand", under=None) == pytest.approx(3.6)
    assert by_hand("not measured") is None


def test_nothing_is_judged_that_was_not_measured() -> None:
    target = Target(id="A1", what="a call", over=("ours", "us"), under=("floor", "us"), at_most=1)
    assert all_judged([target], {"ours": {"us": [1.0]}}) == []
    assert all_judged([target], {"ours": {"us": [1.0]}, "floor": {"us": []}}) == []


def test_percentiles() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0, 0.0)] == [50, 99, 100, 1]
    assert percentile([7.0], 0.99) == 7.0
