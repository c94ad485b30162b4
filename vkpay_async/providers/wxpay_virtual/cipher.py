"""The cipher of message push: AES-256-CBC over 16 random bytes, a length, the message and the app id.

https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vkpay_async.errors import NotificationInvalid

KEY_CHARACTERS = 43
RANDOM_BYTES = 16
_BLOCK = 32  # of the padding; the cipher's own is 16
_LENGTH_END = RANDOM_BYTES + 4


class PushCipher:
    """Opens and seals messages under one EncodingAESKey. Raises ``ValueError`` for one that is not 43 characters of base64."""

    __slots__ = ("_appid", "_cipher")

    def __init__(self, encoding_aes_key: str, appid: str) -> None:
        if len(encoding_aes_key) != KEY_CHARACTERS:
            raise ValueError(
                f"has {len(encoding_aes_key)} characters, an EncodingAESKey has {KEY_CHARACTERS}"
            )
        key = b64decode(encoding_aes_key + "=", validate=True)
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._appid = appid.encode()

    def open(self, encrypted: str) -> bytes:
        """The message. Raises :class:`NotificationInvalid`, also for one that is for another app."""
        framed = self._unpadded(encrypted)
        end = _LENGTH_END + int.from_bytes(framed[RANDOM_BYTES:_LENGTH_END])
        if len(framed) < _LENGTH_END or end > len(framed):
            raise NotificationInvalid(_UNREADABLE)
        if framed[end:] != self._appid:
            raise NotificationInvalid(
                "an encrypted push for another app: check app_id, and that the push address is this mini program's"
            )
        return framed[_LENGTH_END:end]

    def seal(self, random: bytes, message: bytes) -> str:
        """The message encrypted; ``random`` are 16 fresh bytes."""
        framed = random + len(message).to_bytes(4) + message + self._appid
        pad = _BLOCK - len(framed) % _BLOCK
        encryptor = self._cipher.encryptor()
        return b64encode(encryptor.update(framed + bytes([pad]) * pad) + encryptor.finalize()).decode("ascii")

    def _unpadded(self, encrypted: str) -> bytes:
        try:
            decryptor = self._cipher.decryptor()
            padded = decryptor.update(b64decode(encrypted, validate=True)) + decryptor.finalize()
        except ValueError as error:
            raise NotificationInvalid(_UNREADABLE) from error
        if not padded or not 1 <= padded[-1] <= _BLOCK:
            raise NotificationInvalid(_UNREADABLE)
        return padded[: -padded[-1]]


_UNREADABLE = (
    "the push cannot be decrypted: check that encoding_aes_key is the mini program's current EncodingAESKey"
)
