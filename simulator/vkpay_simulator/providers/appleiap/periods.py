"""Subscription periods: the calendar's in production, minutes in the sandbox.

https://developer.apple.com/documentation/storekit/testing-in-app-purchases-with-sandbox
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

PERIOD = re.compile(r"P([1-9]\d?)([DWMY])", re.ASCII)
MINUTE_MS, DAY_MS = 60_000, 86_400_000

_SANDBOX_MINUTES = {"P1W": 3, "P1M": 5, "P2M": 10, "P3M": 15, "P6M": 30, "P1Y": 60}
_LEAST_SANDBOX_MINUTES = 2


def after(start_ms: int, period: str, *, sandbox: bool) -> int:
    """When a period that begins at ``start_ms`` ends."""
    if sandbox:
        return start_ms + _SANDBOX_MINUTES.get(period, _LEAST_SANDBOX_MINUTES) * MINUTE_MS
    found = PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(f"{period!r} is no period: write P1W, P1M, P2M, P3M, P6M or P1Y")
    count, unit = int(found[1]), found[2]
    if unit in "DW":
        return start_ms + count * (1 if unit == "D" else 7) * DAY_MS
    return _months_later(start_ms, count * (1 if unit == "M" else 12))


def _months_later(start_ms: int, months: int) -> int:
    start = dt.datetime.fromtimestamp(start_ms / 1000, dt.UTC)
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp() * 1000)
