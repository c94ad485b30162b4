"""``/_sim/huawei/…`` and what a reset takes back."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.huawei.shop import Shop, Simulated


def test_a_configuration_row(simulated: Simulated, shop: Shop, partner: Shop) -> None:
    app = simulated.shop(node="app-harmony").node
    assert shop.node["appId"] != app["appId"]
    assert {name: value for name, value in shop.node.items() if name not in ("appId", "clientType")} == {
        name: value for name, value in app.items() if name not in ("appId", "clientType")
    }
    assert shop.node.keys() == {
        "appId",
        "mchId",
        "mchAuthId",
        "mchPrivateKey",
        "platformPublicKey",
        "clientType",
    }
    assert len(shop.node["platformPublicKey"]) == 130
    assert len(shop.node["mchId"]) == 11
    assert len(shop.node["mchAuthId"]) == 18
    own, bare = partner.node["subMerchants"]
    assert ("subAppid" in own, "subAppid" in bare) == (True, False)


def test_an_account_is_changed(simulated: Simulated, shop: Shop) -> None:
    shown = simulated.control(
        "account",
        pid="default",
        balance=5,
        products=["fa", "bill"],
        settle_bill=False,
        renew_certificate="SM2",
    )
    assert shown["balances"] == {shop.node["mchId"]: 5}
    assert shown["products"] == ["bill", "fa"]
    assert [one["algorithm"] for one in shown["certificates"]] == ["RSA", "SM2"]
    assert simulated.shop().node["mchAuthId"] == shown["certificates"][1]["auth_id"]
    assert shop.prepay().code == "000000"
    assert simulated.shop().prepay(mercOrderNo="T2").code == "000000"


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("account", {"pid": "nobody"}, "no merchant 'nobody'"),
        ("account", {"pid": "default", "products": ["gold"]}, "Unknown products gold"),
        ("account", {"pid": "default", "revoke_certificate": "1"}, "has no certificate '1'"),
        ("account", {"pid": "default", "more": 1}, "its fields: pid"),
        ("rules", {"promotion_percent": 100}, "promotion_percent"),
        ("request-payment", {}, "order_str"),
    ],
)
def test_what_control_refuses(simulated: Simulated, name: str, body: dict[str, Any], text: str) -> None:
    refused = simulated.control(name, **body)
    assert refused["status"] >= 400
    assert text in refused["error"]


def test_a_reset(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    shop.refund()
    simulated.control("account", pid="default", balance=1, products=[])
    simulated.control("rules", extra_fields=True, pauses=[])
    simulated.world.reset()
    assert simulated.huawei.orders() == []
    assert shop.account.balances[shop.node["mchId"]] == 100_000_000
    simulated.traces = 0
    answer = shop.prepay()
    assert answer.code == "000000"
    assert "extInfo" not in answer.data


def test_a_merchant_of_its_own(simulated: Simulated) -> None:
    simulated.world.add_merchant(pid="new", kind="certs")
    assert simulated.shop("new").prepay().code == "000000"
