"""What the doctor says of an app in Apple's store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vkpay_async import config_from_dict
from vkpay_async.cli.doctor.check import Check
from vkpay_async.cli.doctor.nodes import check_node
from vkpay_async.cli.doctor.online import check_online
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import HttpSettings, Node
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport
from vkpay_simulator.running import RunningSimulator


def prepared(sim: RunningSimulator, changed: dict[str, Any]) -> tuple[Node, Providers]:
    """The simulator's node, changed; ``None`` leaves a setting out."""
    values = sim.merchant()["appleiap"]["app-plus"] | changed
    kept = {name: value for name, value in values.items() if value is not None}
    config = config_from_dict({"appleiap": {"app-plus": kept}}, source="vkpay.toml")
    return config.node(None, "appleiap", "app-plus"), Providers(config, SYSTEM_ENV)


def checks(sim: RunningSimulator, **changed: Any) -> dict[str, Check]:
    node, providers = prepared(sim, changed)
    found = check_node(node, providers, datetime.now(UTC))
    assert {check.subject for check in found} == {"appleiap.app-plus"}
    return {check.kind: check for check in found}


def test_what_is_right(vkpay_sim: RunningSimulator) -> None:
    found = checks(vkpay_sim)
    assert {check.state for check in found.values()} == {"ok"}
    assert found["mode"].detail == "purchases of com.example.default"
    assert "testers" in checks(vkpay_sim, sandbox=False, acceptSandbox=True)["mode"].detail


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({"localTesting": True}, "problem", "that nobody signed"),
        ({"bundleId": None, "privateKey": None}, "warning", "old receipts alone"),
        ({"sandboxBaseUrl": None}, "warning", "no real money"),
        ({"issuerId": None, "privateKey": None}, "warning", "the money was given back since"),
        ({"privateKey": None}, "warning", "Apple cannot be asked"),
        ({"issuerId": "69a6de7c"}, "problem", "issuer_id is '69a6de7c', which is no UUID"),
        ({"keyId": "AuthKey_2X9R4HXF34.p8"}, "warning", "not ten letters and digits"),
        ({"sandbox": False, "baseUrl": None}, "problem", "what Apple signs does not"),
    ],
)
def test_the_mode(vkpay_sim: RunningSimulator, changed: dict[str, Any], state: str, said: str) -> None:
    mode = checks(vkpay_sim, **changed)["mode"]
    assert (mode.state, bool(mode.advice)) == (state, True)
    assert said in mode.detail


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"privateKey": "x"}, "private_key cannot be used"),
        ({"privateKey": None, "appCert": "x"}, "app_cert cannot be used"),
        ({"rootCert": "x"}, "root_cert cannot be used"),
        ({"keyId": None}, "key_id is not set"),
        ({"issuerId": None}, "issuer_id is not set"),
        ({"sandbox": False, "appAppleId": None}, "app_apple_id is not set"),
    ],
)
def test_the_keys(vkpay_sim: RunningSimulator, changed: dict[str, Any], said: str) -> None:
    keys = checks(vkpay_sim, **changed)["keys"]
    assert (keys.state, bool(keys.advice)) == ("problem", True)
    assert said in keys.detail


@pytest.mark.parametrize(
    ("changed", "address"),
    [
        ({"sandbox": False, "baseUrl": None}, "https://api.storekit.apple.com"),
        ({"sandbox": True, "sandboxBaseUrl": None}, "https://api.storekit-sandbox.apple.com"),
    ],
)
def test_the_address_is_that_of_the_environment(
    vkpay_sim: RunningSimulator, changed: dict[str, Any], address: str
) -> None:
    assert checks(vkpay_sim, **changed)["address"].detail == address


def test_a_simulators_root_that_runs_out(vkpay_sim: RunningSimulator) -> None:
    assert checks(vkpay_sim)["root_cert validity"].detail == "valid until 2045-01-01"


def test_the_key_under_unipays_name(vkpay_sim: RunningSimulator) -> None:
    node = vkpay_sim.merchant()["appleiap"]["app-plus"]
    own = {"privateKey": None, "keyId": None, "appCert": node["privateKey"], "appId": node["keyId"]}
    found = checks(vkpay_sim, **own)
    assert {check.state for check in found.values()} == {"ok"}
    assert "app_cert validity" not in found


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({}, "ok", "the token is accepted (4040010)"),
        ({"sandbox": False}, "ok", "the token is accepted (4040010)"),
        ({"keyId": "ABCDEFGHIJ"}, "problem", "appleiap 401"),
        ({"issuerId": None, "privateKey": None}, "ok", "nothing was asked"),
        ({"privateKey": None}, "ok", "nothing was asked"),
    ],
)
async def test_online(vkpay_sim: RunningSimulator, changed: dict[str, Any], state: str, said: str) -> None:
    node, providers = prepared(vkpay_sim, changed)
    transport = Transport(HttpSettings())
    online, *_ = await check_online([node], providers, transport, SYSTEM_ENV)
    await transport.close()
    assert online.state == state
    assert said in online.detail
