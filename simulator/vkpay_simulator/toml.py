"""Writes TOML, which the standard library only reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_ESCAPED = re.compile(r'[\x00-\x1f\x7f"\\]')


def dumps(document: Mapping[str, Any]) -> str:
    """The document as TOML: strings, bools, integers, floats, lists, tables and lists of tables.

    A text of several lines becomes a multi-line string. Keys with ``None`` are left out, since TOML has no null.
    Raises :class:`TypeError` for any other value.
    """
    return "\n".join(_table((), document)).lstrip("\n") + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    kept = {key: value for key, value in table.items() if value is not None}
    for key, value in kept.items():
        if not _nested(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in kept.items():
        if _nested(value):
            yield from _section((*path, key), value)


def _section(path: tuple[str, ...], value: Any) -> Iterator[str]:
    name = ".".join(_key(key) for key in path)
    if isinstance(value, Mapping):
        if not value or not all(map(_nested, value.values())):
            yield from ("", f"[{name}]")
        yield from _table(path, value)
        return
    for table in value:
        yield from ("", f"[[{name}]]")
        yield from _table(path, table)


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else f'"{_escape(key)}"'


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int() | float():
            return repr(value)
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}: {value!r}")


def _string(text: str) -> str:
    if "\n" not in text:
        return f'"{_escape(text)}"'
    return '"""\n' + "\n".join(_escape(line) for line in text.split("\n")) + '"""'


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text)
