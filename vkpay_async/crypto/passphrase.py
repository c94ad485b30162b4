"""Texts under a passphrase, in the two modes of vk-uni-pay's ``crypto.aes``. They hide a text; that it was not changed they do
not tell.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

AesMode: TypeAlias = Literal["aes192", "aes-256-ecb"]
AesCipher: TypeAlias = Cipher[modes.CBC] | Cipher[modes.ECB]

_BLOCK_BITS = 128
_AES192_KEY, _IV = 24, 16
_AES256_KEY = 32


class PassphraseCipher:
    """One passphrase in one mode: ``aes192`` writes hex, ``aes-256-ecb`` base64."""

    __slots__ = ("_cipher", "_mode")

    def __init__(self, passphrase: str, mode: AesMode) -> None:
        """Raises ``ValueError`` for a passphrase that the mode cannot use."""
        self._mode = _MODES[mode]
        self._cipher = self._mode.cipher(passphrase)

    def encrypt(self, text: str) -> str:
        padder = PKCS7(_BLOCK_BITS).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        encryptor = self._cipher.encryptor()
        return self._mode.written(encryptor.update(padded) + encryptor.finalize())

    def decrypt(self, text: str) -> str:
        """Raises ``ValueError`` where the text was not encrypted so; one in some thousands comes out as another text."""
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(self._mode.read(text)) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()


class _Mode(NamedTuple):
    """How a passphrase becomes a cipher, and bytes a text."""

    cipher: Callable[[str], AesCipher]
    written: Callable[[bytes], str]
    read: Callable[[str], bytes]


def _aes192(passphrase: str) -> AesCipher:
    """Key and IV as OpenSSL's EVP_BytesToKey has them, without salt: https://docs.openssl.org/3.0/man3/EVP_BytesToKey/"""
    material = digest = b""
    while len(material) < _AES192_KEY + _IV:
        digest = hashlib.md5(digest + passphrase.encode(), usedforsecurity=False).digest()
        material += digest
    key, iv = material[:_AES192_KEY], material[_AES192_KEY : _AES192_KEY + _IV]
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def _aes256_ecb(passphrase: str) -> AesCipher:
    key = passphrase[:_AES256_KEY].encode()
    if len(key) != _AES256_KEY:
        raise ValueError(
            f"its first {_AES256_KEY} characters are {len(key)} bytes and have to be {_AES256_KEY}: take a longer one, in ASCII"
        )
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - what the other side speaks


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


_MODES: dict[AesMode, _Mode] = {
    "aes192": _Mode(_aes192, bytes.hex, bytes.fromhex),
    "aes-256-ecb": _Mode(_aes256_ecb, _to_base64, _from_base64),
}
