"""The merchant's numbers, as Douyin takes them."""

from __future__ import annotations

import re

from vkpay_async.errors import InvalidArgument

_NUMBER = re.compile(r"[0-9A-Za-z_\-*]{1,64}", re.ASCII)


def checked_number(name: str, value: str) -> str:
    """``value`` if Douyin takes it. Raises :class:`InvalidArgument`."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise InvalidArgument(f"{name} {value!r:.70} cannot be sent: use 1–64 letters, digits or _ - *")
    return value
