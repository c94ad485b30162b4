"""What people see at the terminal: a bar while it runs, and a table at the end."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from benchmarks.harness import Judged, Samples


class Bar:
    """A line that says what is being measured; it is gone when the ``with`` block ends."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._steps = 0
        self._task = self._progress.add_task("getting ready", total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, steps: int) -> None:
        self._steps += steps
        self._progress.update(self._task, total=self._steps)

    def begins(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def ended(self) -> None:
        self._progress.advance(self._task)


def figures(samples: Samples) -> Table:
    """Every case with the median of each figure, and how far its rounds lie apart."""
    names = list(dict.fromkeys(figure for case in samples.values() for figure in case))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("case")
    for name in names:
        table.add_column(name, justify="right")
    for case, found in samples.items():
        table.add_row(case, *(_cell(found.get(name)) for name in names))
    return table


def judgements(found: Sequence[Judged]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for title, side in (
        ("", "left"),
        ("what", "left"),
        ("by hand", "right"),
        ("median", "right"),
        ("rounds", "right"),
        ("to reach", "right"),
        ("", "left"),
    ):
        table.add_column(title, justify=side)  # type: ignore[arg-type]
    for one in found:
        mark = "[green]✓[/]" if one.met else "[bold red]✗[/]"
        target = one.target
        by_hand = "" if one.by_hand is None else number(one.by_hand)
        table.add_row(target.id, target.what, by_hand, number(one.median), spread(one), target.bound, mark)
    return table


def number(value: float) -> str:
    """Three digits or so."""
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return (
        f"{value:.0f}"
        if value >= 100
        else f"{value:.3g}"
        if value < 1
        else f"{value:.2f}"
        if value < 10
        else f"{value:.1f}"
    )


def duration(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def spread(one: Judged) -> str:
    return f"{number(one.low)}–{number(one.high)}"


def _cell(values: list[float] | None) -> str:
    if not values:
        return ""
    middle = statistics.median(values)
    if len(values) == 1 or not middle:
        return number(middle)
    return f"{number(middle)} ±{50 * (max(values) - min(values)) / middle:.0f}%"
