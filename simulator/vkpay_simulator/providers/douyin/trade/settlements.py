"""``settle_create`` and ``settle_query``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.errors import trade_refusal
from vkpay_simulator.providers.douyin.fields import Fields, parse_list
from vkpay_simulator.providers.douyin.money import DAY_MS, Settlement
from vkpay_simulator.providers.douyin.receivers import LONGEST, MOST_PER_CENT, receivers_in
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import FAIL, PROCESSING, SUCCESS
from vkpay_simulator.providers.douyin.trade.gate import Call, Reply, param_error
from vkpay_simulator.providers.douyin.trade.notify import Notifier
from vkpay_simulator.providers.douyin.trade.orders import TradeBook, TradeOrder

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LONGEST_DESC, LONGEST_EXTRA = 80, 2048


class TradeSettlements:
    """Accepted at once, done a moment later. A number is good for one settlement."""

    def __init__(self, world: World, book: TradeBook, notifier: Notifier, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._notifier = notifier
        self._rules = rules
        self._settlements: dict[tuple[str, str], tuple[TradeOrder, Settlement]] = {}

    def clear(self) -> None:
        self._settlements.clear()

    def find(self, app: App, number: object) -> tuple[TradeOrder, Settlement] | None:
        return self._settlements.get((app.app_id, number)) if isinstance(number, str) else None

    def create(self, call: Call) -> Reply:
        _check_fields(call)
        receivers = _receivers(call)
        url = call.fields.notify_url("notify_url", most=512) or call.app.console_url
        number, item = call.fields.number("out_settle_no"), call.fields.text("item_order_id") or ""
        if self.find(call.app, number) is not None:
            raise trade_refusal(23111, why=f"Settlement {number} was asked for before: query it.")
        order = self._settleable(call, receivers, item)
        made = self._made(order, number, receivers)
        made.item_order_id, made.notify_url = item, url
        made.desc, made.cp_extra = call.values["settle_desc"], call.fields.text("cp_extra", most=2048) or ""
        return Reply({"settle_id": made.settle_id, "wallet_settle_id": f"W{made.settle_id}"})

    def query(self, call: Call) -> Reply:
        """By ``settle_id``, ``order_id``, ``out_settle_no`` or ``out_order_no``; an empty list for none."""
        names = ("settle_id", "order_id", "out_settle_no", "out_order_no")
        asked = {name: text for name in names if (text := call.fields.text(name))}
        if not asked:
            raise trade_refusal(23002, why=f"Send one of {', '.join(names)}.")
        name, text = next(iter(asked.items()))
        found = [
            _shown(order, one)
            for order, one in self._settlements.values()
            if order.app is call.app and _facts(order, one)[name] == text
        ]
        return Reply(found)

    def expect(self, order: TradeOrder) -> None:
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
        return _shown(order, settlement)

    def _made(
        self, order: TradeOrder, number: str, receivers: dict[str, int], *, automatic: bool = False
    ) -> Settlement:
        settlement = Settlement(
            order=order,
            number=number,
            settle_id="7" + self._world.ids.digits(18),
            receivers=receivers,
            finish=True,
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

    def _settle_by_itself(self, order: TradeOrder) -> None:
        if not order.finished:
            self._made(order, f"auto_{order.order_id}", {}, automatic=True)

    def _due(self, order: TradeOrder, settlement: Settlement) -> None:
        if settlement.state == PROCESSING:
            self._finish(order, settlement, SUCCESS)

    def _finish(self, order: TradeOrder, settlement: Settlement, state: str) -> None:
        if state == SUCCESS:
            order.settle(settlement, self._world.clock.now())
        else:
            settlement.move(FAIL)
            settlement.message, settlement.done_ms = "分账失败", self._world.clock.now()
        self._notifier.settled(order, settlement)

    def _settleable(self, call: Call, receivers: dict[str, int], item: str) -> TradeOrder:
        order = self._book.find(call.app, call.values["out_order_no"])
        if order is None:
            raise trade_refusal(23101, why=f"App {call.app.app_id} has no such order.")
        if not order.paid:
            raise trade_refusal(23102, why=f"The order is {order.state}.")
        if call.app.auto_settle:
            raise trade_refusal(23117, why="auto_settle of POST /_sim/douyin/account is on for the merchant.")
        if item and item not in {one.item_order_id for one in order.items}:
            raise trade_refusal(23025, why="The piece is of another order.")
        at = self._settleable_ms(order)
        if self._world.clock.now() < at:
            raise trade_refusal(23107, why=f"It may be settled from {china_text(at)} on: POST /_sim/clock.")
        self._check_left(order, receivers)
        return order

    @staticmethod
    def _check_left(order: TradeOrder, receivers: dict[str, int]) -> None:
        if order.finished or not order.in_transit:
            raise trade_refusal(23112, why="The order is settled in full, or given back.")
        shared = sum(receivers.values())
        if shared * 100 > order.total * MOST_PER_CENT or shared > order.in_transit:
            why = f"Third parties get {MOST_PER_CENT} % of an order at most, and no more than is left."
            raise trade_refusal(23113, why=why)

    def _settleable_ms(self, order: TradeOrder) -> int:
        assert order.paid_ms is not None  # noqa: S101 - only paid orders are asked for
        if order.app.sandbox:
            return order.paid_ms
        by_payment = order.paid_ms + self._rules.settle_days * DAY_MS
        if order.fulfilled_ms is None:
            return by_payment
        return min(by_payment, order.fulfilled_ms + self._rules.fulfilled_days * DAY_MS)


def _check_fields(call: Call) -> None:
    """Each has a code of its own."""
    values = call.values
    if values.get("app_id") not in (None, "", call.app.app_id):
        raise trade_refusal(23001, why=f"app_id is not that of the token: {call.app.app_id}.")
    for name, code in (("out_order_no", 23003), ("out_settle_no", 23004), ("settle_desc", 23005)):
        if not isinstance(values.get(name), str) or not values[name]:
            raise trade_refusal(code, why=f"Send {name}.")
    for name, most, code in (
        ("settle_desc", LONGEST_DESC, 23010),
        ("cp_extra", LONGEST_EXTRA, 23006),
        ("settle_params", LONGEST, 23007),
    ):
        if len(str(values.get(name) or "")) > most:
            raise trade_refusal(code, why=f"{name} may have {most} characters.")


def _receivers(call: Call) -> dict[str, int]:
    for share in parse_list(call.values.get("settle_params")) or []:
        if not isinstance(share, dict) or not share.get("merchant_uid"):
            raise trade_refusal(23008, why="Each receiver has a merchant_uid.")
        amount = share.get("amount")
        if isinstance(amount, int) and amount < 1:
            raise trade_refusal(23009, why="Each receiver gets a fen at least.")
    return receivers_in(Fields(call.values, param_error), call.app.mch_id)


def _facts(order: TradeOrder, one: Settlement) -> dict[str, str]:
    return {
        "settle_id": one.settle_id,
        "order_id": order.order_id,
        "out_settle_no": one.number,
        "out_order_no": order.number,
    }


def _shown(order: TradeOrder, one: Settlement) -> dict[str, Any]:
    shares = {order.app.mch_id: one.seller_amount} | one.receivers
    return _facts(order, one) | {
        "item_order_id": one.item_order_id,
        "settle_amount": one.amount,
        "settle_status": one.state,
        "settle_at": one.done_ms or 0,
        "settle_detail": ",".join(
            f"商户号{uid}-分成金额(分){amount}" for uid, amount in shares.items() if amount
        ),
        "rake": one.rake,
        "commission": 0,
        "platform_ticket": 0,
        "wallet_settle_id": f"W{one.settle_id}",
        "cp_extra": one.cp_extra,
    }
