"""``create_refund`` and ``query_refund``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.ecpay.burnt import Burnt
from vkpay_simulator.providers.douyin.ecpay.gate import Call, Reply
from vkpay_simulator.providers.douyin.ecpay.notify import Notifier
from vkpay_simulator.providers.douyin.ecpay.orders import EcpayOrder, OrderBook, extra
from vkpay_simulator.providers.douyin.errors import NO_REFUND, Refusal, ecpay_refusal, refused
from vkpay_simulator.providers.douyin.money import DAY_MS, Refund
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import FAIL, PROCESSING, SUCCESS

if TYPE_CHECKING:
    from vkpay_simulator.world import World

YEAR_MS = 365 * DAY_MS
LARGEST = 10**11 - 1
MOST_REFUNDS = {1: 50, 2: 300}
SHORT = "商户可提现余额不足"


class Refunds:
    """Accepted at once, done a moment later; an accepted one may still fail."""

    def __init__(self, world: World, book: OrderBook, burnt: Burnt, notifier: Notifier, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._burnt = burnt
        self._notifier = notifier
        self._rules = rules
        self._refunds: dict[tuple[str, str], tuple[EcpayOrder, Refund]] = {}

    def clear(self) -> None:
        self._refunds.clear()

    def find(self, app: App, number: object) -> tuple[EcpayOrder, Refund] | None:
        return self._refunds.get((app.app_id, number)) if isinstance(number, str) else None

    def named(self, number: str, pid: str | None) -> list[tuple[EcpayOrder, Refund]]:
        """Those of any merchant with this number."""
        return [
            found
            for (_, known), found in self._refunds.items()
            if known == number and pid in (None, found[0].app.pid)
        ]

    def create(self, call: Call) -> Reply:
        """Repeating a number gives the same refund, whatever else the call says."""
        number = call.fields.number("out_refund_no")
        found = self.find(call.app, number)
        if found is None:
            found = self._place(call, number)
        return Reply({"refund_no": found[1].refund_id}, tips="受理成功")

    def query(self, call: Call) -> Reply:
        found = self.find(call.app, call.fields.number("out_refund_no"))
        if found is None:
            why = f"App {call.app.app_id} has no such refund. One that was refused does not exist."
            raise ecpay_refusal(NO_REFUND, why=why)
        order, refund = found
        info = {
            "refund_no": refund.refund_id,
            "refund_amount": refund.amount,
            "refund_status": refund.state,
            "refunded_at": refund.done_ms // 1000 if refund.done_ms else 0,
            "is_all_settled": order.finished,
            "cp_extra": refund.cp_extra,
            "msg": refund.message,
        }
        return Reply({"refundInfo": info})

    def finish(self, order: EcpayOrder, refund: Refund, state: str, message: str = "") -> None:
        """Ends a refund. One that the merchant's balance does not cover fails."""
        if state == SUCCESS and self._short(order, refund):
            state, message = FAIL, SHORT
        if state == SUCCESS:
            order.give_back(refund, self._world.clock.now())
        else:
            refund.move(FAIL)
            refund.message, refund.done_ms = message or "退款失败", self._world.clock.now()
        self._notifier.refunded(order, refund)

    @staticmethod
    def _short(order: EcpayOrder, refund: Refund) -> bool:
        return refund.after_settlement and order.app.purse(order.way).withdrawable < refund.amount

    def _place(self, call: Call, number: str) -> tuple[EcpayOrder, Refund]:
        fields = call.fields
        order_no, reason = fields.number("out_order_no"), fields.required("reason", most=100)
        amount = fields.required_integer("refund_amount", least=1, most=LARGEST)
        after = bool(fields.integer("all_settle", least=0, most=1))
        url = fields.notify_url("notify_url") or call.app.console_url
        fields.integer("disable_msg", least=0, most=1)
        order = self._burnt.attempt(
            call.app, "refund", number, lambda: self._refundable(call, order_no, amount, after=after)
        )
        refund = Refund(
            order=order,
            number=number,
            refund_id="7" + self._world.ids.digits(18),
            amount=amount,
            reason=reason,
            cp_extra=extra(fields),
            notify_url=url,
            created_ms=self._world.clock.now(),
            after_settlement=after,
        )
        order.refunds[number] = refund
        self._refunds[call.app.app_id, number] = order, refund
        self._world.agenda.after(self._rules.work_s, lambda: self._due(order, refund))
        return order, refund

    def _due(self, order: EcpayOrder, refund: Refund) -> None:
        if refund.state == PROCESSING:
            self.finish(order, refund, SUCCESS)

    def _refundable(self, call: Call, number: str, amount: int, *, after: bool) -> EcpayOrder:
        order = self._book.find(call.app, number)
        if order is None or not order.paid:
            state = f"is {order.state}" if order else "does not exist"
            raise refused(
                "订单未支付或不存在，不可退款", f"Order {number} {state}: only a paid one is refunded."
            )
        no = self._too_much(order, amount) or self._too_late(order)
        no = no or (_not_settled(order) if after else _in_transit_short(order, amount))
        if no:
            raise no
        return order

    @staticmethod
    def _too_much(order: EcpayOrder, amount: int) -> Refusal | None:
        left = order.total - order.refunded
        if amount > left:
            return refused(
                "退款金额超过可退金额", f"{amount} fen are asked for, {left} are left of the order."
            )
        most = MOST_REFUNDS.get(order.way)
        if most is not None and len(order.refunds) >= most:
            return refused(
                "退款次数超过限制", f"The order has had {most} refunds, and its channel takes no more."
            )
        return None

    def _too_late(self, order: EcpayOrder) -> Refusal | None:
        if order.paid_ms is not None and self._world.clock.now() - order.paid_ms > YEAR_MS:
            return refused("订单超过可退款期限", "The order is more than a year old.")
        return None


def _not_settled(order: EcpayOrder) -> Refusal | None:
    if order.standing:
        return None
    return refused(
        "订单未结算", "all_settle is 1, and nothing of the order is settled: leave it out, or send 0."
    )


def _in_transit_short(order: EcpayOrder, amount: int) -> Refusal | None:
    if order.in_transit >= amount:
        return None
    why = (
        f"{order.in_transit} fen of the order are still in transit: with all_settle 1 the refund is taken from what "
        "the merchant could withdraw."
    )
    return refused("订单在途资金不足", why)
