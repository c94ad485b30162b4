"""What is signed, by whom, and the PayMercAuth header.

https://developer.huawei.com/consumer/cn/doc/harmonyos-references/payment-rest-overview
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vkpay_async.crypto.rsa import sign_pss
from vkpay_async.crypto.sm2 import Sm2PublicKey
from vkpay_async.errors import NotificationInvalid, SignatureInvalid
from vkpay_async.providers.base import Env
from vkpay_async.providers.huawei.models import UNREADABLE

SIGN = "sign"
DEEPEST = 64


class Signer(Protocol):
    """A private key that signs texts, in base64."""

    def sign(self, message: bytes) -> str: ...


class RsaSigner:
    """RSA-PSS, for merchants whose certificate is of RSA."""

    __slots__ = ("_key",)

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    def sign(self, message: bytes) -> str:
        return sign_pss(self._key, message)


def sign_string(fields: Mapping[str, Any], *, without: str = SIGN) -> str:
    """The text that a signature is about: ``name=value`` sorted by name and joined with ``&``, at every level.

    What is null is left out, and so is the field of the signature itself. Numbers have to be in the digits that are sent,
    which :func:`parse` keeps.
    """
    return _text({name: value for name, value in fields.items() if name != without})


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object whose numbers are texts, so that they are signed as they stood.

    Raises :class:`NotificationInvalid` for what is no such object, or nested more than 64 deep.
    """
    try:
        msgspec.json.decode(body, type=dict[str, Any])  # the stricter reader, which has no NaN
        fields: dict[str, Any] = json.loads(body.decode(), parse_int=str, parse_float=str)
    except (*UNREADABLE, ValueError) as error:
        raise NotificationInvalid(f"not a JSON object: {error}") from error
    if _deeper(fields, DEEPEST):
        raise NotificationInvalid(f"a JSON object nested more than {DEEPEST} deep")
    return fields


class PlatformKeys:
    """Huawei Pay's public keys: any of them may sign, so that it can change over to another."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[Sm2PublicKey]) -> None:
        self._keys = tuple(keys)

    def verify(self, fields: Mapping[str, Any]) -> None:
        """Raises :class:`SignatureInvalid` unless ``sign`` holds over the other fields."""
        signature = fields.get(SIGN)
        if not isinstance(signature, str) or not signature:
            raise SignatureInvalid("there is no signature (sign)")
        message = sign_string(fields).encode()
        for key in self._keys[:-1]:
            try:
                return key.verify(signature, message)
            except SignatureInvalid:
                continue
        return self._keys[-1].verify(signature, message)


class MerchantKey:
    """The merchant's private key, and the names under which its signatures are known."""

    __slots__ = ("_signer", "auth_id", "merc_no")

    def __init__(self, *, merc_no: str, auth_id: str, signer: Signer) -> None:
        self.merc_no = merc_no
        self.auth_id = auth_id
        self._signer = signer

    def pay_merc_auth(self, text: str, env: Env) -> str:
        """The header of a request whose body, or path and query, have this text."""
        members = {
            "callerId": self.merc_no,
            "traceId": env.nonce(),
            "time": env.now_ms(),
            "authId": self.auth_id,
            "bodySign": self._signer.sign(text.encode()),
        }
        header_sign = self._signer.sign(_text(members).encode())
        return msgspec.json.encode({**members, "headerSign": header_sign}).decode()

    def order_string(self, *, app_id: str, prepay_id: str, sandbox: bool, env: Env) -> str:
        """What the front end hands to ``requestPayment``: JSON in which everything is a text."""
        members = {
            "app_id": app_id,
            "merc_no": self.merc_no,
            "prepay_id": prepay_id,
            "timestamp": str(env.now_ms()),
            "noncestr": env.nonce(),
            "auth_id": self.auth_id,
            **({"reserved": '{"sandbox_flag":true}'} if sandbox else {}),
        }
        signature = self._signer.sign(_text(members).encode())
        return msgspec.json.encode({**members, SIGN: signature}).decode()


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "&".join(f"{name}={_text(value[name])}" for name in sorted(value) if value[name] is not None)
    if isinstance(value, (list, tuple)):
        return ",".join(_text(member) for member in value if member is not None)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [child for parent in level for child in _children(parent)]
    return bool(level)


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
