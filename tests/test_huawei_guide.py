"""docs/huawei.md: its examples do what they say, against the simulator."""

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


IN_A_PROGRAM = """
import asyncio, json, sys
from urllib.request import Request, urlopen

async def main() -> None:
    async with pay:
        given = await start("20261121-0002")
        body = {"product_id": given["productId"], "price": 600, "developer_payload": given["developerPayload"]}
        asked = Request(sys.argv[1] + "/_sim/huaweiiap/purchase", data=json.dumps(body).encode())
        device = json.load(await asyncio.to_thread(urlopen, asked))
        for _ in range(2):
            print(await bought("20261121-0002", device["jwsPurchaseOrder"]))

asyncio.run(main())
"""


def test_the_purchase(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    found = re.search(r"<!-- huaweiiap -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    vkpay_sim.fault(lose_notify=1)  # nobody listens there
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", found[1] + IN_A_PROGRAM, vkpay_sim.url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["credit 100 coins for 20261121-0002", "True", "True"], done.stderr
