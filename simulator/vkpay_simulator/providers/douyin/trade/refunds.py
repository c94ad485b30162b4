"""``refund_create``, ``refund_query``, ``refund_audit_callback``, and the user who asks for money back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.errors import NO_ORDER, trade_refusal
from vkpay_simulator.providers.douyin.money import DAY_MS, Refund
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import AUDITING, FAIL, PROCESSING, SUCCESS, shown
from vkpay_simulator.providers.douyin.trade.gate import Call, Reply
from vkpay_simulator.providers.douyin.trade.notify import BY_DEVELOPER, BY_USER, Notifier
from vkpay_simulator.providers.douyin.trade.orders import TradeBook, TradeOrder
from vkpay_simulator.providers.douyin.trade.reasons import check_rest, items_in

if TYPE_CHECKING:
    from vkpay_simulator.world import World

AUDIT_MS = 3 * DAY_MS
YEAR_MS = 365 * DAY_MS
MOST_REFUNDS = {1: 50, 2: 300}
LARGEST = 10**11 - 1
AGREE, DENY = 1, 2
SHORT = "商户可提现余额不足"


@dataclass(slots=True, kw_only=True, eq=False)
class TradeRefund:
    """A refund and what belongs to it here. ``items``: amounts by piece. ``audit`` is the merchant's word about it."""

    order: TradeOrder
    refund: Refund
    items: dict[str, int]
    by_user: bool
    deadline_ms: int
    audit: str = "INIT"
    deny_message: str = ""

    def shown(self) -> dict[str, Any]:
        refund = self.refund
        return {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.number,
            "order_id": self.order.order_id,
            "refund_status": shown(refund.state),
            "refund_total_amount": refund.amount,
            "create_at": refund.created_ms,
            "refund_at": refund.done_ms or 0,
            "message": refund.message,
            "refund_source": BY_USER if self.by_user else BY_DEVELOPER,
            "merchant_audit_detail": {
                "audit_status": self.audit,
                "need_refund_audit": int(self.by_user),
                "refund_audit_deadline": self.deadline_ms,
                "deny_message": self.deny_message,
            },
            "item_order_detail": [
                {"item_order_id": number, "refund_amount": amount} for number, amount in self.items.items()
            ],
        }


