"""docs/serving.md: the options and states it names are those there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vkpay_async.cli.app import app
from vkpay_async.cli.notifications.advice import STATES
from vkpay_async.jobs import JOBS

GUIDE = (Path(__file__).parents[1] / "docs/serving.md").read_text(encoding="utf-8")


def options(*command: str) -> set[str]:
    said = CliRunner(env={"TERM": "dumb", "COLUMNS": "200"}).invoke(app, [*command, "--help"]).stdout
    return set(re.findall(r"--[a-z-]+", said))


def test_the_table_names_every_option_of_serve() -> None:
    table = GUIDE.partition("| option |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(--[a-z-]+)", row.split("|")[1])}
    assert named | {"--help", "--jobs"} == options("serve")


@pytest.mark.parametrize(
    "command", [("serve",), ("worker",), ("notifications", "list"), ("notifications", "replay")]
)
def test_the_commands_take_the_options_they_are_shown_with(command: tuple[str, ...]) -> None:
    typed = re.findall(rf"vkpay {' '.join(command)}\b(.*)", GUIDE)
    assert typed
    shown = {name for line in typed for name in re.findall(r"--[a-z-]+", line.partition("`")[0])}
    assert shown <= options(*command)


def test_every_state_and_job_is_explained() -> None:
    assert re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE) == list(STATES)
    assert re.findall(r"^(\w+) +0 ", GUIDE, re.MULTILINE) == [job.name for job in JOBS]
