"""API v2's keyed signature and its refund notification's cipher.

API v3 replaces v2 for everything this SDK does. Products that only v2 has (cash red packets, old contracts still in
force) can be called with these and any XML library: https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from vkpay_async.errors import InvalidArgument, NotificationInvalid, SignatureInvalid

SIGN_TYPES = ("MD5", "HMAC-SHA256")


def sign_v2(fields: Mapping[str, str], key: str, sign_type: str = "MD5") -> str:
    """The ``sign`` of a request, an answer or a client payload: upper-case hex.

    ``sign`` itself and empty fields do not count. Raises :class:`InvalidArgument` for another ``sign_type``.
    """
    members = sorted((name, value) for name, value in fields.items() if value and name != "sign")
    text = "&".join(f"{name}={value}" for name, value in [*members, ("key", key)]).encode()
    if sign_type == "MD5":
        return hashlib.md5(text, usedforsecurity=False).hexdigest().upper()
    if sign_type == "HMAC-SHA256":
        return hmac.new(key.encode(), text, hashlib.sha256).hexdigest().upper()
    raise InvalidArgument(f"sign_type {sign_type!r} is not API v2's: use {' or '.join(SIGN_TYPES)}")


def verify_v2(fields: Mapping[str, str], key: str, sign_type: str = "MD5") -> None:
    """Raises :class:`SignatureInvalid` unless ``fields["sign"]`` holds."""
    if not hmac.compare_digest(fields.get("sign", "").encode(), sign_v2(fields, key, sign_type).encode()):
        raise SignatureInvalid("the v2 signature does not hold: check the API v2 key and the sign type")


def open_refund_v2(req_info: str, key: str) -> str:
    """The XML text hidden in a v2 refund notification's ``req_info``. Raises :class:`NotificationInvalid`."""
    aes_key = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest().encode()
    decryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).decryptor()  # noqa: S305 - the provider's choice
    unpadder = PKCS7(128).unpadder()
    try:
        padded = decryptor.update(b64decode(req_info, validate=True)) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError as error:
        raise NotificationInvalid("req_info cannot be decrypted: check the API v2 key") from error
