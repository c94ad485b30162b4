"""The life of a trade."""

from __future__ import annotations

from vkpay_simulator.states import States

# UNOPENED and VOID are ours: what the merchant asked for, before the buyer opened the cashier, is no trade yet.
# A query answers ACQ.TRADE_NOT_EXIST in both.
UNOPENED = "UNOPENED"
VOID = "VOID"
WAIT_BUYER_PAY = "WAIT_BUYER_PAY"
TRADE_SUCCESS = "TRADE_SUCCESS"
TRADE_CLOSED = "TRADE_CLOSED"
TRADE_FINISHED = "TRADE_FINISHED"

TRADE = States(
    {
        UNOPENED: {WAIT_BUYER_PAY, VOID},
        VOID: set(),
        WAIT_BUYER_PAY: {TRADE_SUCCESS, TRADE_CLOSED},
        TRADE_SUCCESS: {TRADE_SUCCESS, TRADE_CLOSED, TRADE_FINISHED},
        TRADE_CLOSED: set(),
        TRADE_FINISHED: set(),
    }
)
