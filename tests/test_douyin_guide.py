"""What docs/douyin.md shows is what happens."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from vkpay_async import VKPay, VKPayError, config_from_dict
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

GUIDE = (Path(__file__).parents[1] / "docs/douyin.md").read_text(encoding="utf-8")
PAY_TYPE = "douyin_mp-toutiao"
NUMBER = "20261121-0001"
WEEK = "168h"


def block(marker: str, language: str = "python") -> str:
    found = re.search(rf"<!-- {marker} -->\n```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found, marker
    return found.group(1)


async def run_block(marker: str, names: dict[str, Any]) -> None:
    code = compile(block(marker), marker, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307 - the page is ours
    if inspect.isawaitable(result):
        await result


async def control(simulator: RunningSimulator, call: str, **body: Any) -> Any:
    url = f"{simulator.url}/_sim/douyin/{call}"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        assert response.status == 200, await response.text()
        return await response.json()


@pytest.mark.parametrize("generation", ["ecpay", "trade"])
async def test_the_examples_are_paid_settled_and_told_so(
    generation: str,
    vkpay_sim: RunningSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = unused_port()
    vkpay_sim.notify_url = f"http://127.0.0.1:{port}/pay"
    config = vkpay_sim.config
    if generation == "trade":
        config["merchants"]["default"] = config["merchants"]["certs"]  # whose console knows the other name
    (tmp_path / "vkpay.toml").write_text(dumps(config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    await run_block("douyin", names)
    await run_block("douyin-told", names)
    application = web.Application()
    application.add_subapp("/pay", vkpay_app(names["pay"]))
    async with TestServer(application, port=port):
        asked = await names["buy"](NUMBER)
        if generation == "trade":
            order_id = (await control(vkpay_sim, "request-order", **asked))["orderId"]
            await control(vkpay_sim, "get-order-payment", orderId=order_id)
        else:
            assert (await control(vkpay_sim, "tt-pay", orderInfo=asked))["code"] == 0
        await names["pay"].query_payment(out_trade_no=NUMBER, await_notify=True)
        assert f"paid {NUMBER} 19900 fen" in capsys.readouterr().out
        await _settled(vkpay_sim, names, capsys)


async def _settled(
    simulator: RunningSimulator, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    await simulator.advance(WEEK)
    await run_block("douyin-settle", names)
    assert "PROCESSING" in capsys.readouterr().out
    await simulator.advance("2s")
    await names["pay"].idle()
    assert capsys.readouterr().out.split() == ["S20261121-0001", "SUCCESS", "19781"]


async def test_a_users_refund_is_answered(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    config = vkpay_sim.config
    config["merchants"] = {"default": config["merchants"]["certs"]}
    vkpay_sim.fault("lose_notify", times=None)
    async with VKPay.from_dict(config, database=f"sqlite:///{tmp_path}/orders.db") as pay:
        payment = await pay.create_payment(
            provider="douyin",
            platform="mp-toutiao",
            out_trade_no=NUMBER,
            total_fee=19900,
            subject="Tea",
            type="goods",
        )
        assert payment.order_info is not None
        await control(vkpay_sim, "request-order", **payment.order_info.to_client())
        await vkpay_sim.pay(NUMBER)
        asked = await control(vkpay_sim, "user-refund", out_trade_no=NUMBER)
        names = {"pay": pay, "refund_id": asked["refund_id"]}
        await run_block("douyin-audit", names)
        with pytest.raises(VKPayError, match="22006"):
            await run_block("douyin-audit", names)


async def test_the_console_is_answered_at_the_address_that_the_page_tells(
    vkpay_sim: RunningSimulator, tmp_path: Path
) -> None:
    (address,) = re.findall(r"^https://shop\.example\.com(/pay/vk-pay-notify/\S+)$", GUIDE, re.MULTILINE)
    application = web.Application()
    pay = VKPay.from_dict(vkpay_sim.config, database=f"sqlite:///{tmp_path}/orders.db")
    application.add_subapp("/pay", vkpay_app(pay))
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        for pid, path in (("default", address), ("partner", f"{address}/-/partner")):
            check = await control(vkpay_sim, "check-url", pid=pid)
            async with session.get(server.make_url(f"{path}?{check['query']}")) as response:
                assert (response.status, await response.text()) == (200, check["echostr"])


@pytest.mark.parametrize("marker", ["ecpay", "trade"])
def test_the_settings_are_what_the_examples_say(marker: str, vkpay_sim: RunningSimulator) -> None:
    """Every key is one that a configuration takes; the keys' files are contents here."""
    node: dict[str, Any] = tomllib.loads(block(marker, "toml"))["douyin"]["mp-toutiao"]
    keys = vkpay_sim.merchant("certs")["douyin"]["mp-toutiao"]
    node |= {
        name: keys[content]
        for name, content in (
            ("app_private_key", "appPrivateKeyContent"),
            ("douyin_public_key", "douyinPublicKeyContent"),
        )
        if name in node
    }
    pay = VKPay(config_from_dict({"douyin": {"mp-toutiao": node}}), database="sqlite://")
    assert pay.provider(PAY_TYPE).appid == "tt…"


@pytest.mark.parametrize("row", re.findall(r"^\| (`\w+\(.*?) \|", GUIDE, re.MULTILINE))
def test_every_call_of_the_table_exists_as_it_is_written(vkpay_sim: RunningSimulator, row: str) -> None:
    provider = VKPay.from_dict(vkpay_sim.config).provider(PAY_TYPE).sans_io
    for name, written in re.findall(r"`(\w+)\((.*?)\)`", row):
        parameters = inspect.signature(getattr(provider, name)).parameters
        for one in written.split(", "):
            word = one.partition("=")[0]
            assert word in ("", "…") or word in parameters, f"{name}({written})"
