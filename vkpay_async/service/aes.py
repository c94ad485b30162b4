"""``pay.aes``: texts that a cloud function of vk-uni-pay, or a Java or PHP program, encrypted or is to decrypt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_async.config import Config, Secret
from vkpay_async.errors import ConfigError, InvalidArgument

if TYPE_CHECKING:
    from vkpay_async.crypto.passphrase import AesMode, PassphraseCipher

_MODES = ("aes192", "aes-256-ecb")


class Aes:
    """vk-uni-pay's ``crypto.aes``. It hides a text from readers; whether somebody has changed it, it does not tell.

    ``mode`` is ``aes192`` (hex, Node's ``createCipher('aes192', key)``) or ``aes-256-ecb`` (base64, the first 32
    characters of the key). ``key`` is by default the ``notify_key`` of the config, or of the merchant ``pid``.
    """

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config

    def encrypt(
        self,
        data: Any,
        key: str | Secret | None = None,
        mode: AesMode = "aes192",
        *,
        pid: str | None = None,
    ) -> str:
        """The text that hides ``data``: a text as it is, anything else as JSON.

        Raises :class:`InvalidArgument`, and :class:`ConfigError` where there is no key.
        """
        cipher = self._cipher(key, mode, pid)
        try:
            text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
            return cipher.encrypt(text)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidArgument(f"data must be a text or plain JSON: {error}") from error

    def decrypt(
        self,
        data: str,
        key: str | Secret | None = None,
        mode: AesMode = "aes192",
        *,
        pid: str | None = None,
    ) -> Any:
        """What ``data`` hides: the value where it is JSON, as the text ``123`` is, else the text.

        Raises :class:`InvalidArgument` (解密失败), and :class:`ConfigError` where there is no key.
        """
        cipher = self._cipher(key, mode, pid)
        if not isinstance(data, str):
            raise InvalidArgument(f"解密失败: data must be the encrypted text, not {type(data).__name__}")
        try:
            return _value(cipher.decrypt(data))
        except ValueError:
            # What it says may hold what was hidden.
            raise InvalidArgument(
                f"解密失败: this is no text that was encrypted by {mode} under this key: check that both sides have the same "
                "key (notify_key unless one is given) and mode, and that the text came whole and unchanged"
            ) from None

    def _cipher(self, key: str | Secret | None, mode: AesMode, pid: str | None) -> PassphraseCipher:
        from vkpay_async.crypto.passphrase import PassphraseCipher

        if mode not in _MODES:
            raise InvalidArgument(f"mode must be {' or '.join(_MODES)}, not {mode!r}")
        try:
            return PassphraseCipher(_text(self._notify_key(pid) if key is None else key), mode)
        except UnicodeEncodeError as error:
            raise InvalidArgument("key holds half a character, which no key can have") from error
        except ValueError as error:
            raise InvalidArgument(f"key cannot be used for {mode}: {error}") from error

    def _notify_key(self, pid: str | None) -> Secret:
        config = self._config()
        own = None if pid is None else config.merchant(pid).notify_key
        found = own or config.notify_key
        if not found:
            raise ConfigError(
                f"{config.source}: notify_key is not set: set it to a random text of 64 characters or more, the same on "
                "both sides, or pass key"
            )
        return found


def _text(key: str | Secret) -> str:
    text = key.reveal() if isinstance(key, Secret) else key
    if not isinstance(text, str) or not text:
        raise ValueError("it must be a non-empty string; leave it out to use notify_key")
    return text


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
