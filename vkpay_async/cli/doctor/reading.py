"""Reads a config and names every mistake in it; what is right is looked at further.

The loader stops at the first mistake, so each key is handed to it alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from vkpay_async.config import Config, Node, config_from_dict, config_from_file
from vkpay_async.errors import ConfigError
from vkpay_async.registry import REGISTRY, about

Keys: TypeAlias = tuple[str, ...]

_OUR_OWN = frozenset({"where", "pid", "platform"})


class Reading(NamedTuple):
    """``config`` is what could be read, ``None`` when nothing could."""

    config: Config | None
    mistakes: list[ConfigError]


def read_config(path: Path) -> Reading:
    try:
        return Reading(config_from_file(path), [])
    except ConfigError as error:
        first = error
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return Reading(None, [first])
    return _Pieces(path).reading(data, first)


class _Pieces:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._mistakes: dict[str, ConfigError] = {}
        self._sound: dict[str, Any] = {}

    def reading(self, data: Mapping[str, Any], first: ConfigError) -> Reading:
        for keys, value in _places(data):
            if _names_node(keys) and isinstance(value, Mapping):
                self._node(keys, value)
            elif self._loads(_nested(keys, value)):
                _put(self._sound, keys, value)
        if not self._mistakes:  # each piece is right alone: they do not go together
            return Reading(None, [first])
        return Reading(self._config(self._sound), list(self._mistakes.values()))

    def _node(self, keys: Keys, values: Mapping[str, Any]) -> None:
        needed = _needed(keys)
        sound = {
            key: value for key, value in values.items() if self._loads(_nested(keys, needed | {key: value}))
        }
        there = [self._loads(_nested(keys, _without(needed, name) | sound)) for name in needed]
        if all(there):
            _put(self._sound, keys, sound)

    def _loads(self, data: Mapping[str, Any]) -> bool:
        return self._config(data) is not None

    def _config(self, data: Mapping[str, Any]) -> Config | None:
        try:
            return config_from_dict(data, source=str(self._path), directory=self._path.parent)
        except ConfigError as error:
            self._mistakes.setdefault(error.msg, error)
            return None


def _places(data: Mapping[str, Any], under: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every node, and every setting beside them."""
    for key, value in data.items():
        keys = (*under, key)
        if _holds_places(keys) and isinstance(value, Mapping):
            yield from _places(value, keys)
        else:
            yield keys, value


def _holds_places(keys: Keys) -> bool:
    if keys[0] == "merchants":
        return len(keys) < 3 or (len(keys) == 3 and _has_platforms(keys[2]))
    return keys == ("http",) or (len(keys) == 1 and _has_platforms(keys[0]))


def _names_node(keys: Keys) -> bool:
    return _node_of(keys) is not None


def _has_platforms(name: str) -> bool:
    return name in REGISTRY and not about(name).one_node


def _node_of(keys: Keys) -> type[Node] | None:
    """The type of the node that stands there, if one does."""
    if keys[-1] in REGISTRY and about(keys[-1]).one_node:
        return about(keys[-1]).node
    return about(keys[-2]).node if len(keys) > 1 and keys[-2] in REGISTRY else None


def _needed(keys: Keys) -> dict[str, Any]:
    """What that node must have, so that another key of it can be loaded alone."""
    fields = msgspec.structs.fields(_node_of(keys) or Node)
    return {field.name: "x" for field in fields if field.required and field.name not in _OUR_OWN}


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _nested(keys: Keys, value: Any) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    _put(nested, keys, value)
    return nested


def _put(data: dict[str, Any], keys: Keys, value: Any) -> None:
    for key in keys[:-1]:
        data = data.setdefault(key, {})
    data[keys[-1]] = value
