"""The demo for real: a simulator process, every protocol, every way of paying."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from vkpay_async.cli.demo.command import all_flows, run
from vkpay_async.cli.demo.payments import STEPS
from vkpay_async.cli.demo.report import run_flows
from vkpay_async.cli.demo.shop import open_shop
from vkpay_async.cli.demo.view import Silent
from vkpay_async.registry import pay_types

DEMO = [sys.executable, "-c", "from vkpay_async.cli import main; main()", "demo"]
OTHERS = {
    "wxpay_transfer": [
        ["transfer", "confirm", "notify", "query"],
        ["transfer", "cancel", "notify", "query"],
        ["authorize", "confirm", "notify", "transfer", "close"],
    ],
    "alipay_transfer": [["transfer", "query"]],
    "appleiap_app-plus": [
        ["order", "buy", "notify", "verify", "query", "refund", "reversal"],
        ["order", "buy", "notify", "verify", "renew", "refund"],
    ],
    "huaweiiap_app-harmony": [["order", "buy", "notify", "verify", "confirm", "refund"]],
}


def test_every_way_of_paying_through_its_whole_life(tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--json", "--seed", "7"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    failed = [
        (flow["pay_type"], flow["merchant"], step["step"], step["detail"])
        for flow in report["flows"]
        for step in flow["steps"]
        if not step["ok"]
    ]
    assert (done.returncode, report["ok"], failed, done.stderr) == (0, True, [], "")
    for merchant in ("default", "certs"):
        flows = [flow for flow in report["flows"] if flow["merchant"] == merchant]
        payments = [flow for flow in flows if flow["pay_type"] not in OTHERS]
        assert sorted(flow["pay_type"] for flow in payments) == sorted(pay_types() - OTHERS.keys())
        for flow in payments:
            assert [step["step"] for step in flow["steps"]] == list(STEPS)
        for pay_type, steps in OTHERS.items():
            assert [
                [step["step"] for step in flow["steps"]] for flow in flows if flow["pay_type"] == pay_type
            ] == steps
    assert {flow["pay_type"] for flow in report["flows"] if flow["merchant"] == "partner"} == {
        "wxpay_mp-weixin",
        "alipay_h5",
        "huawei_mp-harmony",
    }
    assert list(tmp_path.iterdir()) == []


async def test_a_forged_notification_is_seen_and_the_next_flow_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_shop(0, 7) as shop, aiohttp.ClientSession() as session:
        fault = {"fault": "bad_signature", "match": {"operation": "*.notify"}, "times": 1}
        async with session.post(f"{shop.simulator.url}/_sim/faults", json=fault) as answer:
            assert answer.status == 201, await answer.text()
        flows = [flow for flow in all_flows(shop) if flow.pay_type in ("wxpay_h5", "wxpay_mweb")][:2]
        forged, next_one = await run_flows(flows, Silent())
    assert [step.ok for step in forged.steps] == [True, True, *[False] * (len(STEPS) - 2)]
    assert forged.steps[2].detail.startswith("Signature")
    assert forged.steps[3].detail == "skipped: notify failed"
    assert next_one.ok
    assert shop.code_url is not None
    assert "notification refused" in caplog.text


@pytest.mark.parametrize("database_url", ["postgresql", "mysql"], indirect=True)
async def test_it_runs_on_a_database_that_stays_and_again(database_url: str) -> None:
    chosen = frozenset({"wxpay_h5", "alipay_h5", "wxpay_transfer"})
    for _ in range(2):
        report = await run(chosen, 0, 7, Silent(), database_url)
        assert report.ok, report.to_json()
