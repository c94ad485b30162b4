"""The buyer's side: opening the cashier, paying, giving up. Driven by the control API and by timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import Order, OrderBook
from vkpay_simulator.providers.wxpay.relations import is_openid

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LINK_LIFE_MS = {"jsapi": 7_200_000, "app": 7_200_000, "native": 7_200_000, "h5": 300_000}


class Cashier:
    """Moves orders as buyers do."""

    def __init__(self, world: World, book: OrderBook, notifier: Notifier) -> None:
        self._world = world
        self._book = book
        self._notifier = notifier

    def pay(self, out_trade_no: str, pid: str | None, payer: str | None, channel: str | None) -> OrderView:
        order = self._payable(out_trade_no, pid)
        self.complete(order, self._payer(order, payer), channel or "OTHERS")
        return order.view()

    def scan(self, out_trade_no: str, pid: str | None, payer: str | None) -> OrderView:
        order = self._payable(out_trade_no, pid)
        order.payer = self._payer(order, payer)
        order.opened = True
        return order.view()

    def cancel(self, out_trade_no: str, pid: str | None) -> OrderView:
        order = self._payable(out_trade_no, pid)
        if order.state == "USERPAYING":
            order.move("PAYERROR")
        return order.view()

    def complete(self, order: Order, payer: dict[str, str], bank_type: str) -> None:
        """The money has moved. Only orders with a notify_url (no code payments) are notified."""
        now = self._world.clock.now()
        day = china_text(now)[:10].replace("-", "")
        order.move("SUCCESS")
        order.transaction_id = f"42000{self._world.ids.digits(5)}{day}{self._world.ids.digits(10)}"
        order.paid_ms, order.payer, order.bank_type = now, payer, bank_type
        self._book.paid(order, order.transaction_id)
        order.account.balances[order.payee] += order.total
        if order.notify_url:
            self._notify(order, order.notify_url)

    def new_payer(self, order: Order, openid: str | None = None) -> dict[str, str]:
        """Payer object for somebody whom the order does not name."""
        openid = openid or self._openid()
        if order.party.sub_mchid is None:
            return {"openid": openid}
        sub = {"sub_openid": self._openid()} if order.party.sub_appid else {}
        return {"sp_openid": openid} | sub

    def _payable(self, out_trade_no: str, pid: str | None) -> Order:
        order = self._book.pick(out_trade_no, pid)
        if order.state not in ("NOTPAY", "USERPAYING"):
            raise SimulatorError(
                f"wxpay order {out_trade_no!r} is {order.state}: create another, with a new out_trade_no", 409
            )
        now = self._world.clock.now()
        if now > order.expires_ms:
            raise SimulatorError(
                f"wxpay order {out_trade_no!r} has expired: create another, with a new out_trade_no", 409
            )
        life = LINK_LIFE_MS.get(order.product)
        if life and not order.opened and now > order.link_ms + life:
            raise SimulatorError(
                f"the prepay_id or link of {out_trade_no!r} is older than {life // 1000} s: "
                "send the create request again, with the same parameters",
                409,
            )
        return order

    def _payer(self, order: Order, openid: str | None) -> dict[str, str]:
        if openid and not is_openid(openid):
            raise SimulatorError(
                f"{openid!r} is no openid: it begins with o and has 21 to 41 letters, digits, _ or -"
            )
        if not order.payer:
            return self.new_payer(order, openid)
        if openid and openid not in order.payer.values():
            raise SimulatorError(f"order {order.out_trade_no!r} is for {order.payer}: leave payer out", 409)
        unknown = order.party.sub_mchid and "sp_openid" not in order.payer
        return ({"sp_openid": self._openid()} if unknown else {}) | order.payer

    def _openid(self) -> str:
        return "o" + self._world.ids.alnum(27)

    def _notify(self, order: Order, url: str) -> None:
        self._notifier.send(
            order.account,
            event="TRANSACTION.SUCCESS",
            original_type="transaction",
            summary="支付成功",
            resource=order.transaction(),
            url=url,
            subject=order.out_trade_no,
        )
