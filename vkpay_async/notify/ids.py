"""Time-ordered ids: 48 bits of milliseconds and 80 of chance, in Crockford's base 32 (ULID)."""

from __future__ import annotations

import os
from collections.abc import Callable

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_SHIFTS = range(120, -1, -10)
_LOW_BITS = 50
_forks = [0]
"""How often this process and its parents were forked: asking the system who one is costs more than an id."""


def _forked() -> None:
    _forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def ulid(now_ms: int, nonce: str) -> str:
    """26 characters. ``nonce`` is 32 hex digits, of which 20 count."""
    return _written(now_ms << 80 | int(nonce[:20], 16))


class Ulids:
    """Ids of one process, each one more than the last: chance is asked for once, and the same time is written once."""

    def __init__(self, nonce: Callable[[], str]) -> None:
        self._nonce = nonce
        self._forks = -1
        self._chance = 0
        self._moment = -1
        self._head = ""

    def next(self, now_ms: int) -> str:
        if self._forks != _forks[0]:
            # A process that was forked must not go on with its parent's.
            self._forks, self._chance, self._moment = _forks[0], int(self._nonce()[:20], 16), -1
        self._chance = chance = self._chance + 1
        low = chance & (1 << _LOW_BITS) - 1
        if now_ms != self._moment or not low:
            self._moment = now_ms
            self._head = _written(now_ms << 80 | chance & (1 << 80) - 1)[:16]
        return (
            f"{self._head}{_PAIRS[low >> 40]}{_PAIRS[low >> 30 & 1023]}{_PAIRS[low >> 20 & 1023]}"
            f"{_PAIRS[low >> 10 & 1023]}{_PAIRS[low & 1023]}"
        )


def _written(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
