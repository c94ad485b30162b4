"""What a driver printed, judged against what was required of it, and the tables made from that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations import OPERATIONS, Client

BEGIN, END = "<!-- interop:begin -->", "<!-- interop:end -->"
HEADINGS = {
    "wxpay": "WeChat Pay",
    "alipay": "Alipay",
    "wxpay-virtual": "WeChat virtual payment",
    "vkspay": "VksPay",
    "appleiap": "App Store",
    "douyin": "Douyin",
}


@dataclass(kw_only=True)
class Outcome:
    """One client's run. ``served`` is the address it was given, ``crash`` why its driver ended early,
    ``log`` what the simulator said."""

    client: Client
    served: str
    version: str = "?"
    results: dict[str, tuple[bool, str]] = field(default_factory=dict)
    defects: dict[str, str] = field(default_factory=dict)
    crash: str = ""
    log: str = ""

    def take(self, line: str) -> None:
        """Reads one line of JSON. An operation with several lines is proven when each of them is."""
        said: dict[str, Any] = json.loads(line)
        if "version" in said:
            self.version = said["version"]
        elif "defect" in said:
            self.defects[said["operation"]] = said["defect"]
        else:
            ok, detail = self.results.get(said["operation"], (True, ""))
            self.results[said["operation"]] = (ok and said["ok"], detail or said["detail"])

    @property
    def title(self) -> str:
        return f"{self.client.title or self.client.name} {self.version}"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """``client, operation, ok, detail`` for every required operation; one without a result has failed."""
        missing = (False, self.crash or "the driver said nothing about it")
        found = [(operation, *self.results.get(operation, missing)) for operation in self.client.required]
        return [
            {"client": self.client.name, "operation": operation, "ok": ok, "detail": detail}
            for operation, ok, detail in found
        ]

    @property
    def failed(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if not line["ok"]]

    def cell(self, operation: str) -> str:
        if operation in self.client.lacks:
            return "–"
        if operation in {line["operation"] for line in self.failed}:
            return "**failed**"
        return "client's defect" if operation in self.defects else "proven"


def tables(outcomes: list[Outcome]) -> str:
    """Markdown: one table a provider, then what a reader has to know about single cells."""
    judges = {provider: [o for o in outcomes if o.client.provider == provider] for provider in OPERATIONS}
    parts = [_table(provider, those) for provider, those in judges.items() if those]
    notes = [f"- {note}" for outcome in outcomes for note in _notes(outcome)]
    legend = "proven: the unmodified client did it against the simulator · –: the client does not offer it"
    return "\n\n".join([*parts, legend, "\n".join(notes)])


def _table(provider: str, outcomes: list[Outcome]) -> str:
    rows = [
        _row(label, (outcome.cell(operation) for outcome in outcomes))
        for operation, label in OPERATIONS[provider].items()
    ]
    head = [_row(HEADINGS[provider], (o.title for o in outcomes)), _row("---", ("---" for _ in outcomes))]
    return "\n".join(head + rows)


def _row(first: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"


def _notes(outcome: Outcome) -> Iterable[str]:
    for operation, reason in outcome.defects.items():
        label = OPERATIONS[outcome.client.provider][operation]
        yield f"{outcome.title}, {label}: the client {reason}, and so does the simulator."
    if outcome.client.note:
        yield f"{outcome.title} {outcome.client.note}."
    if outcome.client.port_80_only:
        how = (
            "by replacing its connection function"
            if outcome.served.count(":") > 1
            else f"at {outcome.served}"
        )
        yield f"{outcome.title} cannot be given a port and was served {how}."


def update_readme(readme: Path, text: str) -> None:
    """Puts the tables between the markers. Raises :class:`SystemExit` when the markers are not there."""
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{readme} has no {BEGIN} … {END}: put the two markers where the table belongs.")
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
