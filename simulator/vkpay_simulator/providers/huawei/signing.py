"""What is signed, as the gateway builds it from what came in, and the signatures of both directions."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from vkpay_simulator.providers.huawei.sm2 import PrivateKey, PublicKey

SALT_BYTES = 32
DEEPEST = 32
SIGN, HEADER_SIGN = "sign", "headerSign"

_SHA256 = hashes.SHA256()
_PSS = padding.PSS(padding.MGF1(_SHA256), SALT_BYTES)

MerchantKey = RSAPublicKey | PublicKey


class Number(str):
    """A JSON number in the digits that were sent: ``2`` and ``2.0`` are signed differently."""

    __slots__ = ()


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object with its numbers as :class:`Number`. Raises :class:`ValueError`."""
    try:
        value = json.loads(body, parse_int=Number, parse_float=Number, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    if _too_deep(value):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


def sign_string(value: Any, leave_out: str = SIGN) -> bytes:
    """The text that a signature is about; ``leave_out`` is the field that holds the signature."""
    if isinstance(value, dict):
        value = {name: member for name, member in value.items() if name != leave_out}
    return _text(value).encode(errors="surrogatepass")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "&".join(f"{name}={_text(value[name])}" for name in sorted(value) if value[name] is not None)
    if isinstance(value, (list, tuple)):
        return ",".join(_text(member) for member in value if member is not None)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def verifies(key: MerchantKey, message: bytes, signature: str) -> bool:
    """Whether a merchant's base64 signature holds: RSA-PSS with 32 bytes of salt, or SM2 as DER."""
    try:
        raw = b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    if isinstance(key, PublicKey):
        return key.verifies(message, raw)
    try:
        key.verify(raw, message, _PSS, _SHA256)
    except InvalidSignature:
        return False
    return True


def sign(key: PrivateKey, message: bytes, k: int) -> str:
    return b64encode(key.sign(message, k)).decode()


def spoilt(signature: str) -> str:
    """A signature of the right form that does not hold: one bit of ``s`` is another."""
    raw = bytearray(b64decode(signature))
    raw[-1] ^= 1
    return b64encode(raw).decode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent)]
    return bool(level)


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
