"""``POST /_sim/wxpay/account``."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import Shop, match

ACCOUNT = "/_sim/wxpay/account"


def change(shop: Shop, body: Any, status: int = 200) -> Any:
    raw = body if isinstance(body, bytes) else {"pid": shop.account.pid} | body
    route, request = match(shop.routes, shop.request("POST", ACCOUNT, raw))
    answer = route.handler(request)
    assert answer.status == status
    return json.loads(answer.body)


def test_nothing_to_change_shows_the_account(shop: Shop) -> None:
    assert change(shop, {}) == {
        "pid": "default",
        "mchid": shop.account.mchid,
        "serial_no": shop.account.certificate.serial,
        "platform_serial_nos": [],
        "public_key_id": shop.account.public_key.id,  # type: ignore[union-attr]
        "public_key_share": 1.0,
        "permissions": sorted(shop.account.permissions),
        "balances": {shop.account.mchid: 100_000_000},
        "transfer_limits": None,
        "check_perception": False,
    }


def test_rotation(certs: Shop) -> None:
    old, new = change(certs, {"rotate_certificate": True})["platform_serial_nos"]
    answer = certs.get("/v3/certificates").answer
    assert answer.headers["Wechatpay-Serial"] == new
    assert old.encode() in answer.body


def test_switching_over_day_by_day(certs: Shop) -> None:
    """The share grows, the key stays the same."""
    first = change(certs, {"public_key_share": 0})
    certs.paid()
    second = change(certs, {"public_key_share": 1})
    certs.paid(out_trade_no="T20260101000002")
    assert first["public_key_id"] == second["public_key_id"]
    signers = [delivery.build(0).headers["Wechatpay-Serial"] for delivery in certs.sent]
    assert signers == [certs.account.platform[0].id, first["public_key_id"]]


def test_new_api_certificate(shop: Shop) -> None:
    old = shop.request("POST", "/v3/pay/transactions/native", shop.order("native"))
    change(shop, {"renew_certificate": True})
    assert shop.send(old).data["message"] == "商户已更换证书，请使用新证书"
    assert shop.create("native").status == 200


def test_rules(shop: Shop) -> None:
    rules = {
        "permissions": ["transfer"],
        "balance": 600,
        "transfer_limits": [30, 500],
        "check_perception": True,
    }
    change(shop, rules)
    assert shop.create().code == "NO_AUTH"
    assert shop.transfer(transfer_amount=501).code == "INVALID_REQUEST"
    assert shop.transfer(user_recv_perception="x").code == "INVALID_REQUEST"
    assert [shop.transfer().status, shop.transfer(out_bill_no="B2").code] == [200, "NOT_ENOUGH"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"pid": "nobody"}, 404, "POST /_sim/merchants"),
        ({"permissions": ["fly"]}, 400, "Unknown permissions fly: choose of jsapi, app"),
        ({"public_key_share": 2}, 400, "rotate_certificate"),
        ({"share": 1}, 400, "unknown field `share`"),
        (b"\xff", 400, "its fields: pid"),
    ],
)
def test_refused(shop: Shop, body: Any, status: int, says: str) -> None:
    assert says in change(shop, body, status)["error"]
