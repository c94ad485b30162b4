"""What docs/wxpay-virtual.md shows is what happens."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from vkpay_async import InvalidArgument, VKPay, config_from_dict
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

GUIDE = (Path(__file__).parents[1] / "docs/wxpay-virtual.md").read_text(encoding="utf-8")
NUMBER = "V20261121-0001"


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found, marker
    return found.group(1)


async def run_block(marker: str, names: dict[str, Any]) -> None:
    code = compile(block(marker), marker, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307 - the page is ours
    if inspect.isawaitable(result):
        await result


async def phone(simulator: RunningSimulator, call: str, **body: Any) -> Any:
    url = f"{simulator.url}/_sim/wxpay-virtual/{call}"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_the_example_is_paid_and_told_so(
    vkpay_sim: RunningSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = unused_port()
    vkpay_sim.notify_url = f"http://127.0.0.1:{port}/pay"
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    await run_block("wxpay-virtual", names)
    appid = names["pay"].provider("wxpay-virtual_mp-weixin").appid
    application = web.Application()
    application.add_subapp("/pay", vkpay_app(names["pay"]))
    async with TestServer(application, port=port):
        openid = await names["log_in"](vkpay_sim.login(appid)["code"])
        asked = await names["buy"](openid, NUMBER)
        said = await phone(vkpay_sim, "request-virtual-payment", openid=openid, action="open", **asked)
        assert said["errCode"] == 0
        await vkpay_sim.pay(NUMBER)
        await names["pay"].idle()
        assert f"paid {NUMBER} 990 fen" in capsys.readouterr().out
        await run_block("wxpay-virtual-failure", names)
        assert "log the user in again" in capsys.readouterr().out
        await run_block("wxpay-virtual-deliver", names)
    provided = vkpay_sim.journal(operation="wxpay-virtual.notify_provide_goods")
    assert [entry.status for entry in provided] == [200]


def test_the_settings_are_what_the_table_says(tmp_path: Path) -> None:
    """Every key of the example is one that a configuration takes, with values of the right form."""
    found = re.search(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    keys = re.findall(r"^(\w+) = ", found.group(1), re.MULTILINE)
    values: dict[str, Any] = dict.fromkeys(keys, "x" * 32) | {"rate": 100, "encoding_aes_key": "A" * 43}
    pay = VKPay(
        config_from_dict({"wxpay-virtual": {"mp-weixin": values}}), database=f"sqlite:///{tmp_path}/o"
    )
    assert pay.provider("wxpay-virtual_mp-weixin").appid == "x" * 32


@pytest.mark.parametrize("row", re.findall(r"^\| (`\w+\(.*?) \|", GUIDE, re.MULTILINE))
def test_every_call_of_the_table_exists_as_it_is_written(vkpay_sim: RunningSimulator, row: str) -> None:
    provider = VKPay.from_dict(vkpay_sim.config).provider("wxpay-virtual_mp-weixin").sans_io
    for name, written in re.findall(r"`(\w+)\((.*?)\)`", row):
        parameters = inspect.signature(getattr(provider, name)).parameters
        for one in written.split(", "):
            word = one.partition("=")[0]
            assert word in ("", "…") or word in parameters, f"{name}({written})"


async def test_a_buyer_without_session_is_told_to_log_in(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        await run_block("wxpay-virtual", names)
        async with names["pay"]:
            with pytest.raises(InvalidArgument) as caught:
                await names["buy"]("oUnknownUser000000000000000001", NUMBER)
    assert caught.value.code == 268490009
