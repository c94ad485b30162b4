"""Subscription messages about transfers, for apps that have a gateway address."""

import json
import re
from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, Simulated, form_of

ADDRESS = "http://127.0.0.1:8000/gateway"
ORDER = {
    "out_biz_no": "B1",
    "trans_amount": "12.30",
    "product_code": "TRANS_ACCOUNT_NO_PWD",
    "biz_scene": "DIRECT_TRANSFER",
    "payee_info": {"identity": "2088000000054321", "identity_type": "ALIPAY_USER_ID"},
}


@pytest.fixture
def shop(simulated: Simulated) -> Shop:
    simulated.control("account", pid="default", node="transfer", gateway_url=ADDRESS)
    return simulated.shop("default", "transfer")


def transfer(shop: Shop, **change: str) -> dict[str, Any]:
    return shop.call("alipay.fund.trans.uni.transfer", ORDER | change)


def test_a_transfer_is_told_once(shop: Shop) -> None:
    made = transfer(shop)
    transfer(shop)
    (delivery,) = shop.simulated.notified
    assert (delivery.url, delivery.subject) == (ADDRESS, "B1")
    assert delivery.event == "alipay.fund.trans.order.changed"
    assert delivery.accepts(200, b"success")
    fields = form_of(delivery)
    shop.verify_form(fields)
    assert fields.pop("sign")
    assert re.fullmatch(r"2026010100262\d{21}", fields["notify_id"])
    content = json.loads(fields.pop("biz_content"))
    assert fields == {
        "app_id": shop.node["appId"],
        "charset": "utf-8",
        "msg_method": "alipay.fund.trans.order.changed",
        "notify_id": delivery.id,
        "sign_type": "RSA2",
        "utc_timestamp": "1767196800000",
        "version": "1.1",
    }
    assert content == {
        "action_type": "FINISH",
        "biz_scene": "DIRECT_TRANSFER",
        "order_id": made["order_id"],
        "origin_interface": "alipay.fund.trans.uni.transfer",
        "out_biz_no": "B1",
        "pay_date": "2026-01-01 00:00:00",
        "pay_fund_order_id": made["pay_fund_order_id"],
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "status": "SUCCESS",
        "trans_amount": "12.30",
    }


def test_nothing_is_told_of_what_was_refused_or_after_the_subscription(shop: Shop) -> None:
    transfer(shop, trans_amount="0.01")
    shop.simulated.control("account", pid="default", node="transfer", gateway_url="")
    assert transfer(shop)["status"] == "SUCCESS"
    assert shop.simulated.notified == []
