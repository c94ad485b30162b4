"""What the demo shows to people: a bar while it runs, then tables, failures and a QR code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

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
from rich.text import Text

from vkpay_async.cli.demo.report import DemoFlow, FlowReport, Report, Step
from vkpay_async.cli.terminal import Marks, has_unicode, marks_for
from vkpay_async.qr import qr_matrix

HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


class Silent:
    """Watches and says nothing."""

    def expect(self, flows: Sequence[DemoFlow]) -> None:
        pass

    def begins(self, flow: DemoFlow, step: str) -> None:
        pass

    def ended(self, flow: DemoFlow, step: Step) -> None:
        pass


class Bar:
    """A line that says what is going on; it is gone when the ``with`` block ends."""

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
        self._task = self._progress.add_task("starting the simulator", total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, flows: Sequence[DemoFlow]) -> None:
        self._progress.update(self._task, total=sum(len(flow.steps) for flow in flows))

    def begins(self, flow: DemoFlow, step: str) -> None:
        self._progress.update(self._task, description=f"{flow.pay_type} · {flow.merchant} · {step}")

    def ended(self, flow: DemoFlow, step: Step) -> None:
        self._progress.advance(self._task)


def show(console: Console, report: Report) -> None:
    """The whole result, once."""
    if report.code_url is not None and has_unicode(console):
        console.print(f"A Native payment's QR code, {report.code_url}")
        console.print(qr_text(report.code_url), no_wrap=True, crop=False)
    for _, flows in groupby(report.flows, key=lambda flow: flow.steps[0].step):
        console.print(_table(list(flows), marks_for(console)), "")
    for line in _failures(report.flows):
        console.print(line, style="red", markup=False)
    console.print(_summary(report), style="green" if report.ok else "bold red")


def qr_text(text: str) -> Text:
    """A QR code in half blocks, two rows of modules a line; dark on light whatever the terminal's colours."""
    rows = qr_matrix(text)
    lines = zip_longest(rows[::2], rows[1::2], fillvalue=[False] * len(rows))
    return Text(
        "\n".join("".join(HALVES[pair] for pair in zip(*two, strict=True)) for two in lines), "black on white"
    )


def _table(flows: list[FlowReport], marks: Marks) -> Table:
    names = list(dict.fromkeys(step.step for flow in flows for step in flow.steps))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("pay_type", no_wrap=True)
    table.add_column("merchant", no_wrap=True)
    for name in names:
        table.add_column(name.replace("_", "\n"), justify="right")
    for flow in flows:
        steps = {step.step: step for step in flow.steps}
        table.add_row(flow.pay_type, flow.merchant, *(_cell(steps.get(name), marks) for name in names))
    return table


def _cell(step: Step | None, marks: Marks) -> Text:
    if step is None:
        return Text("")
    if step.ms is None:
        return Text("-", "dim")
    mark, style = (marks.good, "green") if step.ok else (marks.bad, "bold red")
    return Text(f"{mark} {step.ms:.0f}", style)


def _failures(flows: Iterable[FlowReport]) -> Iterator[str]:
    """Why each flow that failed did; what was skipped after it needs no line."""
    for flow in flows:
        for step in flow.steps:
            if not step.ok and step.ms is not None:
                yield f"{flow.pay_type} ({flow.merchant}), {step.step}: {step.detail}"


def _summary(report: Report) -> str:
    good = sum(flow.ok for flow in report.flows)
    steps = sum(len(flow.steps) for flow in report.flows)
    return f"{good} of {len(report.flows)} flows ok, {steps} steps in {report.seconds:.1f} s; the tables are in ms"
