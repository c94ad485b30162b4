"""What the README's examples do is what the README says."""

from __future__ import annotations

import ast
import inspect
import json
import logging
import os
import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from django.core.asgi import get_asgi_application
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from starlette.applications import Starlette
from typer.testing import CliRunner

import vkpay_async
from tests.vkpay_async.web.stacks import asgi_call, asgi_lifespan, django_urls
from vkpay_async import ConfigError, PaidOrder, TransferState, VKPay, VKPayError, config_from_dict
from vkpay_async.cli.app import app
from vkpay_async.providers.unsupported import Unsupported
from vkpay_async.registry import about, every_about, provider_class
from vkpay_async.web.asgi import VKPayApp
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
OPERATIONS = {
    "close": ("close", "关单"),
    "refund": ("refund", "退款"),
    "transfer": ("transfer", "转账"),
    "code2session": ("login", "登录"),
    "account_balance": ("balance", "余额"),
    "trade_bill": ("bill", "账单"),
    "purchase": ("purchase", "购买"),
}
ONLY_CHECKS = {
    ("wxpay", "account_balance"),  # refuses, and says where the balance is shown
    ("douyin", "close"),  # passes for what has ended by itself
    ("huaweiiap", "close"),
    ("appleiap", "close"),
}
"""What a provider answers without doing it."""
SHOP = {"provider": "wxpay", "platform": "h5", "is_pc": True, "subject": "Tea", "type": "goods"}


async def ship(order: PaidOrder) -> None:
    pass


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found.group(1)


def write_config(simulator: RunningSimulator, folder: Path) -> None:
    (folder / "vkpay.toml").write_text(dumps(simulator.config), encoding="utf-8")


def code_blocks(text: str) -> list[str]:
    """The Python and TOML of a README, without comments, which are translated."""
    found = re.findall(r"```(?:python|toml)\n(.*?)```", text, re.DOTALL)
    return [re.sub(r" *#.*", "", one) for one in found]


async def run_block(marker: str, **names: Any) -> dict[str, Any]:
    """Runs an example that awaits at its top level; gives its names."""
    space = {name: getattr(vkpay_async, name) for name in vkpay_async.__all__} | names
    code = compile(block(marker), marker, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, space)  # noqa: S307 - the README is ours
    if inspect.isawaitable(result):
        await result
    return space


def test_the_first_example_prints_what_the_readme_shows(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    write_config(vkpay_sim, tmp_path)
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


def providers_table(text: str) -> dict[str, list[str]]:
    """The cells beside each provider's name."""
    table = re.search(r"<!-- providers -->\n.*\n.*\n((?:\|.*\n)+)", text)
    assert table
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.group(1).splitlines()]
    return {re.findall(r"`([^`]+)`", row[0])[0]: row for row in rows}


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_the_table_has_every_provider_and_its_ways(text: str) -> None:
    ways = {
        name: {f"{name}_{way}" for way in re.findall(r"`([^`]+)`", row[1])}
        for name, row in providers_table(text).items()
    }
    assert ways == {one.name: one.pay_types for one in every_about()}


@pytest.mark.parametrize(("text", "language"), [(README, 0), (CHINESE, 1)], ids=["English", "Chinese"])
def test_the_table_promises_what_a_provider_has(text: str, language: int) -> None:
    for name, row in providers_table(text).items():
        promised = re.split("[,、]", row[2].partition(";")[0].partition("；")[0])
        found = provider_class(name)
        offered = {
            words[language]
            for operation, words in OPERATIONS.items()
            if getattr(found, operation, None) not in (None, getattr(Unsupported, operation, None))
            and (name, operation) not in ONLY_CHECKS
        }
        assert {word.strip() for word in promised} == offered, name


def test_the_table_calls_providers_by_their_titles() -> None:
    for name, row in providers_table(README).items():
        assert row[0] == f"`{name}`, {about(name).title}"


