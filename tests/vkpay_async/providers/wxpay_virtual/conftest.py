"""WeChat's side of the wire, written from its documents alone. All keys are made up for tests."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vkpay_async.config import Secret
from vkpay_async.models import CreateOrder, OrderRef, RawNotification
from vkpay_async.providers.base import Env, HttpRequest, HttpResponse, SharedValue, run_offline
from vkpay_async.providers.wxpay_virtual.about import WxpayVirtualNode
from vkpay_async.providers.wxpay_virtual.provider import WxpayVirtualProvider

NOW_MS = 1_767_196_802_123
APPID = "wxba5fad812f8e6fb9"
OPENID = "oUser1"
SESSION_KEY = "9hAb/NEYUlkaMBEsmFgzig=="
APP_KEYS = {0: "live-key", 1: "sandbox-key"}
TOKEN = "pushtoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
NUMBER = "T2026010100000001"
NONCE = "0123456789abcdefNONCE67890ABCDEF"
Json = dict[str, Any]


def hmac_hex(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def sha1_sorted(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class WeChat:
    """Takes calls as the server does: token, both signatures over the exact bytes, and then an answer of the test's.

    ``refusals`` are what the next calls get instead, before anything is looked at; ``tokens`` what is given out in turn, the
    last one for ever.
    """

    def __init__(self) -> None:
        self.tokens: list[Any] = ["token-1"]
        self.refusals: list[int] = []
        self.answers: list[Any] = []
        self.calls: list[HttpRequest] = []
        self.token_calls: list[Json] = []
        self._given: list[str] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = urlsplit(request.url).path
        if path == "/cgi-bin/stable_token":
            return self._give_token(request)
        self.calls.append(request)
        if path == "/sns/jscode2session":
            return self.respond(self.answers.pop(0))
        if self.refusals:
            return self.respond(
                {"errcode": self.refusals.pop(0), "errmsg": "access_token expired rid: 1-2-3"}
            )
        self._check(path, request)
        return self.respond(self.answers.pop(0))

    def _check(self, path: str, request: HttpRequest) -> None:
        query = self.query(request)
        assert query["access_token"] == self._given[-1]
        env = self.body(request).get("env", 0)
        assert query["pay_sig"] == hmac_hex(APP_KEYS[env], path.encode() + b"&" + request.body)
        if "signature" in query:
            assert query["signature"] == hmac_hex(SESSION_KEY, request.body)

    def _give_token(self, request: HttpRequest) -> HttpResponse:
        self.token_calls.append(self.body(request))
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        if isinstance(token, str):
            self._given.append(token)
            return self.respond({"access_token": token, "expires_in": 7200})
        return self.respond(token)

    @staticmethod
    def respond(answer: Any) -> HttpResponse:
        if isinstance(answer, HttpResponse):
            return answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
        return HttpResponse(status=200, headers={"content-type": "application/json"}, body=body)

    @staticmethod
    def query(request: HttpRequest) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}

    @staticmethod
    def body(request: HttpRequest) -> Json:
        read: Json = json.loads(request.body)
        return read

    @property
    def sent(self) -> list[tuple[str, Json]]:
        """Path and body of every call but those for tokens."""
        return [(urlsplit(call.url).path, self.body(call)) for call in self.calls if call.body]


def seal(plain: bytes, *, appid: str = APPID, random: bytes = b"0123456789abcdef", key: str = AES_KEY) -> str:
    """Encrypts as the message push does, written out."""
    framed = random + struct.pack(">I", len(plain)) + plain + appid.encode()
    pad = 32 - len(framed) % 32
    raw = b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return b64encode(encryptor.update(framed + bytes([pad]) * pad) + encryptor.finalize()).decode()


def unseal(sealed: str, key: str = AES_KEY) -> tuple[bytes, str]:
    """Message and app id of what was encrypted."""
    raw = b64decode(key + "=")
    decryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    padded = decryptor.update(b64decode(sealed)) + decryptor.finalize()
    framed = padded[: -padded[-1]]
    length = struct.unpack(">I", framed[16:20])[0]
    return framed[20 : 20 + length], framed[20 + length :].decode()


def xml_of(members: Json) -> str:
    def content(value: Any) -> str:
        if isinstance(value, dict):
            return xml_of(value)
        return f"<![CDATA[{value}]]>" if isinstance(value, str) else str(value)

    return "".join(f"<{name}>{content(value)}</{name}>" for name, value in members.items())


def written(members: Json, form: str) -> bytes:
    if form == "json":
        return json.dumps(members, ensure_ascii=False).encode()
    return f"<xml>{xml_of(members)}</xml>".encode()


def push(
    event: Json | bytes,
    *,
    form: str = "json",
    mode: str = "secure",
    appid: str = APPID,
    token: str = TOKEN,
    **query: str | None,
) -> RawNotification:
    """A push as WeChat posts it; ``query`` replaces parameters, ``None`` leaves one out."""
    plain = event if isinstance(event, bytes) else written(event, form)
    timestamp, nonce = "1767196802", "415670741"
    parameters: dict[str, str | None] = {
        "signature": sha1_sorted(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": "oOfficial",
    }
    body = plain
    if mode != "plain":
        sealed = seal(plain, appid=appid)
        parameters |= {
            "encrypt_type": "aes",
            "msg_signature": sha1_sorted(token, timestamp, nonce, sealed),
        }
        shown = event if mode == "compatible" and isinstance(event, dict) else {"ToUserName": "gh_1"}
        body = written(shown | {"Encrypt": sealed}, form)
    kept = {name: value for name, value in (parameters | query).items() if value is not None}
    return raw_push(body, urlencode(kept))


def raw_push(body: bytes, query: str, method: str = "POST") -> RawNotification:
    return RawNotification(
        path="/pay/vk-pay-notify/wxpay-virtual_mp-weixin/-/default",
        headers={},
        body=body,
        method=method,
        query=query,
    )


def goods_event(**changed: Any) -> Json:
    event = {
        "ToUserName": "gh_1",
        "FromUserName": "oOfficial",
        "CreateTime": 1767196802,
        "MsgType": "event",
        "Event": "xpay_goods_deliver_notify",
        "OpenId": OPENID,
        "OutTradeNo": NUMBER,
        "Env": 0,
        "WeChatPayInfo": {"MchOrderNo": "M1", "TransactionId": "4200000001", "PaidTime": 1767196800},
        "GoodsInfo": {
            "ProductId": "vip30",
            "Quantity": 1,
            "OrigPrice": 990,
            "ActualPrice": 990,
            "Attach": "附言",
        },
        "RetryTimes": 0,
    } | changed
    return {name: value for name, value in event.items() if value is not None}


def cash_order(**changed: Any) -> Json:
    order = {
        "order_id": NUMBER,
        "wx_order_id": "5000000000000000000001",
        "wxpay_order_id": "4200000001",
        "status": 4,
        "order_type": 0,
        "order_fee": 990,
        "paid_fee": 990,
        "left_fee": 990,
        "refund_fee": 0,
        "paid_time": 1767196800,
        "env_type": 1,
    } | changed
    return {"errcode": 0, "errmsg": "ok", "order": order}


def refund_order(**changed: Any) -> Json:
    return cash_order(
        **{"order_id": "R20260001", "order_type": 1, "refund_fee": 400, "left_fee": 0, **changed}
    )


def node(**changed: Any) -> WxpayVirtualNode:
    settings = {
        "where": "vkpay.toml: wxpay-virtual.mp-weixin",
        "platform": "mp-weixin",
        "app_id": APPID,
        "secret": Secret("app-secret"),
        "mch_id": "1600000001",
        "offer_id": "1450593228",
        "app_key": Secret(APP_KEYS[0]),
        "sandbox_app_key": Secret(APP_KEYS[1]),
        "rate": 100,
        "token": Secret(TOKEN),
        "encoding_aes_key": Secret(AES_KEY),
        "base_url": "http://127.0.0.1:9",
    }
    return WxpayVirtualNode(**(settings | changed))


def provider_of(**changed: Any) -> WxpayVirtualProvider:
    env = Env(now_ms=lambda: NOW_MS, nonce=lambda: NONCE)
    return WxpayVirtualProvider.from_node(node(**changed), env)


def create_order(mode: str = "short_series_goods", **changed: Any) -> CreateOrder:
    terms: Json = {"mode": mode, "buy_quantity": 1 if mode == "short_series_goods" else 100}
    if mode == "short_series_goods":
        terms |= {"product_id": "vip30", "goods_price": 990}
    fields: Json = {
        "pay_type": "wxpay-virtual_mp-weixin",
        "out_trade_no": NUMBER,
        "total_fee": 0,
        "subject": "VIP",
        "notify_url": "https://shop.example.com/pay",
        "openid": OPENID,
        "options": {"wxpay_virtual": terms},
    }
    return CreateOrder(**(fields | changed))


def order_ref(**changed: Any) -> OrderRef:
    fields: Json = {
        "pay_type": "wxpay-virtual_mp-weixin",
        "out_trade_no": NUMBER,
        "total_fee": 990,
        "openid": OPENID,
        "expand_data": {"mode": "short_series_goods", "buy_quantity": 1, "sandbox": False},
    }
    return OrderRef(**(fields | changed))


@pytest.fixture
def wechat() -> WeChat:
    return WeChat()


@pytest.fixture
def provider() -> WxpayVirtualProvider:
    return provider_of()


@pytest.fixture
def run(wechat: WeChat) -> Callable[..., Any]:
    """Runs a Flow against the server, which gives the answers in turn; values that are shared live as long as the test."""
    values: dict[str, SharedValue] = {}

    def running(flow: Any, *answers: Any) -> Any:
        wechat.answers = list(answers)
        return run_offline(flow, wechat, values)

    return running


@pytest.fixture
def logged_in(
    provider: WxpayVirtualProvider, run: Callable[..., Any], wechat: WeChat
) -> WxpayVirtualProvider:
    """The provider after its user's login."""
    run(provider.code2session("code"), {"openid": OPENID, "session_key": SESSION_KEY})
    wechat.calls.clear()
    return provider
