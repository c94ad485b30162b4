"""Merchants from a file: our TOML or JSON, vk-uni-pay's config as JSON, or exported rows of ``vk-pay-config``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from vkpay_async.config import Merchant, config_from_dict, config_from_file
from vkpay_async.config.export import merchant_from_settings, settings_of
from vkpay_async.errors import ConfigError


def read_merchants(path: Path, pid: str | None) -> list[Merchant]:
    """``pid`` renames the only one. Raises :class:`ConfigError` naming file, node and key."""
    found = _toml(path) if path.suffix == ".toml" else list(_json(path, pid))
    if not found:
        raise ConfigError(f"{path}: no merchant in it: no wxpay or alipay table, and no merchants")
    if pid is None:
        return found
    if len(found) > 1:
        names = ", ".join(merchant.pid for merchant in found)
        raise ConfigError(f"{path}: --pid names one merchant, and there are {len(found)}: {names}")
    return [merchant_from_settings(pid, settings_of(found[0]), source=str(path))]


def _toml(path: Path) -> list[Merchant]:
    return list(config_from_file(path).merchants.values())


def _json(path: Path, pid: str | None) -> Iterator[Merchant]:
    for value in _objects(path):
        name = value.get("_id", value.get("pid"))
        if name is None:
            yield from config_from_dict(value, source=str(path), directory=path.parent).merchants.values()
            continue
        name = pid or name
        if not isinstance(name, str):
            raise ConfigError(f"{path}: _id is not a text; say with --pid what the merchant is to be called")
        config = config_from_dict({"merchants": {name: value}}, source=str(path), directory=path.parent)
        yield config.merchants[name]


def _objects(path: Path) -> list[Mapping[str, Any]]:
    """One object, a list of them, or one a line, as uniCloud exports them."""
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    values = _decoded(text, path)
    if not all(isinstance(value, dict) for value in values):
        raise ConfigError(f"{path}: expected a JSON object, a list of objects, or one a line")
    return values


def _decoded(text: bytes, path: Path) -> list[Any]:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        try:
            return _lines(text)
        except msgspec.DecodeError as error:
            raise ConfigError(
                f"{path}: cannot be read as JSON: {error}; a config.js is exported with "
                "node -p 'JSON.stringify(require(\"./config.js\"))'"
            ) from None
    return value if isinstance(value, list) else [value]


def _lines(text: bytes) -> list[Any]:
    return [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]
