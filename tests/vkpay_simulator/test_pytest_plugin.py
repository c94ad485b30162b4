"""The plugin as a user has it: installed, and named in no configuration."""

import subprocess
import sys
from pathlib import Path

SUITE = """
import json
from urllib.request import ProxyHandler, build_opener

import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_starts_afresh(vkpay_sim, turn):
    assert vkpay_sim.orders() == []
    assert vkpay_sim.advance("24h4m").wait().offset_seconds == pytest.approx(86640, abs=60)
    vkpay_sim.fault(lose_notify=3)
    with build_opener(ProxyHandler({})).open(f"{vkpay_sim.url}/_sim/faults") as answer:
        assert [fault["left"] for fault in json.load(answer)["faults"]] == [3]

async def test_await(vkpay_sim):
    assert (await vkpay_sim.advance(60)).offset_seconds == pytest.approx(60, abs=60)

def test_the_address_of_the_receiver(vkpay_sim):
    vkpay_sim.notify_url = "http://127.0.0.1:5000"
    assert vkpay_sim.config["notify_url"] == "http://127.0.0.1:5000"
    assert vkpay_sim.merchant("default")["wxpay"]["h5"]["baseUrl"] == vkpay_sim.url
"""

OPTIONS = [
    "-p",
    "no:cacheprovider",
    "-o",
    "asyncio_mode=auto",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
]


def test_a_suite_that_only_names_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(SUITE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *OPTIONS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