class TradeRefunds:
    """A merchant's own refund is done a moment later; a user's waits for the merchant, three days at most."""

    def __init__(self, world: World, book: TradeBook, notifier: Notifier, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._notifier = notifier
        self._rules = rules
        self._by_id: dict[str, TradeRefund] = {}

    def clear(self) -> None:
        self._by_id.clear()

    def find(self, app: App, number: object) -> TradeRefund | None:
        return next(
            (one for one in self._by_id.values() if one.order.app is app and one.refund.number == number),
            None,
        )

    def numbered(self, refund_id: object) -> TradeRefund | None:
        return self._by_id.get(refund_id) if isinstance(refund_id, str) else None

    def named(self, number: str, pid: str | None) -> list[TradeRefund]:
        """Those of any merchant with this number."""
        return [
            one
            for one in self._by_id.values()
            if one.refund.number == number and pid in (None, one.order.app.pid)
        ]

    def create(self, call: Call) -> Reply:
        fields = call.fields
        number = fields.required("out_refund_no")
        amount = fields.required_integer("refund_total_amount", least=1, most=LARGEST)
        reason, cp_extra = check_rest(fields)
        url = fields.notify_url("notify_url", most=512) or call.app.console_url
        order = self._book.named(call)
        if self.find(call.app, number) is not None:
            why = f"Refund {number} was asked for before: query it, or take a new number."
            raise trade_refusal(22004, why=why)
        items = self._items(call, order, amount)
        made = self._made(order, number, amount, items, by_user=False)
        made.refund.reason, made.refund.cp_extra, made.refund.notify_url = reason, cp_extra, url
        self._start(made)
        return Reply({"refund_id": made.refund.refund_id, "refund_audit_deadline": made.deadline_ms})

    def query(self, call: Call) -> Reply:
        """By ``refund_id``, ``out_refund_no`` or ``order_id``, which may have several; an empty list for none."""
        refund_id, number, order_id = (
            call.fields.text(name) for name in ("refund_id", "out_refund_no", "order_id")
        )
        if refund_id is None and number is None and order_id is None:
            raise call.fields.invalid("refund_id", "send it, or out_refund_no, or order_id")
        found = [
            one
            for one in self._by_id.values()
            if one.order.app is call.app
            and refund_id in (None, one.refund.refund_id)
            and number in (None, one.refund.number)
            and order_id in (None, one.order.order_id)
        ]
        return Reply({"refund_list": [one.shown() for one in found]})

    def audit(self, call: Call) -> Reply:
        """The merchant's word about a refund that a user asked for."""
        made = self.numbered(call.fields.required("refund_id"))
        if made is None or made.order.app is not call.app:
            raise trade_refusal(NO_ORDER, "退款单不存在", why=f"App {call.app.app_id} has no such refund.")
        word = call.fields.required_integer("refund_audit_status", least=AGREE, most=DENY)
        message = call.fields.text("deny_message", most=512, in_bytes=True)
        if word == DENY and message is None:
            raise call.fields.invalid("deny_message", "say why the refund is denied")
        if made.refund.state != AUDITING:
            raise trade_refusal(
                22006, why=f"The refund is {made.refund.state}: there is nothing to agree to."
            )
        self._decide(made, "AGREE" if word == AGREE else "DENY", message or "")
        return Reply()

    def ask_back(self, order: TradeOrder, amount: int | None) -> dict[str, Any]:
        """For the control API: the user wants money back."""
        left = order.total - order.refunded
        amount = left if amount is None else amount
        if not order.paid or not 1 <= amount <= left:
            raise SimulatorError(
                f"Order {order.number} is {order.state}, and {left} fen of it are left.", 409
            )
        items = _spread(order, amount)
        made = self._made(order, "", amount, items, by_user=True)
        made.refund.state, made.refund.reason, made.audit = AUDITING, "不想要了", "TOAUDIT"
        self._notifier.asked_back(order, made.refund, made.deadline_ms, items)
        self._world.agenda.at(made.deadline_ms, lambda: self._overdue(made))
        return made.shown()

    def finish(self, made: TradeRefund, state: str, message: str = "") -> None:
        """Ends a refund. One that the merchant's balance does not cover fails."""
        refund, order, now = made.refund, made.order, self._world.clock.now()
        if (
            state == SUCCESS
            and refund.after_settlement
            and order.app.purse(order.way).withdrawable < refund.amount
        ):
            state, message = FAIL, SHORT
        if state == SUCCESS:
            order.give_back(refund, now)
        else:
            refund.move(FAIL)
            refund.message, refund.done_ms = message or "退款失败", now
        self._notifier.refunded(order, refund, made.items, by_user=made.by_user)

    def _items(self, call: Call, order: TradeOrder, amount: int) -> dict[str, int]:
        if not order.paid:
            raise trade_refusal(22000, why=f"The order is {order.state}: only a paid one is refunded.")
        self._check_age(order)
        if amount > order.total - order.refunded:
            why = f"{amount} fen are asked for, {order.total - order.refunded} are left."
            raise trade_refusal(22013 if order.refunded == order.total else 22000, why=why)
        if call.values.get("refund_all") is True:
            if order.refunded or amount != order.total:
                why = "refund_all gives back a whole order that nothing was given back of yet."
                raise trade_refusal(22001, why=why)
            return {item.item_order_id: item.amount for item in order.items}
        return items_in(call, order, amount)

    def _check_age(self, order: TradeOrder) -> None:
        if order.paid_ms is not None and self._world.clock.now() - order.paid_ms > YEAR_MS:
            raise trade_refusal(22000, "订单超过可退款期限", why="The order is more than a year old.")
        most = MOST_REFUNDS.get(order.way)
        if most is not None and len(order.refunds) >= most:
            raise trade_refusal(22000, "退款次数超过限制", why=f"The order has had {most} refunds.")

    def _made(
        self, order: TradeOrder, number: str, amount: int, items: dict[str, int], *, by_user: bool
    ) -> TradeRefund:
        ids, now = self._world.ids, self._world.clock.now()
        refund = Refund(
            order=order,
            number=number,
            refund_id="motb" + ids.digits(19),
            amount=amount,
            reason="",
            cp_extra="",
            notify_url=order.app.console_url,
            created_ms=now,
            after_settlement=order.finished,
        )
        made = TradeRefund(
            order=order, refund=refund, items=items, by_user=by_user, deadline_ms=now + AUDIT_MS
        )
        order.refunds[refund.refund_id] = refund
        self._by_id[refund.refund_id] = made
        return made

    def _start(self, made: TradeRefund) -> None:
        def due() -> None:
            if made.refund.state == PROCESSING:
                self.finish(made, SUCCESS)

        self._world.agenda.after(self._rules.work_s, due)

    def _overdue(self, made: TradeRefund) -> None:
        """Nobody said anything: the user gets the money."""
        if made.refund.state == AUDITING:
            self._decide(made, "OVERTIME_AGREE", "")

    def _decide(self, made: TradeRefund, word: str, message: str) -> None:
        made.audit, made.deny_message = word, message
        if word == "DENY":
            self.finish(made, FAIL, message)
        else:
            made.refund.move(PROCESSING)
            self._start(made)


def _spread(order: TradeOrder, amount: int) -> dict[str, int]:
    """The amount over the pieces, as far as each goes."""
    spread: dict[str, int] = {}
    for item in order.items:
        part = min(item.amount, amount)
        if part:
            spread[item.item_order_id] = part
        amount -= part
    return spread
