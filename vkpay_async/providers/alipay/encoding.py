"""Parameters as a form, or as a query. ``urllib`` says the same character by character, which took a third of a call's own time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_RESERVED = re.compile(r"[^0-9A-Za-z_.~ -]+")


def encoded(params: Mapping[str, str]) -> str:
    """``application/x-www-form-urlencoded``, in the order of ``params``: what ``urllib.parse.urlencode`` gives."""
    return "&".join([f"{_name(name)}={_quoted(value)}" for name, value in params.items()])


def _quoted(text: str) -> str:
    return _RESERVED.sub(_percent, text).replace(" ", "+")


_name = lru_cache(maxsize=256)(_quoted)
"""The same few in each call; of values nothing is remembered, for some are secret."""


def _percent(run: re.Match[str]) -> str:
    return "%" + run[0].encode().hex("%").upper()
