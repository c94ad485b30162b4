"""Published vectors, and what the simulator makes itself in the same way."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from vkpay_simulator.keys import KeyRing
from vkpay_simulator.providers.alipay.encryption import decrypt, encrypt
from vkpay_simulator.providers.alipay.pki import EC_ROOT, root_digest, serial_digest
from vkpay_simulator.providers.alipay.signing import (
    accepted_strings,
    notification_string,
    request_string,
    sign,
    verified,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "alipay.json").read_text(encoding="utf-8"))
KINDS = ("request_signatures", "response_signatures", "notification_signatures", "rest_signatures")
SIGNED = [vector for kind in KINDS for vector in VECTORS[kind]]


def public_key(vector: dict[str, str]) -> Any:
    return load_der_public_key(base64.b64decode(vector["public_key"]))


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["source"][:30])
def test_published_signatures_hold_and_changed_contents_do_not(vector: dict[str, str]) -> None:
    content = vector["content"].encode()
    assert verified(public_key(vector), content, vector["sign"])
    assert not verified(public_key(vector), content + b"x", vector["sign"])
    assert not verified(public_key(vector), content, vector["sign"], "RSA")


@pytest.mark.parametrize("signature", ["", "not base64", "AAAA"])
def test_a_sign_that_is_none_does_not_verify(signature: str) -> None:
    assert not verified(public_key(SIGNED[0]), b"x", signature)


def test_a_request_is_signed_with_its_sign_type_and_a_notification_without() -> None:
    request, notification = VECTORS["request_signatures"][0], VECTORS["notification_signatures"][0]
    assert request_string({**request["params"], "sign": "s", "empty": ""}) == request["content"]
    told = {**notification["params"], "sign": "s", "sign_type": "RSA2", "empty": ""}
    assert notification_string(told) == notification["content"]


def test_the_strings_real_clients_sign() -> None:
    assert accepted_strings({"b": "2", "a": "1", "sign": "s"}) == ["a=1&b=2"]
    assert accepted_strings({"b": "@2", "a": "1", "c": ""}) == ["a=1&b=@2", "a=1&b=@2&c=", "a=1"]


@pytest.mark.parametrize("sign_type", ["RSA", "RSA2"])
def test_what_is_signed_here_verifies(sign_type: str) -> None:
    key = KeyRing().draw()
    assert verified(key.public_key(), b"text", sign(key, b"text", sign_type), sign_type)


@pytest.mark.parametrize("vector", VECTORS["certificate_sn"], ids=lambda vector: vector["source"])
def test_certificate_numbers(vector: dict[str, str]) -> None:
    assert serial_digest(vector["issuer"], int(vector["serial"])) == vector["sn"]


def test_a_bundle_counts_its_rsa_certificates_only() -> None:
    counted = [one["sn"] for one in VECTORS["certificate_sn"] if one["in_root_sn"]]
    assert "_".join(counted) == VECTORS["root_cert_sn"]
    assert root_digest([x509.load_pem_x509_certificate(EC_ROOT.encode())]) == ""


@pytest.mark.parametrize("vector", VECTORS["aes"], ids=lambda vector: vector["source"])
def test_aes(vector: dict[str, str]) -> None:
    key = base64.b64decode(vector["key"])
    assert encrypt(key, vector["plain"].encode()) == vector["cipher"]
    assert decrypt(key, vector["cipher"]).decode() == vector["plain"]


@pytest.mark.parametrize("text", ["", "%%%", "AAAA", "ILpoMowjIQjfYMR847rnFA=="])
def test_broken_ciphertext_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decrypt(base64.b64decode(VECTORS["aes"][0]["key"]), text)
