"""RSA signatures and OAEP over loaded keys. ``verify_`` returns nothing or raises."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from vkpay_async.errors import SignatureInvalid

_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_SHA1 = hashes.SHA1()
_PSS = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=32)
_OAEP = padding.OAEP(mgf=padding.MGF1(algorithm=hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


def sign_sha256(key: RSAPrivateKey, message: bytes) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-256, as base64 on one line."""
    return binascii.b2a_base64(key.sign(message, _PKCS1, _SHA256), newline=False).decode("ascii")


def sign_sha1(key: RSAPrivateKey, message: bytes) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-1, as base64: Alipay's old ``RSA`` sign type."""
    return base64.b64encode(key.sign(message, _PKCS1, _SHA1)).decode("ascii")


def sign_pss(key: RSAPrivateKey, message: bytes) -> str:
    """RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt, as base64: another one each time."""
    return base64.b64encode(key.sign(message, _PSS, _SHA256)).decode("ascii")


def verify_sha256(key: RSAPublicKey, signature: str | bytes, message: bytes) -> None:
    """Raises :class:`SignatureInvalid` unless the base64 ``signature`` over ``message`` holds."""
    _verify(key, signature, message, _SHA256)


def verify_sha1(key: RSAPublicKey, signature: str | bytes, message: bytes) -> None:
    """As :func:`verify_sha256`, with SHA-1."""
    _verify(key, signature, message, _SHA1)


def encrypt_oaep(key: RSAPublicKey, text: str) -> str:
    """RSA-OAEP with SHA-1 of a UTF-8 text, as base64. Raises ``ValueError`` above 214 bytes (RSA-2048)."""
    return base64.b64encode(key.encrypt(text.encode(), _OAEP)).decode("ascii")


def decrypt_oaep(key: RSAPrivateKey, ciphertext: str) -> str:
    """The text that :func:`encrypt_oaep` hid. Raises ``ValueError`` when it was meant for another key."""
    return key.decrypt(base64.b64decode(ciphertext), _OAEP).decode()


def _verify(
    key: RSAPublicKey, signature: str | bytes, message: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    try:
        key.verify(binascii.a2b_base64(signature, strict_mode=True), message, _PKCS1, algorithm)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise SignatureInvalid("the signature does not hold") from error
