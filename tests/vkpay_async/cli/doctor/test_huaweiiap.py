"""What the doctor says of an app in AppGallery."""

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
    values = sim.merchant()["huaweiiap"]["app-harmony"] | changed
    kept = {name: value for name, value in values.items() if value is not None}
    config = config_from_dict({"huaweiiap": {"app-harmony": kept}}, source="vkpay.toml")
    return config.node(None, "huaweiiap", "app-harmony"), Providers(config, SYSTEM_ENV)


def checks(sim: RunningSimulator, **changed: Any) -> dict[str, Check]:
    node, providers = prepared(sim, changed)
    found = check_node(node, providers, datetime.now(UTC))
    assert {check.subject for check in found} == {"huaweiiap.app-harmony"}
    return {check.kind: check for check in found}


def test_what_is_right(vkpay_sim: RunningSimulator) -> None:
    found = checks(vkpay_sim)
    assert {check.state for check in found.values()} == {"ok"}
    app_id = vkpay_sim.merchant()["huaweiiap"]["app-harmony"]["appId"]
    assert found["mode"].detail == f"purchases of the app {app_id}"
    assert "testers" in checks(vkpay_sim, acceptSandbox=True)["mode"].detail


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"privateKey": "x"}, "private_key cannot be used"),
        ({"rootCert": "x"}, "root_cert cannot be used"),
        ({"privateKey": None}, "private_key is not set"),
        ({"rootCert": None}, "root_cert is not set"),
    ],
)
def test_the_keys(vkpay_sim: RunningSimulator, changed: dict[str, Any], said: str) -> None:
    keys = checks(vkpay_sim, **changed)["keys"]
    assert (keys.state, bool(keys.advice)) == ("problem", True)
    assert said in keys.detail


def test_a_simulators_root_where_customers_buy(vkpay_sim: RunningSimulator) -> None:
    mode = checks(vkpay_sim, baseUrl=None)["mode"]
    assert mode.state == "problem"
    assert mode.detail.startswith("root_cert is Simulated Huawei CBG Root CA G2, and Huawei signs")
    assert "RootCaG2Ecdsa.cer" in mode.advice


def test_the_roots_time(vkpay_sim: RunningSimulator) -> None:
    validity = checks(vkpay_sim)["root_cert validity"]
    assert (validity.state, validity.detail) == ("ok", "valid until 2045-01-01")


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({}, "ok", "the API key is accepted (1001880012)"),
        ({"keyId": "ABCDEFGHIJ"}, "problem", "huaweiiap HTTP_401"),
        ({"appId": "1"}, "problem", "huaweiiap HTTP_401"),
    ],
)
async def test_online(vkpay_sim: RunningSimulator, changed: dict[str, Any], state: str, said: str) -> None:
    node, providers = prepared(vkpay_sim, changed)
    transport = Transport(HttpSettings())
    online, *_ = await check_online([node], providers, transport, SYSTEM_ENV)
    await transport.close()
    assert online.state == state
    assert said in online.detail
