"""``python -m benchmarks compare``: do the last two runs of each question say the same?

Rows of the table of targets, both medians and how far they lie apart. A ratio that differs by more than a tenth makes the exit
status 1. What is no ratio differs with the machine's mood: it is compared as well, marked ``~``, and changes no status.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import results
from benchmarks.__main__ import QUESTIONS, WIDE, targets_of
from benchmarks.harness import Judged, Target, judged
from benchmarks.report import apart, title
from benchmarks.results import FOLDER, Result
from benchmarks.shown import number

MAY_DIFFER = 0.10


class Row(NamedTuple):
    """A target in two runs."""

    target: Target
    before: Judged
    after: Judged

    @property
    def apart(self) -> float:
        """By what share the larger exceeds the smaller."""
        low, high = sorted((abs(self.before.median), abs(self.after.median)))
        if low == high:
            return 0.0
        return high / low - 1 if low else math.inf

    @property
    def differs(self) -> bool:
        return self.apart > MAY_DIFFER and not self.target.absolute


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks compare", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("questions", nargs="*", metavar="question", help="those alone")
    options = parser.parse_args(arguments)
    if unknown := set(options.questions) - set(QUESTIONS):
        parser.error(f"no such question: {', '.join(sorted(unknown))}")
    console = Console()
    return told(console if console.is_terminal else Console(width=WIDE), options.questions)


def told(console: Console, questions: Sequence[str] = (), folder: Path = FOLDER) -> int:
    """0 where all ratios repeat, 1 where one does not, 2 where no question has two runs."""
    found = [pair for pair in pairs(folder) if not questions or pair[0].question in questions]
    if not found:
        console.print("nothing to compare: run a question twice with the same options", highlight=False)
        return 2
    differing = 0
    for before, after in found:
        compared = [*rows(before, after)]
        differing += sum(row.differs for row in compared)
        dates = " → ".join(f"{one.at} {one.revision}" for one in (before, after))
        console.print(f"{title(after)}: {dates}", style="bold", highlight=False, markup=False)
        console.print(table(compared) if compared else "no targets", "")
    said = f"differ by more than {MAY_DIFFER:.0%}"
    console.print(f"{differing or 'no'} ratio{'s' * (differing != 1)} {said}", highlight=False)
    return 1 if differing else 0


def pairs(folder: Path = FOLDER) -> Iterator[tuple[Result, Result]]:
    """The last whole run but one and the last, of each question with each setting of what makes it another measurement."""
    for several in results.series(apart(), folder).values():
        if len(several) > 1:
            yield several[1], several[0]


def rows(before: Result, after: Result) -> Iterator[Row]:
    for target in targets_of(after.question, after.options):
        one, other = (judged(target, run.samples) for run in (before, after))
        if one is not None and other is not None:
            yield Row(target, one, other)


def table(compared: Sequence[Row]) -> Table:
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    made.add_column("")
    made.add_column("what")
    for name in ("before", "after", "apart"):
        made.add_column(name, justify="right")
    made.add_column("")
    for row in compared:
        unit = f" {row.target.unit}".rstrip()
        far = "∞" if math.isinf(row.apart) else f"{row.apart:.1%}"
        mark = "~" if row.target.absolute else "[bold red]✗[/]" if row.differs else ""
        medians = (f"{number(one.median)}{unit}" for one in (row.before, row.after))
        made.add_row(row.target.id, row.target.what, *medians, far, mark)
    return made
