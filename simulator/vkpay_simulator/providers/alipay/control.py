"""The buyer played by the control API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.alipay import states
from vkpay_simulator.providers.alipay.accounts import Account
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.fields import yuan
from vkpay_simulator.providers.alipay.models import Buyer, Trade
from vkpay_simulator.providers.alipay.trades import Trades
from vkpay_simulator.providers.alipay.transfers import Transfers
from vkpay_simulator.providers.base import Numbered, OrderView, RefundView, SimulatorError

CHANNEL = re.compile(r"[A-Z][A-Z_]{2,39}", re.ASCII)
UNKNOWN = (
    "Alipay knows no order {number}. An app.pay order string never reaches the gateway: post it to "
    "/_sim/alipay/app-pay. A page.pay or wap.pay order is known once its address under /gateway.do was opened."
)


class Hand:
    """Pays, scans, gives up; and shows what there is."""

    def __init__(
        self, accounts: Mapping[str, Account], trades: Trades, transfers: Transfers, buyers: Buyers
    ) -> None:
        self._accounts = accounts
        self._trades = trades
        self._transfers = transfers
        self._buyers = buyers

    def orders(self) -> list[OrderView]:
        return [self._view(trade) for trade in self._trades.all()]

    def numbered(self, out_trade_no: str, pid: str | None) -> list[Numbered]:
        return [
            Numbered(self._pid(trade), out_trade_no, partial(self._view, trade))
            for trade in self._all_of(out_trade_no, pid)
        ]

    def pay(self, out_trade_no: str, pid: str | None, payer: str | None, channel: str | None) -> OrderView:
        trade = self._payable(out_trade_no, pid)
        channel = channel or "ALIPAYACCOUNT"
        if not CHANNEL.fullmatch(channel):
            raise SimulatorError(
                f"{channel!r} is no fund channel: use one like ALIPAYACCOUNT, PCREDIT, BANKCARD."
            )
        self._trades.pay(trade, self._buyer(trade, payer), channel)
        return self._view(trade)

    def scan(self, out_trade_no: str, pid: str | None, payer: str | None) -> OrderView:
        trade = self._payable(out_trade_no, pid)
        self._trades.open(trade, self._buyer(trade, payer))
        return self._view(trade)

    def give_up(self, out_trade_no: str, pid: str | None) -> OrderView:
        trade = self._payable(out_trade_no, pid)
        self._trades.give_up(trade)
        return self._view(trade)

    def refund(self, out_refund_no: str, status: str, pid: str | None) -> dict[str, Any]:
        """A refund here is final when made; asking for that outcome again is no error."""
        found = [
            (trade, trade.refunds[out_refund_no])
            for trade in self._trades.all()
            if out_refund_no in trade.refunds and pid in (None, self._pid(trade))
        ]
        if not found:
            raise SimulatorError(f"Alipay knows no refund {out_refund_no!r}.", 404)
        if status not in ("SUCCESS", "REFUND_SUCCESS"):
            raise SimulatorError(
                f"An Alipay refund is final when it is made, it cannot become {status}: ask for a fault "
                "(business_code with ACQ.SELLER_BALANCE_NOT_ENOUGH, say) before the refund call.",
                409,
            )
        trade, refund = found[0]
        return {
            "out_trade_no": trade.terms.out_trade_no,
            "out_request_no": refund.out_request_no,
            "refund_amount": yuan(refund.amount),
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": china_text(refund.at_ms),
        }

    def transfer(self, out_biz_no: str, outcome: str, pid: str | None) -> dict[str, Any]:
        accounts = [account for key, account in self._accounts.items() if pid in (None, key)]
        found = [self._transfers.of(account.seller.pid, out_biz_no) for account in accounts]
        made = next((one for one in found if one is not None), None)
        if made is None:
            raise SimulatorError(f"Alipay knows no transfer {out_biz_no!r}.", 404)
        if outcome != "confirm":
            raise SimulatorError(
                "An Alipay transfer is final when it is made: ask for a fault (business_code with "
                "PAYEE_NOT_EXIST, say) before the transfer call.",
                409,
            )
        return {"out_biz_no": out_biz_no, "order_id": made.order_id, "status": "SUCCESS"}

    def _payable(self, out_trade_no: str, pid: str | None) -> Trade:
        trade = self._one(out_trade_no, pid)
        if not trade.payable:
            raise SimulatorError(
                f"Order {out_trade_no} is {trade.state} and cannot be paid any more: make a new order.", 409
            )
        return trade

    def _one(self, out_trade_no: str, pid: str | None) -> Trade:
        found = self._all_of(out_trade_no, pid)
        if not found:
            raise SimulatorError(UNKNOWN.format(number=out_trade_no), 404)
        if len(found) > 1:
            pids = ", ".join(self._pid(trade) for trade in found)
            raise SimulatorError(f"Several sellers have an order {out_trade_no}: name a pid of {pids}.", 409)
        return found[0]

    def _buyer(self, trade: Trade, payer: str | None) -> Buyer:
        if trade.buyer is None:
            return self._buyers.payer(trade.call.app, payer)
        if payer is not None and self._buyers.payer(trade.call.app, payer) is not trade.buyer:
            raise SimulatorError(
                f"Order {trade.terms.out_trade_no} belongs to the buyer {trade.buyer.user_id}: leave payer out.",
                409,
            )
        return trade.buyer

    def _pid(self, trade: Trade) -> str:
        return next(pid for pid, account in self._accounts.items() if trade.seller in account.sellers)

    def _all_of(self, out_trade_no: str, pid: str | None) -> list[Trade]:
        return [trade for trade in self._trades.of_any(out_trade_no) if pid in (None, self._pid(trade))]

    def _view(self, trade: Trade) -> OrderView:
        return OrderView(
            provider="alipay",
            pid=self._pid(trade),
            out_trade_no=trade.terms.out_trade_no,
            transaction_id=trade.trade_no or None,
            product=trade.call.method,
            state=trade.state,
            total_fee=trade.terms.total,
            refunded_fee=trade.refunded,
            created_ms=trade.submitted_ms,
            paid_ms=trade.paid_ms,
            notify_url=trade.notify_url,
            payer=trade.buyer.user_id if trade.buyer else None,
            refunds=tuple(
                RefundView(
                    out_refund_no=one.out_request_no,
                    amount=one.amount,
                    state="REFUND_SUCCESS",
                    created_ms=one.at_ms,
                )
                for one in trade.refunds.values()
            ),
            detail=_detail(trade),
        )


def _detail(trade: Trade) -> dict[str, Any]:
    """What else a person would like to see."""
    detail = {
        "subject": trade.terms.subject,
        "product_code": trade.terms.product_code,
        "seller_id": trade.seller.pid,
        "opened": trade.state != states.UNOPENED and trade.exists,
        "qr_code": trade.qr_code,
        "refunds": [
            {"out_request_no": one.out_request_no, "amount": one.amount, "at_ms": one.at_ms}
            for one in trade.refunds.values()
        ],
    }
    return {name: value for name, value in detail.items() if value is not None}
