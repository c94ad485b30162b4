"""A stand-in for Douyin: a salt, a token and keys made for tests, answers and notifications made with them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from vkpay_async.config import Material, Secret
from vkpay_async.errors import TransportError
from vkpay_async.models import CreateOrder, OrderRef, RawNotification, RefundRef, RefundRequest
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, SharedValue, run_offline
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.provider import DouyinProvider

NOW_MS = 1_700_000_000_000
APP_ID, MCH_ID = "tt0123456789abcdef", "7123456789012345678"
SALT, TOKEN, SECRET = "salt-for-tests", "token-for-tests", "secret-for-tests"
ORDER_ID, TRADE_ID = "7376826336364513572", "motb7376826336364513572"
NOTIFY_URL = "https://shop.test/pay/vk-pay-notify/douyin_mp-toutiao/T1"
UNSIGNED = {"app_id", "thirdparty_id", "sign", "other_settle_params"}


class Keys:
    """The app's key pair and the platform's."""

    def __init__(self) -> None:
        self.app, self.platform, self.stranger = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)
        )

    def sign(self, text: bytes, key: rsa.RSAPrivateKey | None = None) -> str:
        signature = (key or self.platform).sign(text, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()


def private_text(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_text(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def ecpay_sign(fields: Mapping[str, Any], salt: str = SALT) -> str:
    values = [str(value) for name, value in fields.items() if name not in UNSIGNED]
    return hashlib.md5("&".join(sorted([*values, salt])).encode()).hexdigest()


def answer(status: int = 200, **body: Any) -> HttpResponse:
    raw = json.dumps(body, ensure_ascii=False).encode()
    return HttpResponse(status=status, headers={"x-tt-logid": "20231115logid"}, body=raw)


def ok(**body: Any) -> HttpResponse:
    return answer(err_no=0, err_tips="success", **body)


def no(code: int, text: str = "不行", status: int = 200) -> HttpResponse:
    return answer(status, err_no=code, err_tips=text, err_msg=text)


def raw_response(body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, headers={}, body=body)


class Exchange:
    """Runs Flows against given answers, keeps the requests, and plays the store of shared values.

    A request for a client token is answered by itself, ``t1``, ``t2`` and so on.
    """

    def __init__(self, *answers: HttpResponse | TransportError) -> None:
        self._answers = list(answers)
        self.requests: list[HttpRequest] = []
        self.values: dict[str, SharedValue] = {}
        self.tokens = 0

    def __call__(self, flow: Flow[Any]) -> Any:
        return run_offline(flow, self._answer, self.values)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if request.url.endswith("/oauth/client_token/"):
            self.tokens += 1
            token = {
                "access_token": f"t{self.tokens}",
                "expires_in": 7200,
                "error_code": 0,
                "description": "",
            }
            return answer(data=token, message="success")
        reply = self._answers.pop(0)
        if isinstance(reply, TransportError):
            raise reply
        return reply

    @property
    def last(self) -> HttpRequest:
        return self.requests[-1]

    @property
    def body(self) -> dict[str, Any]:
        """The last call's body; one with a sign has a sign that holds."""
        body: dict[str, Any] = json.loads(self.last.body)
        if "sign" in body:
            assert body["sign"] == ecpay_sign(body)
            assert all(isinstance(value, (str, int)) for value in body.values())
        return body


def exchange(*answers: HttpResponse | TransportError) -> Exchange:
    return Exchange(*answers)


def env(now_ms: int = NOW_MS) -> Env:
    return Env(now_ms=lambda: now_ms, nonce=lambda: "N" * 32)


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def node() -> DouyinNode:
    return DouyinNode(
        where="vkpay.toml: douyin.mp-toutiao",
        platform="mp-toutiao",
        app_id=APP_ID,
        mch_id=MCH_ID,
        secret=Secret(SECRET),
        salt=Secret(SALT),
        token=Secret(TOKEN),
    )


@pytest.fixture(scope="session")
def trade_node(node: DouyinNode, keys: Keys) -> DouyinNode:
    """Of the trade system alone."""
    return msgspec.structs.replace(
        node,
        salt=None,
        token=None,
        generation="trade",
        app_private_key=Material(private_text(keys.app)),
        douyin_public_key=Material(public_text(keys.platform)),
        key_version=2,
        tag_group_id="tag_group_1",
        sku_type=301,
        sku_image="https://shop.test/tea.png",
        order_entry_path="pages/order",
    )


Make = Callable[..., DouyinProvider]


@pytest.fixture
def make(node: DouyinNode) -> Make:
    """A provider of guaranteed payment with some settings changed."""

    def build(now_ms: int = NOW_MS, **changes: Any) -> DouyinProvider:
        return DouyinProvider.from_node(msgspec.structs.replace(node, **changes), env(now_ms))

    return build


