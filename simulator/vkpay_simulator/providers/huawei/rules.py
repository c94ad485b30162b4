"""What a user of the simulator may set about Huawei's side; what is not published has the value of a guess."""

from __future__ import annotations

from dataclasses import dataclass, fields

# Not published. Modelled on Huawei's older payment service: 48 hours, every 20 s, then every 200 s, then every 3 hours.
PAUSES = (20,) * 3 + (200,) * 17 + (10_800,) * 15


@dataclass(slots=True, kw_only=True)
class Rules:
    """``pauses`` are the seconds before each re-send of a notification, ``pay_delay_s`` how long a payment is
    TRX_PROC, ``refund_delay_s`` how long a refund is REFUND_CHL_PROC, ``promotion_percent`` what Huawei pays of each order.
    ``extra_fields`` adds a field to answers and notifications that no document knows."""

    pauses: tuple[int, ...] = PAUSES
    pay_delay_s: float = 0
    refund_delay_s: float = 1
    promotion_percent: int = 0
    extra_fields: bool = False

    def restore(self) -> None:
        """Everything as it was at first."""
        first = Rules()
        for one in fields(self):
            setattr(self, one.name, getattr(first, one.name))
