"""WeChat Pay's side of the wire, written from its documents alone. All keys are made here and are for tests."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from vkpay_async.config import Material, Secret
from vkpay_async.providers.base import Env, HttpRequest, HttpResponse
from vkpay_async.providers.wxpay.about import WxpayNode
from vkpay_async.providers.wxpay.provider import WxpayProvider

NOW_S = 1767196802
V3_KEY = "0123456789abcdef0123456789ABCDEF"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
SERIAL = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')


def pem_of(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem_of(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def certificate_of(
    key: rsa.RSAPrivateKey, *, serial: int = 0x7132D72A, start_s: int = NOW_S - 86400, days: int = 1825
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "for tests")])
    start = dt.datetime.fromtimestamp(start_s, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )


def cert_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Platform:
    """Signs answers and notifications, and reads requests as the server does."""

    def __init__(self, key: rsa.RSAPrivateKey, merchant_key: rsa.RSAPrivateKey) -> None:
        self.key = key
        self.merchant_key = merchant_key
        self.serial = PUBLIC_KEY_ID

    def sign(self, message: bytes, key: rsa.RSAPrivateKey | None = None) -> str:
        return base64.b64encode((key or self.key).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def headers(
        self, body: bytes, *, serial: str | None = None, age_s: int = 0, key: rsa.RSAPrivateKey | None = None
    ) -> dict[str, str]:
        timestamp, nonce = str(NOW_S - age_s), "c5ac7061fccab6bf3e254dcf98995b8c"
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        return {
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": self.sign(message, key),
            "wechatpay-serial": serial or self.serial,
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            "request-id": "08F2E999C90610A4011889CD8C5820C8EC0428C936-0",
        }

    def answer(self, content: Any = b"", status: int = 200, **signing: Any) -> HttpResponse:
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        return HttpResponse(status=status, headers=self.headers(body, **signing), body=body)

    def refusal(
        self, status: int, code: str, message: str = "说明", request_id: str = "08F2E999-0", **headers: str
    ) -> HttpResponse:
        body = json.dumps({"code": code, "message": message}, ensure_ascii=False).encode()
        return HttpResponse(status=status, headers={"request-id": request_id, **headers}, body=body)

    def seal(self, plain: bytes, associated_data: str, key: str = V3_KEY) -> dict[str, str]:
        nonce = "61f9c719728a"
        sealed = AESGCM(key.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "nonce": nonce,
            "associated_data": associated_data,
        }

    def certificates(self, *certificates: x509.Certificate, key: str = V3_KEY) -> dict[str, Any]:
        return {
            "data": [
                {
                    "serial_no": f"{certificate.serial_number:X}",
                    "effective_time": "2018-03-26T11:39:50+08:00",
                    "expire_time": "2023-03-25T11:39:50+08:00",
                    "encrypt_certificate": self.seal(cert_pem(certificate).encode(), "certificate", key),
                }
                for certificate in certificates
            ]
        }

    def envelope(self, event: str, original_type: str, plain: bytes, key: str = V3_KEY) -> dict[str, Any]:
        return {
            "id": "EV-2018022511223320873",
            "create_time": "2026-01-01T00:00:02+08:00",
            "event_type": event,
            "resource_type": "encrypt-resource",
            "summary": "说明",
            "resource": {"original_type": original_type, **self.seal(plain, original_type, key)},
        }

    def read(self, request: HttpRequest) -> Any:
        """The JSON of a request whose Authorization holds over its exact bytes."""
        scheme, _, parameters = request.headers["Authorization"].partition(" ")
        assert scheme == "WECHATPAY2-SHA256-RSA2048"
        named = dict(_AUTHORIZATION.findall(parameters))
        target = "/" + request.url.split("/", 3)[3]
        message = f"{request.method}\n{target}\n{named['timestamp']}\n{named['nonce_str']}\n".encode()
        self.merchant_key.public_key().verify(
            base64.b64decode(named["signature"]),
            message + request.body + b"\n",
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
        assert (named["mchid"], named["serial_no"]) == ("1900007291", SERIAL)
        return json.loads(request.body) if request.body else None

    def decrypt(self, ciphertext: str) -> str:
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        return self.key.decrypt(base64.b64decode(ciphertext), oaep).decode()


@pytest.fixture(scope="session")
def platform_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def merchant_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def platform(platform_key: rsa.RSAPrivateKey, merchant_key: rsa.RSAPrivateKey) -> Platform:
    return Platform(platform_key, merchant_key)


class Clock:
    def __init__(self) -> None:
        self.ms = NOW_S * 1000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def env(clock: Clock) -> Env:
    numbers: Iterator[int] = iter(range(1, 100))
    return Env(now_ms=clock, nonce=lambda: f"{next(numbers):032d}")


@pytest.fixture
def make_node(platform_key: rsa.RSAPrivateKey, merchant_key: rsa.RSAPrivateKey) -> Callable[..., WxpayNode]:
    def make(*, public_key: bool = True, **settings: Any) -> WxpayNode:
        named = {
            "wxpay_public_key": Material(public_pem_of(platform_key)),
            "wxpay_public_key_id": PUBLIC_KEY_ID,
        }
        return WxpayNode(
            **{
                "where": "vkpay.toml: wxpay.test",
                "platform": "mp-weixin",
                "app_id": "wx2421b1c4370ec43b",
                "mch_id": "1900007291",
                "v3_key": Secret(V3_KEY),
                "app_private_key": Material(pem_of(merchant_key)),
                "serial_no": SERIAL,
                **(named if public_key else {}),
                **settings,
            }
        )

    return make


@pytest.fixture
def make_provider(make_node: Callable[..., WxpayNode], env: Env) -> Callable[..., WxpayProvider]:
    def make(*, verifier: Any = None, **settings: Any) -> WxpayProvider:
        return WxpayProvider.from_node(make_node(**settings), env, verifier)

    return make


@pytest.fixture
def provider(make_provider: Callable[..., WxpayProvider]) -> WxpayProvider:
    """A merchant in public key mode."""
    return make_provider()


class Exchange:
    """Runs a Flow by hand: hands out the answers one by one and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def __call__(self, flow: Any, *answers: HttpResponse) -> Any:
        remaining = iter(answers)
        try:
            request = next(flow)
            while True:
                self.requests.append(request)
                request = flow.send(next(remaining))
        except StopIteration as stop:
            assert next(remaining, None) is None, "an answer was not asked for"
            return stop.value

    @property
    def request(self) -> HttpRequest:
        (request,) = self.requests
        return request


@pytest.fixture
def run() -> Exchange:
    return Exchange()


@pytest.fixture
def make_certificate(platform_key: rsa.RSAPrivateKey) -> Callable[..., x509.Certificate]:
    """Platform certificates of the platform's key, or of another ``key``."""

    def make(*, key: rsa.RSAPrivateKey | None = None, **fields: Any) -> x509.Certificate:
        return certificate_of(key or platform_key, **fields)

    return make
