"""What a refund may ask for: the order's state, age and rest, the minute between two, the merchant's money."""

from __future__ import annotations

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.huawei.errors import HuaweiError
from vkpay_simulator.providers.huawei.orders import DAY_MS, Order

APART_MS = 60_000
REFUNDABLE_MS = 180 * DAY_MS


def check_order(order: Order, amount: int, now: int) -> None:
    """Raises :class:`HuaweiError`."""
    if order.state != "SUCCESS" or order.finished_ms is None:
        advice = f"The order is {order.state}: only one that was paid can be refunded."
        raise HuaweiError("CHECK_ORDER_STATUS", advice)
    if now > order.finished_ms + REFUNDABLE_MS:
        advice = (
            f"The order was paid at {china_text(order.finished_ms)}, and orders are refunded for 180 days."
        )
        raise HuaweiError("NOT_IN_VALIDITY_PERIOD", advice)
    rest = order.total - order.refunded
    if amount > rest:
        advice = f"{order.refunded} of {order.total} fen are refunded: {rest} fen are left, not {amount}."
        raise HuaweiError("CHECK_AMOUNT_INVALID", advice)
    _check_spacing(order, now)


def _check_spacing(order: Order, now: int) -> None:
    if any(refund.state == "REFUND_CHL_PROC" for refund in order.refunds):
        raise HuaweiError(
            "ORDER_CONCURRENT_ERROR", "Another refund of the order is on its way: wait for its end."
        )
    if order.refunds and (wait_ms := order.refunds[-1].created_ms + APART_MS - now) > 0:
        advice = (
            f"Refunds of one order are a minute apart: wait {-(-wait_ms // 1000)} s, or move the clock "
            '(POST /_sim/clock {"advance_seconds": 60}).'
        )
        raise HuaweiError("ORDER_CONCURRENT_ERROR", advice)


def take(order: Order, amount: int) -> None:
    balances = order.account.balances
    if balances[order.payee] < amount:
        advice = f"{order.payee} has {balances[order.payee]} fen, and the refund takes {amount}: POST /_sim/huawei/account sets its balance."
        raise HuaweiError("CHECK_ACCOUNT_BALANCE", advice)
    balances[order.payee] -= amount


def payer_share(order: Order, amount: int) -> int:
    """The payer's part of a refund, rounded half up; the last refund takes what is left of it."""
    paid = order.total - order.promotion
    before = [refund for refund in order.refunds if refund.state != "REFUND_FAILED"]
    if sum(refund.amount for refund in before) + amount == order.total:
        return paid - sum(refund.from_payer for refund in before)
    return (2 * amount * paid + order.total) // (2 * order.total)
