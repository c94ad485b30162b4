"""``orderrefund`` and ``orderrefundquery``. Observed: their fields, ``out_refund_no`` at the top of the answer, and that
``SUCCESS`` means refunded. Partial refunds, repeats and everything in ``data`` are designed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.vkspay import states
from vkpay_simulator.providers.vkspay.errors import REFUND_FAILED, Refusal, parameter
from vkpay_simulator.providers.vkspay.fields import yuan
from vkpay_simulator.providers.vkspay.models import Call, Order, Refund
from vkpay_simulator.providers.vkspay.orders import Book, Content, success
from vkpay_simulator.providers.vkspay.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World

MOST_REFUNDS = 50


class Refunds:
    """Refunds are done at once, unless :attr:`Rules.refund_delay_s` says otherwise."""

    def __init__(self, world: World, book: Book, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._rules = rules

    def refund(self, call: Call) -> Content:
        order, amount = self._book.get(call), call.fields.fen("refund_fee")
        wished = call.fields.number("out_refund_no") if self._rules.own_numbers else None
        if order.state != states.SUCCESS:
            raise Refusal(order.state, why=f"Order {order.number} is not paid, so nothing can be refunded.")
        made = order.refunds.get(wished or "")
        if made is None:
            made = self._new(order, amount, wished)
        elif made.amount != amount:
            raise parameter("out_refund_no重复", f"Refund {made.number} is of {yuan(made.amount)} yuan.")
        return _answer(made)

    def query(self, call: Call) -> Content:
        order, number = self._book.get(call), call.fields.required_number("out_refund_no")
        refund = order.refunds.get(number)
        if refund is None:
            raise Refusal(
                "REFUNDNOTEXIST",
                why=f"Order {order.number} has no refund {number}: send out_refund_no of the orderrefund answer.",
            )
        return _answer(refund)

    def settle(self, refund: Refund, status: str) -> None:
        refund.move(status, self._world.clock.now())

    def _new(self, order: Order, amount: int, wished: str | None) -> Refund:
        if order.refunded + amount > order.total or len(order.refunds) >= MOST_REFUNDS:
            left = order.total - order.refunded
            raise Refusal(
                "REFUNDOVER",
                why=f"{yuan(left)} yuan are left, and an order has {MOST_REFUNDS} refunds at most.",
            )
        number = wished or f"R{self._book.new_number(order.account)}"
        refund = Refund(number=number, amount=amount, created_ms=self._world.clock.now())
        order.refunds[number] = refund
        delay = self._rules.refund_delay_s
        if delay is None:
            self.settle(refund, states.SUCCESS)
        else:
            self._world.agenda.after(delay, lambda: self._finish(refund))
        return refund

    def _finish(self, refund: Refund) -> None:
        if refund.state == states.PROCESSING:
            self.settle(refund, states.SUCCESS)


def _answer(refund: Refund) -> Content:
    if refund.state == states.FAIL:
        raise Refusal("FAIL", REFUND_FAILED, why=f"Refund {refund.number} failed: make it again.")
    numbers = {"out_refund_no": refund.number}
    if refund.state == states.PROCESSING:
        return {"return_code": "PROCESSING", "return_msg": "退款处理中", **numbers}
    data = {"refund_fee": yuan(refund.amount), "refund_time": china_text(refund.done_ms or 0)}
    return success(**numbers, data=data)
