"""The lives of orders and refunds. The words are designed, apart from ``SUCCESS``, which is observed."""

from __future__ import annotations

from vkpay_simulator.states import States

NOTPAY = "NOTPAY"
PAYING = "PAYING"
SUCCESS = "SUCCESS"
CLOSED = "CLOSED"

ORDER = States(
    {
        NOTPAY: {SUCCESS, CLOSED},
        PAYING: {SUCCESS, CLOSED},
        SUCCESS: set(),
        CLOSED: set(),
    }
)
PAYABLE = (NOTPAY, PAYING)

PROCESSING = "PROCESSING"
FAIL = "FAIL"

REFUND = States({PROCESSING: {SUCCESS, FAIL}, SUCCESS: set(), FAIL: set()})
