"""The published vectors, and messages that wechatpy made, against what the SDK signs, seals and opens."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tests.vkpay_async.providers.wxpay_virtual.conftest import create_order, node, provider_of, raw_push
from vkpay_async.config import Secret
from vkpay_async.providers.wxpay_virtual import signing
from vkpay_async.providers.wxpay_virtual.cipher import PushCipher
from vkpay_async.providers.wxpay_virtual.push import message_of
from vkpay_async.providers.wxpay_virtual.terms import sign_data, terms_of

VECTORS = json.loads(
    Path(__file__).parents[3].joinpath("vectors/wxpay_virtual.json").read_text(encoding="utf-8")
)
PUSHES = VECTORS["pushes"]
WECHATPY = VECTORS["wechatpy"]


@pytest.mark.parametrize("vector", VECTORS["calls"], ids=lambda vector: vector["name"])
def test_call(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    assert signing.pay_sig(vector["app_key"], vector["uri"], body) == vector["pay_sig"]
    assert signing.user_signature(vector["session_key"], body) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["client"], ids=lambda vector: vector["name"])
def test_a_whole_order(vector: dict[str, Any], run: Any) -> None:
    """From the arguments of create_payment to the same bytes and signatures as those of others."""
    wanted = json.loads(vector["sign_data"])
    provider = provider_of(
        offer_id=wanted["offerId"],
        sandbox=wanted["env"] == 1,
        app_key=Secret(vector["app_key"]),
        sandbox_app_key=Secret(vector["app_key"]),
    )
    run(provider.code2session("code"), {"openid": "oUser1", "session_key": vector["session_key"]})
    order = provider.prepared(
        create_order(
            out_trade_no=wanted["outTradeNo"],
            options={
                "wxpay_virtual": {
                    "mode": "short_series_goods",
                    "buy_quantity": wanted["buyQuantity"],
                    "product_id": wanted["productId"],
                    "goods_price": wanted["goodsPrice"],
                }
            },
            other={"attach": wanted["attach"]},
        )
    )
    info = run(provider.create(order))
    assert (info.signData, info.paySig, info.signature) == (
        vector["sign_data"], vector["pay_sig"], vector["signature"],
    )  # fmt: skip


@pytest.mark.parametrize("vector", PUSHES["signatures"], ids=lambda vector: vector["name"])
def test_push_signature(vector: dict[str, Any]) -> None:
    ours = signing.push_signature(vector["token"], vector["timestamp"], vector["nonce"])
    assert ours == vector["signature"]


@pytest.mark.parametrize("name", ["secure", "reply"])
def test_sealed(name: str) -> None:
    vector = PUSHES[name]
    cipher = PushCipher(vector["encoding_aes_key"], vector["appid"])
    plain = vector["plain"].encode()
    assert cipher.seal(vector["random"].encode(), plain) == vector["encrypt"]
    assert cipher.open(vector["encrypt"]) == plain
    ours = signing.push_signature(vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert ours == vector["msg_signature"]


def test_a_whole_push() -> None:
    vector = PUSHES["secure"]
    query = {name: vector[name] for name in ("signature", "msg_signature", "timestamp", "nonce")}
    body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": vector["encrypt"]}).encode()
    cipher = PushCipher(vector["encoding_aes_key"], vector["appid"])
    message = message_of(raw_push(body, urlencode(query | {"encrypt_type": "aes"})), vector["token"], cipher)
    assert message.sealed
    assert message.shown == json.loads(vector["plain"])
    assert message.members["debug_str"] == "hello world"


@pytest.mark.parametrize("message", WECHATPY["messages"], ids=lambda message: message["nonce"])
def test_as_wechatpy_does(message: dict[str, str]) -> None:
    cipher = PushCipher(WECHATPY["encoding_aes_key"], WECHATPY["appid"])
    plain = message["plain"].encode()
    assert cipher.seal(message["random"].encode(), plain) == message["encrypt"]
    assert cipher.open(message["encrypt"]) == plain
    ours = signing.push_signature(
        WECHATPY["token"], message["timestamp"], message["nonce"], message["encrypt"]
    )
    assert ours == message["msg_signature"]


def test_sign_data_of_coins_names_no_item() -> None:
    order = create_order("short_series_coin")
    terms = terms_of(order.options, node())
    assert msgspec.json.decode(sign_data(order, terms, "1450593228")) == {
        "offerId": "1450593228",
        "buyQuantity": 100,
        "env": 0,
        "currencyType": "CNY",
        "outTradeNo": order.out_trade_no,
        "attach": "",
    }
