"""Cash orders (现金单): payments, and the refunds of them, which are orders too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vkpay_simulator.delivery import Delivery
from vkpay_simulator.providers.base import OrderView, RefundView, SimulatorError
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.errors import field_error, no_such
from vkpay_simulator.providers.wxpay_virtual.models import RefundOrder
from vkpay_simulator.providers.wxpay_virtual.states import NUMBERS, PAY, REFUND

COIN, GOODS = "short_series_coin", "short_series_goods"


@dataclass(slots=True, kw_only=True)
class CashOrder:
    """A payment. Amounts in fen, times in milliseconds of business time.

    ``left_fee`` is what may still be refunded; ``channel`` is how it was paid.
    """

    app: App
    env: int
    openid: str
    order_id: str
    wx_order_id: str
    mode: str
    quantity: int
    order_fee: int
    attach: str
    created_ms: int
    updated_ms: int
    product_id: str = ""
    step: str = "CREATED"
    left_fee: int = 0
    paid_ms: int | None = None
    provided_ms: int | None = None
    channel_order_id: str = ""
    wxpay_order_id: str = ""
    channel: str = "WECHAT"
    push: Delivery | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def state(self) -> str:
        """A push that nobody acknowledged leaves the order paid, and not delivered."""
        given_up = self.step == "DELIVERING" and self.push is not None and self.push.state == "exhausted"
        return "PAID" if given_up else self.step

    def move(self, step: str, now: int) -> None:
        self.step = PAY.check(self.step, step)
        self.updated_ms = now

    def provide(self, now: int) -> None:
        """The merchant has taken notice. Whoever says it again changes nothing."""
        if self.step in ("PAID", "DELIVERING"):
            self.move("DELIVERED", now)
            self.provided_ms = now

    def object(self) -> dict[str, Any]:
        """``order`` of query_order."""
        return _shared(self, self.left_fee) | {
            "status": NUMBERS[self.state],
            "order_type": 0,
            "order_fee": self.order_fee,
            "paid_fee": self.order_fee if self.paid_ms is not None else 0,
            "refund_fee": 0,
            "paid_time": _seconds(self.paid_ms),
            "provide_time": _seconds(self.provided_ms),
            "biz_meta": self.attach,
            "channel_order_id": self.channel_order_id,
            "wxpay_order_id": self.wxpay_order_id,
        }

    def view(self) -> OrderView:
        return OrderView(
            provider="wxpay-virtual",
            pid=self.app.pid,
            out_trade_no=self.order_id,
            transaction_id=self.wxpay_order_id or None,
            product=self.mode,
            state=self.state,
            total_fee=self.order_fee,
            refunded_fee=self.order_fee - self.left_fee if self.paid_ms is not None else 0,
            created_ms=self.created_ms,
            paid_ms=self.paid_ms,
            notify_url=self.app.push_url if self.app.push.enabled else None,
            payer=self.openid,
            refunds=tuple(refund.view() for refund in self.refunds),
            detail=self.object(),
        )


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money given back, or on its way. ``request`` is what it was asked for with, for repetitions; ``before`` how the
    order stood."""

    pay: CashOrder
    request: RefundOrder
    before: str
    wx_order_id: str
    created_ms: int
    updated_ms: int
    state: str = "CREATED"
    done_ms: int | None = None
    wxpay_order_id: str = ""
    failure: str = ""

    @property
    def app(self) -> App:
        return self.pay.app

    @property
    def env(self) -> int:
        return self.pay.env

    @property
    def openid(self) -> str:
        return self.pay.openid

    @property
    def order_id(self) -> str:
        return self.request.refund_order_id

    @property
    def fee(self) -> int:
        return self.request.refund_fee

    @property
    def running(self) -> bool:
        return not REFUND.final(self.state)

    def move(self, state: str, now: int) -> None:
        self.state = REFUND.check(self.state, state)
        self.updated_ms = now

    def view(self) -> RefundView:
        return RefundView(
            out_refund_no=self.order_id,
            amount=self.fee,
            state=self.state,
            created_ms=self.created_ms,
            ends=("SUCCESS", "FAIL") if self.running else (),
        )

    def object(self) -> dict[str, Any]:
        return _shared(self, 0) | {
            "status": NUMBERS[self.state],
            "order_type": 1,
            "order_fee": self.pay.order_fee,
            "paid_fee": 0,
            "refund_fee": self.fee,
            "paid_time": _seconds(self.done_ms),
            "provide_time": 0,
            "biz_meta": self.request.biz_meta,
            "channel_order_id": self.pay.channel_order_id,
            "wxpay_order_id": self.wxpay_order_id,
        }

    def answer(self) -> dict[str, str]:
        return {
            "refund_order_id": self.order_id,
            "refund_wx_order_id": self.wx_order_id,
            "pay_order_id": self.pay.order_id,
            "pay_wx_order_id": self.pay.wx_order_id,
        }


