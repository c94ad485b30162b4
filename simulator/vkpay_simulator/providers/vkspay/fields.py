"""Checks of business fields. Every failure is ``FAIL`` with 参数错误 and the field's name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from vkpay_simulator.providers.vkspay.errors import parameter

_AMOUNT = re.compile(r"(\d{1,10})(?:\.(\d{1,2}))?", re.ASCII)
_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_ADDRESS = re.compile(r"https?://\S{1,500}")


def yuan(fen: int) -> str:
    """``1234`` → ``12.34``."""
    return f"{fen // 100}.{fen % 100:02d}"


def parse_fen(text: str) -> int | None:
    """``12.3`` → ``1230``; ``None`` when it is no amount of at most two decimals."""
    match = _AMOUNT.fullmatch(text)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else None


@dataclass(frozen=True, slots=True)
class Fields:
    """A request's fields. An empty one, and the ``null`` of JSON, count as left out."""

    values: Mapping[str, str] = field(repr=False)

    def get(self, name: str, limit: int) -> str | None:
        value = self.values.get(name, "")
        if value in ("", "null"):
            return None
        if len(value) > limit:
            raise parameter(f"{name}长度超过{limit}")
        return value

    def require(self, name: str, limit: int) -> str:
        value = self.get(name, limit)
        if value is None:
            raise parameter(f"缺少{name}")
        return value

    def one_of(self, name: str, allowed: Collection[str]) -> str | None:
        value = self.get(name, 64)
        if value is not None and value not in allowed:
            raise parameter(f"{name}取值错误", f"{name} is {value!r}: send one of {', '.join(allowed)}.")
        return value

    def number(self, name: str) -> str | None:
        """A number of an order or a refund."""
        value = self.get(name, 64)
        if value is not None and not _NUMBER.fullmatch(value):
            raise parameter(f"{name}格式错误", f"{name} may hold digits, letters, _ and -, 64 at most.")
        return value

    def required_number(self, name: str) -> str:
        value = self.number(name)
        if value is None:
            raise parameter(f"缺少{name}")
        return value

    def address(self, name: str) -> str | None:
        value = self.get(name, 512)
        if value is not None and not _ADDRESS.fullmatch(value):
            raise parameter(f"{name}格式错误", f"{name} is no http address.")
        return value

    def fen(self, name: str) -> int:
        """An amount in yuan, as fen, and more than nothing."""
        fen = parse_fen(self.require(name, 20))
        if not fen:
            raise parameter(
                f"{name}金额错误", f"{name} is in yuan, more than 0, with two decimals at most: 0.01, 12.30."
            )
        return fen
