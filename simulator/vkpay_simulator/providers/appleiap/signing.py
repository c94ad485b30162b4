"""The token that a merchant's server sends to Apple.

https://developer.apple.com/documentation/appstoreserverapi/generating-json-web-tokens-for-api-requests
"""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from vkpay_simulator import jws
from vkpay_simulator.jws import BadToken
from vkpay_simulator.providers.appleiap.errors import UNREADABLE


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


def read_token(text: str) -> Token:
    """A merchant's token, not yet verified. Raises :class:`BadToken`."""
    parts = jws.parts_of(text)
    try:
        header = msgspec.json.decode(parts.header, type=Header)
        claims = msgspec.json.decode(parts.claims, type=Claims)
    except UNREADABLE as error:
        raise BadToken(f"it cannot be read: {error}") from error
    return Token(header=header, claims=claims, signed=parts.signed, signature=parts.signature)


def holds(token: Token, key: ec.EllipticCurvePublicKey) -> bool:
    return jws.holds(token.signed, token.signature, key)
