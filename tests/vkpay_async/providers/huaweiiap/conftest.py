"""IAP Kit's side of the wire, written from its documents alone. All keys are made here and are for tests."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from vkpay_async.config import Material
from vkpay_async.models import RawNotification
from vkpay_async.providers.base import Env, HttpRequest, HttpResponse, run_offline
from vkpay_async.providers.huaweiiap.about import HuaweiIapNode
from vkpay_async.providers.huaweiiap.provider import HuaweiIapProvider

NOW_MS = 1767196802345
APP, ISSUER, KEY_ID = "5765880207853000", "d1f1c3b5-0000-4000-8000-000000000001", "c0ffee"
MARK = "1.3.6.1.4.1.2011.2.415.1.1"
PATH = "/pay/vk-pay-notify/huaweiiap_app-harmony/-/default"
ORDER_ID, TOKEN = "1728889934443.E4DE4E1D.5011", "ab" * 32
PURCHASE: dict[str, Any] = {
    "environment": "NORMAL",
    "purchaseOrderId": ORDER_ID,
    "purchaseToken": TOKEN,
    "applicationId": APP,
    "productId": "coins",
    "productType": "0",
    "quantity": 1,
    "purchaseTime": NOW_MS - 2000,
    "finishStatus": "2",
    "needFinish": True,
    "price": 600,
    "currency": "CNY",
    "developerPayload": "T1",
    "countryCode": "CN",
    "signedTime": NOW_MS - 1000,
    "newerThanThis": {"a": [1]},
}
REVOKED = PURCHASE | {"purchaseOrderRevocationReasonCode": "1", "revocationTime": NOW_MS - 500}
TOLD: dict[str, Any] = {
    "notificationType": "DID_NEW_TRANSACTION",
    "notificationRequestId": "f6f1b6a2-5f0e-4ad8-9d4c-0c1f6a1f7b11",
    "notificationMetaData": {
        "environment": "NORMAL",
        "applicationId": APP,
        "currentProductId": "coins",
        "purchaseToken": TOKEN,
        "purchaseOrderId": ORDER_ID,
    },
    "notificationVersion": "v3",
    "signedTime": NOW_MS - 1000,
}
ES256 = ec.ECDSA(hashes.SHA256())


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem_of(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


class Authority:
    """A root, an intermediate and a leaf; each can be made wrong."""

    def __init__(
        self,
        *,
        mark: str = MARK,
        ca: bool | None = True,
        curve: ec.EllipticCurve | None = None,
        until: dt.datetime = dt.datetime(2040, 1, 1, tzinfo=dt.UTC),
    ) -> None:
        root_key, between_key = (
            ec.generate_private_key(ec.SECP384R1()),
            ec.generate_private_key(ec.SECP384R1()),
        )
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        self.root = self._issue("root", "root", root_key, root_key, until, ca=True)
        self.between = self._issue("between", "root", between_key, root_key, until, ca=ca)
        self.leaf = self._issue("leaf", "between", self.key, between_key, until, ca=False, mark=mark)

    @staticmethod
    def _issue(
        subject: str,
        issuer: str,
        key: Any,
        issuer_key: Any,
        until: dt.datetime,
        *,
        ca: bool | None,
        mark: str = "",
    ) -> x509.Certificate:
        def name(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
            .not_valid_after(until)
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if mark:
            marked = x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), b"\x05\x00")
            builder = builder.add_extension(marked, critical=False)
        return builder.sign(issuer_key, hashes.SHA384())

    @property
    def root_pem(self) -> str:
        return self.root.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def x5c(self) -> list[str]:
        every = (self.leaf, self.between, self.root)
        return [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in every]

    def sign(self, payload: Any, **header: Any) -> str:
        said = {"alg": "ES256", "x5c": self.x5c} | header
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signed = f"{b64(json.dumps(said).encode())}.{b64(content)}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ES256))
        size = (self.key.curve.key_size + 7) // 8
        return f"{signed}.{b64(r.to_bytes(size) + s.to_bytes(size))}"


class Huawei:
    """Answers calls in turn, and keeps them."""

    def __init__(self, authority: Authority, key: ec.EllipticCurvePrivateKey) -> None:
        self.authority = authority
        self.key = key
        self.calls: list[tuple[str, Any]] = []
        self.answers: list[HttpResponse] = []

    def will_say(self, status: int = 200, body: bytes | None = None, **fields: Any) -> None:
        said = {"responseCode": "0", "responseMessage": "success", **fields}
        content = json.dumps(said).encode() if body is None else body
        self.answers.append(HttpResponse(status=status, headers={}, body=content))

    def run(self, flow: Any) -> Any:
        return run_offline(flow, self._answer)

    def notification(self, **changed: Any) -> RawNotification:
        body = json.dumps({"jwsNotification": self.authority.sign(TOLD | changed)}).encode()
        return RawNotification(path=PATH, headers={}, body=body)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self._check_token(request)
        self.calls.append((request.url, json.loads(request.body)))
        return self.answers.pop(0)

    def _check_token(self, request: HttpRequest) -> None:
        assert (request.method, request.moves_money) == ("POST", False)
        scheme, token = request.headers["Authorization"].split(" ")
        head, claims, signature = token.split(".")
        assert scheme == "Bearer"
        assert json.loads(unb64(head)) == {"alg": "ES256", "typ": "JWT", "kid": KEY_ID}
        now = NOW_MS // 1000
        assert json.loads(unb64(claims)) == {
            "iss": ISSUER,
            "aud": "iap-v1",
            "iat": now,
            "exp": now + 600,
            "aid": APP,
            "digest": hashlib.sha256(request.body).hexdigest(),
        }
        raw = unb64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        self.key.public_key().verify(der, f"{head}.{claims}".encode(), ES256)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def huawei(authority: Authority, key: ec.EllipticCurvePrivateKey) -> Huawei:
    return Huawei(authority, key)


@pytest.fixture
def make_provider(authority: Authority, key: ec.EllipticCurvePrivateKey) -> Callable[..., HuaweiIapProvider]:
    def make(**settings: Any) -> HuaweiIapProvider:
        node = HuaweiIapNode(
            **{
                "where": "vkpay.toml: huaweiiap.app-harmony",
                "platform": "app-harmony",
                "app_id": APP,
                "issuer_id": ISSUER,
                "key_id": KEY_ID,
                "private_key": Material(pem_of(key)),
                "root_cert": Material(authority.root_pem),
                **settings,
            }
        )
        return HuaweiIapProvider.from_node(node, Env(now_ms=lambda: NOW_MS, nonce=lambda: "0" * 32))

    return make


@pytest.fixture
def provider(make_provider: Callable[..., HuaweiIapProvider]) -> HuaweiIapProvider:
    return make_provider()
