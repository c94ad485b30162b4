"""Reading of bodies, paths, times and addresses: the first thing wrong becomes ``INVALID_ARGUMENTS``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from vkpay_simulator.clock import CHINA
from vkpay_simulator.providers.huawei.errors import HuaweiError, printable
from vkpay_simulator.providers.huawei.models import Model
from vkpay_simulator.sender import forbidden

M = TypeVar("M", bound=Model)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}", re.ASCII)


def read_body(body: bytes, model: type[M]) -> M:
    """A body that has been parsed once before. Raises :class:`HuaweiError`."""
    try:
        return msgspec.json.decode(body, type=model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"{error}") from error


def invalid(advice: str) -> HuaweiError:
    return HuaweiError("INVALID_ARGUMENTS", advice)


def ms_of(text: str) -> int:
    """``2023-03-28T17:50:12.000+0800`` in milliseconds. Raises :class:`HuaweiError`."""
    try:
        if _TIME.fullmatch(text):
            return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        pass
    raise invalid(f"expireTime is {printable(text)}: write it like 2023-03-28T17:50:12.000+0800.")


def time_text(ms: int) -> str:
    """``2023-03-28T17:50:12.000+0800``, as answers and notifications have it."""
    moment = datetime.fromtimestamp(ms // 1000, CHINA)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+0800"


def check_url(text: str, allowed: frozenset[str]) -> None:
    """An https address. A sandbox has to reach this machine, too, and hosts that were named, by plain http."""
    try:
        parts = urlsplit(text)
        found = bool(parts.hostname) and parts.scheme in ("https", "http")
    except ValueError:
        found = False
    if not found or (parts.scheme == "http" and forbidden(text, allowed)):
        raise invalid(
            f"callbackUrl is {printable(text)}: give an https address, or an http one of this machine."
        )
