"""What a user of the simulator may set about Douyin's side; the defaults are the documented ones."""

from __future__ import annotations

from dataclasses import dataclass, fields

ECPAY_PAUSES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Seconds before each repetition: sixteen deliveries in 24 h 4 min."""

TRADE_PAUSES = (15, 30, *(60 * 2**step for step in range(8)), *[7680] * 10)
"""15 s, 30 s, 1 to 128 min, and again 128 min: twenty repetitions."""


@dataclass(slots=True, kw_only=True)
class Rules:
    """``unopened_is_unknown``: a query finds no order before its cashier was opened. ``rate_limit``: more calls a
    second than documented are refused. An order may be settled ``settle_days`` after it was paid, or
    ``fulfilled_days`` after it was fulfilled; ``work_s`` is how long a refund, settlement, return or withdrawal takes."""

    unopened_is_unknown: bool = False
    rate_limit: bool = False
    settle_days: int = 7
    fulfilled_days: int = 3
    work_s: float = 1
    ecpay_pauses: tuple[int, ...] = ECPAY_PAUSES
    trade_pauses: tuple[int, ...] = TRADE_PAUSES

    def restore(self) -> None:
        """Everything as it was at first."""
        first = Rules()
        for one in fields(self):
            setattr(self, one.name, getattr(first, one.name))
