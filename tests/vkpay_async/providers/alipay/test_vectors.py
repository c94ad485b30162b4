"""The published vectors, byte for byte."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vkpay_async.crypto.aes import Cbc
from vkpay_async.crypto.pem import load_public_key
from vkpay_async.crypto.rsa import verify_sha256
from vkpay_async.crypto.x509 import alipay_root_sn, alipay_sn
from vkpay_async.errors import SignatureInvalid
from vkpay_async.models import RawNotification
from vkpay_async.providers.alipay import notify
from vkpay_async.providers.alipay.signing import (
    canonical_text,
    open_envelope,
    verify_content,
    verify_fields,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "alipay.json").read_text(encoding="utf-8")
)


def each(name: str) -> Any:
    return pytest.mark.parametrize("vector", VECTORS[name], ids=lambda vector: str(vector["source"])[:40])


def certificate(vector: dict[str, Any]) -> Any:
    """Just what the serial number is made from; the vectors hold no whole certificates."""
    return SimpleNamespace(
        issuer=SimpleNamespace(rfc4514_string=lambda: vector["issuer"]),
        serial_number=int(vector["serial"]),
        signature_algorithm_oid=SimpleNamespace(dotted_string=vector.get("signature_algorithm_oid", "")),
    )


@each("certificate_sn")
def test_certificate_serial_number(vector: dict[str, Any]) -> None:
    assert alipay_sn(certificate(vector)) == vector["sn"]
    assert hashlib.md5((vector["issuer"] + vector["serial"]).encode()).hexdigest() == vector["sn"]


def test_root_serial_number_takes_the_rsa_signed_ones_in_file_order() -> None:
    bundle = [
        certificate(vector) for vector in VECTORS["certificate_sn"] if "signature_algorithm_oid" in vector
    ]
    assert alipay_root_sn(bundle) == VECTORS["root_cert_sn"]


@each("request_signatures")
def test_request_signature(vector: dict[str, Any]) -> None:
    assert canonical_text(vector["params"]) == vector["content"]
    verify_sha256(load_public_key(vector["public_key"]), vector["sign"], vector["content"].encode())


@each("response_signatures")
def test_response_signature(vector: dict[str, Any]) -> None:
    body = f'{{"{vector["node"]}":{vector["content"]},"sign":"{vector["sign"]}"}}'
    envelope = open_envelope(body.encode(), vector["node"].removesuffix("_response").replace("_", "."))
    assert envelope.content == vector["content"].encode()
    key = load_public_key(vector["public_key"])
    verify_content(key, "RSA2", envelope.sign or "", envelope.content)
    with pytest.raises(SignatureInvalid):
        verify_content(key, "RSA2", envelope.sign or "", envelope.content.replace(b"0.01", b"1.00"))


@each("notification_signatures")
def test_notification_signature(vector: dict[str, Any], form_of: Any) -> None:
    raw: RawNotification = form_of({**vector["params"], "sign": vector["sign"], "sign_type": "RSA2"})
    fields = notify.form_fields(raw.body)
    sign = notify.take_signature(fields, "RSA2")
    key = load_public_key(vector["public_key"])
    verify_fields(key, "RSA2", sign, fields)
    event = notify.typed(notify.decoded(fields))
    assert event.kind == "payment"
    assert event.trade is not None
    assert (event.trade.total_fee, event.trade.success_time) == (10, 1565855784000)
    assert event.raw["subject"] == "语雀空间 500人规模"
    with pytest.raises(SignatureInvalid):
        verify_fields(key, "RSA2", sign, {**fields, b"total_amount": b"0.11"})


@each("aes")
def test_content_encryption(vector: dict[str, Any]) -> None:
    cipher = Cbc(vector["key"])
    assert cipher.encrypt(vector["plain"]) == vector["cipher"]
    assert cipher.decrypt(vector["cipher"]) == vector["plain"].encode()


@each("rest_signatures")
def test_rest_signature(vector: dict[str, Any]) -> None:
    verify_sha256(load_public_key(vector["public_key"]), vector["sign"], vector["content"].encode())
