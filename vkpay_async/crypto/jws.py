"""JSON Web Signatures under ES256: RFC 7515 and 7518, compact form.

A signature is 64 bytes, ``r`` and ``s``. Nothing in a token is believed before it is verified, its header's ``alg`` least.
"""

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

from vkpay_async.errors import SignatureInvalid

LONGEST = 512 * 1024
"""A token of Apple's with two others in it has some thirty thousand characters."""

_ES256 = ec.ECDSA(hashes.SHA256())
_COORDINATE = 32
_SIGNATURE_CHARACTERS = 86
_URL_SAFE = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", None, b"==", b"=")


class Jws(NamedTuple):
    """A token taken apart. ``header`` is as it stood, still encoded."""

    header: bytes
    payload: bytes
    signature: bytes
    signed: bytes


def split(token: str) -> Jws:
    """Takes a token apart. Raises :class:`SignatureInvalid` for what is none."""
    if len(token) > LONGEST:
        raise SignatureInvalid(f"a signed text of {len(token)} characters; at most {LONGEST} are read")
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        header, dot, payload = signed.partition(b".")
        if not dot or b"." in payload or len(signature) != _SIGNATURE_CHARACTERS:
            raise SignatureInvalid("a signed text has three parts, the last one of 86 characters")
        return Jws(header, decode(payload), decode(signature), signed)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise SignatureInvalid("the signed text is no base64url: hand it over as it was received") from error


def verify_es256(key: ec.EllipticCurvePublicKey, jws: Jws) -> None:
    """Raises :class:`SignatureInvalid` unless the signature holds under the key, which is on P-256."""
    raw = jws.signature
    r, s = int.from_bytes(raw[:_COORDINATE]), int.from_bytes(raw[_COORDINATE:])
    try:
        key.verify(encode_dss_signature(r, s), jws.signed, _ES256)
    except InvalidSignature as error:
        raise SignatureInvalid("the signature does not hold: the text was changed on its way") from error


def sign_es256(key: ec.EllipticCurvePrivateKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token over the claims. ``alg`` is added to the header."""
    head = encode(msgspec.json.encode({"alg": "ES256", **header}))
    signed = head + b"." + encode(msgspec.json.encode(claims))
    r, s = decode_dss_signature(key.sign(signed, _ES256))
    return (signed + b"." + encode(r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE))).decode("ascii")


def sign_der(key: ec.EllipticCurvePrivateKey, message: bytes) -> str:
    """ECDSA with SHA-256, in DER and base64, for what is no token."""
    return base64.b64encode(key.sign(message, _ES256)).decode("ascii")


def encode(data: bytes) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decode(part: bytes) -> bytes:
    """What base64url without padding stands for. Raises :class:`binascii.Error`."""
    padding = _PADDING[len(part) % 4]
    if padding is None:
        raise binascii.Error("a length that no data has")
    return binascii.a2b_base64(part.translate(_URL_SAFE) + padding, strict_mode=True)
