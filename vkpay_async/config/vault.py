"""The key of what is encrypted in the database, from the environment."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping

from vkpay_async.crypto.vault import KEY_BYTES, Vault
from vkpay_async.errors import ConfigError

VARIABLE = "VKPAY_CONFIG_KEY"
_HOW = "make one with: vkpay config key"


def vault_from_env(environ: Mapping[str, str] | None = None) -> Vault | None:
    """``None`` where ``VKPAY_CONFIG_KEY`` is not set. Raises :class:`ConfigError`."""
    value = (os.environ if environ is None else environ).get(VARIABLE, "")
    return vault_from_text(value) if value.strip() else None


def vault_from_text(value: str) -> Vault:
    """Keys of 32 bytes in base64 or hex, separated by commas, the newest first. Raises :class:`ConfigError`."""
    parts = [part.strip() for part in value.split(",")]
    return Vault([_key(part, f"key {at} of {len(parts)}") for at, part in enumerate(parts, start=1)])


def required(vault: Vault | None) -> Vault:
    """Raises :class:`ConfigError` where there is no key."""
    if vault is None:
        raise ConfigError(
            f"{VARIABLE} is not set, and the merchants in the database are encrypted: set it to the key they were "
            f"written with, the same in every process; for the first one, {_HOW}"
        )
    return vault


def new_key() -> str:
    """A fresh key in base64."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _key(text: str, which: str) -> bytes:
    key = _from_hex(text) if len(text) == 2 * KEY_BYTES else _from_base64(text)
    if key is None or len(key) != KEY_BYTES:
        raise ConfigError(f"{VARIABLE}: {which} is not {KEY_BYTES} bytes in base64 or hex; {_HOW}")
    return key


def _from_hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _from_base64(text: str) -> bytes | None:
    """Also with ``-_``, and without the padding."""
    standard = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
