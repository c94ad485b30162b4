"""What docs/appleiap.md shows is what happens."""

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

from vkpay_async import VKPay, config_from_dict
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

GUIDE = (Path(__file__).parents[1] / "docs/appleiap.md").read_text(encoding="utf-8")
COINS, VIP = "com.example.coins", "com.example.vip"


async def run_block(marker: str, names: dict[str, Any]) -> None:
    found = re.search(rf"<!-- {marker} -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found, marker
    code = compile(found[1], marker, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307 - the page is ours
    if inspect.isawaitable(result):
        await result


async def does(sim: RunningSimulator, pay: VKPay, what: str, **body: Any) -> Any:
    url = f"{sim.url}/_sim/appleiap/{what}"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        done = await answer.json()
        assert answer.status == 200, done
    await sim.advance(0)
    await pay.idle()
    return done


async def test_the_examples(
    vkpay_sim: RunningSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = unused_port()
    vkpay_sim.notify_url = f"http://127.0.0.1:{port}/pay"
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    prolonged: list[tuple[str, str, int]] = []

    async def prolong(user: str, membership: str, until: int) -> None:
        prolonged.append((user, membership, until))

    names: dict[str, Any] = {"prolong": prolong}
    for marker in ("appleiap", "appleiap-renewal", "appleiap-event"):
        await run_block(marker, names)
    pay = names["pay"]
    application = web.Application()
    application.add_subapp("/pay", vkpay_app(pay))
    async with TestServer(application, port=port):
        handed = await names["begin"]("20261121-0001")
        buy = {"product_id": handed["productId"], "app_account_token": handed["appAccountToken"]}
        bought = await does(vkpay_sim, pay, "purchase", **buy)
        assert capsys.readouterr().out == "paid 20261121-0001 600 fen\n"
        answer = await names["bought"]("20261121-0001", bought["signedTransaction"])
        assert answer == {"finish": True, "paid": True}
        await does(vkpay_sim, pay, "refund", transaction_id=bought["transactionId"], percentage=60_000)
        assert capsys.readouterr().out == "given back 360 fen SUCCESS\n"

        payment = await pay.create_payment(
            provider="appleiap",
            platform="app-plus",
            out_trade_no="20261121-0002",
            total_fee=3000,
            subject="a month",
            type="membership",
            user_id="u1",
            appleiap={"product_id": VIP},
        )
        vip = {"product_id": VIP, "app_account_token": payment.order_info.app_account_token}
        first = await does(vkpay_sim, pay, "purchase", type="Auto-Renewable Subscription", **vip)
        again = await does(vkpay_sim, pay, "renew", transaction_id=first["transactionId"])
        ends = [one["transaction"]["expiresDate"] for one in (first, again)]
        assert prolonged == [("u1", "20261121-0002", end) for end in ends]
        await does(vkpay_sim, pay, "change", transaction_id=again["transactionId"], auto_renew=False)
        await does(vkpay_sim, pay, "expire", transaction_id=again["transactionId"])
        assert capsys.readouterr().out.endswith(f"EXPIRED.VOLUNTARY {VIP}\n")

        names["transaction_id"] = first["transactionId"]
        await run_block("appleiap-history", names)
        assert capsys.readouterr().out.split()[0] == again["transactionId"]


def test_the_settings_are_taken(tmp_path: Path, vkpay_sim: RunningSimulator) -> None:
    """The example's values, and every name of the table."""
    toml = re.search(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert toml
    key = vkpay_sim.merchant()["appleiap"]["app-plus"]["privateKey"]
    (tmp_path / "SubscriptionKey_2X9R4HXF34.p8").write_text(key)
    (tmp_path / "vkpay.toml").write_text(toml[1])
    pay = VKPay.from_file(tmp_path / "vkpay.toml", database=f"sqlite:///{tmp_path}/o.db")
    assert pay.provider("appleiap_app-plus").appid == "com.example.shop"
    assert pay.config.node(None, "appleiap", "app-plus").products == {COINS: 600, VIP: 3000}
    table = GUIDE.partition("| setting |")[2].partition("\n\n")[0]
    names = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    known = config_from_dict({"appleiap": {"app-plus": {}}}).node(None, "appleiap", "app-plus")
    assert len(names) > 15
    assert [name for name in names if not hasattr(known, name)] == []


@pytest.mark.parametrize("row", re.findall(r"^\| (`\w+\(.*?) \|", GUIDE, re.MULTILINE))
def test_every_call_of_the_table_exists_as_it_is_written(vkpay_sim: RunningSimulator, row: str) -> None:
    provider = VKPay.from_dict(vkpay_sim.config).provider("appleiap_app-plus").sans_io
    for name, written in re.findall(r"`(\w+)\((.*?)\)`", row):
        parameters = inspect.signature(getattr(provider, name)).parameters
        for one in written.split(", "):
            word = one.partition("=")[0]
            assert word in ("", "…") or word in parameters, f"{name}({written})"
    for name in re.findall(r"`(\w+)`", row):
        assert hasattr(provider, name)
