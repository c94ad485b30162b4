"""The provider's own numbers, in the shape of published samples."""

from __future__ import annotations

from vkpay_simulator.clock import china_text
from vkpay_simulator.ids import Ids


def system_number(ids: Ids, now_ms: int) -> str:
    """Of a prepayment, an order or a refund: 1, year to second in China, 13 digits."""
    stamp = "".join(char for char in china_text(now_ms) if char.isdigit())[2:]
    return f"1{stamp}{ids.digits(13)}"


def callback_id(ids: Ids, now_ms: int) -> str:
    return f"{system_number(ids, now_ms)}{ids.digits(1)}"
