"""The findings for people: what is the same for many nodes stands once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from vkpay_async.cli.doctor.check import Check, Report, State
from vkpay_async.cli.terminal import Marks, marks_for, plain_table, printable

NAMED = 3
STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "problem": "bold red"}
SEVERITY: tuple[State, ...] = ("problem", "warning", "ok")


def show(console: Console, report: Report) -> None:
    """Problems first."""
    marks = marks_for(console)
    table = plain_table("", "check", "found")
    for state in SEVERITY:
        for group in _groups(check for check in report.checks if check.state == state):
            table.add_row(_mark(state, marks), Text(_names(group)), Text(_found(group[0], marks)))
    console.print(table)
    counts = f"{_counted(report, 'problem')}, {_counted(report, 'warning')}, {report.count('ok')} ok"
    console.print(counts, style=STYLES["ok" if report.ok else "problem"])


def _groups(checks: Iterable[Check]) -> list[list[Check]]:
    groups: dict[tuple[str, str, str], list[Check]] = defaultdict(list)
    for check in checks:
        groups[check.kind, check.detail, check.advice].append(check)
    return list(groups.values())


def _counted(report: Report, state: State) -> str:
    number = report.count(state)
    return f"{number} {state}{'' if number == 1 else 's'}"


def _mark(state: State, marks: Marks) -> Text:
    mark = {"ok": marks.good, "warning": marks.doubtful, "problem": marks.bad}[state]
    return Text(mark, STYLES[state])


def _names(group: list[Check]) -> str:
    subjects = [check.subject for check in group if check.subject]
    more = len(subjects) - NAMED
    named = ", ".join(subjects[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{group[0].kind}\n{named}" if named else group[0].kind


def _found(check: Check, marks: Marks) -> str:
    return printable(check.detail + (f"\n{marks.so} {check.advice}" if check.advice else ""))
