"""Time and chance for the running program; tests hand in their own."""

from __future__ import annotations

import os
import time

from vkpay_async.providers.base import Env


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def nonce() -> str:
    """32 random hex digits."""
    return os.urandom(16).hex()


SYSTEM_ENV = Env(now_ms=now_ms, nonce=nonce)
