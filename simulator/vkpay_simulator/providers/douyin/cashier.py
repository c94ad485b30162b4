"""The buyer's side: ``tt.pay`` of guaranteed payment, ``tt.requestOrder`` and ``tt.getOrderPayment`` of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.douyin.accounts import Accounts
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.ecpay.orders import EcpayOrder
from vkpay_simulator.providers.douyin.ecpay.routes import Ecpay
from vkpay_simulator.providers.douyin.errors import Refusal
from vkpay_simulator.providers.douyin.fields import parse_object
from vkpay_simulator.providers.douyin.money import Order
from vkpay_simulator.providers.douyin.states import FAIL, SUCCESS, TIMEOUT
from vkpay_simulator.providers.douyin.trade.authorization import authorised
from vkpay_simulator.providers.douyin.trade.data import wanted_in
from vkpay_simulator.providers.douyin.trade.orders import TradeOrder, fields_of, open_cashier
from vkpay_simulator.providers.douyin.trade.routes import Trade

if TYPE_CHECKING:
    from vkpay_simulator.world import World

WAYS = {
    "wxpay": 1,
    "wx": 1,
    "1": 1,
    "alipay": 2,
    "2": 2,
    "douyin": 10,
    "hz": 10,
    "10": 10,
    "diamond": 20,
    "20": 20,
}
CODES = {SUCCESS: 0, TIMEOUT: 1, FAIL: 2}
CANCELLED, UNKNOWN = 4, 9
NOT_OPENED = {
    "errMsg": "pay:fail Fail to get order info, 支付失败,请稍后重试 2010",
    "errNo": 10401,
    "errorCode": 157491,
}
DIAMOND = 20


class Cashier:
    """Opens, pays, fails and leaves orders of both systems."""

    def __init__(
        self, world: World, accounts: Accounts, ecpay: Ecpay, trade: Trade, answers: Answers
    ) -> None:
        self._world = world
        self._accounts = accounts
        self._ecpay = ecpay
        self._trade = trade
        self._answers = answers

    def tt_pay(
        self, order_id: str, order_token: str, app_id: str | None, outcome: str, way: str | None
    ) -> dict[str, Any]:
        """``success`` of ``tt.pay`` has a code; ``fail`` is what comes when the cashier cannot be opened."""
        order = self._ecpay.book.numbered(order_id)
        foreign = order is not None and app_id not in (None, order.app.app_id)
        if order is None or order.order_token != order_token or foreign:
            return dict(NOT_OPENED)
        return {"code": self._visited(order, outcome, way)}

    def request_order(self, data: str, authorization: str) -> dict[str, Any]:
        """``tt.requestOrder``: the order's number, or what ``fail`` gets."""
        log_id = self._answers.log_id()
        try:
            app = authorised(self._accounts, data, authorization)
            values = parse_object(data.encode(errors="replace"))
            if values is None:
                raise Refusal(10000, "data不是合法的JSON", why="data is the text of a JSON object.")
            wanted = wanted_in(fields_of(values, self._world.settings.allow_notify_hosts))
            order = self._trade.orders.submit(app, wanted)
        except Refusal as no:
            return {"errNo": no.code, "errMsg": no.tips, "errLogId": log_id, "why": no.why}
        items = [
            {"itemOrderId": item.item_order_id, "skuId": item.sku_id, "itemOrderAmount": item.amount}
            for item in order.items
        ]
        return {"orderId": order.order_id, "itemOrderList": items, "logId": log_id}

    def get_order_payment(self, order_id: str, outcome: str, way: str | None) -> dict[str, Any]:
        """``tt.getOrderPayment``. What it says when it fails is not published."""
        order = self._trade.book.numbered(order_id)
        if order is None:
            return {"errNo": 10000, "errMsg": "getOrderPayment:fail order not exist"}
        code = self._visited(order, outcome, way)
        done = code == CODES[SUCCESS]
        return {"errMsg": "getOrderPayment:ok"} if done else {"errNo": code, "errMsg": "getOrderPayment:fail"}

    def open(self, order: EcpayOrder | TradeOrder) -> None:
        open_cashier(order)

    def pay(self, order: EcpayOrder | TradeOrder, way: int) -> None:
        """Opens the cashier if need be, and pays. Raises :class:`SimulatorError` for a way that it does not show."""
        if way in order.hidden:
            raise SimulatorError(
                f"Order {order.number} hides that way of paying: choose another channel.", 409
            )
        if way == DIAMOND and isinstance(order, EcpayOrder):
            raise SimulatorError("Guaranteed payment takes no diamonds: choose wxpay, alipay or douyin.")
        open_cashier(order)
        _stop(order)
        order.pay(way, self._world.ids.digits(28), self._world.clock.now())
        if isinstance(order, TradeOrder):
            self._trade.orders.paid(order)
            self._trade.settlements.expect(order)
        else:
            self._ecpay.notifier.paid(order)
            self._ecpay.settlements.expect(order)

    def fail(self, order: EcpayOrder | TradeOrder) -> None:
        """The payment fails for good; of guaranteed payment nobody is told."""
        _stop(order)
        if isinstance(order, TradeOrder):
            self._trade.orders.cancel(order)
        else:
            order.move(FAIL)

    def _visited(self, order: EcpayOrder | TradeOrder, outcome: str, way: str | None) -> int:
        if not order.payable:
            return CODES[order.state]
        open_cashier(order)
        if outcome == "pay":
            self.pay(order, way_of(way))
        elif outcome == "fail":
            self.fail(order)
        elif outcome == "unknown":
            return UNKNOWN
        else:
            return CANCELLED
        return CODES[order.state]


def way_of(channel: str | None) -> int:
    """Raises :class:`SimulatorError` that names the known ones."""
    if channel is None:
        return 1
    if channel not in WAYS:
        raise SimulatorError(f"{channel!r} is no channel: use wxpay, alipay, douyin, or diamond.")
    return WAYS[channel]


def _stop(order: Order) -> None:
    assert order.deadline is not None  # noqa: S101 - it has one from its creation on
    order.deadline.cancel()
