"""Signatures and the cipher as WeChat makes and checks them."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CLIENT_URI = "requestVirtualPayment"
BLOCK = 32
SEED_BYTES = 16


def pay_sig(app_key: str, uri: str, body: bytes) -> str:
    """支付签名. ``uri`` is the path of a server call, or ``requestVirtualPayment`` for the client's."""
    return _hmac(app_key, uri.encode() + b"&" + body)


def user_signature(session_key: str, body: bytes) -> str:
    """用户态签名. The session_key is text, however much it looks like base64."""
    return _hmac(session_key, body)


def push_signature(*parts: str) -> str:
    """What vouches for a push: Token, timestamp, nonce, and the cipher text where there is one."""
    return sha1("".join(sorted(parts)).encode()).hexdigest()


def seal(aes_key: str, appid: str, seed: bytes, plain: bytes) -> str:
    """A push encrypted: base64 of ``seed`` (16 bytes), length, message and appid, padded to blocks of 32 bytes."""
    framed = seed + len(plain).to_bytes(4) + plain + appid.encode()
    pad = BLOCK - len(framed) % BLOCK
    encryptor = _cipher(aes_key).encryptor()
    return b64encode(encryptor.update(framed + bytes([pad]) * pad) + encryptor.finalize()).decode()


def unseal(aes_key: str, appid: str, text: str) -> bytes:
    """The message of an encrypted reply. Raises ``ValueError`` for whatever was not made with this key and appid."""
    decryptor = _cipher(aes_key).decryptor()
    padded = decryptor.update(b64decode(text, validate=True)) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= BLOCK:
        raise ValueError("the padding is not one to 32 bytes")
    framed = padded[: -padded[-1]]
    end = SEED_BYTES + 4 + int.from_bytes(framed[SEED_BYTES : SEED_BYTES + 4])
    if framed[end:] != appid.encode():
        raise ValueError("the appid at the end is another one")
    return framed[SEED_BYTES + 4 : end]


def _hmac(key: str, message: bytes) -> str:
    return hmac.new(key.encode(), message, sha256).hexdigest()


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
