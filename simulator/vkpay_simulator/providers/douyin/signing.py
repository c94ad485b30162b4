"""What Douyin checks and makes: MD5 over values and salt, SHA-1 with the token, RSA over five lines or three."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from hashlib import md5, sha1
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

NOT_SIGNED = frozenset({"app_id", "thirdparty_id", "sign", "other_settle_params"})


def ecpay_text(fields: Mapping[str, Any], salt: str) -> str:
    """The values and the salt, sorted by their bytes; names play no part."""
    values = [text for name, value in fields.items() if name not in NOT_SIGNED and (text := _value(value))]
    return "&".join(sorted([*values, salt], key=_bytes))


def ecpay_sign(fields: Mapping[str, Any], salt: str) -> str:
    return md5(_bytes(ecpay_text(fields, salt))).hexdigest()


def accepted_signs(fields: Mapping[str, Any], salt: str) -> Iterator[str]:
    """What real clients send: some leave ``prod_id`` out."""
    yield ecpay_sign(fields, salt)
    if "prod_id" in fields:
        yield ecpay_sign({name: value for name, value in fields.items() if name != "prod_id"}, salt)


def notify_signature(token: str, timestamp: str, nonce: str, msg: str) -> str:
    return sha1("".join(sorted([token, timestamp, nonce, msg], key=str.encode)).encode()).hexdigest()


def request_text(method: str, uri: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    return f"{method}\n{uri}\n{timestamp}\n{nonce}\n".encode(errors="replace") + body + b"\n"


def callback_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def rsa_sign(key: rsa.RSAPrivateKey, text: bytes) -> str:
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def rsa_verified(key: rsa.RSAPublicKey, text: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def spoilt(signature: str) -> str:
    """Another text of the same length and alphabet."""
    return ("b" if signature[:1] == "a" else "a") + signature[1:]


def _bytes(text: str) -> bytes:
    """Also of what came in a query and is no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def _value(value: object) -> str:
    text = _shown(value).strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return "" if text == "null" else text


def _shown(value: object) -> str:
    """As Go prints it: the server signs what it decoded, and a posted object or list is none of JSON's forms then."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return "map[" + " ".join(f"{name}:{_shown(value[name])}" for name in sorted(value)) + "]"
        case list():
            return "[" + " ".join(map(_shown, value)) + "]"
    return str(value)
