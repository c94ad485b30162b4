"""What the doctor says of a mini program of Douyin, in both of its systems."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from vkpay_async import config_from_dict
from vkpay_async.cli.doctor.check import Check
from vkpay_async.cli.doctor.nodes import check_node
from vkpay_async.cli.doctor.online import check_online
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import HttpSettings, Node
from vkpay_async.crypto.pem import load_private_key
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport
from vkpay_simulator.running import RunningSimulator

ECPAY, TRADE = "default", "certs"
"""The simulator's merchants in each system."""


def prepared(sim: RunningSimulator, pid: str, changed: dict[str, Any]) -> tuple[Node, Providers]:
    """The simulator's node, changed; ``None`` leaves a setting out."""
    values = sim.merchant(pid)["douyin"]["mp-toutiao"] | changed
    kept = {name: value for name, value in values.items() if value is not None}
    config = config_from_dict({"douyin": {"mp-toutiao": kept}}, source="vkpay.toml")
    return config.node(None, "douyin", "mp-toutiao"), Providers(config, SYSTEM_ENV)


def checks(sim: RunningSimulator, pid: str, **changed: Any) -> dict[str, Check]:
    node, providers = prepared(sim, pid, changed)
    found = check_node(node, providers, datetime.now(UTC))
    assert {check.subject for check in found} == {"douyin.mp-toutiao"}
    return {check.kind: check for check in found}


@pytest.mark.parametrize(
    ("pid", "changed", "detail"),
    [
        (ECPAY, {}, "guaranteed payment"),
        (TRADE, {"salt": None}, "general trade system"),
        (TRADE, {"salt": "s", "token": "t"}, "general trade system, and guaranteed payment for older orders"),
    ],
)
def test_what_is_right(vkpay_sim: RunningSimulator, pid: str, changed: dict[str, Any], detail: str) -> None:
    found = checks(vkpay_sim, pid, **changed)
    assert {check.state for check in found.values()} == {"ok"}
    assert found["mode"].detail == detail


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({"sandbox": True, "baseUrl": None}, "warning", "no real money"),
        ({"token": None}, "problem", "without token"),
    ],
)
def test_the_mode(vkpay_sim: RunningSimulator, changed: dict[str, Any], state: str, said: str) -> None:
    mode = checks(vkpay_sim, ECPAY, **changed)["mode"]
    assert (mode.state, bool(mode.advice)) == (state, True)
    assert said in mode.detail


@pytest.mark.parametrize(
    ("pid", "changed", "said"),
    [
        (ECPAY, {"salt": None}, "salt is not set"),
        (ECPAY, {"baseUrl": "shop.example.com"}, "base_url must start with https://"),
        (TRADE, {"secret": None}, "secret is not set"),
        (TRADE, {"appPrivateKeyContent": None}, "app_private_key is not set"),
        (TRADE, {"appPrivateKeyContent": "x"}, "app_private_key cannot be used"),
        (TRADE, {"douyinPublicKeyContent": None}, "douyin_public_key is not set"),
        (TRADE, {"douyinPublicKeyContent": "x"}, "douyin_public_key cannot be used"),
    ],
)
def test_the_keys(vkpay_sim: RunningSimulator, pid: str, changed: dict[str, Any], said: str) -> None:
    keys = checks(vkpay_sim, pid, **changed)["keys"]
    assert (keys.state, bool(keys.advice)) == ("problem", True)
    assert said in keys.detail


def test_the_apps_own_public_key_in_douyins_place(vkpay_sim: RunningSimulator) -> None:
    own = load_private_key(
        vkpay_sim.merchant(TRADE)["douyin"]["mp-toutiao"]["appPrivateKeyContent"]
    ).public_key()
    text = own.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    keys = checks(vkpay_sim, TRADE, douyinPublicKeyContent=text.decode())["keys"]
    assert keys.state == "problem"
    assert "douyin_public_key is the app's own half" in keys.detail
    assert "平台公钥" in keys.advice


@pytest.mark.parametrize(
    ("pid", "changed", "address"),
    [
        (ECPAY, {}, "https://developer.toutiao.com"),
        (TRADE, {}, "https://open.douyin.com"),
        (TRADE, {"sandbox": True}, "https://open-sandbox.douyin.com"),
    ],
)
def test_the_address_is_that_of_the_system(
    vkpay_sim: RunningSimulator, pid: str, changed: dict[str, Any], address: str
) -> None:
    assert checks(vkpay_sim, pid, baseUrl=None, **changed)["address"].detail == address


@pytest.mark.parametrize(
    ("pid", "changed", "state", "said"),
    [
        (ECPAY, {}, "ok", "the call is accepted"),
        (ECPAY, {"salt": "x"}, "problem", "douyin"),
        (TRADE, {}, "ok", "the call is accepted"),
        (TRADE, {"secret": "x"}, "problem", "douyin"),
    ],
)
async def test_online(
    vkpay_sim: RunningSimulator, pid: str, changed: dict[str, Any], state: str, said: str
) -> None:
    node, providers = prepared(vkpay_sim, pid, changed)
    transport = Transport(HttpSettings())
    online, *_ = await check_online([node], providers, transport, SYSTEM_ENV)
    await transport.close()
    assert online.state == state
    assert said in online.detail
