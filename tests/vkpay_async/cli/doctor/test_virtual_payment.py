"""What the doctor says of a node of WeChat's virtual payment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vkpay_async import config_from_dict
from vkpay_async.cli.doctor.check import Check
from vkpay_async.cli.doctor.nodes import check_node
from vkpay_async.cli.doctor.online import check_online
from vkpay_async.cli.doctor.reading import read_config
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import HttpSettings
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport
from vkpay_simulator.running import RunningSimulator

NODE = {
    "appId": "wx1",
    "secret": "s",
    "offerId": "1450593228",
    "appKey": "k",
    "rate": 100,
    "token": "t",
    "encodingAESKey": "A" * 43,
}


def checks(**changed: Any) -> dict[str, Check]:
    values = {name: value for name, value in (NODE | changed).items() if value is not None}
    config = config_from_dict({"wxpay-virtual": {"mp-weixin": values}}, source="vkpay.toml")
    node = config.node(None, "wxpay-virtual", "mp-weixin")
    found = check_node(node, Providers(config, SYSTEM_ENV), datetime.now(UTC))
    assert {check.subject for check in found} == {"wxpay-virtual.mp-weixin"}
    return {check.kind: check for check in found}


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({}, "ok", "encrypted message push"),
        ({"encodingAESKey": None}, "warning", "in plain"),
        ({"token": None}, "warning", "without message push"),
        ({"sandbox": True, "sandboxAppKey": "k"}, "warning", "no real money"),
    ],
)
def test_the_mode(changed: dict[str, Any], state: str, said: str) -> None:
    mode = checks(**changed)["mode"]
    assert mode.state == state
    assert said in mode.detail
    assert bool(mode.advice) == (state != "ok")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"secret": None}, "secret is not set"),
        ({"appKey": None}, "app_key is not set"),
        ({"sandbox": True}, "sandbox_app_key is not set"),
        ({"encodingAESKey": "A" * 42}, "has 42 characters"),
    ],
)
def test_the_keys(changed: dict[str, Any], said: str) -> None:
    keys = checks(**changed)["keys"]
    assert keys.state == "problem"
    assert said in keys.detail
    assert checks()["keys"].state == "ok"


def test_every_mistake_in_a_node_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vkpay.toml"
    path.write_text('[wxpay-virtual.mp-weixin]\nappID = "wx1"\nrate = 0\nofferid = "1"\n')
    mistakes = [error.msg for error in read_config(path).mistakes]
    assert any("rate" in text for text in mistakes)
    assert any("unknown key 'offerid'" in text for text in mistakes)
    assert any("offer_id is not set" in text for text in mistakes)


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({}, "ok", "secret gives an access token, and the AppKey is accepted"),
        ({"secret": "x"}, "problem", "wxpay-virtual 40125"),
        ({"appKey": "x"}, "problem", "wxpay-virtual 268490003"),
        ({"appId": "wx1"}, "problem", "wxpay-virtual 40013"),
    ],
)
async def test_online(vkpay_sim: RunningSimulator, changed: dict[str, str], state: str, said: str) -> None:
    values = vkpay_sim.merchant()["wxpay-virtual"]["mp-weixin"] | changed
    config = config_from_dict({"wxpay-virtual": {"mp-weixin": values}})
    node = config.node(None, "wxpay-virtual", "mp-weixin")
    transport = Transport(HttpSettings())
    online, *_ = await check_online([node], Providers(config, SYSTEM_ENV), transport, SYSTEM_ENV)
    await transport.close()
    assert online.state == state
    assert said in online.detail
