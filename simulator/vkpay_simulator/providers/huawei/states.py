"""What may follow what. An order's states are the simulator's; ``STATUS`` is how the provider words them."""

from __future__ import annotations

from vkpay_simulator.states import States

ORDER = States(
    {
        "PREPAID": {"LAUNCHED", "CLOSED", "EXPIRED"},
        "LAUNCHED": {"PROC", "CLOSED", "EXPIRED"},
        "PROC": {"SUCCESS", "FAILED"},
        "SUCCESS": set(),
        "FAILED": set(),
        "CLOSED": set(),
        "EXPIRED": set(),
    }
)

STATUS = {
    "LAUNCHED": "TRX_APPLY",
    "PROC": "TRX_PROC",
    "SUCCESS": "TRX_SUCCESS",
    "FAILED": "TRX_FAILED",
    "CLOSED": "TRX_FAILED",
    "EXPIRED": "TRX_FAILED",
}

REFUND = States(
    {
        "REFUND_CHL_PROC": {"REFUND_SUCCESS", "REFUND_FAILED"},
        "REFUND_SUCCESS": set(),
        "REFUND_FAILED": set(),
    }
)
