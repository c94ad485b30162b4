"""What may follow what, and the numbers that WeChat has for it."""

from __future__ import annotations

from vkpay_simulator.states import States

NUMBERS = {
    "CREATED": 1,
    "PAID": 2,
    "DELIVERING": 3,
    "DELIVERED": 4,
    "REFUNDED": 5,
    "CLOSED": 6,
    "REFUND_FAILED": 7,
    "REFUND_DONE": 8,
}

# A full refund that fails takes its order back to where it was.
PAY = States(
    {
        "CREATED": {"PAID", "CLOSED"},
        "PAID": {"DELIVERING", "DELIVERED", "REFUNDED"},
        "DELIVERING": {"DELIVERED", "REFUNDED"},
        "DELIVERED": {"REFUNDED"},
        "REFUNDED": {"REFUND_DONE", "PAID", "DELIVERING", "DELIVERED"},
        "REFUND_DONE": set(),
        "CLOSED": set(),
    }
)

REFUND = States(
    {
        "CREATED": {"REFUNDED", "REFUND_FAILED"},
        "REFUNDED": {"REFUND_DONE", "REFUND_FAILED"},
        "REFUND_DONE": set(),
        "REFUND_FAILED": set(),
    }
)

REFUNDABLE = frozenset({"PAID", "DELIVERING", "DELIVERED"})
