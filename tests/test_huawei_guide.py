"""docs/huawei.md: its example prints what it says, against the simulator."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

GUIDE = (Path(__file__).parents[1] / "docs/huawei.md").read_text(encoding="utf-8")


def test_the_example(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    found = re.search(r"<!-- huawei -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-u", "-c", found[1]],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdin is not None
    assert running.stdout.readline() == "huawei_mp-harmony True\n"
    assert running.stdout.readline().startswith("Be the buyer: ")
    vkpay_sim.fault(lose_notify=1)  # nobody listens there
    vkpay_sim.pay("20261121-0001").wait()
    rest, _ = running.communicate("\n", timeout=60)
    assert rest.splitlines() == ["paid 20261121-0001 1990 fen", "refund PROCESSING"]
    assert running.returncode == 0
