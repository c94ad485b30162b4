"""Signed tokens, against the standard's own example. Other keys are made here and are for tests."""

from __future__ import annotations

import base64
import binascii
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.crypto.jws import LONGEST, decode, encode, sign_der, sign_es256, split, verify_es256
from vkpay_async.errors import SignatureInvalid

# RFC 7515, appendix A.3
EXAMPLE = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
X = int.from_bytes(base64.urlsafe_b64decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="))
Y = int.from_bytes(base64.urlsafe_b64decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0="))
EXAMPLES_KEY = ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1()).public_key()


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_the_standards_example_holds() -> None:
    jws = split(EXAMPLE)
    verify_es256(EXAMPLES_KEY, jws)
    assert json.loads(jws.payload) == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert decode(jws.header) == b'{"alg":"ES256"}'


def test_one_of_our_own_holds_over_itself_alone(key: ec.EllipticCurvePrivateKey) -> None:
    token = sign_es256(key, {"kid": "k"}, {"a": 1})
    jws = split(token)
    verify_es256(key.public_key(), jws)
    assert json.loads(decode(jws.header)) == {"alg": "ES256", "kid": "k"}
    for other in (EXAMPLES_KEY, ec.generate_private_key(ec.SECP256R1()).public_key()):
        with pytest.raises(SignatureInvalid):
            verify_es256(other, jws)
    for changed in (jws._replace(signed=jws.signed + b"a"), jws._replace(signature=bytes(64))):
        with pytest.raises(SignatureInvalid):
            verify_es256(key.public_key(), changed)


def test_a_signature_in_der(key: ec.EllipticCurvePrivateKey) -> None:
    signature = base64.b64decode(sign_der(key, b"message"))
    key.public_key().verify(signature, b"message", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        f"a.b.c.{'A' * 86}",
        f"a.YQ.{'A' * 85}",
        f"a.Y.{'A' * 86}",
        f"a.Y+.{'A' * 86}",
        f"a.YQ==.{'A' * 86}",
        f"a.YQ.{'A' * 85}+",
        f"a.Y\n.{'A' * 86}",
        f"é.YQ.{'A' * 86}",
        "." * (LONGEST + 1),
    ],
    ids=range(11),
)
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(SignatureInvalid):
        split(token)


@given(st.binary(max_size=100))
def test_text_and_back(data: bytes) -> None:
    text = encode(data)
    assert decode(text) == data
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.mark.parametrize("part", [b"A", b"AAAAA", b"AA=", b"A A", b"A/", b"\xff\xff"])
def test_what_is_no_base64url(part: bytes) -> None:
    with pytest.raises(binascii.Error):
        decode(part)
