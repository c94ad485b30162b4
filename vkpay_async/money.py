"""Fen and yuan. The only place where one becomes the other."""

from __future__ import annotations

import re
from typing import TypeAlias

Fen: TypeAlias = int
"""An amount in fen: 1 yuan = 100 fen. Always an ``int``, never a ``float``."""

_YUAN = re.compile(r"(-?)(\d+)(?:\.(\d{1,2})0*)?", re.ASCII)


def yuan_from_fen(fen: Fen) -> str:
    """``1234`` → ``"12.34"``, with two decimals always."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def yuan_number(fen: Fen) -> int | float:
    """``1200`` → ``12``, ``1234`` → ``12.34``: for a JSON that wants a number in yuan, and never to be reckoned with.

    JSON has one kind of number, and what writes it disagrees about ``Decimal``. Up to 10¹⁵ fen the digits are exact.
    """
    return fen // 100 if fen % 100 == 0 else float(yuan_from_fen(fen))


def fen_from_yuan(yuan: str) -> Fen:
    """``"12.3"`` → ``1230``. Raises ``ValueError`` for anything that is not a plain decimal of whole fen."""
    match = _YUAN.fullmatch(yuan)
    if match is None:
        raise ValueError(f"not an amount in yuan: {yuan[:40]!r}")
    sign, whole, cents = match.groups()
    fen = int(whole) * 100 + int((cents or "").ljust(2, "0"))
    return -fen if sign else fen


def is_fen(value: object) -> bool:
    """Whether ``value`` is a whole, positive number of fen (``True`` and floats are not)."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
