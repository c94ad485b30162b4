"""Cash orders: query, delivery by hand, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error
from vkpay_simulator.providers.wxpay_virtual.gate import Call
from vkpay_simulator.providers.wxpay_virtual.models import OrderQuery, ProvideGoods, RefundOrder
from vkpay_simulator.providers.wxpay_virtual.notify import Pusher
from vkpay_simulator.providers.wxpay_virtual.orders import CashOrder, OrderBook, Refund
from vkpay_simulator.providers.wxpay_virtual.states import REFUNDABLE

if TYPE_CHECKING:
    from vkpay_simulator.world import World

DEBIT_S = 1
DONE_S = 3
REFUNDABLE_MS = 180 * 86_400_000
ENDINGS = ("SUCCESS", "FAIL")


class Refunds:
    """The calls about orders that exist. A refund is debited after a second, and with the user two later."""

    def __init__(self, world: World, book: OrderBook, pusher: Pusher) -> None:
        self._world = world
        self._book = book
        self._pusher = pusher

    def query(self, call: Call, wanted: OrderQuery) -> dict[str, Any]:
        found = self._book.find(call.app, call.env, wanted.order_id, wanted.wx_order_id, call.openid)
        return {"order": found.object()}

    def provide(self, call: Call, wanted: ProvideGoods) -> dict[str, Any]:
        order = self._payment(call, wanted, None)
        if order.state == "DELIVERED":
            raise XpayError(268490004, advice="The order is delivered already.")
        if order.state not in ("PAID", "DELIVERING"):
            raise field_error("订单状态错误", f"The order is {order.state}: only a paid one is delivered.")
        order.provide(self._world.clock.now())
        return {}

    def create(self, call: Call, wanted: RefundOrder) -> dict[str, str]:
        order = self._payment(call, wanted, call.openid)
        known = self._book.get(call.app, call.env, wanted.refund_order_id)
        if known is not None:
            return _repeated(known, wanted).answer()
        self._check(order, wanted)
        now = self._world.clock.now()
        refund = Refund(
            pay=order,
            request=wanted,
            before=order.step,
            wx_order_id="7" + self._world.ids.digits(21),
            created_ms=now,
            updated_ms=now,
        )
        order.left_fee -= refund.fee
        order.app.balances[order.env] -= refund.fee
        order.refunds.append(refund)
        self._book.add(refund)
        self._world.agenda.after(DEBIT_S, lambda: self._debited(refund))
        self._world.agenda.after(DONE_S, lambda: self._arrived(refund))
        return refund.answer()

    def settle(self, out_refund_no: str, status: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ends a refund that is running."""
        found = [
            refund
            for refund in self._book.refunds()
            if refund.order_id == out_refund_no and pid in (None, refund.app.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} wxpay-virtual refunds {out_refund_no!r}: create it first, or name its merchant "
                "as pid",
                404,
            )
        if status not in ENDINGS:
            raise SimulatorError(f"{status!r} is no end of a refund: use one of {', '.join(ENDINGS)}")
        if not found[0].running:
            raise SimulatorError(f"refund {out_refund_no!r} is {found[0].state}: it has ended already", 409)
        self._end(found[0], status)
        return found[0].object()

    def _payment(self, call: Call, wanted: ProvideGoods | RefundOrder, openid: str | None) -> CashOrder:
        found = self._book.find(call.app, call.env, wanted.order_id, wanted.wx_order_id, openid)
        if isinstance(found, Refund):
            raise field_error("订单类型错误", f"{found.order_id} is a refund: name the order that was paid.")
        return found

    def _check(self, order: CashOrder, wanted: RefundOrder) -> None:
        now = self._world.clock.now()
        if order.state not in REFUNDABLE:
            raise field_error("订单状态错误", f"The order is {order.state}: only a paid one is refunded.")
        if (order.paid_ms or 0) + REFUNDABLE_MS < now:
            raise field_error("订单已超过可退款期限", "The order was paid more than 180 days ago.")
        if wanted.left_fee != order.left_fee:
            advice = f"left_fee is {wanted.left_fee}, {order.left_fee} fen are left: ask query_order before."
            raise XpayError(268490016, advice=advice)
        if not 0 < wanted.refund_fee <= order.left_fee:
            raise field_error(
                "refund_fee字段错误", f"refund_fee has to be 1 to {order.left_fee}, what is left."
            )
        if any(refund.running for refund in order.refunds):
            raise XpayError(
                268490014, advice="Another refund of the order is running: wait until it has ended."
            )

    def _debited(self, refund: Refund) -> None:
        if refund.state == "CREATED":
            refund.move("REFUNDED", self._world.clock.now())
            _follow(refund.pay, "REFUNDED", self._world.clock.now())

    def _arrived(self, refund: Refund) -> None:
        if refund.running:
            self._end(refund, "SUCCESS")

    def _end(self, refund: Refund, status: str) -> None:
        now, order = self._world.clock.now(), refund.pay
        if status == "SUCCESS":
            self._debited(refund)
            refund.move("REFUND_DONE", now)
            refund.done_ms, refund.wxpay_order_id = now, "503" + self._world.ids.digits(25)
            _follow(order, "REFUND_DONE", now)
        else:
            refund.move("REFUND_FAILED", now)
            refund.failure = "退款失败，请稍后重试"
            order.left_fee += refund.fee
            order.app.balances[refund.env] += refund.fee
            if order.step == "REFUNDED":
                order.move(refund.before, now)
        self._pusher.refunded(refund)


def _follow(order: CashOrder, step: str, now: int) -> None:
    """An order is refunded when nothing of it is left."""
    if order.left_fee == 0:
        order.move(step, now)


def _repeated(known: object, wanted: RefundOrder) -> Refund:
    if not isinstance(known, Refund):
        raise field_error("refund_order_id重复", "The number belongs to a payment: take a new one.")
    if known.request != wanted:
        differing = [
            name for name in structs.asdict(wanted) if getattr(wanted, name) != getattr(known.request, name)
        ]
        raise field_error(
            "refund_order_id重复",
            f"The number was used with another {', '.join(differing)}: repeat it as it was.",
        )
    return known
