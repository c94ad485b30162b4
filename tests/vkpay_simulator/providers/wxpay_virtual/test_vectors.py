"""The published vectors, and messages that wechatpy made, against what the server signs and encrypts with."""

import json
from pathlib import Path
from typing import Any

import pytest

from vkpay_simulator.providers.wxpay_virtual import signing

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
def test_client(vector: dict[str, Any]) -> None:
    signed = vector["sign_data"].encode()
    assert signing.pay_sig(vector["app_key"], "requestVirtualPayment", signed) == vector["pay_sig"]
    assert signing.user_signature(vector["session_key"], signed) == vector["signature"]


@pytest.mark.parametrize("vector", PUSHES["signatures"], ids=lambda vector: vector["name"])
def test_push_signature(vector: dict[str, Any]) -> None:
    parts = vector["token"], vector["timestamp"], vector["nonce"]
    assert signing.push_signature(*parts) == vector["signature"]


@pytest.mark.parametrize("name", ["secure", "reply"])
def test_sealed(name: str) -> None:
    vector = PUSHES[name]
    key, appid, plain = vector["encoding_aes_key"], vector["appid"], vector["plain"].encode()
    assert signing.seal(key, appid, vector["random"].encode(), plain) == vector["encrypt"]
    assert signing.unseal(key, appid, vector["encrypt"]) == plain
    parts = vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"]
    assert signing.push_signature(*parts) == vector["msg_signature"]


@pytest.mark.parametrize("message", WECHATPY["messages"], ids=lambda message: message["nonce"])
def test_as_wechatpy_does(message: dict[str, str]) -> None:
    key, appid, plain = WECHATPY["encoding_aes_key"], WECHATPY["appid"], message["plain"].encode()
    assert signing.seal(key, appid, message["random"].encode(), plain) == message["encrypt"]
    assert signing.unseal(key, appid, message["encrypt"]) == plain
    parts = WECHATPY["token"], message["timestamp"], message["nonce"], message["encrypt"]
    assert signing.push_signature(*parts) == message["msg_signature"]
