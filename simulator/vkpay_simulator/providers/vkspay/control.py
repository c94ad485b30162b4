"""The buyer and the operator, played by the control API."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.providers.vkspay import states
from vkpay_simulator.providers.vkspay.fields import yuan
from vkpay_simulator.providers.vkspay.models import WALLETS, Order
from vkpay_simulator.providers.vkspay.orders import Book
from vkpay_simulator.providers.vkspay.refunds import Refunds

ENDINGS = (states.SUCCESS, states.FAIL)


class Hand:
    """Pays, opens, gives up, closes, ends refunds; and shows what there is."""

    def __init__(self, book: Book, refunds: Refunds) -> None:
        self._book = book
        self._refunds = refunds

    def orders(self) -> list[OrderView]:
        return [order.view() for order in self._book.all()]

    def pay(self, number: str, pid: str | None, channel: str | None) -> OrderView:
        order = self._payable(number, pid)
        wallet = channel or order.only or "wxpay"
        if wallet not in WALLETS:
            raise SimulatorError(f"VksPay has no wallet {wallet!r}: channel is {' or '.join(WALLETS)}.")
        if wallet != (order.only or wallet):
            raise SimulatorError(
                f"Order {number} can be paid with {order.only} only: leave channel out.", 409
            )
        self._book.pay(order, wallet)
        return order.view()

    def scan(self, number: str, pid: str | None) -> OrderView:
        """Opening the link changes nothing the merchant could see."""
        return self._payable(number, pid).view()

    def give_up(self, number: str, pid: str | None) -> OrderView:
        """A cashier order stays payable; a code payment that waits for its password is over."""
        order = self._payable(number, pid)
        if order.state == states.PAYING:
            order.move(states.CLOSED)
        return order.view()

    def close(self, number: str, pid: str | None) -> OrderView:
        """The vendor's own hand: merchants cannot close orders."""
        order = self._payable(number, pid)
        order.move(states.CLOSED)
        return order.view()

    def find(self, number: str, pid: str | None) -> Order:
        found = [
            order
            for order in self._book.all()
            if number in (order.number, order.merchant_number) and pid in (None, order.account.pid)
        ]
        if not found:
            raise SimulatorError(
                f"VksPay knows no order {number!r}: GET /_sim/orders lists those there are.", 404
            )
        return found[-1]

    def refund(self, number: str, status: str, pid: str | None) -> dict[str, Any]:
        found = [
            (order, order.refunds[number])
            for order in self._book.all()
            if number in order.refunds and pid in (None, order.account.pid)
        ]
        if not found:
            raise SimulatorError(f"VksPay knows no refund {number!r}.", 404)
        order, refund = found[0]
        if status not in ENDINGS:
            raise SimulatorError(f"A refund ends as {' or '.join(ENDINGS)}, not as {status!r}.")
        if refund.state != status:
            if refund.state != states.PROCESSING:
                raise SimulatorError(
                    f"Refund {number} is {refund.state} already. Refunds are done at once unless POST /_sim/vkspay/rules "
                    "has given them a refund_delay_s.",
                    409,
                )
            self._refunds.settle(refund, status)
        return {
            "out_trade_no": order.number,
            "out_refund_no": refund.number,
            "refund_fee": yuan(refund.amount),
            "refund_status": refund.state,
            "refund_time": china_text(refund.done_ms or 0),
        }

    def _payable(self, number: str, pid: str | None) -> Order:
        order = self.find(number, pid)
        if not order.payable:
            raise SimulatorError(
                f"VksPay order {number} is {order.state}: create another, with a new out_trade_no.", 409
            )
        return order
