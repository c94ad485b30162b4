"""A small stand-in for Alipay's side: keys and certificates made for tests, answers and notifications signed with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from vkpay_async.config import Material
from vkpay_async.models import CreateOrder, RawNotification
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, run_offline

NOW_MS = 1_700_000_000_000
APP_ID = "2021000000000001"


class Identity:
    """A key pair and its certificate, from :class:`Pki`."""

    def __init__(self, key: rsa.RSAPrivateKey, chain: list[x509.Certificate]) -> None:
        self.key = key
        self.chain = chain

    @property
    def private_text(self) -> str:
        der = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return base64.b64encode(der).decode()

    @property
    def public_text(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    @property
    def pem(self) -> str:
        return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in self.chain)

    @property
    def sn(self) -> str:
        digest = hashes.Hash(hashes.MD5())
        certificate = self.chain[0]
        digest.update((certificate.issuer.rfc4514_string() + str(certificate.serial_number)).encode())
        return digest.finalize().hex()


def _name(common_name: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "For Tests"))
    return x509.Name(
        [x509.NameAttribute(oid, value) for oid, value in (*parts, (NameOID.COMMON_NAME, common_name))]
    )


class Pki:
    """A root, an intermediate, the app's certificate and Alipay's two (the second one not configured)."""

    def __init__(self) -> None:
        self.root = self._issue("Root", None, ca=True)
        self.intermediate = self._issue("Intermediate", self.root, ca=True)
        self.app = self._issue("App", self.intermediate)
        self.alipay = self._issue("Alipay", self.intermediate)
        self.rotated = self._issue("Alipay 2", self.intermediate)
        self.stranger = self._issue("Stranger", self._issue("Other root", None, ca=True))

    def _issue(self, name: str, issuer: Identity | None, *, ca: bool = False, until: int = 2040) -> Identity:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer.chain[0].subject if issuer else _name(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(until, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(issuer.key if issuer else key, hashes.SHA256())
        )
        return Identity(key, [certificate, *(issuer.chain if issuer and issuer.chain else [])])

    def expired(self) -> Identity:
        return self._issue("Expired", self.intermediate, until=2021)


class FakeAlipay:
    """Checks requests with the app's public key and signs what it says."""

    def __init__(self, app: Identity, alipay: Identity) -> None:
        self.app = app
        self.signer = alipay

    def sign(self, text: bytes, algorithm: hashes.HashAlgorithm | None = None) -> str:
        signature = self.signer.key.sign(text, padding.PKCS1v15(), algorithm or hashes.SHA256())
        return base64.b64encode(signature).decode()

    def params(self, request: HttpRequest) -> dict[str, str]:
        """What a request says, after its signature held."""
        assert request.method == "POST"
        assert request.headers == {"content-type": "application/x-www-form-urlencoded;charset=utf-8"}
        query = dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True))
        assert query == {"charset": "utf-8"}
        return self.checked(request.body.decode("ascii"))

    def checked(self, query: str) -> dict[str, str]:
        pairs = parse_qsl(query, strict_parsing=True, keep_blank_values=True)
        params = dict(pairs)
        assert len(params) == len(pairs)
        assert all(params.values())
        sign = base64.b64decode(params.pop("sign"))
        text = "&".join(f"{key}={params[key]}" for key in sorted(params))
        self.app.key.public_key().verify(sign, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return params

    def biz(self, request: HttpRequest) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.params(request)["biz_content"])
        return content

    def answer(
        self,
        node: str,
        content: Mapping[str, Any] | str,
        *,
        sign: str | None = "",
        cert_sn: str | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """``sign``: a text of its own, ``None`` for none, by default the right one. Slashes are escaped."""
        text = content if isinstance(content, str) else compact(content)
        sn = f',"alipay_cert_sn":"{cert_sn}"' if cert_sn else ""
        signature = self.sign(text.encode()) if sign == "" else sign
        tail = "" if signature is None else f',"sign":"{signature}"'
        body = f'{{"{node}":{text}{sn}{tail}}}'
        return HttpResponse(status=status, headers={"trace_id": "0a1b2c3d"}, body=body.encode())

    def ok(self, request: HttpRequest, **content: Any) -> HttpResponse:
        """A success of the request's own method."""
        return self.reply(request, {"code": "10000", "msg": "Success", **content})

    def refusal(self, request: HttpRequest, sub_code: str, code: str = "40004") -> HttpResponse:
        return self.reply(
            request, {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "不行"}
        )

    def reply(self, request: HttpRequest, content: Mapping[str, Any]) -> HttpResponse:
        params = self.params(request)
        sn = self.signer.sn if "app_cert_sn" in params else None
        return self.answer(f"{params['method'].replace('.', '_')}_response", content, cert_sn=sn)

    def notification(
        self,
        fields: Mapping[str, str],
        *,
        charset: str = "utf-8",
        signed_without: tuple[str, ...] = ("sign_type",),
    ) -> RawNotification:
        fields = {"charset": charset, "sign_type": "RSA2", **fields}
        text = "&".join(f"{k}={fields[k]}" for k in sorted(fields) if fields[k] and k not in signed_without)
        return form({**fields, "sign": self.sign(text.encode(charset))}, charset)


def form(fields: Mapping[str, str], charset: str = "utf-8") -> RawNotification:
    body = "&".join(f"{name}={quote_plus(value, encoding=charset)}" for name, value in fields.items())
    return raw_notification(body.encode("ascii"))


def raw_notification(body: bytes) -> RawNotification:
    return RawNotification(path="/notify/alipay", headers={}, body=body)


def compact(content: Any) -> str:
    """JSON as Alipay writes it: one line, slashes escaped, nothing else."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("/", r"\/")


def env() -> Env:
    return Env(now_ms=lambda: NOW_MS, nonce=lambda: "0" * 32)


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture
def server(pki: Pki) -> FakeAlipay:
    return FakeAlipay(pki.app, pki.alipay)


@pytest.fixture(scope="session")
def key_node(pki: Pki) -> AlipayNode:
    return AlipayNode(
        where="vkpay.toml [alipay.h5]",
        platform="h5",
        app_id=APP_ID,
        base_url="https://gateway.test/",
        private_key=Material(pki.app.private_text),
        alipay_public_key=Material(pki.alipay.public_text),
    )


@pytest.fixture(scope="session")
def cert_node(pki: Pki) -> AlipayNode:
    return AlipayNode(
        where="vkpay.toml [alipay.transfer]",
        platform="transfer",
        app_id=APP_ID,
        base_url="https://gateway.test",
        private_key=Material(pki.app.private_text),
        app_cert=Material(pki.app.pem),
        alipay_public_cert=Material(pki.alipay.pem),
        alipay_root_cert=Material(pki.root.pem),
    )


@pytest.fixture
def provider(key_node: AlipayNode) -> AlipayProvider:
    return AlipayProvider.from_node(key_node, env())


@pytest.fixture
def cert_provider(cert_node: AlipayNode) -> AlipayProvider:
    return AlipayProvider.from_node(cert_node, env())


@pytest.fixture
def make() -> Callable[..., AlipayProvider]:
    """A provider of ``node`` with some settings changed, and a clock if wanted."""

    def build(node: AlipayNode, now_ms: Callable[[], int] = lambda: NOW_MS, **changes: Any) -> AlipayProvider:
        changed = msgspec.structs.replace(node, **changes)
        return AlipayProvider.from_node(changed, Env(now_ms=now_ms, nonce=lambda: "0" * 32))

    return build


class Exchange:
    """Runs a Flow against the stand-in and keeps the requests it made."""

    def __init__(self, *answers: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answers = list(answers)
        self.requests: list[HttpRequest] = []

    def __call__(self, flow: Flow[Any]) -> Any:
        return run_offline(flow, self._answer)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return self._answers[len(self.requests) - 1](request)


@pytest.fixture
def exchange() -> type[Exchange]:
    return Exchange


@pytest.fixture
def order() -> Callable[..., CreateOrder]:
    def build(pay_type: str = "alipay_h5", **fields: Any) -> CreateOrder:
        defaults: dict[str, Any] = {
            "out_trade_no": "T20231115",
            "total_fee": 1990,
            "subject": "茶叶 500 g",
            "notify_url": "https://shop.test/notify",
        }
        return CreateOrder(pay_type=pay_type, **{**defaults, **fields})

    return build


@pytest.fixture
def paid() -> dict[str, str]:
    """A payment notification's fields."""
    return {
        "notify_id": "2023111500222061320012345678901234",
        "notify_type": "trade_status_sync",
        "notify_time": "2023-11-15 06:13:20",
        "version": "1.0",
        "app_id": APP_ID,
        "auth_app_id": APP_ID,
        "seller_id": "2088101122136241",
        "buyer_id": "2088102177846880",
        "out_trade_no": "T20231115",
        "trade_no": "2023111522001446880200000001",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "19.90",
        "subject": "茶叶 500 g",
        "gmt_create": "2023-11-15 06:13:00",
        "gmt_payment": "2023-11-15 06:13:19",
        "fund_bill_list": '[{"amount":"19.90","fundChannel":"ALIPAYACCOUNT"}]',
        "body": "",
    }


@pytest.fixture
def form_of() -> Callable[..., RawNotification]:
    return form


@pytest.fixture
def raw_of() -> Callable[[bytes], RawNotification]:
    return raw_notification
