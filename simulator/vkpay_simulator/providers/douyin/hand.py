"""The buyer and Douyin itself, played by the control API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.providers.douyin.cashier import Cashier, way_of
from vkpay_simulator.providers.douyin.ecpay.orders import EcpayOrder
from vkpay_simulator.providers.douyin.ecpay.routes import Ecpay
from vkpay_simulator.providers.douyin.money import Refund
from vkpay_simulator.providers.douyin.states import FAIL, PROCESSING, SUCCESS
from vkpay_simulator.providers.douyin.trade.orders import TradeOrder
from vkpay_simulator.providers.douyin.trade.refunds import TradeRefund
from vkpay_simulator.providers.douyin.trade.routes import Trade

UNKNOWN = (
    "Douyin knows no order {number}. One of the general trade system is there when the mini program has asked for "
    "it: post order_info to /_sim/douyin/request-order."
)
TRANSFERS = "Douyin sends no money to users here: its guaranteed payment and trade system have no transfers."

AnyOrder = EcpayOrder | TradeOrder


class Hand:
    """Pays, opens, gives up, ends refunds and settlements; and shows what there is."""

    def __init__(self, ecpay: Ecpay, trade: Trade, cashier: Cashier) -> None:
        self._ecpay = ecpay
        self._trade = trade
        self._cashier = cashier

    def orders(self) -> list[OrderView]:
        every: list[AnyOrder] = [*self._ecpay.book.all(), *self._trade.book.all()]
        return [_view(order) for order in sorted(every, key=lambda order: order.created_ms)]

    def pay(self, number: str, pid: str | None, channel: str | None) -> OrderView:
        """``channel`` is ``wxpay``, ``alipay`` or ``douyin``."""
        order = self._payable(number, pid)
        self._cashier.pay(order, way_of(channel))
        return _view(order)

    def scan(self, number: str, pid: str | None) -> OrderView:
        order = self._payable(number, pid)
        self._cashier.open(order)
        return _view(order)

    def cancel(self, number: str, pid: str | None) -> OrderView:
        """Guaranteed payment: the user leaves the cashier, and may come back. Trade system: cancels the order."""
        order = self._payable(number, pid)
        if isinstance(order, TradeOrder):
            self._cashier.fail(order)
        else:
            self._cashier.open(order)
        return _view(order)

    def refund(self, number: str, status: str, pid: str | None) -> dict[str, Any]:
        """Ends a refund that is PROCESSING: ``SUCCESS`` or ``FAIL``."""
        found = [self._ending(*one) for one in self._ecpay.refunds.named(number, pid)]
        found += [self._trade_ending(one) for one in self._trade.refunds.named(number, pid)]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} refunds {number!r} at Douyin: ask for it first, or name its merchant as pid.",
                404,
            )
        state, finish, shown = found[0]
        if status not in (SUCCESS, FAIL):
            raise SimulatorError(f"{status!r} is no end of a refund: use SUCCESS or FAIL.")
        if state != PROCESSING:
            raise SimulatorError(
                f"Refund {number} is {state}: only one that is PROCESSING can be ended.", 409
            )
        finish(status)
        return shown()

    def settle(self, number: str, status: str, pid: str | None) -> dict[str, Any]:
        """Ends a settlement of either system."""
        try:
            return self._ecpay.settlements.settle(number, status, pid)
        except SimulatorError as error:
            if error.status != 404:
                raise
        return self._trade.settlements.settle(number, status, pid)

    def ask_back(self, number: str, amount: int | None, pid: str | None) -> dict[str, Any]:
        """A user of the trade system asks for money back."""
        order = self._one(number, pid)
        if not isinstance(order, TradeOrder):
            raise SimulatorError("In guaranteed payment users ask the merchant, not Douyin: refund it.", 409)
        return self._trade.refunds.ask_back(order, amount)

    def _ending(
        self, order: EcpayOrder, refund: Refund
    ) -> tuple[str, Callable[[str], None], Callable[[], dict[str, Any]]]:
        def shown() -> dict[str, Any]:
            return {
                "out_trade_no": order.number,
                "out_refund_no": refund.number,
                "refund_no": refund.refund_id,
                "refund_amount": refund.amount,
                "refund_status": refund.state,
                "msg": refund.message,
            }

        return refund.state, lambda status: self._ecpay.refunds.finish(order, refund, status), shown

    def _trade_ending(
        self, made: TradeRefund
    ) -> tuple[str, Callable[[str], None], Callable[[], dict[str, Any]]]:
        return made.refund.state, lambda status: self._trade.refunds.finish(made, status), made.shown

    def _payable(self, number: str, pid: str | None) -> AnyOrder:
        order = self._one(number, pid)
        if not order.payable:
            raise SimulatorError(f"Order {number} is {order.state} and cannot be paid any more.", 409)
        return order

    def _one(self, number: str, pid: str | None) -> AnyOrder:
        every: list[AnyOrder] = [*self._ecpay.book.all(), *self._trade.book.all()]
        found = [order for order in every if order.number == number and pid in (None, order.app.pid)]
        if not found:
            raise SimulatorError(UNKNOWN.format(number=number), 404)
        if len(found) > 1:
            pids = ", ".join(order.app.pid for order in found)
            raise SimulatorError(f"Order {number} exists more than once: name a pid of {pids}.", 409)
        return found[0]


def _view(order: AnyOrder) -> OrderView:
    return OrderView(
        provider="douyin",
        pid=order.app.pid,
        out_trade_no=order.number,
        transaction_id=order.order_id,
        product="requestOrder" if isinstance(order, TradeOrder) else "ecpay",
        state=order.state,
        total_fee=order.total,
        refunded_fee=order.refunded,
        created_ms=order.created_ms,
        paid_ms=order.paid_ms,
        notify_url=order.notify_url,
        payer=None,
        refunds=tuple(one.view() for one in order.refunds.values()),
        detail=_detail(order),
    )


def _detail(order: AnyOrder) -> dict[str, Any]:
    """What else a person would like to see."""
    return {
        "app_id": order.app.app_id,
        "way": order.way,
        "in_transit": order.in_transit,
        "refunds": [
            {"out_refund_no": one.number, "amount": one.amount, "state": one.state}
            for one in order.refunds.values()
        ],
        "settlements": [
            {"out_settle_no": one.number, "amount": one.amount, "rake": one.rake, "state": one.state}
            for one in order.settlements.values()
        ],
    }
