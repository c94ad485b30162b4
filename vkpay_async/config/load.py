"""From TOML, a dict or the environment to a :class:`Config`."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material
from vkpay_async.config.settings import Config, HttpSettings, Merchant
from vkpay_async.errors import ConfigError
from vkpay_async.registry import REGISTRY, about

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MATERIAL_ENDINGS = ("_path_content", "_content", "_path")
_TEXT_KEYS = frozenset(
    {
        "app_id",
        "mch_id",
        "mch_auth_id",
        "offer_id",
        "sub_app_id",
        "sub_mch_id",
        "serial_no",
        "platform_serial_no",
    }
)
_ROW_KEYS = frozenset({"_id", "pid", "name", "kind", "_add_time", "_add_time_str"})
_RENAMED = {"aes_key": "encrypt_key", "encoding_aeskey": "encoding_aes_key", "merchant_id": "mch_id"}
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_ENV_PREFIX = "VKPAY_"
_NO_SETTINGS = ("VKPAY_SIM_", "VKPAY_CONFIG_KEY")


def config_from_file(path: str | Path) -> Config:
    """Reads a TOML file; relative paths in it are relative to it. Raises :class:`ConfigError`."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; write one, or let the simulator: vkpay-sim up --config-out {path.name}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read as TOML: save it in UTF-8") from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    return config_from_dict(data, source=str(path), directory=path.parent)


def config_from_env(environ: Mapping[str, str] | None = None) -> Config:
    """Reads ``VKPAY_NOTIFY_URL``, ``VKPAY_WXPAY__MP_WEIXIN__APP_ID``, ``VKPAY_MERCHANTS__SHOP7__ALIPAY__H5__…``.

    Levels are separated by two underscores; ``MP_WEIXIN`` is the node ``mp-weixin``, ``WXPAY_VIRTUAL`` the provider
    ``wxpay-virtual``. Pids are in lower case.
    """
    data: dict[str, Any] = {}
    for name, value in (os.environ if environ is None else environ).items():
        if name.startswith(_ENV_PREFIX) and not name.startswith(_NO_SETTINGS):
            _put(data, name.removeprefix(_ENV_PREFIX).lower().split("__"), value)
    return config_from_dict(data, source="environment")


def config_from_dict(
    data: Mapping[str, Any], *, source: str = "config", directory: Path | None = None
) -> Config:
    """Takes the shape of the TOML file, or of a vk-uni-pay config, or a ``vk-pay-config`` row.

    Provider nodes at the top level are the merchant ``default``; others stand under ``merchants.<pid>``.
    Raises :class:`ConfigError` naming source, node and key.
    """
    return _Loader(source, directory or Path()).config(data)


