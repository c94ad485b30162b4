"""Checks of business parameters. Every failure is the method family's ``INVALID_PARAMETER``."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vkpay_simulator.clock import CHINA
from vkpay_simulator.providers.alipay.errors import Refusal

_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_DURATION = re.compile(r"([1-9]\d{0,4})([mhd])", re.ASCII)
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
LONGEST_MINUTES = 15 * 24 * 60
LARGEST_FEN = 100_000_000_00


def yuan(fen: int) -> str:
    """``1234`` → ``12.34``."""
    return f"{fen // 100}.{fen % 100:02d}"


def parse_fen(text: str) -> int | None:
    """``12.3`` → ``1230``; ``None`` when it is no amount of at most two decimals."""
    match = _AMOUNT.fullmatch(text)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else None


def parse_moment(text: str) -> int | None:
    """``2024-01-02 03:04:05`` in UTC+8 to milliseconds; ``None`` when it is none."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        return None
    return int(moment.timestamp() * 1000)


def end_of_day(ms: int) -> int:
    """The next 00:00 in UTC+8."""
    day = datetime.fromtimestamp(ms / 1000, CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((day + timedelta(days=1)).timestamp() * 1000)


def parse_duration(text: str) -> int | None:
    """``90m``, ``2h``, ``15d`` to seconds; ``None`` outside of 1 minute to 15 days."""
    match = _DURATION.fullmatch(text)
    minutes = int(match[1]) * _MINUTES[match[2]] if match else 0
    return minutes * 60 if 1 <= minutes <= LONGEST_MINUTES else None


def parse_biz_content(text: str) -> dict[str, Any]:
    """Numbers become strings as written, so that no amount is ever a float. Empty and null are absent."""
    value = _loaded(text or "{}")
    if not isinstance(value, dict):
        raise Refusal("isv.invalid-parameter", "参数无效：biz_content 不是 JSON 对象")
    return {name: part for name, part in value.items() if part not in ("", None)}


@dataclass(frozen=True, slots=True)
class Fields:
    """Business parameters with their checks. ``prefix`` is ``ACQ.`` for trades and nothing for transfers."""

    values: dict[str, Any]
    prefix: str = "ACQ."

    def invalid(self, detail: str) -> Refusal:
        return Refusal(f"{self.prefix}INVALID_PARAMETER", f"参数无效，{detail}")

    def text(self, name: str, limit: int) -> str | None:
        value = self.values.get(name)
        if value in ("", None):
            return None
        if not isinstance(value, str):
            raise self.invalid(f"{name} 应为字符串")
        if len(value) > limit:
            raise self.invalid(f"{name} 长度超过 {limit}")
        return value

    def required(self, name: str, limit: int) -> str:
        value = self.text(name, limit)
        if value is None:
            raise self.invalid(f"{name} 不能为空")
        return value

    def one_of(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        value = self.text(name, 64) or default
        if value is None:
            raise self.invalid(f"{name} 不能为空")
        if value not in allowed:
            raise self.invalid(f"{name} 取值错误")
        return value

    def fen(self, name: str, *, required: bool = False) -> int | None:
        text = self.required(name, 20) if required else self.text(name, 20)
        if text is None:
            return None
        fen = parse_fen(text)
        if fen is None:
            raise self.invalid(f"{name} 金额格式错误")
        return fen

    def moment(self, name: str) -> int | None:
        text = self.text(name, 32)
        if text is None:
            return None
        ms = parse_moment(text)
        if ms is None:
            raise self.invalid(f"{name} 时间格式错误")
        return ms

    def duration(self, name: str, *, or_day: bool = False) -> str | None:
        text = self.text(name, 6)
        if text is not None and parse_duration(text) is None and not (or_day and text == "1c"):
            raise self.invalid(f"{name} 取值错误")
        return text

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._structure(name, {})
        if not isinstance(value, dict):
            raise self.invalid(f"{name} 结构错误")
        return value

    def array(self, name: str) -> list[Any]:
        value = self._structure(name, [])
        if not isinstance(value, list):
            raise self.invalid(f"{name} 结构错误")
        return value

    def _structure(self, name: str, default: object) -> object:
        """PHP and Java clients send structures as JSON text too."""
        value = self.values.get(name, default)
        return _loaded(value) if isinstance(value, str) else value

    def options(self) -> frozenset[str]:
        return frozenset(str(one) for one in self.array("query_options"))


def _loaded(text: str) -> object:
    """``None`` for what is no JSON, is nested without end, or has half a character in it."""
    try:
        value: object = json.loads(text, parse_float=str, parse_int=str)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value
