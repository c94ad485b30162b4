"""``vkpay config show``: what the application works with, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import typer
from rich.text import Text

from vkpay_async.cli.source import ConfigPath, load_config, shown_url
from vkpay_async.cli.terminal import AsJson, errors_said, open_console, print_json, printable
from vkpay_async.config import Config, Material, Merchant, Node, Secret

settings = typer.Typer(name="config", help="The configuration.", no_args_is_help=True)

MASK = "***"


@settings.callback()
def _root() -> None:
    """The configuration."""


@settings.command("show")
def show(config: ConfigPath = None, as_json: AsJson = False) -> None:
    """Every setting with its default, as the application sees it; secrets and keys are ***."""
    with errors_said(as_json):
        tables = masked(load_config(config))
    if as_json:
        print_json(tables)
    else:
        open_console().print(Text(printable(toml_text(tables))), soft_wrap=True)


def masked(config: Config) -> dict[str, Any]:
    """The layout of ``vkpay.toml``, in JSON's types."""
    whole = _fields(config, "source", "merchants", "database")
    if config.database:
        whole["database"] = shown_url(config.database.reveal())
    return {**whole, "merchants": {pid: masked_merchant(one) for pid, one in config.merchants.items()}}


def masked_merchant(merchant: Merchant) -> dict[str, Any]:
    """What stands under ``merchants.<pid>``."""
    tables = _fields(merchant, "pid", "nodes")
    for (provider, platform), node in merchant.nodes.items():
        if platform:
            tables.setdefault(provider, {})[platform] = _node(node)
        else:
            tables[provider] = _node(node)
    return tables


def _node(node: Node) -> dict[str, Any]:
    return {**_fields(node, "where", "pid", "platform"), "base_url": node.address}


def _fields(struct: msgspec.Struct, *left_out: str) -> dict[str, Any]:
    """What is set, or has a default. A key in a file is its path."""
    fields = msgspec.structs.asdict(struct)
    return {
        f"{name}_path" if isinstance(value, Material) and value.path else name: _plain(value)
        for name, value in fields.items()
        if name not in left_out and value is not None and value != [] and value != {}
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Material) and value.path:
        return str(value.path)
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return _fields(value) if isinstance(value, msgspec.Struct) else value


def toml_text(tables: Mapping[str, Any]) -> str:
    return "\n".join(_toml(tables))


def _toml(tables: Mapping[str, Any], name: str = "") -> Iterator[str]:
    inner = {key: value for key, value in tables.items() if isinstance(value, dict)}
    if name and len(inner) < len(tables):
        yield f"\n[{name}]"
    for key, value in tables.items():
        if key not in inner:
            yield f"{key} = {msgspec.json.encode(value).decode()}"
    for key, value in inner.items():
        yield from _toml(value, f"{name}.{key}" if name else key)
