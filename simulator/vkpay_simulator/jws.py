"""JSON Web Signatures under ES256 (RFC 7515), compact: made for what a provider signs, read for what a merchant sends."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ES256 = ec.ECDSA(hashes.SHA256())
REPEATABLE = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
COORDINATE = 32


class BadToken(Exception):
    """What is wrong with a token."""


class Parts(NamedTuple):
    """A token taken apart, not yet verified. ``header`` and ``claims`` are JSON, or claim to be."""

    header: bytes
    claims: bytes
    signed: bytes
    signature: bytes


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises :class:`BadToken` for what is no base64url."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadToken("a part is no base64url") from error


def parts_of(text: str) -> Parts:
    """Raises :class:`BadToken`."""
    parts = text.split(".")
    if len(parts) != 3:
        raise BadToken(f"it has {len(parts)} parts instead of three")
    header, claims, signature = (decode(part) for part in parts)
    return Parts(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def sign(payload: Mapping[str, Any], key: ec.EllipticCurvePrivateKey, x5c: list[str]) -> str:
    """A token with its certificates in the header. The same every time."""
    head = encode(msgspec.json.encode({"alg": "ES256", "x5c": x5c}))
    signed = f"{head}.{encode(msgspec.json.encode(payload))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), REPEATABLE))
    return f"{signed}.{encode(r.to_bytes(COORDINATE) + s.to_bytes(COORDINATE))}"


def spoilt(token: str) -> str:
    """The same token under a signature that does not hold."""
    head, _, signature = token.rpartition(".")
    raw = bytearray(decode(signature))
    raw[-1] ^= 1
    return f"{head}.{encode(bytes(raw))}"


def holds(signed: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether 64 bytes of signature hold under the key."""
    if len(signature) != 2 * COORDINATE:
        return False
    r, s = int.from_bytes(signature[:COORDINATE]), int.from_bytes(signature[COORDINATE:])
    try:
        key.verify(encode_dss_signature(r, s), signed, ES256)
    except InvalidSignature:
        return False
    return True
