"""The README's first example does what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found.group(1)


def test_the_first_example_prints_what_the_readme_shows(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-X", "utf8", "-u", "-c", block("first-example")],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stdout is not None
        first, prompt = script.stdout.readline(), script.stdout.readline()
        if prompt:
            vkpay_sim.pay("20261121-0001").wait()
        rest, errors = script.communicate("\n", timeout=60)

    assert script.returncode == 0, errors
    shown = re.sub(r"pr=\w+", "pr=…", first + prompt + rest)
    assert shown == re.sub(r"pr=\w+", "pr=…", block("first-output"))


def test_the_first_screen_has_two_commands_and_about_twenty_lines() -> None:
    first_screen = README.split("## What stands")[0]
    assert "make demo" in first_screen
    assert "make test" in first_screen
    code = [line for line in block("first-example").splitlines() if line.strip()]
    assert len(code) <= 24
