"""Time-ordered ids: 48 bits of milliseconds and 80 of chance, in Crockford's base 32 (ULID)."""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_SHIFTS = range(120, -1, -10)


def ulid(now_ms: int, nonce: str) -> str:
    """26 characters. ``nonce`` is 32 hex digits, of which 20 count."""
    number = now_ms << 80 | int(nonce[:20], 16)
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