class _Loader:
    def __init__(self, source: str, directory: Path) -> None:
        self.source = source
        self.directory = directory

    def config(self, data: Mapping[str, Any]) -> Config:
        self._table(data, "the whole")
        top: dict[str, Any] = {"source": self.source}
        for key, value in data.items():
            if not _ignored(key) and not _provider(key) and key not in ("merchants", "http"):
                top[self._top_key(key)] = value
        http = self._table(data.get("http", {}), "http")
        http = self._snake_keys(http, HttpSettings, f"{self.source}: http")
        config: Config = self._convert(top, Config, self.source)
        return msgspec.structs.replace(
            config,
            http=self._convert(http, HttpSettings, f"{self.source}: http"),
            merchants=self._merchants(data),
        )

    def _merchants(self, data: Mapping[str, Any]) -> dict[str, Merchant]:
        default = {key: value for key, value in data.items() if _provider(key)}
        merchants = {"default": self._merchant("default", default)} if default else {}
        for pid, row in self._table(data.get("merchants", {}), "merchants").items():
            if pid in merchants:
                raise ConfigError(
                    f"{self.source}: merchant 'default' stands both at the top level and under merchants.default; keep one"
                )
            merchants[pid] = self._merchant(pid, self._table(row, f"merchants.{pid}"))
        return merchants

    def _top_key(self, key: str) -> str:
        name = _snake(key)
        known = {*Config.__struct_fields__} - {"source"}
        if name not in known:
            raise self._unknown(self.source, key, known | REGISTRY.keys())
        return name

    def _merchant(self, pid: str, row: Mapping[str, Any]) -> Merchant:
        nodes: dict[tuple[str, str], Node] = {}
        own: dict[str, Any] = {}
        for key, value in row.items():
            if provider := _provider(key):
                nodes.update(self._provider(pid, provider, self._table(value, f"{pid}.{key}")))
            elif not _ignored(key):
                own[key] = value
        where = f"{self.source}: merchants.{pid}"
        values = {**self._snake_keys(own, Merchant, where), "pid": pid}
        merchant: Merchant = self._convert(values, Merchant, where)
        return msgspec.structs.replace(merchant, nodes=nodes)

    def _provider(
        self, pid: str, provider: str, platforms: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, str], Node]]:
        if about(provider).one_node:
            yield (provider, ""), self._node(pid, provider, "", platforms)
            return
        for platform, values in platforms.items():
            name = platform.replace("_", "-")
            if name not in about(provider).platforms:
                raise self._unknown(f"{self.source}: {provider}", platform, about(provider).platforms)
            yield (
                (provider, name),
                self._node(pid, provider, name, self._table(values, f"{pid}.{provider}.{platform}")),
            )

    def _node(self, pid: str, provider: str, platform: str, values: Mapping[str, Any]) -> Node:
        node_type: type[Node] = about(provider).node
        prefix = "" if pid == "default" else f"merchants.{pid}."
        where = f"{self.source}: {prefix}{provider}{'.' if platform else ''}{platform}"
        known = {*node_type.__struct_fields__} - {"where", "pid", "platform"}
        clean: dict[str, Any] = {"where": where, "pid": pid, "platform": platform}
        for key, value in values.items():
            name, value = self._entry(node_type.materials, key, value)
            if name not in known:
                raise self._unknown(where, key, known)
            if value not in (None, ""):
                clean[name] = value
        node: Node = self._convert(clean, node_type, where)
        return node

    def _entry(self, materials: frozenset[str], key: str, value: Any) -> tuple[str, Any]:
        name = _snake(key)
        name = _RENAMED.get(name, name)
        for ending in _MATERIAL_ENDINGS:
            stem = name.removesuffix(ending)
            if stem != name and stem in materials:
                is_path = ending == "_path" and isinstance(value, str) and bool(value)
                return stem, Material(path=self.directory / value) if is_path else value
        if name in _TEXT_KEYS and isinstance(value, int) and not isinstance(value, bool):
            return name, str(value)
        return name, value

    def _snake_keys(
        self, values: Mapping[str, Any], target: type[msgspec.Struct], where: str
    ) -> dict[str, Any]:
        known = {*target.__struct_fields__} - {"pid", "nodes"}
        for key in values:
            if _snake(key) not in known:
                raise self._unknown(where, key, known)
        return {_snake(key): value for key, value in values.items()}

    def _table(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self.source}: {where} must be a table, not {type(value).__name__}")
        odd = [key for key in value if not isinstance(key, str)]
        if odd:
            raise ConfigError(f"{self.source}: {where} has a key {odd[0]!r}, which must be a text")
        return value

    @staticmethod
    def _unknown(where: str, key: str, known: Any) -> ConfigError:
        names = {_snake(name): name for name in known}
        near = get_close_matches(_snake(key), names, 1, 0.6)
        hint = f"did you mean {names[near[0]]!r}?" if near else f"known are: {', '.join(sorted(known))}"
        return ConfigError(f"{where}: unknown key {key!r}; {hint}")

    @staticmethod
    def _convert(values: Mapping[str, Any], target: type[Any], where: str) -> Any:
        try:
            return msgspec.convert(values, target, strict=False, dec_hook=_wrap)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{where}: {_readable(str(error))}") from None


def _wrap(target: type[Any], value: Any) -> Any:
    if isinstance(value, target):
        return value
    if not isinstance(value, (str, bytes)):
        raise ValueError(f"must be a text, not {type(value).__name__}")
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return target(text)


def _readable(error: str) -> str:
    if missing := _MISSING.fullmatch(error):
        return f"{missing[1]} is not set"
    text, _, pointer = error.partition(" - at `$.")
    return f"{pointer.rstrip('`')}: {text}" if pointer else text


def _ignored(key: str) -> bool:
    return key in _ROW_KEYS


def _snake(key: str) -> str:
    return _CAMEL.sub("_", key).replace("-", "_").lower()


def _provider(key: str) -> str | None:
    """The provider of that name; a variable's name may not have the hyphen of ``wxpay-virtual``."""
    return next((name for name in (key, key.replace("_", "-")) if name in REGISTRY), None)


def _put(data: dict[str, Any], path: list[str], value: str) -> None:
    for step in path[:-1]:
        data = data.setdefault(step, {})
        if not isinstance(data, dict):
            raise _both(path)
    if isinstance(data.get(path[-1]), dict):
        raise _both(path)
    data[path[-1]] = value


def _both(path: list[str]) -> ConfigError:
    name = _ENV_PREFIX + "__".join(path).upper()
    return ConfigError(
        f"environment: {name} and another variable cannot both be: one is a value, one a table"
    )
