"""Complaints (投诉): made by the control API, pushed, listed. What goes beyond that is answered with nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.errors import field_error, no_such
from vkpay_simulator.providers.wxpay_virtual.gate import Call
from vkpay_simulator.providers.wxpay_virtual.models import ComplaintQuery, Model
from vkpay_simulator.providers.wxpay_virtual.notify import Pusher
from vkpay_simulator.providers.wxpay_virtual.orders import CashOrder

if TYPE_CHECKING:
    from vkpay_simulator.world import World


class Complaints:
    """What users have complained about."""

    def __init__(self, world: World, pusher: Pusher) -> None:
        self._world = world
        self._pusher = pusher
        self._made: list[tuple[App, dict[str, Any]]] = []

    def clear(self) -> None:
        self._made.clear()

    def make(self, order: CashOrder, detail: str) -> dict[str, Any]:
        """For the control API: the user of an order complains."""
        complaint = {
            "complaint_id": "2000" + self._world.ids.digits(24),
            "complaint_time": china_rfc3339(self._world.clock.now()),
            "complaint_detail": detail,
            "complaint_state": "PENDING",
            "payer_openid": order.openid,
            "complaint_order_info": [
                {
                    "transaction_id": order.wxpay_order_id,
                    "out_trade_no": order.channel_order_id,
                    "amount": order.order_fee,
                    "wxa_out_trade_no": order.order_id,
                    "wx_order_id": order.wx_order_id,
                }
            ],
            "complaint_full_refunded": order.left_fee == 0,
            "incoming_user_response": True,
            "user_complaint_times": 1,
        }
        self._made.append((order.app, complaint))
        self._pusher.complained(order, complaint)
        return complaint

    def list(self, call: Call, _wanted: Model) -> dict[str, Any]:
        found = [complaint for app, complaint in self._made if app is call.app]
        return {"total": len(found), "complaints": found}

    def detail(self, call: Call, wanted: ComplaintQuery) -> dict[str, Any]:
        return {"complaint": self._find(call, wanted)}

    def history(self, call: Call, wanted: ComplaintQuery) -> dict[str, Any]:
        self._find(call, wanted)
        return {"total": 0, "history": []}

    def respond(self, call: Call, wanted: ComplaintQuery) -> dict[str, Any]:
        self._find(call, wanted)["complaint_state"] = "PROCESSING"
        return {}

    def complete(self, call: Call, wanted: ComplaintQuery) -> dict[str, Any]:
        self._find(call, wanted)["complaint_state"] = "PROCESSED"
        return {}

    def _find(self, call: Call, wanted: ComplaintQuery) -> dict[str, Any]:
        for app, complaint in self._made:
            if app is call.app and complaint["complaint_id"] == wanted.complaint_id:
                return complaint
        raise no_such(f"complaint {wanted.complaint_id!r}", "POST /_sim/wxpay-virtual/complaint makes one")


def nothing_here(_call: Call, _wanted: Model) -> dict[str, Any]:
    """Ad funds and subscriptions: the calls exist, and here is nobody who has any."""
    raise field_error("数据不存在", "Ad funds and subscriptions are not simulated.")
