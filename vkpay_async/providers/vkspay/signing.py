"""The MD5 signature, as the vendor's public example makes it: https://github.com/VksPay/VksPay"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import TypeAlias

from vkpay_async.errors import InvalidArgument, SignatureInvalid

Field: TypeAlias = str | int

_LARGEST = 2**53 - 1
"""Beyond it JavaScript, which reads the numbers, takes one for another."""


def text_of(name: str, value: object) -> Field | None:
    """A field as it is sent: ``None`` for what is left out. Raises :class:`InvalidArgument` for what has no certain text.

    The signature covers texts, and the receiver makes a number's text in JavaScript's way: ``10.0`` becomes ``10``.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    raise InvalidArgument(
        f"{name} must be a text or a whole number for VksPay, not {type(value).__name__}: write amounts as texts, such as "
        '"0.10"'
    )


def canonical_text(fields: Mapping[str, Field]) -> str:
    """``k=v&k=v`` of the bare values, names in ASCII order, without ``sign``."""
    return "&".join([f"{name}={fields[name]}" for name in sorted(fields) if name != "sign"])


def sign(fields: Mapping[str, Field], key: str) -> str:
    """32 hex digits in lower case."""
    text = f"{canonical_text(fields)}&key={key}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def verify(fields: Mapping[str, str], key: str) -> None:
    """Verifies a notification's ``sign``. Raises :class:`SignatureInvalid`."""
    if not hmac.compare_digest(sign(fields, key).encode(), fields.get("sign", "").encode()):
        raise SignatureInvalid("the notification's signature does not hold: it is not believed")


def nonce_from(seed: str) -> str:
    """8 digits from 1 to 9."""
    number, digits = int.from_bytes(seed.encode(), "big"), ""
    for _ in range(8):
        number, digit = divmod(number, 9)
        digits += str(digit + 1)
    return digits
