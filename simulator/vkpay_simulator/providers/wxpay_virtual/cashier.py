"""The payer's side of orders: paying, giving up, and time that runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay_virtual.coins import Coins
from vkpay_simulator.providers.wxpay_virtual.notify import Pusher
from vkpay_simulator.providers.wxpay_virtual.orders import COIN, CashOrder, OrderBook

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PAYABLE_MS = 1_800_000


class Cashier:
    """Moves orders as payers do. One that was given up, or has waited for 30 minutes, is closed for good."""

    def __init__(self, world: World, book: OrderBook, coins: Coins, pusher: Pusher) -> None:
        self._world = world
        self._book = book
        self._coins = coins
        self._pusher = pusher

    def open(self, order: CashOrder) -> None:
        """A new order, with the password dialogue on the screen."""
        self._book.add(order)
        self._world.agenda.at(order.created_ms + PAYABLE_MS, lambda: self._overdue(order))

    def pay(self, order: CashOrder, channel: str = "WECHAT") -> None:
        now, ids = self._now, self._world.ids
        day = china_text(now)[:10].replace("-", "")
        order.move("PAID", now)
        order.paid_ms, order.left_fee, order.channel = now, order.order_fee, channel
        order.channel_order_id = f"{ids.digits(4)}{day}{ids.digits(16)}"
        order.wxpay_order_id = f"42000{ids.digits(5)}{day}{ids.digits(10)}" if channel == "WECHAT" else ""
        order.app.balances[order.env] += order.order_fee
        if order.mode == COIN:
            self._coins.bought(order)
        self._pusher.paid(order)

    def give_up(self, order: CashOrder) -> None:
        order.move("CLOSED", self._now)

    def payable(self, out_trade_no: str, pid: str | None, payer: str | None = None) -> CashOrder:
        """For the control API. Raises :class:`SimulatorError` unless there is such an order, of this payer, unpaid."""
        order = self._book.pick(out_trade_no, pid)
        if order.state != "CREATED":
            raise SimulatorError(
                f"wxpay-virtual order {out_trade_no!r} is {order.state}: create another, with a new out_trade_no",
                409,
            )
        if payer and payer != order.openid:
            raise SimulatorError(f"order {out_trade_no!r} is for {order.openid!r}: leave payer out", 409)
        return order

    @property
    def _now(self) -> int:
        return self._world.clock.now()

    def _overdue(self, order: CashOrder) -> None:
        if order.state == "CREATED":
            self.give_up(order)
