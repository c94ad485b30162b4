"""What is signed, in both directions: https://opendocs.alipay.com/common/02mse3"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from vkpay_async.crypto.rsa import sign_sha1, sign_sha256, verify_sha1, verify_sha256
from vkpay_async.errors import SignatureInvalid

SignType: TypeAlias = Literal["RSA2", "RSA"]

_SIGN = {"RSA2": sign_sha256, "RSA": sign_sha1}
_VERIFY: dict[str, Callable[[RSAPublicKey, str | bytes, bytes], None]] = {
    "RSA2": verify_sha256,
    "RSA": verify_sha1,
}
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str | None)
_LEFT_OUT = ({b"sign_type", b"alipay_cert_sn"}, {b"alipay_cert_sn"}, {b"sign_type"}, set[bytes]())


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An answer's parts, uninterpreted: ``content`` is the exact text that was signed."""

    node: str
    content: bytes
    sign: str | None
    cert_sn: str | None


def canonical_text(params: Mapping[str, str]) -> str:
    """``k=v&k=v`` of the raw values, keys in ASCII order, empty values left out."""
    return "&".join([f"{key}={params[key]}" for key in sorted(params) if params[key]])


def sign_params(key: RSAPrivateKey, sign_type: SignType, params: Mapping[str, str]) -> str:
    """The ``sign`` of a request; unlike a notification's it covers ``sign_type``."""
    return _SIGN[sign_type](key, canonical_text(params).encode())


def open_envelope(body: bytes, method: str) -> Envelope:
    """Takes an answer to ``method`` apart. Raises ``ValueError`` or ``msgspec.MsgspecError`` for another shape.

    The decoder walks the JSON (strings, escapes, nested braces) and hands the value's bytes over as they stood, the
    quotes of an encrypted one included.
    """
    parts = _PARTS.decode(body)
    own = f"{method.replace('.', '_')}_response"
    node = own if own in parts else "error_response"
    if node not in parts:
        raise ValueError(f"the answer has neither {own} nor error_response")
    return _envelope(parts, node)


def open_result(text: str) -> Envelope:
    """The same for what a buyer's device hands over, whose method is not known. Raises as :func:`open_envelope`."""
    parts = _PARTS.decode(text)
    node = next((name for name in parts if name.endswith("response")), None)
    if node is None:
        raise ValueError("it has no member whose name ends in response")
    return _envelope(parts, node)


def _envelope(parts: Mapping[str, msgspec.Raw], node: str) -> Envelope:
    return Envelope(
        node=node,
        content=bytes(parts[node]),
        sign=_text(parts, "sign"),
        cert_sn=_text(parts, "alipay_cert_sn"),
    )


def verify_content(key: RSAPublicKey, sign_type: SignType, sign: str, content: bytes) -> None:
    """Raises :class:`SignatureInvalid`. Some answers are signed before ``/`` is escaped as ``\\/``."""
    try:
        _VERIFY[sign_type](key, sign, content)
    except SignatureInvalid:
        if rb"\/" not in content:
            raise
        _VERIFY[sign_type](key, sign, content.replace(rb"\/", b"/"))


def verify_fields(key: RSAPublicKey, sign_type: SignType, sign: bytes, fields: Mapping[bytes, bytes]) -> None:
    """Verifies a notification's ``fields``, in the bytes of its own charset, without ``sign``.

    Trade notifications leave ``sign_type`` out of the text, messages of the older kind keep it; ``alipay_cert_sn`` is
    no part of it where the sender adds one. Raises :class:`SignatureInvalid`.
    """
    for left_out in _LEFT_OUT if b"alipay_cert_sn" in fields else _LEFT_OUT[:2]:
        try:
            return _VERIFY[sign_type](key, sign, _canonical_bytes(fields, left_out))
        except SignatureInvalid:
            continue
    raise SignatureInvalid(
        "the notification's signature does not hold: check that alipay_public_key is Alipay's key for this app "
        "(not the app's own), and that the body reaches the SDK byte for byte"
    )


def _canonical_bytes(fields: Mapping[bytes, bytes], left_out: set[bytes]) -> bytes:
    return b"&".join(
        [key + b"=" + fields[key] for key in sorted(fields) if key not in left_out and fields[key]]
    )


def _text(parts: Mapping[str, msgspec.Raw], name: str) -> str | None:
    return _TEXT.decode(parts[name]) if name in parts else None
