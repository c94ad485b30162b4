"""How many calls the App Store takes: https://developer.apple.com/documentation/appstoreserverapi/identifying-rate-limits"""

from __future__ import annotations

from vkpay_simulator.providers.appleiap.rules import Rules

SANDBOX_SHARE = 10


class Limits:
    """Counts the calls of each app, environment and operation in windows of time."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._counts: dict[tuple[str, str, str], tuple[int, int]] = {}

    def take(self, bundle_id: str, operation: str, now_ms: int, *, sandbox: bool) -> int | None:
        """Counts a call; when it is one too many, gives the time from which the next is taken, in milliseconds."""
        rate = self._rules.rates.get(operation)
        if rate is None:
            return None
        window_ms = self._rules.rate_window_s * 1000
        most = max(1, int(rate * self._rules.rate_window_s / (SANDBOX_SHARE if sandbox else 1)))
        window = now_ms // window_ms
        key = (bundle_id, "sandbox" if sandbox else "production", operation)
        before, count = self._counts.get(key, (window, 0))
        count = count + 1 if before == window else 1
        self._counts[key] = window, count
        return (window + 1) * window_ms if count > most else None

    def clear(self) -> None:
        self._counts.clear()
