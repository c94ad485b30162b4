"""docs/telemetry.md: its example prints what it shows, and its tables name what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from tests.vkpay_async.observed import Observed
from vkpay_async.telemetry import CallOutcome
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

GUIDE = (Path(__file__).parents[1] / "docs/telemetry.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", GUIDE, re.DOTALL)
    assert found, marker
    return found.group(1)


def test_the_example_prints_what_is_shown(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", block("telemetry")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == block("telemetry-output"), done.stderr


def test_every_metric_and_outcome_is_explained() -> None:
    instruments = vars(Observed().instruments).values()
    names = {name for one in instruments if (name := getattr(one, "name", "")).startswith("vkpay.")}
    assert names == set(re.findall(r"^\| `(vkpay\.[a-z.]+)` \| (?:counter|histogram|up-down)", GUIDE, re.M))
    outcomes = GUIDE.partition("| outcome | |")[2].partition("No span")[0]
    assert set(re.findall(r"^\| `(\w+)`", outcomes, re.M)) == set(get_args(CallOutcome))
