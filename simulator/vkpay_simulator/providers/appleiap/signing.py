"""ES256 as Apple uses it: signs its own data with the leaf's key, and checks the token a merchant's server sends.

https://developer.apple.com/documentation/appstoreserverapi/generating-json-web-tokens-for-api-requests
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from vkpay_simulator.providers.appleiap.errors import UNREADABLE

ES256 = ec.ECDSA(hashes.SHA256())
REPEATABLE = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
COORDINATE = 32


class BadToken(Exception):
    """What is wrong with a token."""


class Header(msgspec.Struct, kw_only=True):
    alg: str = ""
    kid: str = ""


class Claims(msgspec.Struct, kw_only=True):
    """Times in seconds. Apple's own Python library sends no ``iat``."""

    iss: str = ""
    aud: str = ""
    bid: str = ""
    exp: float = 0
    iat: float | None = None


class Token(msgspec.Struct, kw_only=True):
    header: Header
    claims: Claims
    signed: bytes
    signature: bytes


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises :class:`BadToken` for what is no base64url."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadToken("a part is no base64url") from error


def jws(payload: dict[str, Any], key: ec.EllipticCurvePrivateKey, x5c: list[str]) -> str:
    """A compact JWS with its certificates in the header."""
    head = encode(msgspec.json.encode({"alg": "ES256", "x5c": x5c}))
    signed = f"{head}.{encode(msgspec.json.encode(payload))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), REPEATABLE))
    return f"{signed}.{encode(r.to_bytes(COORDINATE) + s.to_bytes(COORDINATE))}"


def spoilt(token: str) -> str:
    """The same JWS under a signature that does not hold."""
    head, _, signature = token.rpartition(".")
    raw = bytearray(decode(signature))
    raw[-1] ^= 1
    return f"{head}.{encode(bytes(raw))}"


def read_token(text: str) -> Token:
    """A merchant's token, not yet verified. Raises :class:`BadToken`."""
    parts = text.split(".")
    if len(parts) != 3:
        raise BadToken(f"it has {len(parts)} parts instead of three")
    try:
        header = msgspec.json.decode(decode(parts[0]), type=Header)
        claims = msgspec.json.decode(decode(parts[1]), type=Claims)
    except UNREADABLE as error:
        raise BadToken(f"it cannot be read: {error}") from error
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Token(header=header, claims=claims, signed=signed, signature=decode(parts[2]))


def holds(token: Token, key: ec.EllipticCurvePublicKey) -> bool:
    raw = token.signature
    if len(raw) != 2 * COORDINATE:
        return False
    r, s = int.from_bytes(raw[:COORDINATE]), int.from_bytes(raw[COORDINATE:])
    try:
        key.verify(encode_dss_signature(r, s), token.signed, ES256)
    except InvalidSignature:
        return False
    return True
