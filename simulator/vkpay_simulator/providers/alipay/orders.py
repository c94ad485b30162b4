"""``alipay.trade.create``, ``precreate``, ``query``, ``close`` and ``cancel``."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.clock import Clock, china_text
from vkpay_simulator.providers.alipay import states
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.errors import MESSAGES, SUCCESS, Refusal
from vkpay_simulator.providers.alipay.fields import Fields, yuan
from vkpay_simulator.providers.alipay.models import Buyer, Call, Trade
from vkpay_simulator.providers.alipay.notify import paid_amounts
from vkpay_simulator.providers.alipay.rules import Rules
from vkpay_simulator.providers.alipay.terms import parse_terms
from vkpay_simulator.providers.alipay.trades import DAY_S, Trades

Content = dict[str, Any]

CLOSE_LIMITS = {"operator_id": 28}
CANCEL_LIMITS = {"operator_id": 28, "terminal_id": 32}


def success(**fields: object) -> Content:
    return {"code": SUCCESS, "msg": MESSAGES[SUCCESS], **fields}


def numbers(trade: Trade) -> dict[str, str]:
    return {"out_trade_no": trade.terms.out_trade_no, "trade_no": trade.trade_no}


def fund_bill(trade: Trade) -> list[dict[str, str]]:
    return [{"amount": yuan(trade.terms.total), "fund_channel": trade.channel}]


def settled(trade: Trade, when: str) -> Content:
    """What only a paid trade has: the bill, and the moment under the method's own name for it."""
    if trade.paid_ms is None:
        return {}
    return {"fund_bill_list": fund_bill(trade), when: china_text(trade.paid_ms)}


def same_buyer(trade: Trade, buyer: Buyer) -> Buyer:
    """Raises :class:`Refusal` ``ACQ.TRADE_BUYER_NOT_MATCH`` when somebody else opened the trade."""
    if trade.buyer not in (None, buyer):
        raise Refusal("ACQ.TRADE_BUYER_NOT_MATCH")
    return buyer


class Orders:
    """The server-to-server methods about one order, apart from barcode payments and refunds."""

    def __init__(self, clock: Clock, trades: Trades, buyers: Buyers, rules: Rules) -> None:
        self._clock = clock
        self._trades = trades
        self._buyers = buyers
        self._rules = rules

    def create(self, call: Call) -> Content:
        terms = parse_terms(call, self._clock.now())
        buyer = self._buyers.named_in(call.app, call.biz)
        if buyer is None:
            raise Refusal("ACQ.INVALID_PARAMETER", "参数无效，买家信息不能为空")
        if buyer.user_id == call.seller.pid:
            raise Refusal("ACQ.BUYER_SELLER_EQUAL")
        trade = self._trades.submit(call, terms)
        self._trades.open(trade, same_buyer(trade, buyer))
        return success(**numbers(trade))

    def precreate(self, call: Call) -> Content:
        trade = self._trades.submit(call, parse_terms(call, self._clock.now()))
        return success(out_trade_no=trade.terms.out_trade_no, qr_code=self._trades.show_code(trade))

    def query(self, call: Call) -> Content:
        trade = self._trades.get(call)
        return success(
            **numbers(trade),
            **paid_amounts(trade),
            **self._buyers.identity(call.app, trade.payer),
            **settled(trade, "send_pay_date"),
            buyer_logon_id=trade.payer.logon_id,
            passback_params=trade.terms.passback_params,
            store_id=trade.terms.store_id,
            terminal_id=trade.terms.terminal_id,
            total_amount=yuan(trade.terms.total),
            trade_status=trade.state,
        )

    def close(self, call: Call) -> Content:
        _check_texts(call, CLOSE_LIMITS)
        trade = self._trades.find(call)
        if trade is not None and trade.state == states.UNOPENED and self._rules.close_voids_unopened:
            # One report: the answer says there is no such trade, and yet the code cannot be paid afterwards.
            self._trades.void(trade)
        trade = self._trades.get(call)
        if not trade.payable:
            raise Refusal("ACQ.TRADE_STATUS_ERROR")
        self._trades.close(trade)
        return success(**numbers(trade))

    def cancel(self, call: Call) -> Content:
        """Undoes the order whatever its state is: nothing there, unpaid, or paid within the last day."""
        _check_texts(call, CANCEL_LIMITS)
        trade = self._trades.find(call)
        if trade is None or not trade.exists:
            self._trades.forbid(call)
            return success(out_trade_no=Fields(call.biz).text("out_trade_no", 64), retry_flag="N")
        self._undo(trade)
        refunded_at = trade.closed_ms if trade.refunds else None
        return success(
            **numbers(trade),
            action="refund" if trade.paid else "close",
            gmt_refund_pay=china_text(refunded_at) if refunded_at else None,
            retry_flag="N",
        )

    def _undo(self, trade: Trade) -> None:
        if trade.payable:
            self._trades.close(trade)
        elif trade.state == states.TRADE_FINISHED:
            raise Refusal("ACQ.TRADE_HAS_FINISHED")
        elif trade.state == states.TRADE_SUCCESS:
            self._undo_payment(trade)

    def _undo_payment(self, trade: Trade) -> None:
        if self._clock.now() - trade.created_ms > DAY_S * 1000:
            raise Refusal("ACQ.TRADE_CANCEL_TIME_OUT")
        number = trade.terms.out_trade_no
        key = trade.trade_no if number in trade.refunds else number
        self._trades.refund(trade, key, trade.remaining, None)


def _check_texts(call: Call, limits: dict[str, int]) -> None:
    fields = Fields(call.biz)
    for name, limit in limits.items():
        fields.text(name, limit)
