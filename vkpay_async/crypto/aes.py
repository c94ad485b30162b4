"""AES-GCM (WeChat Pay's notifications and certificates) and AES-CBC (Alipay's content encryption)."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from vkpay_async.errors import NotificationInvalid


class Gcm:
    """AES-GCM under one kept key: making the cipher anew costs more than a decryption."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def decrypt(self, *, nonce: str, associated_data: str, ciphertext: bytes) -> bytes:
        """The plain bytes of ciphertext ‖ tag. Raises :class:`NotificationInvalid`."""
        try:
            return self._cipher.decrypt(nonce.encode(), ciphertext, associated_data.encode())
        except (InvalidTag, ValueError) as error:
            raise NotificationInvalid(
                "the content cannot be decrypted: check that the key in the config is the merchant's current one"
            ) from error


class Cbc:
    """AES-CBC with PKCS #7 padding and an IV of zeros, as Alipay's 接口内容加密 does it. The key is base64."""

    __slots__ = ("_cipher",)

    def __init__(self, key: str) -> None:
        raw = base64.b64decode(key, validate=True)
        self._cipher = Cipher(algorithms.AES(raw), modes.CBC(bytes(16)))

    def encrypt(self, text: str) -> str:
        padder = PKCS7(128).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")

    def decrypt(self, ciphertext: str) -> bytes:
        """The plain bytes. Raises ``ValueError`` when key or text are wrong."""
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(base64.b64decode(ciphertext, validate=True)) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
