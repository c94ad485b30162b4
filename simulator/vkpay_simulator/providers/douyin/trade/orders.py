"""Orders of the general trade system: made by the mini program, asked for by the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.errors import CLIENT, NO_ORDER, Refusal, trade_refusal
from vkpay_simulator.providers.douyin.fields import Fields
from vkpay_simulator.providers.douyin.money import Order
from vkpay_simulator.providers.douyin.states import FAIL, PROCESSING, SUCCESS, TIMEOUT
from vkpay_simulator.providers.douyin.trade.data import Wanted
from vkpay_simulator.providers.douyin.trade.gate import Call, Reply
from vkpay_simulator.providers.douyin.trade.notify import Notifier

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PAY_STATUS = {SUCCESS: "SUCCESS", FAIL: "FAIL", TIMEOUT: "TIMEOUT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of the order."""

    item_order_id: str
    sku_id: str
    amount: int

    def shown(self) -> dict[str, Any]:
        return {"item_order_id": self.item_order_id, "sku_id": self.sku_id, "item_order_amount": self.amount}


@dataclass(slots=True, kw_only=True, eq=False)
class TradeOrder(Order):
    """An order. ``hidden`` are the ways of paying that its cashier does not show."""

    wanted: Wanted
    items: list[Item]
    bill_pay_id: str = ""

    @property
    def hidden(self) -> frozenset[int]:
        return self.wanted.hidden


class TradeBook:
    """Every order, by the app's number and by Douyin's."""

    def __init__(self) -> None:
        self._by_number: dict[tuple[str, str], TradeOrder] = {}
        self._by_id: dict[str, TradeOrder] = {}

    def clear(self) -> None:
        self._by_number.clear()
        self._by_id.clear()

    def add(self, order: TradeOrder) -> None:
        self._by_number[order.app.app_id, order.number] = order
        self._by_id[order.order_id] = order

    def find(self, app: App, number: object) -> TradeOrder | None:
        return self._by_number.get((app.app_id, number)) if isinstance(number, str) else None

    def numbered(self, order_id: object) -> TradeOrder | None:
        return self._by_id.get(order_id) if isinstance(order_id, str) else None

    def all(self) -> list[TradeOrder]:
        return list(self._by_number.values())

    def named(self, call: Call) -> TradeOrder:
        """The order of a call: ``order_id`` wins over ``out_order_no``. Raises :class:`Refusal`."""
        order_id, number = call.fields.text("order_id"), call.fields.text("out_order_no")
        if order_id is None and number is None:
            raise call.fields.invalid("order_id", "send it, or out_order_no")
        order = self.numbered(order_id) if order_id is not None else self.find(call.app, number)
        if order is None or order.app is not call.app:
            why = (
                f"App {call.app.app_id} has no such order. It is there once the mini program has called "
                "tt.requestOrder: POST /_sim/douyin/request-order with the order_info."
            )
            raise trade_refusal(NO_ORDER, why=why)
        return order


class TradeOrders:
    """Makes orders, and tells of them."""

    def __init__(self, world: World, book: TradeBook, notifier: Notifier) -> None:
        self._world = world
        self._book = book
        self._notifier = notifier

    def submit(self, app: App, wanted: Wanted) -> TradeOrder:
        """The order of these data; the one there is, where its number was used before and it can still be paid."""
        order = self._book.find(app, wanted.out_order_no)
        if order is None:
            return self._placed(app, wanted)
        if not order.payable or order.wanted != wanted:
            state = order.state if not order.payable else "there with other data"
            raise Refusal(
                10000, CLIENT[10000], why=f"Order {order.number} is {state}: take a new outOrderNo."
            )
        return order

    def query(self, call: Call) -> Reply:
        order = self._book.named(call)
        data: dict[str, Any] = {
            "order_id": order.order_id,
            "out_order_no": order.number,
            "app_id": order.app.app_id,
            "pay_status": PAY_STATUS.get(order.state, "PROCESS"),
            "trade_time": order.created_ms,
            "total_amount": order.total,
            "discount_amount": order.wanted.discount,
            "merchant_uid": order.wanted.merchant_uid or order.app.mch_id,
            "item_order_list": [item.shown() for item in order.items],
        }
        if order.paid_ms is not None:
            data |= {
                "pay_time": order.paid_ms,
                "pay_channel": order.way,
                "channel_pay_id": order.channel_no,
                "user_bill_pay_id": order.bill_pay_id,
            }
        return Reply(data)

    def query_cps(self, call: Call) -> Reply:
        """No influencer took part in any order here."""
        order = self._book.named(call)
        return Reply(
            {
                "order_id": order.order_id,
                "out_order_no": order.number,
                "total_commission_amount": 0,
                "cps_item_list": [],
            }
        )

    def fulfil(self, call: Call) -> Reply:
        order = self._book.named(call)
        call.fields.required("to_status")
        ids = call.values.get("item_order_id_list") or []
        known = {item.item_order_id for item in order.items}
        if not isinstance(ids, list) or not set(map(str, ids)) <= known:
            raise call.fields.invalid("item_order_id_list", f"the order's are {', '.join(sorted(known))}")
        if order.paid and order.fulfilled_ms is None:
            order.fulfilled_ms = self._world.clock.now()
        return Reply()

    def paid(self, order: TradeOrder) -> None:
        order.bill_pay_id = "PC" + self._world.ids.digits(20)
        self._notifier.paid(order)

    def expire(self, order: TradeOrder) -> None:
        order.move(TIMEOUT)
        self._notifier.cancelled(order, "TIME_OUT")

    def cancel(self, order: TradeOrder) -> None:
        """The user cancels the order, for good."""
        order.move(FAIL)
        self._notifier.cancelled(order, "USER_CANCEL")

    def _placed(self, app: App, wanted: Wanted) -> TradeOrder:
        ids, now = self._world.ids, self._world.clock.now()
        order = TradeOrder(
            app=app,
            number=wanted.out_order_no,
            order_id="motb" + ids.digits(19),
            total=wanted.total,
            cp_extra="",
            notify_url=wanted.notify_url or app.console_url,
            created_ms=now,
            expires_ms=now + wanted.life_s * 1000,
            wanted=wanted,
            items=_items(wanted, [ids.digits(19) for _ in range(wanted.quantity)]),
        )
        self._book.add(order)
        order.deadline = self._world.agenda.at(order.expires_ms, lambda: self.expire(order))
        return order


def open_cashier(order: Order) -> None:
    if order.state != PROCESSING:
        order.move(PROCESSING)


def _items(wanted: Wanted, numbers: list[str]) -> list[Item]:
    """One for each piece; what does not divide goes to the first."""
    each, over = divmod(wanted.total, wanted.quantity)
    return [
        Item(item_order_id="motb" + number, sku_id=wanted.sku_id, amount=each + (over if not place else 0))
        for place, number in enumerate(numbers)
    ]


def fields_of(values: dict[str, Any], hosts: frozenset[str]) -> Fields:
    """Data that the mini program hands over; what is wrong in it is told to the mini program."""

    def refuse(tips: str, why: str) -> Refusal:
        return Refusal(10000, tips, why=why)

    return Fields(values, refuse, hosts)