AnyOrder: TypeAlias = CashOrder | Refund


class OrderBook:
    """Every cash order, by app, environment and number; oldest first."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, int, str], AnyOrder] = {}
        self._by_wx: dict[str, AnyOrder] = {}

    def clear(self) -> None:
        self._orders.clear()
        self._by_wx.clear()

    def add(self, order: AnyOrder) -> None:
        self._orders[order.app.appid, order.env, order.order_id] = order
        self._by_wx[order.wx_order_id] = order

    def get(self, app: App, env: int, order_id: str) -> AnyOrder | None:
        return self._orders.get((app.appid, env, order_id))

    def find(self, app: App, env: int, order_id: str, wx_order_id: str, openid: str | None) -> AnyOrder:
        """The order of either number. That of another app, environment or user is as none."""
        if not order_id and not wx_order_id:
            raise field_error("order_id和wx_order_id不能同时为空", "Send order_id or wx_order_id.")
        found = self._by_wx.get(wx_order_id) if wx_order_id else self.get(app, env, order_id)
        number = wx_order_id or order_id
        if found is None or found.app is not app or found.env != env:
            raise no_such(
                f"order {number!r} in env {env}", "the client makes it when it calls requestVirtualPayment"
            )
        if openid is not None and found.openid != openid:
            raise no_such(f"order {number!r} of this user", f"it belongs to {found.openid}")
        return found

    def payments(self) -> list[CashOrder]:
        return [order for order in self._orders.values() if isinstance(order, CashOrder)]

    def refunds(self) -> list[Refund]:
        return [order for order in self._orders.values() if isinstance(order, Refund)]

    def pick(self, out_trade_no: str, pid: str | None) -> CashOrder:
        """For the control API. Raises :class:`SimulatorError` unless exactly one order fits."""
        found = [
            order
            for order in self.payments()
            if order.order_id == out_trade_no and pid in (None, order.app.pid)
        ]
        if not found:
            raise SimulatorError(
                f"no wxpay-virtual order {out_trade_no!r}: the mini program makes it, by POST "
                "/_sim/wxpay-virtual/request-virtual-payment",
                404,
            )
        if len(found) > 1:
            raise SimulatorError(
                f"several orders {out_trade_no!r}: name one of {sorted({order.app.pid for order in found})} as "
                "pid, and use a number in one environment only",
                409,
            )
        return found[0]


def _shared(order: AnyOrder, left_fee: int) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "wx_order_id": order.wx_order_id,
        "create_time": order.created_ms // 1000,
        "update_time": order.updated_ms // 1000,
        "biz_type": 0,
        "coupon_fee": 0,
        "left_fee": left_fee,
        "env_type": order.env + 1,
        "token": "",
        "sett_time": 0,
        "sett_state": 0,
        "platform_fee_fen": 0,
        "cps_fee_fen": 0,
    }


def _seconds(ms: int | None) -> int:
    return 0 if ms is None else ms // 1000
