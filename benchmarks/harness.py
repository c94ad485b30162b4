"""What every question shares: rounds that interleave, figures judged as ratios within a round.

The clock of a shared machine drifts by half between runs, so that an absolute figure says little and the ratio of two that
were taken in one round says much. A question is a module with ``add_options``, ``run`` and ``TARGETS``.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Metrics: TypeAlias = Mapping[str, float]
"""What one case came to in one round, by the name of the figure."""

Case: TypeAlias = Callable[[], Metrics]
Samples: TypeAlias = dict[str, dict[str, list[float]]]
"""Case → figure → its value in each round."""

Pick: TypeAlias = tuple[str, str]
"""A case and one of its figures."""


class Watch(Protocol):
    """Sees what goes on."""

    def expect(self, steps: int) -> None:
        """So many more steps are to come."""

    def begins(self, what: str) -> None: ...

    def ended(self) -> None:
        """One step is done."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a question found. ``facts`` is what is no figure of a round: shares, a course over time, what failed."""

    samples: Samples
    facts: dict[str, Any] = field(default_factory=dict)
    wrong: Sequence[str] = ()
    """Why the run does not count, or what failed."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A row of the table of speeds: ``over`` divided by ``under`` in each round, or ``over`` alone in its ``unit``.

    ``by_hand`` is the same of hand-written code, over what ours is over unless a second pick says over what.
    """

    id: str
    what: str
    over: Pick
    under: Pick | None = None
    by_hand: tuple[Pick] | tuple[Pick, Pick] | None = None
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "×"

    @property
    def absolute(self) -> bool:
        """A figure of this machine, and no ratio."""
        return self.under is None and self.unit != "×"

    @property
    def bound(self) -> str:
        sign, bound = ("≤", self.at_most) if self.at_most is not None else ("≥", self.at_least)
        return f"{sign} {bound:g} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class Judged:
    target: Target
    median: float
    low: float
    high: float
    by_hand: float | None = None

    @property
    def met(self) -> bool:
        most, least = self.target.at_most, self.target.at_least
        return (most is None or self.median <= most) and (least is None or self.median >= least)


class Question(Protocol):
    """A module that answers one question."""

    __doc__: str | None
    TARGETS: Sequence[Target]

    def add_options(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, options: argparse.Namespace, watch: Watch) -> Measured: ...


def interleaved(
    cases: Mapping[str, Case],
    rounds: int,
    watch: Watch,
    *,
    warm_up: bool = True,
    turns: int = 1,
    beside: Callable[[str], str] = lambda name: "",
    every: Callable[[str], int] = lambda name: 1,
) -> Samples:
    """Every case ``turns`` times a round, there and back: A B C, C B A, …; with ``warm_up`` a first round that does not count.

    A case's figure of the round is the mean of its turns: a shared machine is now fast and now slow, and a median of few turns
    is one or the other. Those that ``beside`` gives the same word have their turns together, before the next: what is compared
    is moments apart, and what drifts between them drifts in both directions. ``every`` says that a case, whose turns are
    long, has only each third one or so: an odd number, so that it goes in both directions too.
    """
    samples: Samples = {name: {} for name in cases}
    groups: dict[str, list[str]] = {}
    for name in cases:
        groups.setdefault(beside(name), []).append(name)
    watch.expect(len(cases) * (rounds * turns + warm_up))
    for number in range(-warm_up, rounds):
        for names in groups.values():
            found: dict[str, list[Metrics]] = {name: [] for name in names}
            for turn in range(turns if number >= 0 else 1):
                back = (max(number, 0) * turns + turn) % 2 == 1
                for name in reversed(names) if back else names:
                    if turn % every(name) == 0:
                        watch.begins(f"{name}, {'warming up' if number < 0 else f'round {number + 1}'}")
                        found[name].append(cases[name]())
                    watch.ended()
            if number >= 0:
                for name, several in found.items():
                    for figure in several[0]:
                        value = statistics.fmean(one[figure] for one in several)
                        samples[name].setdefault(figure, []).append(value)
    return samples


def ratios(samples: Samples, over: Pick, under: Pick) -> list[float]:
    """One figure by another, round by round. Raises ``ValueError`` where they were not taken in the same rounds."""
    a, b = (samples[case][figure] for case, figure in (over, under))
    return [x / y for x, y in zip(a, b, strict=True)]


def judged(target: Target, samples: Samples) -> Judged | None:
    """``None`` where the run measured no such thing."""
    values = _rounds(samples, target.over, target.under)
    if not values:
        return None
    over, under = (*target.by_hand, target.under)[:2] if target.by_hand else (None, None)
    by_hand = _rounds(samples, over, under) if over else []
    return Judged(
        target=target,
        median=statistics.median(values),
        low=min(values),
        high=max(values),
        by_hand=statistics.median(by_hand) if by_hand else None,
    )


def all_judged(targets: Sequence[Target], samples: Samples) -> list[Judged]:
    return [found for target in targets if (found := judged(target, samples)) is not None]


def median(samples: Samples, pick: Pick) -> float:
    return statistics.median(_values(samples, pick))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in rising order: the smallest that so large a share does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * share // 1) - 1))]


def _rounds(samples: Samples, over: Pick, under: Pick | None) -> list[float]:
    """Nothing where it was not measured."""
    if not all(samples.get(case, {}).get(figure) for case, figure in (over, under or over)):
        return []
    return ratios(samples, over, under) if under else _values(samples, over)


def _values(samples: Samples, pick: Pick) -> list[float]:
    case, figure = pick
    return samples[case][figure]
