"""docs/vkspay.md: its example is run against the simulator, and its other blocks with it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from vkpay_async import VKPay
from vkpay_async.providers.vkspay.about import VkspayNode
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

GUIDE = (Path(__file__).parents[1] / "docs/vkspay.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", GUIDE, re.DOTALL)
    assert found, marker
    return found.group(1)


def test_the_example_takes_a_payment_and_gives_some_back(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-X", "utf8", "-u", "-c", block("vkspay")],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        created = process.stdout.readline()
        assert re.fullmatch(rf"vkspay_h5 {re.escape(vkpay_sim.url)}/pay\?o=\w+\n", created)
        vkpay_sim.pay("20261121-0001").wait()
        said, _ = process.communicate("\n", timeout=60)
    assert said.endswith("paid 20261121-0001 1990 fen\nrefund SUCCESS 20261121-0001-1\n"), said


async def test_the_call_of_the_gateway(
    vkpay_sim: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = unused_port()
    vkpay_sim.notify_url = f"http://127.0.0.1:{port}/pay"
    pay = VKPay.from_dict(vkpay_sim.config, database=f"sqlite:///{tmp_path / 'orders.db'}")
    application = web.Application()
    application.add_subapp("/pay", vkpay_app(pay))
    async with TestServer(application, port=port):
        await pay.create_payment(
            provider="vkspay", platform="h5", out_trade_no="T1", total_fee=1, subject="Tea", type="goods"
        )
        await vkpay_sim.pay("T1")
        names: dict[str, Any] = {"pay": pay, "order": await pay.orders.require("T1")}
        code = compile(block("vkspay-request"), "vkspay.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        await eval(code, names)  # noqa: S307 - the page is ours
    assert names["answer"]["return_code"] == "SUCCESS"


def test_every_setting_is_explained() -> None:
    table = GUIDE.partition("| setting | default |")[2].partition("\n\n")[0]
    explained = set(re.findall(r"^\| `(\w+)`", table, re.M)) | {"mch_id", "key"}
    own = set(VkspayNode.__struct_fields__) - {"where", "pid", "platform", "app_id"}
    assert explained == own
