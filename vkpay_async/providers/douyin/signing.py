"""What is signed, in both directions.

Guaranteed payment: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/ecpay/TE.
Trade system: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/signature-algorithm
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from hashlib import md5, sha1, sha256

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from vkpay_async.crypto.rsa import sign_sha256, verify_sha256
from vkpay_async.errors import SignatureInvalid

NOT_SIGNED = frozenset({"app_id", "thirdparty_id", "sign", "other_settle_params"})
SCHEME = "SHA256-RSA2048"
REQUEST_ORDER = "/requestOrder"

_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_NONCE = re.compile(r"[0-9A-Za-z]{0,32}", re.ASCII)


def ecpay_text(fields: Mapping[str, str | int], salt: str) -> str:
    """Values and salt, sorted by their bytes and joined with ``&``. The number 0 counts, what is empty does not."""
    values = [
        value for name, given in fields.items() if name not in NOT_SIGNED and (value := _signed(str(given)))
    ]
    return "&".join(sorted([*values, salt], key=str.encode))


def sign_ecpay(fields: Mapping[str, str | int], salt: str) -> str:
    """The ``sign`` of a call of guaranteed payment."""
    return md5(ecpay_text(fields, salt).encode(), usedforsecurity=False).hexdigest()


def verify_message(tokens: Iterable[str], *, timestamp: str, nonce: str, msg: str, signature: str) -> None:
    """Raises :class:`SignatureInvalid` unless one of the tokens made the signature of a notification.

    The signed text is the four values in a row, without anything between them: a timestamp or a nonce of another shape
    could be a piece of another message, and is refused.
    """
    if not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise SignatureInvalid(
            "timestamp or nonce of the notification have not the shape of Douyin's: refuse it"
        )
    for token in tokens:
        text = "".join(sorted([token, timestamp, nonce, msg], key=str.encode))
        made = sha1(text.encode(), usedforsecurity=False).hexdigest()
        if hmac.compare_digest(made.encode(), signature.encode(errors="replace")):
            return
    raise SignatureInvalid(
        "the notification's signature does not hold: check token against the console's (支付设置), and put a token "
        "that was changed there into former_tokens"
    )


def request_text(method: str, uri: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """Five lines, each with its line feed; an empty body has its line as well."""
    return f"{method}\n{uri}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def callback_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def told_id(signed: bytes) -> str:
    """The same for every attempt at the same news. Douyin's own numbers are not signed: whoever replays may change them."""
    return sha256(signed).hexdigest()


def order_authorization(
    key: RSAPrivateKey, *, app_id: str, key_version: str, timestamp: str, nonce: str, data: str
) -> str:
    """``byteAuthorization`` of ``tt.requestOrder``, over the very text that the client hands over as ``data``.

    Its values stand without quotes, unlike in the header of the same scheme.
    """
    signature = sign_sha256(key, request_text("POST", REQUEST_ORDER, timestamp, nonce, data.encode()))
    return (
        f"{SCHEME} appid={app_id},nonce_str={nonce},timestamp={timestamp},key_version={key_version},"
        f"signature={signature}"
    )


def verify_callback(key: RSAPublicKey, headers: Mapping[str, str], body: bytes) -> None:
    """Verifies a notification of the trade system over its raw body. Raises :class:`SignatureInvalid`."""
    try:
        timestamp, nonce = headers["byte-timestamp"], headers["byte-nonce-str"]
        signature = headers["byte-signature"]
    except KeyError as missing:
        raise SignatureInvalid(f"the notification has no header {missing}: refuse it") from None
    try:
        text = callback_text(timestamp, nonce, body)
    except UnicodeEncodeError as error:
        raise SignatureInvalid("a header of the notification is no text: refuse it") from error
    try:
        verify_sha256(key, signature.encode(errors="replace"), text)
    except SignatureInvalid as error:
        raise SignatureInvalid(
            "the notification's signature does not hold: check douyin_public_key, which is the platform's key that the "
            "console shows for this app (not the app's own)"
        ) from error


def _signed(text: str) -> str:
    """As the server takes it: without blanks, and without one pair of quotes around it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return "" if text == "null" else text