@pytest.fixture
def provider(make: Make) -> DouyinProvider:
    return make()


@pytest.fixture
def make_trade(trade_node: DouyinNode) -> Make:
    def build(now_ms: int = NOW_MS, **changes: Any) -> DouyinProvider:
        return DouyinProvider.from_node(msgspec.structs.replace(trade_node, **changes), env(now_ms))

    return build


@pytest.fixture
def trades(make_trade: Make) -> DouyinProvider:
    return make_trade()


@pytest.fixture
def both(make_trade: Make) -> DouyinProvider:
    """A node of the trade system that still serves orders of guaranteed payment."""
    return make_trade(salt=Secret(SALT), token=Secret(TOKEN))


def order(**fields: Any) -> CreateOrder:
    defaults: dict[str, Any] = {
        "pay_type": "douyin_mp-toutiao",
        "out_trade_no": "T1",
        "total_fee": 1990,
        "subject": "茶叶 500 g",
        "notify_url": NOTIFY_URL,
    }
    return CreateOrder(**{**defaults, **fields})


def ref(**fields: Any) -> OrderRef:
    defaults: dict[str, Any] = {"pay_type": "douyin_mp-toutiao", "out_trade_no": "T1", "total_fee": 1990}
    return OrderRef(**{**defaults, **fields})


def refund(**fields: Any) -> RefundRequest:
    defaults: dict[str, Any] = {
        "order": ref(transaction_id=ORDER_ID),
        "out_refund_no": "T1-1",
        "refund_fee": 500,
        "total_fee": 1990,
        "reason": "破损",
        "notify_url": NOTIFY_URL,
    }
    return RefundRequest(**{**defaults, **fields})


def refund_ref(**fields: Any) -> RefundRef:
    return RefundRef(order=ref(transaction_id=ORDER_ID), out_refund_no="T1-1", **fields)


def told(
    kind: str,
    msg: Mapping[str, Any] | str,
    *,
    token: str = TOKEN,
    timestamp: Any = "1700000000",
    nonce: Any = "4321",
    **changes: Any,
) -> RawNotification:
    """A notification of guaranteed payment."""
    text = msg if isinstance(msg, str) else json.dumps(msg, ensure_ascii=False)
    signed = "".join(sorted([token, str(timestamp), str(nonce), text]))
    envelope = {
        "timestamp": timestamp,
        "nonce": nonce,
        "msg": text,
        "type": kind,
        "msg_signature": hashlib.sha1(signed.encode()).hexdigest(),
        **changes,
    }
    return raw_notification(json.dumps(envelope).encode())


def told_by_rsa(
    keys: Keys, kind: str, msg: Mapping[str, Any] | str, *, key: rsa.RSAPrivateKey | None = None
) -> RawNotification:
    """A notification of the trade system."""
    text = msg if isinstance(msg, str) else json.dumps(msg, ensure_ascii=False)
    body = json.dumps({"msg": text, "type": kind, "version": "3.0"}).encode()
    headers = {
        "byte-timestamp": "1700000000",
        "byte-nonce-str": "n" * 32,
        "byte-signature": keys.sign(b"1700000000\n" + b"n" * 32 + b"\n" + body + b"\n", key),
        "byte-eventid": "event-1",
    }
    return raw_notification(body, headers)


def raw_notification(body: bytes, headers: Mapping[str, str] | None = None) -> RawNotification:
    path = "/pay/vk-pay-notify/douyin_mp-toutiao/T1"
    return RawNotification(path=path, headers=headers or {}, body=body)


def url_check(token: str = TOKEN, **changes: str) -> RawNotification:
    signature = hashlib.sha1("".join(sorted([token, "1700000000", "4321"])).encode()).hexdigest()
    query = {"signature": signature, "timestamp": "1700000000", "nonce": "4321", "msg": "", "echostr": "e-1"}
    path = "/pay/vk-pay-notify/"
    return RawNotification(path=path, headers={}, body=b"", method="GET", query=urlencode(query | changes))


def payment_message(**changes: Any) -> dict[str, Any]:
    return {
        "appid": APP_ID,
        "cp_orderno": "T1",
        "cp_extra": "",
        "way": "2",
        "total_amount": 1990,
        "status": "SUCCESS",
        "seller_uid": MCH_ID,
        "extra": "null",
        "paid_at": 1_700_000_000,
        "order_id": ORDER_ID,
        **changes,
    }


def refund_message(**changes: Any) -> dict[str, Any]:
    return {
        "appid": APP_ID,
        "cp_refundno": "T1-1",
        "cp_extra": "",
        "status": "SUCCESS",
        "refund_amount": 500,
        "is_all_settled": False,
        "refunded_at": 1_700_000_001,
        "message": "",
        "order_id": ORDER_ID,
        "refund_no": "7376826336364513999",
        **changes,
    }
