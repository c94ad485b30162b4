"""Huawei Pay's side of the wire, written from its documents alone. All keys are made here and are for tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from vkpay_async.config import Material
from vkpay_async.models import RawNotification
from vkpay_async.providers.base import Env, HttpRequest, HttpResponse, SharedValue, run_offline
from vkpay_async.providers.huawei.about import HuaweiNode
from vkpay_async.providers.huawei.provider import HuaweiProvider

NOW_MS = 1767196802345
APP, MERC, AUTH = "5765880207853000", "10132120000", "120291744647139000"
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
PATH = "/pay/vk-pay-notify/huawei_mp-harmony/T1"
PAYMENT = {
    "callbackId": "124070308575300049145189001",
    "callbackTime": "2026-01-01 00:00:02",
    "dataType": "plain",
    "signType": "SM2",
    "certNo": "120291744647139001",
    "appId": APP,
    "mercNo": MERC,
    "mercOrderNo": "T1",
    "sysTransOrderNo": "12407030857530004914518001",
    "orderStatus": "TRX_SUCCESS",
    "totalAmount": 1000,
    "payerAmount": 900,
    "promotionAmount": 100,
    "currency": "CNY",
    "paymentTools": "AGMT",
    "promotionDetail": [{"promotionId": "P1", "promotionAmount": 100}],
    "payer": {"openId": "MDFxyz", "userClientIpMatched": True},
    "finishTime": "2026-01-01T00:00:01.000+0800",
}
REFUND = {
    "callbackId": "124070308575300049145189002",
    "callbackTime": "2026-01-01 00:00:03",
    "dataType": "plain",
    "signType": "SM2",
    "mercNo": MERC,
    "mercRefundNo": "T1-1",
    "sysRefundNo": "12407030857530004914518002",
    "refundOrderStatus": "REFUND_SUCCESS",
    "refundAmount": 400,
    "payerRefundAmount": 360,
    "promotionRefundAmount": 40,
    "currency": "CNY",
    "finishTime": "2026-01-01T00:00:02.000+0800",
}


def text_of(value: Any) -> str:
    """The guide's rule, as its server part has it."""
    if isinstance(value, dict):
        parts = [f"{name}={text_of(value[name])}" for name in sorted(value) if value[name] is not None]
        return "&".join(parts)
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value if item is not None)
    return json.dumps(value) if isinstance(value, bool) else str(value)


class Platform:
    """Signs answers and callbacks with SM2, and reads requests as the gateway does."""

    def __init__(self, merchant_key: rsa.RSAPrivateKey) -> None:
        self.point, self.number = gmssl_pyx.sm2_key_generate()
        self.merchant_key = merchant_key

    def sign(self, fields: dict[str, Any]) -> str:
        text = text_of(fields).encode()
        return base64.b64encode(gmssl_pyx.sm2_sign(self.number, self.point, text)).decode()

    def signed(self, fields: dict[str, Any]) -> bytes:
        return json.dumps({**fields, "sign": self.sign(fields)}, ensure_ascii=False).encode()

    def answer(self, status: int = 200, *, repeated: bool = False, **fields: Any) -> HttpResponse:
        body = self.signed({"resultCode": "000000", "resultDesc": "Success.", **fields})
        return HttpResponse(status=status, headers={}, body=body, repeated=repeated)

    def refusal(
        self,
        sub_code: str | None,
        result_code: str = "400000",
        *,
        status: int = 200,
        signed: bool = True,
        repeated: bool = False,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        fields = {"resultCode": result_code, "resultDesc": "业务处理失败"}
        if sub_code:
            fields |= {"subCode": sub_code, "subDesc": "说明"}
        body = self.signed(fields) if signed else json.dumps(fields).encode()
        return HttpResponse(status=status, headers=headers or {}, body=body, repeated=repeated)

    def callback(self, fields: dict[str, Any], path: str = PATH) -> RawNotification:
        return RawNotification(path=path, headers={}, body=self.signed(fields))

    def holds(self, signature: str, text: str) -> None:
        key = self.merchant_key.public_key()
        key.verify(base64.b64decode(signature), text.encode(), PSS, hashes.SHA256())

    def read(self, request: HttpRequest) -> Any:
        """The JSON of a request whose PayMercAuth holds over its exact bytes."""
        auth = json.loads(request.headers["PayMercAuth"])
        assert auth.keys() == {"callerId", "traceId", "time", "authId", "bodySign", "headerSign"}
        assert (auth["callerId"], auth["authId"], auth["time"]) == (MERC, AUTH, NOW_MS)
        assert len(auth["traceId"]) <= 32
        target = "/" + request.url.split("/", 3)[3]
        body = json.loads(request.body) if request.body else None
        self.holds(auth["bodySign"], target if body is None else text_of(body))
        self.holds(auth.pop("headerSign"), text_of(auth))
        assert request.headers.get("Content-Type") == (
            None if body is None else "application/json; charset=UTF-8"
        )
        return body


@pytest.fixture(scope="session")
def merchant_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture(scope="session")
def platform(merchant_key: rsa.RSAPrivateKey) -> Platform:
    return Platform(merchant_key)


def pem_of(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


class Clock:
    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def env(clock: Clock) -> Env:
    numbers: Iterator[int] = iter(range(1, 10_000))
    return Env(now_ms=clock, nonce=lambda: f"{next(numbers):032d}")


@pytest.fixture
def make_node(platform: Platform, merchant_key: rsa.RSAPrivateKey) -> Callable[..., HuaweiNode]:
    def make(**settings: Any) -> HuaweiNode:
        return HuaweiNode(
            **{
                "where": "vkpay.toml: huawei.mp-harmony",
                "platform": "mp-harmony",
                "app_id": APP,
                "mch_id": MERC,
                "mch_auth_id": AUTH,
                "mch_private_key": Material(pem_of(merchant_key)),
                "platform_public_key": Material("04" + platform.point.hex()),
                **settings,
            }
        )

    return make


@pytest.fixture
def make_provider(make_node: Callable[..., HuaweiNode], env: Env) -> Callable[..., HuaweiProvider]:
    def make(**settings: Any) -> HuaweiProvider:
        return HuaweiProvider.from_node(make_node(**settings), env)

    return make


@pytest.fixture
def provider(make_provider: Callable[..., HuaweiProvider]) -> HuaweiProvider:
    return make_provider()


class Exchange:
    """Runs a Flow: hands out the answers one by one and keeps the requests and the shared values."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.values: dict[str, SharedValue] = {}

    def __call__(self, flow: Any, *answers: HttpResponse) -> Any:
        remaining = iter(answers)

        def answer(request: HttpRequest) -> HttpResponse:
            self.requests.append(request)
            return next(remaining)

        result = run_offline(flow, answer, self.values)
        assert next(remaining, None) is None, "an answer was not asked for"
        return result

    @property
    def request(self) -> HttpRequest:
        (request,) = self.requests
        return request


@pytest.fixture
def run() -> Exchange:
    return Exchange()
