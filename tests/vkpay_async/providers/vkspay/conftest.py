"""A small stand-in for VksPay's side: it checks signatures by itself and answers what it is told to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest

from vkpay_async.config import Secret
from vkpay_async.models import CreateOrder, OrderRef, RawNotification
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, run_offline
from vkpay_async.providers.vkspay.about import VkspayNode
from vkpay_async.providers.vkspay.provider import VkspayProvider

T = TypeVar("T")

NOW_MS = 1_700_000_000_000
KEY = "0123456789abcdef0123456789abcdef"
STORE = "3493"
NUMBER = "3493-20231115061320000001"
REFUND_NUMBER = "R3493-20231115061320000002"
NOTIFY_URL = "https://shop.example/pay/vk-pay-notify/vkspay_h5/T1"


class FakeVkspay:
    """Keeps what it was asked for, each call's signature checked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.requests: list[HttpRequest] = []

    def take(self, request: HttpRequest) -> dict[str, Any]:
        assert request.method == "POST"
        assert request.url == "https://vk-spay-openapi.fsq.pub/api"
        assert request.headers == {"content-type": "application/json; charset=utf-8"}
        assert request.timeout_ms == 30_000
        fields: dict[str, Any] = json.loads(request.body)
        assert fields.pop("sign") == sign(fields)
        assert len(fields["signaturenonce"]) == 8
        assert set(fields.pop("signaturenonce")) <= set("123456789")
        assert (fields.pop("merchantno"), fields.pop("version")) == (STORE, "2.0")
        assert fields.pop("timestamp") == NOW_MS // 1000
        self.asked.append(fields)
        self.requests.append(request)
        return fields

    def run(self, flow: Flow[T], *answers: HttpResponse) -> T:
        """Runs a flow against these answers, all of which must be used."""
        left = list(answers)

        def answer(request: HttpRequest) -> HttpResponse:
            self.take(request)
            return left.pop(0)

        result = run_offline(flow, answer)
        assert not left
        return result


def sign(fields: dict[str, Any]) -> str:
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign")
    return hashlib.md5(f"{text}&key={KEY}".encode()).hexdigest()


def said(code: str = "SUCCESS", msg: str = "", *, status: int = 200, **more: Any) -> HttpResponse:
    content = {"return_code": code, "return_msg": msg or code, **more}
    return HttpResponse(status=status, headers={}, body=json.dumps(content).encode())


def paid(number: str = NUMBER, **data: Any) -> HttpResponse:
    known = {
        "out_trade_no": number,
        "transaction_id": "4200001",
        "pay_chnl": "wxpay",
        "total_fee": "10.00",
        "pay_time": "2023-11-15 06:13:25",
        "refund_fee": "0.00",
        "attach": "",
    }
    return said(data={**known, **data})


def node_with(**settings: Any) -> VkspayNode:
    return VkspayNode(where="vkpay.toml: vkspay", platform="", mch_id=STORE, key=Secret(KEY), **settings)


def provider_with(**settings: Any) -> VkspayProvider:
    env = Env(now_ms=lambda: NOW_MS, nonce=lambda: "0123456789abcdef0123456789abcdef")
    return VkspayProvider.from_node(node_with(**settings), env)


@pytest.fixture
def provider() -> VkspayProvider:
    return provider_with()


@pytest.fixture
def fake() -> FakeVkspay:
    return FakeVkspay()


def order(**changes: Any) -> CreateOrder:
    known: dict[str, Any] = {
        "pay_type": "vkspay_h5",
        "out_trade_no": "T1",
        "total_fee": 1000,
        "subject": "一斤茶叶",
        "notify_url": NOTIFY_URL,
    }
    return CreateOrder(**{**known, **changes})


def ref(**changes: Any) -> OrderRef:
    known: dict[str, Any] = {
        "pay_type": "vkspay_h5",
        "out_trade_no": "T1",
        "total_fee": 1000,
        "provider_order_no": NUMBER,
    }
    return OrderRef(**{**known, **changes})


def told(body: bytes | None = None, **fields: str) -> RawNotification:
    """A notification as it comes in; its fields are signed unless they bring a ``sign`` of their own."""
    if body is None:
        known = {"out_trade_no": NUMBER, **fields}
        body = urlencode({"sign": sign(known), **known}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return RawNotification(path="/pay/vk-pay-notify/vkspay_h5/T1", headers=headers, body=body)


Refuse = Callable[[HttpRequest], HttpResponse]


def nobody(request: HttpRequest) -> HttpResponse:
    raise AssertionError(f"nothing was to be sent, and {request.operation} was")