async def test_the_aiohttp_example_takes_notifications(
    vkpay_sim: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = unused_port()
    vkpay_sim.notify_url = f"http://127.0.0.1:{port}/pay"
    write_config(vkpay_sim, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(web, "run_app", lambda _: None)
    example = await run_block("aiohttp")
    pay: VKPay = example["pay"]
    pay.on_paid("goods")(ship)
    async with TestServer(example["app"], port=port):
        await pay.create_payment(out_trade_no="20261121-0001", total_fee=100, **SHOP)
        await vkpay_sim.pay("20261121-0001")
        assert (await pay.orders.require("20261121-0001")).paid


@pytest.fixture
def offline(vkpay_sim: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    """``vkpay.toml`` lies where the example looks; notifications are lost, and a test hands them over itself."""
    write_config(vkpay_sim, tmp_path)
    monkeypatch.chdir(tmp_path)
    vkpay_sim.fault("lose_notify", times=None)
    return vkpay_sim


async def handed_over(sim: RunningSimulator, pay: VKPay, call: Any) -> None:
    """An order is paid, and its notification comes in through the example."""
    await pay.create_payment(out_trade_no="20261121-0001", total_fee=100, **SHOP)
    await sim.pay("20261121-0001")
    sent = sim.world.deliveries[sim.deliveries()[0].id].build(0)
    path = "/pay/vk-pay-notify/wxpay_h5/20261121-0001"
    assert (await call("POST", path, sent.body, dict(sent.headers))).status < 300
    assert (await pay.orders.require("20261121-0001")).paid


async def test_the_asgi_example_takes_notifications(
    offline: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    fastapi = ModuleType("fastapi")
    fastapi.FastAPI = Starlette  # type: ignore[attr-defined] # of which FastAPI is a subclass
    monkeypatch.setitem(sys.modules, "fastapi", fastapi)
    example = await run_block("asgi")
    example["pay"].on_paid("goods")(ship)
    async with asgi_lifespan(example["app"]):
        await handed_over(offline, example["pay"], partial(asgi_call, example["app"]))


async def test_the_django_example_takes_notifications(offline: RunningSimulator) -> None:
    example = await run_block("django")
    example["pay"].on_paid("goods")(ship)
    with django_urls(example["urlpatterns"]):
        async with example["pay"]:
            await handed_over(offline, example["pay"], partial(asgi_call, get_asgi_application()))


async def test_the_exact_example_credits_an_account_once(vkpay_sim: RunningSimulator) -> None:
    metadata = MetaData()
    accounts = Table("accounts", metadata, Column("id", String, primary_key=True), Column("balance", Integer))
    order = {**SHOP, "type": "recharge", "out_trade_no": "20261121-0001", "total_fee": 100, "user_id": "u1"}
    vkpay_sim.fault("lose_notify", times=None)
    async with VKPay.from_dict(vkpay_sim.config, database="sqlite://") as pay:
        await pay.orders.write(metadata.create_all)
        await pay.orders.write(lambda c: c.execute(accounts.insert().values(id="u1", balance=5)))
        await run_block("exactly-once", pay=pay, accounts=accounts)
        await pay.create_payment(**order)
        await vkpay_sim.pay("20261121-0001")
        for _ in range(2):
            state = await pay.query_payment(out_trade_no="20261121-0001", await_notify=True)
        assert state.user_order_success
        assert await pay.orders.read(lambda c: c.scalar(select(accounts.c.balance))) == 105


def test_the_policies_are_told_with_the_settings_there_are() -> None:
    for text in (README, CHINESE):
        policies = re.findall(r'^\| `"(\w+)"`', text, re.MULTILINE)
        assert policies == ["durable", "handled"]
        for policy in policies:
            assert config_from_dict({"reply_policy": policy}).reply_policy == policy
    config = config_from_dict({})
    assert (config.reply_policy, config.handler_timeout, config.handler_attempts) == ("durable", 60, 12)


async def test_the_front_doors_example_takes_the_amount_from_the_shop(vkpay_sim: RunningSimulator) -> None:
    class Stock:
        async def user(self, token: str | None) -> Any:
            if token is None:
                raise VKPayError("sign in first", code=401)
            return SimpleNamespace(id="u1")

        async def order(self, number: str, user: Any) -> Any:
            return SimpleNamespace(total_fee=19900, title="Tea", goods_id="g1")

    app = Starlette()
    async with VKPay.from_dict(vkpay_sim.config, database="sqlite://") as pay:
        await run_block("front-door", pay=pay, app=app, shop=Stock(), VKPayApp=VKPayApp)
        order = {"out_trade_no": "20261121-0001", "total_fee": 1, "custom": {"goods_id": "gold"}}
        data = {"vk_platform": "h5", "isPC": True, "provider": "wxpay", "data": order}
        body = json.dumps({"action": "pay/createPayment", "data": data}).encode()
        signed_in = {"Authorization": "Bearer 7", "X-Forwarded-For": "198.51.100.7"}
        answers = [await asgi_call(app, "POST", "/pay/", body, headers) for headers in ({}, signed_in)]
        refused, created = (json.loads(answer.body) for answer in answers if answer)
        assert (refused["code"], created["code"], created["total_fee"]) == (401, 0, 19900)
        kept = await pay.orders.require("20261121-0001")
        assert (kept.user_id, kept.custom) == ("u1", {"goods_id": "g1"})


async def test_the_calls_and_the_errors_do_what_their_comments_say(
    vkpay_sim: RunningSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with VKPay.from_dict(vkpay_sim.config, database="sqlite://") as pay:
        pay.on_paid("goods")(ship)
        names = {
            "pay": pay,
            "no": "20261121-0001",
            "unpaid": "20261121-0002",
            "log": logging.getLogger("shop"),
        }
        for number in (names["no"], names["unpaid"]):
            await pay.create_payment(out_trade_no=number, total_fee=19900, user_id="u1", **SHOP)
        await vkpay_sim.pay(names["no"])
        user = vkpay_sim.login(vkpay_sim.merchant()["wxpay"]["mp-weixin"]["appId"])
        example = await run_block("calls", openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", code=user["code"], **names)
        assert example["login"].openid == user["openid"]
        assert example["state"].user_order_success
        assert (await pay.orders.require(names["unpaid"])).status == -1
        assert example["status"].to_client()["orderInfo"]["refund_fee"] == 5000
        assert example["bill"].to_client()["options"]["package"]
        assert [order.out_trade_no for order in example["page"].rows] == [names["no"]]

        await vkpay_sim.advance("2m")
        vkpay_sim.fault("business_code", code="NOT_ENOUGH", operation="wxpay.refund")
        await run_block("errors", **names)
        assert "wxpay NOT_ENOUGH" in caplog.text


async def test_a_user_who_agreed_once_is_paid_without_being_asked(
    vkpay_sim: RunningSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    vkpay_sim.fault("lose_notify", times=None)
    async with VKPay.from_dict(vkpay_sim.config, database="sqlite://") as pay:
        example = await run_block("authorization", pay=pay, openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
        assert example["asked"].to_client()["options"]["package"]
        await vkpay_sim.confirm_authorization("AU20261121001")
        await pay.query_user_confirm_authorization(provider="wxpay", out_authorization_no="AU20261121001")
        await pay.idle()
        assert capsys.readouterr().out == "AU20261121001 TAKING_EFFECT\n"
        assert (await run_block("authorized", pay=pay))["bill"].state is TransferState.SUCCESS


def test_the_configuration_has_no_unknown_key() -> None:
    config = config_from_dict(tomllib.loads(block("config")))
    assert config.node(None, "wxpay", "h5").app_id == "wx…"
    assert config.node("shop-7", "alipay", "h5").app_id == "2021…"


def test_asking_for_a_provider_checks_its_keys(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    node = vkpay_sim.config["merchants"]["default"]["wxpay"]["h5"] | {"v3Key": "x" * 31}
    (tmp_path / "vkpay.toml").write_text(dumps({"wxpay": {"h5": node}}), encoding="utf-8")
    pay = VKPay.from_file(tmp_path / "vkpay.toml")
    shown = re.search(r"`(vkpay\.toml: wxpay\.h5: .*)`", README)
    assert shown
    with pytest.raises(ConfigError, match=re.escape(shown.group(1))):
        pay.provider("wxpay_h5")


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_the_doctor_says_what_the_readme_shows(
    vkpay_sim: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    node = dict(vkpay_sim.config["merchants"]["default"]["wxpay"]["h5"])
    node["v3Key"] = node["v3Key"][:-1]
    del node["baseUrl"]
    config = {"notify_url": "http://shop.example.com/pay", "wxpay": {"h5": node}}
    (tmp_path / "vkpay.toml").write_text(dumps(config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["doctor"]).stdout
    lines = [line.rstrip() for line in re.sub(r"PUB_KEY_ID_\d+", "PUB_KEY_ID_…", said).splitlines()]
    shown = re.search(r"<!-- doctor -->\n```\n\$ vkpay doctor\n(.*?)```", text, re.DOTALL)
    assert shown
    assert lines == shown.group(1).splitlines()


def test_the_tests_of_your_own_code_pass(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(block("tests"), encoding="utf-8")
    options = ["-q", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "test_shop.py",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_every_python_block_is_python(text: str) -> None:
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        compile(code, "README", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


def test_the_chinese_readme_has_the_same_code() -> None:
    assert code_blocks(CHINESE) == code_blocks(README)


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "README.zh-CN.md",
        "simulator/README.md",
        "CONTRIBUTING.md",
        "docs/telemetry.md",
        "docs/serving.md",
    ],
)
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert ((ROOT / name).parent / link).exists(), link
