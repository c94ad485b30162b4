"""What is kept in a database and must not be read by whoever gets a copy of it: AES-256-GCM."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vkpay_async.errors import ConfigError

KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """Encrypts under the newest of several keys, and reads what any of them encrypted.

    ``about`` (a merchant's pid, a token's name) is bound to the text: a row copied over another's cannot be read.
    """

    __slots__ = ("_ciphers", "key_id")

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Keys of 32 bytes, the newest first."""
        self._ciphers = {key_id_of(key): AESGCM(key) for key in keys}
        self.key_id = key_id_of(keys[0])

    def seal(self, plain: bytes, about: str) -> bytes:
        """Nonce ‖ ciphertext ‖ tag, under the key ``key_id``."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers[self.key_id].encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str, key_id: str) -> bytes:
        """The plain bytes. Raises :class:`ConfigError`."""
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise ConfigError(
                f"{about!r} was encrypted under the key {key_id}, which VKPAY_CONFIG_KEY has not (it has "
                f"{', '.join(self._ciphers)}); add that key behind the newest, separated by a comma"
            )
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise ConfigError(
                f"{about!r} cannot be decrypted: its row was changed or moved; write it anew"
            ) from error

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._ciphers)})"


def key_id_of(key: bytes) -> str:
    """16 hex digits that name a key and do not tell it."""
    return hashlib.sha256(b"vkpay config key" + key).hexdigest()[:16]
