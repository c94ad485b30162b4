"""``alipay.trade.pay``: the merchant scans the buyer's payment code (条码支付).

Auth codes (付款码) have 16 to 24 digits and begin with 25 to 30; face payment codes with ``fp``. A code works
once. The first four digits choose what happens:

====  =====================================================================================
2500  10003: the buyer types the password and pays ``Rules.pay_delay_s`` later (5 s)
2501  10003: the buyer does nothing, until the control API pays
2502  20000: the answer is lost in the gateway, the payment went through
2503  40004 ``ACQ.PAYMENT_AUTH_CODE_INVALID``
2504  40004 ``ACQ.BUYER_BALANCE_NOT_ENOUGH``
2505  20000: nothing happened
====  =====================================================================================

Every other code pays at once.
"""

from __future__ import annotations

import re

from vkpay_simulator.clock import Clock
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.errors import IN_PROGRESS, MESSAGES, Refusal
from vkpay_simulator.providers.alipay.fields import Fields, yuan
from vkpay_simulator.providers.alipay.models import Call, Trade
from vkpay_simulator.providers.alipay.notify import paid_amounts
from vkpay_simulator.providers.alipay.orders import Content, numbers, settled, success
from vkpay_simulator.providers.alipay.rules import Rules
from vkpay_simulator.providers.alipay.terms import parse_terms
from vkpay_simulator.providers.alipay.trades import Trades

AUTH_CODE = re.compile(r"(?:2[5-9]|30)\d{14,22}|fp[A-Za-z0-9]{33}", re.ASCII)
SCENES = ("bar_code", "security_code", "wave_code")
PAYS_LATER, NEVER_PAYS, ANSWER_LOST = "2500", "2501", "2502"
REFUSED = {
    "2503": "ACQ.PAYMENT_AUTH_CODE_INVALID",
    "2504": "ACQ.BUYER_BALANCE_NOT_ENOUGH",
    "2505": "isp.unknow-error",
}


class Barcode:
    """Barcode payments, and the codes used up so far."""

    def __init__(self, clock: Clock, trades: Trades, buyers: Buyers, rules: Rules) -> None:
        self._clock = clock
        self._trades = trades
        self._buyers = buyers
        self._rules = rules
        self._used: dict[str, tuple[str, str]] = {}

    def clear(self) -> None:
        self._used.clear()

    def pay(self, call: Call) -> Content:
        terms = parse_terms(call, self._clock.now())
        fields = Fields(call.biz)
        fields.one_of("scene", SCENES, default=SCENES[0])
        code = fields.required("auth_code", 64)
        self._check(code, (call.seller.pid, terms.out_trade_no))
        return self._charge(self._trades.submit(call, terms), code[:4])

    def _check(self, code: str, order: tuple[str, str]) -> None:
        if not AUTH_CODE.fullmatch(code) or self._used.setdefault(code, order) != order:
            raise Refusal("ACQ.PAYMENT_AUTH_CODE_INVALID")
        if code[:4] in REFUSED:
            raise Refusal(REFUSED[code[:4]])

    def _charge(self, trade: Trade, kind: str) -> Content:
        if kind in (PAYS_LATER, NEVER_PAYS):
            return self._ask_for_password(trade, kind)
        self._trades.pay(trade, trade.buyer or self._buyers.somebody())
        if kind == ANSWER_LOST:
            raise Refusal("isp.unknow-error")
        return self._content(trade)

    def _ask_for_password(self, trade: Trade, kind: str) -> Content:
        self._trades.open(trade, trade.buyer or self._buyers.somebody())
        if kind == PAYS_LATER and trade.pending is None:
            self._trades.pay_later(trade, self._rules.pay_delay_s)
        return self._content(trade) | {"code": IN_PROGRESS, "msg": MESSAGES[IN_PROGRESS]}

    def _content(self, trade: Trade) -> Content:
        return success(
            **numbers(trade),
            **paid_amounts(trade),
            **settled(trade, "gmt_payment"),
            **self._buyers.identity(trade.call.app, trade.payer),
            buyer_logon_id=trade.payer.logon_id,
            total_amount=yuan(trade.terms.total),
        )
