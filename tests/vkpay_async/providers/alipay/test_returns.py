"""What comes by way of the buyer: the return address, the phone SDK's result, a mini program's payload."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from vkpay_async.config import Secret
from vkpay_async.crypto.aes import Cbc
from vkpay_async.errors import InvalidArgument, NotificationInvalid, SignatureInvalid
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider

AES_KEY = "aa4BtZ4tspm2wnXLb1ThQA=="
RETURNED = {
    "app_id": "2021000000000001",
    "auth_app_id": "2021000000000001",
    "method": "alipay.trade.page.pay.return",
    "out_trade_no": "T1",
    "seller_id": "2088101122136241",
    "timestamp": "2023-11-15 06:13:20",
    "total_amount": "19.90",
    "trade_no": "2023111522001446880200000001",
    "version": "1.0",
}
PAID = {"code": "10000", "msg": "Success", "out_trade_no": "T1", "seller_id": "2088101122136241"}


def test_a_browser_comes_back(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    signed = server.notification(RETURNED).body.decode()
    fields = exchange()(provider.verify_return(f"shop=7&{signed}&lang=zh"))
    assert fields == {**RETURNED, "charset": "utf-8", "sign_type": "RSA2"}
    with pytest.raises(SignatureInvalid):
        exchange()(provider.verify_return(signed.replace("19.90", "00.01")))
    with pytest.raises(NotificationInvalid, match="twice"):
        exchange()(provider.verify_return(f"{signed}&out_trade_no=T2"))


def test_the_phone_sdk_reports(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    text = server.answer("alipay_trade_app_pay_response", PAID).body.decode()
    with_type = text.removesuffix("}") + ',"sign_type":"RSA2"}'
    assert exchange()(provider.verify_result(with_type)) == PAID
    with pytest.raises(SignatureInvalid):
        exchange()(provider.verify_result(text.replace("T1", "T2")))


def test_a_mini_program_hands_a_phone_number_over(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any
) -> None:
    content = {"code": "10000", "msg": "Success", "mobile": "13800000000"}
    secret = f'"{Cbc(AES_KEY).encrypt(json.dumps(content))}"'
    text = server.answer("response", secret).body.decode()
    provider = make(key_node, encrypt_key=Secret(AES_KEY))
    assert exchange()(provider.verify_result(text)) == content
    with pytest.raises(InvalidArgument, match="encrypt_key is not set"):
        exchange()(make(key_node).verify_result(text))


@pytest.mark.parametrize(
    "text", ["", "9000", "{}", '{"resultStatus":"9000"}', quote_plus('{"a_response":{}}')]
)
def test_what_is_no_result(provider: AlipayProvider, exchange: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match="as it came"):
        exchange()(provider.verify_result(text))


def test_a_result_without_a_signature(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    text = server.answer("alipay_trade_app_pay_response", PAID, sign=None).body.decode()
    with pytest.raises(SignatureInvalid):
        exchange()(provider.verify_result(text))
