"""Notifications of guaranteed payment: an envelope around a text, signed with the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.acknowledgement import accepts
from vkpay_simulator.providers.douyin.ecpay.orders import EcpayOrder
from vkpay_simulator.providers.douyin.money import Refund, Settlement
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.signing import notify_signature

if TYPE_CHECKING:
    from vkpay_simulator.world import World

JSON = {"Content-Type": "application/json"}


class Notifier:
    """Composes what is told, and hands it to the world. Every attempt is signed anew, with the order's own token."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world = world
        self._rules = rules

    def paid(self, order: EcpayOrder) -> None:
        msg = {
            "appid": order.app.app_id,
            "cp_orderno": order.number,
            "cp_extra": order.cp_extra,
            "way": str(order.way),
            "channel_no": order.channel_no,
            "channel_gateway_no": "",
            "payment_order_no": f"PC{order.channel_no}",
            "out_channel_order_no": order.channel_no,
            "total_amount": order.total,
            "status": "SUCCESS",
            "seller_uid": order.app.mch_id,
            "extra": "null",
            "item_id": "",
            "paid_at": _seconds(order.paid_ms),
            "message": "",
            "order_id": order.order_id,
        }
        self._send(order, "payment", msg, order.notify_url)

    def refunded(self, order: EcpayOrder, refund: Refund) -> None:
        msg = {
            "appid": order.app.app_id,
            "cp_refundno": refund.number,
            "cp_extra": refund.cp_extra,
            "status": refund.state,
            "refund_amount": refund.amount,
            "is_all_settled": order.finished,
            "refunded_at": _seconds(refund.done_ms),
            "message": refund.message,
            "order_id": order.order_id,
            "refund_no": refund.refund_id,
        }
        self._send(order, "refund", msg, refund.notify_url)

    def settled(self, order: EcpayOrder, settlement: Settlement) -> None:
        msg = {
            "appid": order.app.app_id,
            "app_id": order.app.app_id,
            "cp_settle_no": settlement.number,
            "cp_extra": settlement.cp_extra,
            "status": settlement.state,
            "rake": settlement.rake,
            "commission": 0,
            "settle_detail": detail(settlement),
            "settled_at": _seconds(settlement.done_ms),
            "message": settlement.message or settlement.state,
            "order_id": order.order_id,
            "settle_no": settlement.settle_id,
            "settle_amount": settlement.amount,
            "out_order_no": order.number,
            "is_auto_settle": settlement.automatic,
        }
        self._send(order, "settle", msg, settlement.notify_url)

    def withdrawn(self, app: App, out_order_id: str, msg: dict[str, Any], url: str) -> None:
        self._deliver(app, "withdraw", out_order_id, msg, url, app.token)

    def url_check(self, app: App) -> dict[str, str]:
        """The query that the console opens an address with when it is set, and what has to come back."""
        timestamp, nonce = self._stamp()
        echo = self._world.ids.alnum(16)
        query = {
            "signature": notify_signature(app.token, timestamp, nonce, ""),
            "timestamp": timestamp,
            "nonce": nonce,
            "msg": "",
            "echostr": echo,
        }
        return {"query": urlencode(query), "echostr": echo}

    def _send(self, order: EcpayOrder, kind: str, msg: dict[str, Any], url: str) -> None:
        self._deliver(order.app, kind, order.number, msg, url, order.token)

    def _deliver(self, app: App, kind: str, subject: str, msg: dict[str, Any], url: str, token: str) -> None:
        text = msgspec.json.encode(msg).decode()
        self._world.notify(
            Delivery(
                id=self._world.ids.uuid(),
                provider="douyin",
                event=kind,
                subject=subject,
                url=url,
                build=lambda _attempt: self._outgoing(token, kind, text),
                accepts=accepts,
                pauses=() if app.sandbox else self._rules.ecpay_pauses,
            )
        )

    def _outgoing(self, token: str, kind: str, text: str) -> Outgoing:
        timestamp, nonce = self._stamp()
        envelope = {
            "timestamp": timestamp,
            "nonce": nonce,
            "msg": text,
            "type": kind,
            "msg_signature": notify_signature(token, timestamp, nonce, text),
        }
        return Outgoing(headers=dict(JSON), body=msgspec.json.encode(envelope))

    def _stamp(self) -> tuple[str, str]:
        return str(self._world.signing_ms() // 1000), self._world.ids.digits(4)


def detail(settlement: Settlement) -> str:
    """Who got how much, as Douyin words it."""
    shares = {settlement.order.app.mch_id: settlement.seller_amount} | settlement.receivers
    return ",".join(f"商户号{uid}-分成金额(分){amount}" for uid, amount in shares.items() if amount)


def _seconds(ms: int | None) -> int:
    return 0 if ms is None else ms // 1000
