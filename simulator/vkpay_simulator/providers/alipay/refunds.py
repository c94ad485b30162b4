"""``alipay.trade.refund`` and ``alipay.trade.fastpay.refund.query``."""

from __future__ import annotations

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.alipay import states
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import Fields, yuan
from vkpay_simulator.providers.alipay.models import Call, Refund, Trade
from vkpay_simulator.providers.alipay.orders import Content, numbers, success
from vkpay_simulator.providers.alipay.trades import Trades

NOT_REFUNDABLE = {
    states.WAIT_BUYER_PAY: "ACQ.TRADE_STATUS_ERROR",
    states.TRADE_CLOSED: "ACQ.TRADE_HAS_CLOSE",
    states.TRADE_FINISHED: "ACQ.TRADE_HAS_FINISHED",
}
LIMITS = {"operator_id": 30, "store_id": 32, "terminal_id": 32}


class Refunds:
    """Refunds move money at once; ``fund_change`` says whether this call did."""

    def __init__(self, trades: Trades, buyers: Buyers) -> None:
        self._trades = trades
        self._buyers = buyers

    def refund(self, call: Call) -> Content:
        fields = Fields(call.biz)
        amount = _amount(fields)
        request_no, reason = fields.text("out_request_no", 64), fields.text("refund_reason", 256)
        for name, limit in LIMITS.items():
            fields.text(name, limit)
        trade = self._trades.get(call)
        key = request_no or trade.terms.out_trade_no
        done = trade.refunds.get(key)
        if done is not None:
            return self._content(call, trade, _repeated(done, amount), "N")
        _check(trade, amount, whole=request_no is None)
        return self._content(call, trade, self._trades.refund(trade, key, amount, reason), "Y")

    def query(self, call: Call) -> Content:
        """A request number nobody used is no error: the answer has no refund in it."""
        fields = Fields(call.biz)
        request_no = fields.required("out_request_no", 64)
        trade = self._trades.get(call)
        refund = trade.refunds.get(request_no)
        if refund is None:
            return success()
        return success(
            **numbers(trade),
            **_asked(trade, refund, fields.options()),
            out_request_no=refund.out_request_no,
            refund_amount=yuan(refund.amount),
            refund_reason=refund.reason,
            refund_status="REFUND_SUCCESS",
            total_amount=yuan(trade.terms.total),
        )

    def _content(self, call: Call, trade: Trade, refund: Refund, fund_change: str) -> Content:
        details = _details(trade, refund, Fields(call.biz).options())
        return success(
            **numbers(trade),
            **self._buyers.identity(call.app, trade.payer),
            **details,
            buyer_logon_id=trade.payer.logon_id,
            fund_change=fund_change,
            gmt_refund_pay=china_text(refund.at_ms),
            refund_fee=yuan(trade.refunded),
        )


def _amount(fields: Fields) -> int:
    amount = fields.fen("refund_amount", required=True)
    if not amount:
        raise fields.invalid("refund_amount 应大于 0")
    return amount


def _repeated(done: Refund, amount: int) -> Refund:
    if done.amount != amount:
        raise Refusal("ACQ.DISCORDANT_REPEAT_REQUEST")
    return done


def _check(trade: Trade, amount: int, *, whole: bool) -> None:
    """``whole``: without a request number only the total can be asked for."""
    if trade.state in NOT_REFUNDABLE:
        raise Refusal(NOT_REFUNDABLE[trade.state])
    if whole and amount != trade.terms.total:
        raise Refusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
    if amount > trade.remaining:
        raise Refusal("ACQ.REASON_TRADE_REFUND_FEE_ERR")


def _details(trade: Trade, refund: Refund, options: frozenset[str]) -> Content:
    if "refund_detail_item_list" not in options:
        return {}
    amount = yuan(refund.amount)
    return {
        "refund_detail_item_list": [{"amount": amount, "fund_channel": trade.channel}],
        "send_back_fee": amount,
    }


def _asked(trade: Trade, refund: Refund, options: frozenset[str]) -> Content:
    details = _details(trade, refund, options)
    if "gmt_refund_pay" in options:
        details["gmt_refund_pay"] = china_text(refund.at_ms)
    if "deposit_back_info" in options:
        details["deposit_back_info"] = {"has_deposit_back": "false"}
    return details
