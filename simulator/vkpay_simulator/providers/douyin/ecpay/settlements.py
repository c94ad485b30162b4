"""``settle``, ``query_settle``, ``unsettle_amount`` and ``query_platform_order``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.ecpay.burnt import Burnt
from vkpay_simulator.providers.douyin.ecpay.gate import Call, Reply
from vkpay_simulator.providers.douyin.ecpay.notify import Notifier, detail
from vkpay_simulator.providers.douyin.ecpay.orders import EcpayOrder, OrderBook, extra
from vkpay_simulator.providers.douyin.errors import Refusal, refused
from vkpay_simulator.providers.douyin.fields import Fields
from vkpay_simulator.providers.douyin.money import DAY_MS, Settlement
from vkpay_simulator.providers.douyin.receivers import MOST_PER_CENT, receivers_in
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import FAIL, PROCESSING, SUCCESS

if TYPE_CHECKING:
    from vkpay_simulator.world import World

MOST_SETTLEMENTS = 50
FINISH = {"true": True, "false": False}


class Settlements:
    """Accepted at once, done a moment later."""

    def __init__(self, world: World, book: OrderBook, burnt: Burnt, notifier: Notifier, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._burnt = burnt
        self._notifier = notifier
        self._rules = rules
        self._settlements: dict[tuple[str, str], tuple[EcpayOrder, Settlement]] = {}

    def clear(self) -> None:
        self._settlements.clear()

    def find(self, app: App, number: object) -> tuple[EcpayOrder, Settlement] | None:
        return self._settlements.get((app.app_id, number)) if isinstance(number, str) else None

    def numbered(self, app: App, settle_no: object) -> tuple[EcpayOrder, Settlement] | None:
        """By Douyin's own number."""
        return next(
            (
                one
                for one in self._settlements.values()
                if one[0].app is app and one[1].settle_id == settle_no
            ),
            None,
        )

    def create(self, call: Call) -> Reply:
        number = call.fields.number("out_settle_no")
        found = self.find(call.app, number)
        if found is None:
            found = self._place(call, number)
        return Reply({"settle_no": found[1].settle_id})

    def query(self, call: Call) -> Reply:
        found = self.find(call.app, call.fields.number("out_settle_no"))
        if found is None:
            raise refused("结算记录不存在", f"App {call.app.app_id} has no such settlement.")
        _, one = found
        info = {
            "settle_no": one.settle_id,
            "settle_amount": one.amount,
            "settle_status": one.state,
            "settle_detail": detail(one),
            "settled_at": one.done_ms // 1000 if one.done_ms else 0,
            "rake": one.rake,
            "commission": 0,
            "cp_extra": one.cp_extra,
            "msg": one.message,
        }
        return Reply({"settle_info": info})

    def unsettled(self, call: Call) -> Reply:
        """What a settlement now would bring, Douyin's share taken off."""
        order = self._paid(call)
        back = [
            {"out_refund_no": one.number, "amount": one.amount}
            for one in order.refunds.values()
            if one.state != FAIL
        ]
        rest = order.in_transit
        fee = min(order.fee, rest)
        data = {
            "out_order_no": order.number,
            "unsettle_amount": rest - fee,
            "detail": {
                "pay_info": {"out_order_no": order.number, "amount": order.total},
                "refund_info": back,
                "payment_rake": fee,
                "life_rake": 0,
                "commission": 0,
            },
        }
        return Reply({"data": data})

    def automatic(self, call: Call) -> Reply:
        """Those that Douyin made of its own accord."""
        order = self._paid(call)
        if call.fields.required_integer("query_type", least=1, most=1) != 1:
            raise AssertionError("only 1 passes")
        made = [_platform_order(one) for one in order.settlements.values() if one.automatic]
        return Reply({"settle_info_list": made})

    def expect(self, order: EcpayOrder) -> None:
        """An order was paid: where the app settles automatically, its cycle begins."""
        if order.app.auto_settle:
            self._world.agenda.at(self._settleable_ms(order), lambda: self._settle_by_itself(order))

    def settle(self, out_settle_no: str, status: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ends a settlement that is PROCESSING."""
        found = [
            one
            for (_, number), one in self._settlements.items()
            if number == out_settle_no and pid in (None, one[0].app.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} settlements {out_settle_no!r}: make it first, or name its merchant as pid.",
                404,
            )
        order, settlement = found[0]
        if status not in (SUCCESS, FAIL):
            raise SimulatorError(f"{status!r} is no end of a settlement: use SUCCESS or FAIL.")
        if settlement.state != PROCESSING:
            raise SimulatorError(f"Settlement {out_settle_no} is {settlement.state} already.", 409)
        self._finish(order, settlement, status)
        return {
            "out_settle_no": out_settle_no,
            "settle_status": settlement.state,
            "settle_amount": settlement.amount,
        }

    def _place(self, call: Call, number: str) -> tuple[EcpayOrder, Settlement]:
        fields = call.fields
        order_no, desc = fields.number("out_order_no"), fields.required("settle_desc", most=80)
        receivers = receivers_in(fields, call.app.mch_id)
        finish = _finish_in(fields, receivers)
        url = fields.notify_url("notify_url") or call.app.console_url
        order = self._burnt.attempt(
            call.app, "settle", number, lambda: self._settleable(call.app, order_no, receivers)
        )
        last = len(order.settlements) == MOST_SETTLEMENTS - 1
        settlement = self._made(order, number, receivers, finish=finish or last)
        settlement.desc, settlement.cp_extra, settlement.notify_url = desc, extra(fields), url
        return order, settlement

    def _made(
        self,
        order: EcpayOrder,
        number: str,
        receivers: dict[str, int],
        *,
        finish: bool,
        automatic: bool = False,
    ) -> Settlement:
        settlement = Settlement(
            order=order,
            number=number,
            settle_id="7" + self._world.ids.digits(18),
            receivers=receivers,
            finish=finish,
            desc="",
            cp_extra="",
            notify_url=order.app.console_url,
            created_ms=self._world.clock.now(),
            automatic=automatic,
        )
        order.settlements[number] = settlement
        self._settlements[order.app.app_id, number] = order, settlement
        self._world.agenda.after(self._rules.work_s, lambda: self._due(order, settlement))
        return settlement

    def _settle_by_itself(self, order: EcpayOrder) -> None:
        if not order.finished:
            self._made(order, f"auto_{order.order_id}", {}, finish=True, automatic=True)

    def _due(self, order: EcpayOrder, settlement: Settlement) -> None:
        if settlement.state == PROCESSING:
            self._finish(order, settlement, SUCCESS)

    def _finish(self, order: EcpayOrder, settlement: Settlement, state: str) -> None:
        if state == SUCCESS:
            order.settle(settlement, self._world.clock.now())
        else:
            settlement.move(FAIL)
            settlement.message, settlement.done_ms = "结算失败", self._world.clock.now()
        self._notifier.settled(order, settlement)

    def _paid(self, call: Call) -> EcpayOrder:
        order = self._book.find(call.app, call.fields.number("out_order_no"))
        if order is None or not order.paid:
            raise _unpaid(order)
        return order

    def _settleable(self, app: App, number: str, receivers: dict[str, int]) -> EcpayOrder:
        order = self._book.find(app, number)
        if order is None or not order.paid:
            raise _unpaid(order)
        no = self._too_early(order) or _over(order) or _too_much(order, receivers)
        if no:
            raise no
        return order

    def _settleable_ms(self, order: EcpayOrder) -> int:
        """Sandbox orders are gone before a cycle is over, so that theirs may be settled at once."""
        assert order.paid_ms is not None  # noqa: S101 - only paid orders are asked for
        if order.app.sandbox:
            return order.paid_ms
        by_payment = order.paid_ms + self._rules.settle_days * DAY_MS
        if order.fulfilled_ms is None:
            return by_payment
        return min(by_payment, order.fulfilled_ms + self._rules.fulfilled_days * DAY_MS)

    def _too_early(self, order: EcpayOrder) -> Refusal | None:
        at = self._settleable_ms(order)
        if self._world.clock.now() >= at:
            return None
        why = f"The order may be settled from {china_text(at)} on: move the clock (POST /_sim/clock)."
        return refused("未到结算周期", why)


def _finish_in(fields: Fields, receivers: dict[str, int]) -> bool:
    """Without receivers there is nothing to settle but the rest."""
    text = fields.text("finish")
    if text is None:
        return not receivers
    if text not in FINISH:
        raise fields.invalid("finish", 'send the string "true" or "false"')
    return FINISH[text]


def _unpaid(order: EcpayOrder | None) -> Refusal:
    state = f"is {order.state}" if order else "does not exist"
    return refused("订单未支付或不存在，不可结算", f"The order {state}: only a paid one is settled.")


def _over(order: EcpayOrder) -> Refusal | None:
    if order.finished:
        return refused("订单已完成结算", "The order is settled in full: nothing of it is left.")
    if any(one.state == PROCESSING for one in order.standing):
        return refused("存在处理中的结算单", "A settlement of the order is under way: wait for its end.")
    return None


def _too_much(order: EcpayOrder, receivers: dict[str, int]) -> Refusal | None:
    asked = sum(receivers.values())
    shared = asked + sum(one.shared for one in order.standing)
    if shared * 100 > order.total * MOST_PER_CENT:
        why = f"Third parties get {MOST_PER_CENT} % of an order at most; with this settlement it were {shared} of {order.total} fen."
        return refused("分账金额超过最大比例", why)
    if asked > order.in_transit:
        return refused("订单可分账金额不足", f"{order.in_transit} fen of the order are left.")
    return None


def _platform_order(one: Settlement) -> dict[str, Any]:
    return {
        "out_settle_no": one.number,
        "settle_no": one.settle_id,
        "settle_param_list": msgspec.json.encode([]).decode(),
        "settle_way": "auto",
        "settle_status": one.state,
        "cps": 0,
        "service_charge": one.rake,
        "created_at": one.created_ms // 1000,
        "settled_at": one.done_ms // 1000 if one.done_ms else 0,
    }
