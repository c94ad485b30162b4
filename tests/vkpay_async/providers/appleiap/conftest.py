"""A stand-in for Apple's side: certificates made for tests, and a provider that believes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.vkpay_async.providers.appleiap.pki import Pki, private_pem
from vkpay_async.config import Material, Secret
from vkpay_async.models import CreateOrder, OrderRef
from vkpay_async.providers.appleiap.about import AppleNode
from vkpay_async.providers.appleiap.provider import AppleProvider
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, run_offline

NOW_MS = 1_767_225_600_000
BUNDLE, APP_APPLE_ID = "com.example.shop", 1234567890
TOKEN = "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33"
COINS = "com.example.shop.coins100"
KEY = ec.derive_private_key(0xA11CE, ec.SECP256R1())
SECRET = "5ecret0fthe4pp"


class Clock:
    """Time that stands still unless it is moved."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


class Apple:
    """Answers requests one after the other, and keeps them."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.requests: list[HttpRequest] = []

    def __call__(self, flow: Flow[Any]) -> Any:
        return run_offline(flow, self._answer)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        return answer(request) if callable(answer) else answer


def quiet(flow: Flow[Any]) -> Any:
    """Runs a Flow that must not ask anybody."""

    def nobody(request: HttpRequest) -> HttpResponse:
        raise AssertionError(f"asked for {request.url}")

    return run_offline(flow, nobody)


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(pki: Pki, clock: Clock) -> Callable[..., AppleProvider]:
    """A provider of a complete node with some settings changed."""

    def build(**changes: Any) -> AppleProvider:
        settings: dict[str, Any] = {
            "where": "vkpay.toml: appleiap.app-plus",
            "platform": "app-plus",
            "bundle_id": BUNDLE,
            "app_apple_id": APP_APPLE_ID,
            "issuer_id": "57246542-96fe-1a63-e053-0824d011072a",
            "key_id": "2X9R4HXF34",
            "private_key": Material(private_pem(KEY)),
            "root_cert": Material(pki.root.pem),
            "password": Secret(SECRET),
            "base_url": "https://api.test",
            "sandbox_base_url": "https://sandbox.test/",
            "receipt_url": "https://buy.test/verifyReceipt",
            "sandbox_receipt_url": "https://sandbox.buy.test/verifyReceipt",
            "accept_sandbox": True,
        }
        node = AppleNode(**settings | changes)
        return AppleProvider.from_node(node, Env(now_ms=clock, nonce=lambda: "0123456789abcdef" * 2))

    return build


@pytest.fixture
def provider(make: Callable[..., AppleProvider]) -> AppleProvider:
    return make()


def bought(**changes: Any) -> dict[str, Any]:
    """A consumable's payload; a field given as ``None`` is left out."""
    usual = {
        "transactionId": "2000000000000101",
        "originalTransactionId": "2000000000000101",
        "bundleId": BUNDLE,
        "productId": COINS,
        "purchaseDate": NOW_MS - 1000,
        "originalPurchaseDate": NOW_MS - 1000,
        "quantity": 1,
        "type": "Consumable",
        "appAccountToken": TOKEN,
        "inAppOwnershipType": "PURCHASED",
        "signedDate": NOW_MS,
        "environment": "Production",
        "transactionReason": "PURCHASE",
        "storefront": "CHN",
        "price": 6000,
        "currency": "CNY",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def subscribed(**changes: Any) -> dict[str, Any]:
    usual = {"type": "Auto-Renewable Subscription", "productId": "com.example.shop.vip", "price": 30000}
    return bought(**usual | changes)


def order(**changes: Any) -> CreateOrder:
    usual = {
        "pay_type": "appleiap_app-plus",
        "out_trade_no": "A1",
        "total_fee": 600,
        "subject": "100 coins",
        "notify_url": "https://shop.test/pay/vk-pay-notify/appleiap_app-plus/A1",
    }
    return CreateOrder(**usual | changes)


def ref(**changes: Any) -> OrderRef:
    usual = {
        "pay_type": "appleiap_app-plus",
        "out_trade_no": "A1",
        "total_fee": 600,
        "provider_order_no": TOKEN,
    }
    return OrderRef(**usual | changes)


def json_answer(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, headers={"content-type": "application/json", **headers}, body=body)
