"""The published vectors."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from vkpay_async.crypto.aes import Gcm
from vkpay_async.crypto.pem import load_public_key
from vkpay_async.crypto.rsa import verify_sha256
from vkpay_async.errors import SignatureInvalid
from vkpay_async.models import RawNotification, TradeState
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.wxpay.certs import NamedKey, Verifier
from vkpay_async.providers.wxpay.signing import answer_message, client_message, request_message

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "wechatpay.json").read_text(encoding="utf-8")
)
PUBLIC_KEY = load_public_key(VECTORS["public_key_pem"])
KEY_ID = "PUB_KEY_ID_0000000000000000000000000000"


def built(vector: dict[str, Any]) -> bytes:
    lines = vector["lines"]
    match vector["kind"]:
        case "client":
            return client_message(*lines)
        case "request":
            return request_message(*lines[:4], lines[4].encode())
        case _:
            return answer_message(*lines[:2], lines[2].encode())


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=lambda vector: vector["name"])
def test_every_published_signature_holds_over_the_message_we_build(vector: dict[str, Any]) -> None:
    message = built(vector)
    assert len(message) == vector["message_bytes"]
    verify_sha256(PUBLIC_KEY, vector["signature"], message)
    with pytest.raises(SignatureInvalid):
        verify_sha256(PUBLIC_KEY, vector["signature"], message[:-1])


@pytest.mark.parametrize("vector", VECTORS["aes_gcm"], ids=lambda vector: vector["source"])
def test_published_ciphertexts_decrypt(vector: dict[str, Any]) -> None:
    plain = Gcm(vector["key"].encode()).decrypt(
        nonce=vector["nonce"],
        associated_data=vector["associated_data"],
        ciphertext=base64.b64decode(vector["ciphertext"]),
    )
    assert plain.decode() == vector["plain"]


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS["signatures"] if v["kind"] == "response"], ids=["F", "G"]
)
def test_published_answers_are_verified(vector: dict[str, Any]) -> None:
    timestamp, nonce, body = vector["lines"]
    headers = {
        "wechatpay-timestamp": timestamp,
        "wechatpay-nonce": nonce,
        "wechatpay-signature": vector["signature"],
        "wechatpay-serial": KEY_ID,
    }
    verifier = Verifier(public_key=NamedKey(KEY_ID, PUBLIC_KEY))
    verifier.verify(headers, body.encode(), int(timestamp) * 1000)
    with pytest.raises(SignatureInvalid, match="does not hold"):
        verifier.verify(headers, body.encode() + b" ", int(timestamp) * 1000)


def test_the_complete_notification_is_a_payment(make_provider: Any, run: Any) -> None:
    vector = VECTORS["notification"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    provider = make_provider(verifier=Verifier(public_key=NamedKey(KEY_ID, PUBLIC_KEY)))
    raw = RawNotification(
        path="/notify/wxpay", headers={**headers, "wechatpay-serial": KEY_ID}, body=vector["body"].encode()
    )
    notification = run(provider.notification(raw))
    assert notification.kind == "payment"
    assert notification.id == "11111111-2222-3333-4444-555555555555"
    assert notification.event == "TRANSACTION.SUCCESS"
    trade = notification.trade
    assert (trade.out_trade_no, trade.transaction_id) == ("T20260101000001", "4200000000202601010000000001")
    assert (trade.state, trade.total_fee, trade.success_time) == (TradeState.SUCCESS, 100, 1767196801000)
    assert (trade.appid, trade.mch_id) == ("wx2421b1c4370ec43b", "1900007291")
    assert trade.openid == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert dict(notification.raw) == json.loads(vector["plain"])
    assert trade.raw is notification.raw
    assert run.requests == []


def test_the_jsapi_body_of_vector_c_is_what_create_sends(make_provider: Any, platform: Any, run: Any) -> None:
    from vkpay_async.models import CreateOrder

    vector = next(v for v in VECTORS["signatures"] if v["name"] == "C")
    provider = make_provider(app_id="wxd678efh567hg6787")
    order = CreateOrder(
        pay_type="wxpay_h5-weixin",
        out_trade_no="1217752501201407033233368018",
        total_fee=100,
        subject="Image形象店-深圳腾大-QQ公仔",
        notify_url="https://www.weixin.qq.com/wxpay/pay.php",
        openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    )
    answer: HttpResponse = platform.answer({"prepay_id": "wx26112221580621e9b071c00d9e093b0000"})
    run(provider.create(order), answer)
    assert platform.read(run.request) == json.loads(vector["lines"][4])
