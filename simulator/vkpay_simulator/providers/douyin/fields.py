"""Checks of what a request holds. The first thing that is wrong becomes the system's own "bad parameter"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from vkpay_simulator.providers.douyin.errors import Refusal
from vkpay_simulator.sender import forbidden

DEEPEST = 32
NUMBER = re.compile(r"[0-9A-Za-z_\-*]{1,64}", re.ASCII)
NUMBER_RULE = "1 to 64 of the characters 0-9 A-Z a-z _ - *"

Refuse = Callable[[str, str], Refusal]


def parse_object(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or ``None`` for anything else: no JSON, another kind, nested without end, half characters."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) and not _too_deep(value) else None


def parse_list(text: object) -> list[Any] | None:
    """The list in a text that holds JSON, or ``None``."""
    if not isinstance(text, str):
        return None
    try:
        value = msgspec.json.decode(text.encode(errors="replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, list) and not _too_deep(value) else None


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent)]
    return bool(level)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Fields:
    """Named values with their checks. ``refuse`` makes the refusal from Douyin's text and our reason."""

    values: dict[str, Any]
    refuse: Refuse
    notify_hosts: frozenset[str] = frozenset()

    def invalid(self, name: str, why: str) -> Refusal:
        return self.refuse(f"参数{name}不合法", f"{name}: {why}.")

    def text(self, name: str, *, most: int = 64, in_bytes: bool = False) -> str | None:
        """A text of at most ``most`` characters (or bytes of UTF-8); empty and null are absent."""
        value = self.values.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str):
            raise self.invalid(name, f"send a string, not {type(value).__name__}")
        length = len(value.encode()) if in_bytes else len(value)
        if length > most:
            unit = "bytes" if in_bytes else "characters"
            raise self.invalid(name, f"it has {length} {unit}, {most} are allowed")
        return value

    def required(self, name: str, *, most: int = 64, in_bytes: bool = False) -> str:
        value = self.text(name, most=most, in_bytes=in_bytes)
        if value is None:
            raise self.invalid(name, "send it")
        return value

    def number(self, name: str) -> str:
        value = self.required(name)
        if not NUMBER.fullmatch(value):
            raise self.invalid(name, f"it is {NUMBER_RULE}")
        return value

    def integer(self, name: str, *, least: int, most: int) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.invalid(name, f"send an integer, not {type(value).__name__}")
        if not least <= value <= most:
            raise self.invalid(name, f"{value} is not between {least} and {most}")
        return value

    def required_integer(self, name: str, *, least: int, most: int) -> int:
        value = self.integer(name, least=least, most=most)
        if value is None:
            raise self.invalid(name, "send it")
        return value

    def notify_url(self, name: str, *, most: int = 256) -> str | None:
        """https on port 443; addresses of this machine, and of hosts that were allowed, may be anything."""
        url = self.text(name, most=most)
        if url is None:
            return None
        if forbidden(url, self.notify_hosts) and not _public(url):
            raise self.invalid(name, "send an https address on port 443 (or one of this machine)")
        return url


def _public(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port in (None, 443)
    except ValueError:
        return False
