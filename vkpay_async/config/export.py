"""A merchant's settings as the config reads them, with keys and certificates in place of their files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.config.load import config_from_dict
from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Secret
from vkpay_async.config.settings import Merchant
from vkpay_async.errors import ConfigError


def settings_of(merchant: Merchant) -> dict[str, Any]:
    """JSON's types, secrets in the clear. Raises :class:`ConfigError` for a file that cannot be read."""
    settings = _revealed(merchant, f"merchants.{merchant.pid}", "pid", "nodes")
    for (provider, platform), node in merchant.nodes.items():
        if platform:
            settings.setdefault(provider, {})[platform] = _node(node)
        else:
            settings[provider] = _node(node)
    return settings


def merchant_from_settings(pid: str, settings: Mapping[str, Any], *, source: str) -> Merchant:
    """The other way. Raises :class:`ConfigError` naming source, node and key."""
    config = config_from_dict({"merchants": {pid: settings}}, source=source)
    return config.merchants[pid]


def _node(node: Node) -> dict[str, Any]:
    return _revealed(node, node.where, "where", "pid", "platform")


def _revealed(struct: msgspec.Struct, where: str, *left_out: str) -> dict[str, Any]:
    return {
        name: _plain(value, f"{where}: {name}")
        for name, value in msgspec.structs.asdict(struct).items()
        if name not in left_out and value is not None and value != [] and value != {}
    }


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Secret):
        try:
            return value.reveal()
        except OSError as error:
            raise ConfigError(f"{where} cannot be read: {error.strerror}: {error.filename}") from error
    if isinstance(value, Mapping):
        return {name: _plain(one, where) for name, one in value.items()}
    return [_plain(one, where) for one in value] if isinstance(value, list) else value
