"""Content encryption (接口内容加密): AES-128-CBC, PKCS #7 padding, an initialisation vector of zeros."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))


def encrypt(key: bytes, plain: bytes) -> str:
    padder = PKCS7(128).padder()
    encryptor = _cipher(key).encryptor()
    data = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return base64.b64encode(data).decode()


def decrypt(key: bytes, text: str) -> bytes:
    """Raises :class:`ValueError` when the text is not base64, not whole blocks, or was made with another key."""
    decryptor = _cipher(key).decryptor()
    data = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(data) + unpadder.finalize()
