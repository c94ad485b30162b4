"""Which merchant's number a request is about, found without any check, for faults and the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.alipay.accounts import App
from vkpay_simulator.providers.alipay.admission import plain_content
from vkpay_simulator.providers.alipay.cashier import Cashier
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import parse_biz_content
from vkpay_simulator.providers.alipay.models import Trade
from vkpay_simulator.providers.alipay.parameters import Parameters, parse_order_string, parse_request
from vkpay_simulator.providers.alipay.trades import Trades

NUMBERS = ("out_trade_no", "out_biz_no")


class Subjects:
    """Looks into requests of every route."""

    def __init__(self, apps: Mapping[str, App], trades: Trades, cashier: Cashier) -> None:
        self._apps = apps
        self._trades = trades
        self._cashier = cashier

    def of(self, request: Request) -> str | None:
        token = request.params.get("token")
        if token is not None:
            return _number(self._cashier.trade_of(token))
        if request.path.startswith("/_sim/"):
            return self._named(parse_order_string(_order_string(request.body)))
        return self._named(parse_request(request))

    def _named(self, params: Parameters) -> str | None:
        app = self._apps.get(params.get("app_id"))
        try:
            biz = parse_biz_content(plain_content(app, params) if app else params.get("biz_content"))
        except Refusal:
            return None
        if "trade_no" in biz:
            return _number(self._trades.numbered(str(biz["trade_no"])))
        return next((str(biz[name]) for name in NUMBERS if name in biz), None)


def _number(trade: Trade | None) -> str | None:
    return trade.terms.out_trade_no if trade else None


def _order_string(body: bytes) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(value.get("order_string", "")) if isinstance(value, dict) else ""
