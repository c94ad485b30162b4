"""Which merchant's number a request is about, found without any check, for faults and the journal."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.douyin.accounts import Accounts
from vkpay_simulator.providers.douyin.ecpay.routes import Ecpay
from vkpay_simulator.providers.douyin.fields import parse_object
from vkpay_simulator.providers.douyin.trade.routes import Trade

NUMBERS = ("out_order_no", "out_trade_no", "outOrderNo")
OTHERS = ("out_settle_no", "out_return_no", "out_order_id", "out_refund_no")


class Subjects:
    """Looks into requests of every route."""

    def __init__(self, accounts: Accounts, ecpay: Ecpay, trade: Trade) -> None:
        self._accounts = accounts
        self._ecpay = ecpay
        self._trade = trade

    def of(self, request: Request) -> str | None:
        """The order's number where it can be told, else the refund's, settlement's or withdrawal's own."""
        values = parse_object(request.body) or {}
        inner = values.get("data")
        if isinstance(inner, str):
            values = parse_object(inner.encode(errors="replace")) or values
        named = _first(values, NUMBERS)
        return named or self._by_id(values) or self._by_refund(values) or _first(values, OTHERS)

    def _by_id(self, values: dict[str, Any]) -> str | None:
        order_info = values.get("orderInfo")
        wanted = order_info if isinstance(order_info, dict) else values
        order_id = wanted.get("order_id") or values.get("orderId")
        order = self._ecpay.book.numbered(order_id) or self._trade.book.numbered(order_id)
        return order.number if order else None

    def _by_refund(self, values: dict[str, Any]) -> str | None:
        made = self._trade.refunds.numbered(values.get("refund_id"))
        if made is not None:
            return made.order.number
        app = self._accounts.find(values.get("app_id"))
        found = self._ecpay.refunds.find(app, values.get("out_refund_no")) if app else None
        return found[0].number if found else None


def _first(values: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((str(values[name]) for name in names if values.get(name)), None)
