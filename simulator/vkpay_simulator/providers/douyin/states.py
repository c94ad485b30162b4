"""What may follow what."""

from __future__ import annotations

from vkpay_simulator.states import States

CREATED, PROCESSING, SUCCESS, FAIL, TIMEOUT = "CREATED", "PROCESSING", "SUCCESS", "FAIL", "TIMEOUT"
AUDITING, REEXCHANGE = "AUDITING", "REEXCHANGE"

# CREATED is ours: before the cashier is open, a query says PROCESSING as well.
ORDER = States(
    {
        CREATED: {PROCESSING, TIMEOUT, FAIL},
        PROCESSING: {SUCCESS, TIMEOUT, FAIL},
        SUCCESS: set(),
        TIMEOUT: set(),
        FAIL: set(),
    }
)

# AUDITING is ours too: what a user asked for waits for the merchant's word.
REFUND = States(
    {AUDITING: {PROCESSING, FAIL}, PROCESSING: {SUCCESS, FAIL}, SUCCESS: set(), FAIL: set()},
)

# Settlements, and what a receiver gives back of one.
SETTLEMENT = States({PROCESSING: {SUCCESS, FAIL}, SUCCESS: set(), FAIL: set()})

WITHDRAWAL = States(
    {PROCESSING: {SUCCESS, FAIL}, SUCCESS: {REEXCHANGE}, FAIL: set(), REEXCHANGE: set()},
)

WITHOUT_END = {CREATED: PROCESSING, AUDITING: PROCESSING}


def shown(state: str) -> str:
    """The state in Douyin's own words."""
    return WITHOUT_END.get(state, state)
