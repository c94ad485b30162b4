"""Token buckets in memory: each client may make a burst of calls, and then some per second."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable

import msgspec

MOST_CLIENTS = 10_000


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """``burst`` calls at once, and ``per_second`` more each second."""

    burst: int = 20
    per_second: float = 2.0


class TokenBuckets:
    """One bucket a client. ``clock`` gives seconds that never go back; the oldest of very many are forgotten."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, client: str) -> int:
        """Takes a token: 0, or the whole seconds after which there will be one."""
        now, key = self._clock(), _network(client)
        tokens, at = self._buckets.pop(key, (float(self._limit.burst), now))
        tokens = min(self._limit.burst, tokens + (now - at) * self._limit.per_second)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - allowed, now)
        if len(self._buckets) > MOST_CLIENTS:
            del self._buckets[next(iter(self._buckets))]
        return 0 if allowed else math.ceil((1 - tokens) / self._limit.per_second)


def _network(client: str) -> str:
    """An IPv6 client has 2⁶⁴ addresses of its own: they are one client."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return client if address.version == 4 else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
