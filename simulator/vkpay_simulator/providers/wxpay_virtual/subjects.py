"""Which number of the merchant's a request is about, for faults and for people."""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay_virtual.orders import OrderBook, Refund

_NAMES = ("pay_order_id", "order_id", "wx_order_id", "withdraw_no", "out_trade_no")


def subject_of(book: OrderBook, request: Request) -> str | None:
    """A refund is about its order; the client's call about the number in signData."""
    named = _members(request.body)
    named |= _members(str(named.get("signData", "")).encode(errors="replace"))
    if named.get("outTradeNo"):
        return str(named["outTradeNo"])
    number = next((str(named[name]) for name in _NAMES if named.get(name)), None)
    if number is None:
        return None
    known = next(
        (refund for refund in book.refunds() if number in (refund.order_id, refund.wx_order_id)), None
    )
    if isinstance(known, Refund):
        return known.pay.order_id
    paid = next((order for order in book.payments() if order.wx_order_id == number), None)
    return paid.order_id if paid else number


def _members(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
