"""The published vectors, against the code the server signs, checks and encrypts with."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.gate import signed_message
from vkpay_simulator.providers.wxpay.notify import envelope
from vkpay_simulator.providers.wxpay.signing import Authorization

VECTORS = json.loads(Path(__file__).parents[3].joinpath("vectors/wechatpay.json").read_text(encoding="utf-8"))
SIGNATURES = {vector["name"]: vector for vector in VECTORS["signatures"]}


@pytest.fixture(scope="module")
def key() -> RSAPublicKey:
    loaded = load_pem_public_key(VECTORS["public_key_pem"].encode())
    assert isinstance(loaded, RSAPublicKey)
    return loaded


@pytest.mark.parametrize("name", SIGNATURES)
def test_message(name: str, key: RSAPublicKey) -> None:
    vector = SIGNATURES[name]
    text = signing.message(*vector["lines"])
    assert len(text) == vector["message_bytes"]
    signing.verify(key, text, vector["signature"])
    with pytest.raises(InvalidSignature):
        signing.verify(key, text[:-1], vector["signature"])


@pytest.mark.parametrize("name", [name for name, vector in SIGNATURES.items() if vector["kind"] == "request"])
def test_request(name: str, key: RSAPublicKey) -> None:
    method, target, timestamp, nonce, body = SIGNATURES[name]["lines"]
    given = Authorization(mchid="1", nonce_str=nonce, timestamp=timestamp, serial_no="1", signature="")
    headers = CIMultiDictProxy(CIMultiDict[str]())
    request = Request(method=method, target=target, headers=headers, body=body.encode())
    signing.verify(key, signed_message(request, given), SIGNATURES[name]["signature"])


@pytest.mark.parametrize("vector", VECTORS["aes_gcm"], ids=lambda vector: vector["source"])
def test_aes_gcm(vector: dict[str, Any]) -> None:
    nonce, associated = vector["nonce"], vector["associated_data"]
    assert signing.seal(vector["key"], nonce, associated, vector["plain"].encode()) == vector["ciphertext"]
    cipher = AESGCM(vector["key"].encode())
    opened = cipher.decrypt(nonce.encode(), b64decode(vector["ciphertext"]), associated.encode())
    assert opened.decode() == vector["plain"]


def test_notification(key: RSAPublicKey) -> None:
    vector = VECTORS["notification"]
    body = envelope(
        number="11111111-2222-3333-4444-555555555555",
        created="2026-01-01T00:00:02+08:00",
        event="TRANSACTION.SUCCESS",
        original_type="transaction",
        summary="支付成功",
        plain=vector["plain"].encode(),
        key=vector["api_v3_key"],
        nonce="abcdefghijkl",
    )
    assert body.decode() == vector["body"]
    headers = vector["headers"]
    text = signing.message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body)
    signing.verify(key, text, headers["Wechatpay-Signature"])
