"""Notifications of the general trade system, signed with the platform's key for the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.acknowledgement import accepts
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.money import Order, Refund, Settlement
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.signing import callback_text, rsa_sign

if TYPE_CHECKING:
    from vkpay_simulator.providers.douyin.trade.orders import TradeOrder
    from vkpay_simulator.world import World

VERSION = "3.0"
BY_USER, BY_DEVELOPER = 1, 2


class Notifier:
    """Composes what is told, and hands it to the world. Every attempt is signed anew; the body stays the same."""

    def __init__(self, world: World, rules: Rules, answers: Answers) -> None:
        self._world = world
        self._rules = rules
        self._answers = answers

    def paid(self, order: TradeOrder) -> None:
        self._payment(order, "SUCCESS", "", order.paid_ms)

    def cancelled(self, order: TradeOrder, message: str) -> None:
        """``USER_CANCEL`` or ``TIME_OUT``."""
        self._payment(order, "CANCEL", message, None)

    def refunded(self, order: TradeOrder, refund: Refund, items: dict[str, int], *, by_user: bool) -> None:
        msg = {
            "app_id": order.app.app_id,
            "status": refund.state,
            "order_id": order.order_id,
            "cp_extra": refund.cp_extra,
            "message": refund.message,
            "event_time": refund.done_ms,
            "refund_id": refund.refund_id,
            "out_refund_no": refund.number,
            "refund_total_amount": refund.amount,
            "is_all_settled": order.finished,
            "refund_item_detail": _detail(items),
            "refund_type": BY_USER if by_user else BY_DEVELOPER,
        }
        self._send(order, "refund", msg, refund.notify_url)

    def asked_back(self, order: TradeOrder, refund: Refund, deadline_ms: int, items: dict[str, int]) -> None:
        """A user wants money back, and the merchant is to say yes or no."""
        msg = {
            "app_id": order.app.app_id,
            "open_id": "",
            "refund_id": refund.refund_id,
            "order_id": order.order_id,
            "out_order_no": order.number,
            "refund_total_amount": refund.amount,
            "need_refund_audit": 1,
            "refund_audit_deadline": deadline_ms,
            "create_refund_time": refund.created_ms,
            "refund_source": BY_USER,
            "refund_reason": [{"code": 999, "text": refund.reason}],
            "refund_description": "",
            "cp_extra": order.cp_extra,
            "refund_item_detail": _detail(items),
        }
        self._send(order, "pre_create_refund", msg, order.app.console_url)

    def settled(self, order: TradeOrder, settlement: Settlement) -> None:
        msg = {
            "app_id": order.app.app_id,
            "status": settlement.state,
            "order_id": order.order_id,
            "settle_id": settlement.settle_id,
            "out_settle_no": settlement.number,
            "item_order_id": settlement.item_order_id,
            "cp_extra": settlement.cp_extra,
            "settle_amount": settlement.amount,
            "rake": settlement.rake,
            "commission": 0,
            "message": settlement.message,
            "event_time": settlement.done_ms,
            "is_auto_settle": settlement.automatic,
        }
        self._send(order, "settle", msg, settlement.notify_url)

    def _payment(self, order: TradeOrder, status: str, message: str, at_ms: int | None) -> None:
        msg = {
            "app_id": order.app.app_id,
            "out_order_no": order.number,
            "order_id": order.order_id,
            "status": status,
            "total_amount": order.total,
            "discount_amount": order.wanted.discount,
            "pay_channel": order.way,
            "channel_pay_id": order.channel_no,
            "merchant_uid": order.wanted.merchant_uid or order.app.mch_id,
            "message": message,
            "event_time": at_ms or self._world.clock.now(),
            "user_bill_pay_id": order.bill_pay_id,
        }
        if order.wanted.currency:
            msg["currency"] = order.wanted.currency
        self._send(order, "payment", msg, order.notify_url)

    def withdrawn(self, app: App, out_order_id: str, msg: dict[str, Any], url: str) -> None:
        self._deliver(app, "withdraw", out_order_id, msg, url)

    def _send(self, order: Order, kind: str, msg: dict[str, Any], url: str) -> None:
        self._deliver(order.app, kind, order.number, msg, url)

    def _deliver(self, app: App, kind: str, subject: str, msg: dict[str, Any], url: str) -> None:
        text = msgspec.json.encode(msg).decode()
        body = msgspec.json.encode({"msg": text, "type": kind, "version": VERSION})
        number = self._world.ids.uuid()
        self._world.notify(
            Delivery(
                id=number,
                provider="douyin",
                event=kind,
                subject=subject,
                url=url,
                build=lambda _attempt: self._outgoing(app, kind, number, body),
                accepts=accepts,
                pauses=() if app.sandbox else self._rules.trade_pauses,
            )
        )

    def _outgoing(self, app: App, kind: str, number: str, body: bytes) -> Outgoing:
        timestamp, nonce = str(self._world.signing_ms() // 1000), self._world.ids.alnum(32)
        assert app.keys is not None  # noqa: S101 - an app without keys has no orders here
        headers = {
            "Content-Type": "application/json",
            "Byte-Timestamp": timestamp,
            "Byte-Nonce-Str": nonce,
            "Byte-Signature": rsa_sign(app.keys.platform, callback_text(timestamp, nonce, body)),
            "Byte-Identifyname": f"/msg/basic/{kind}/notify",
            "Byte-Logid": self._answers.log_id(),
            "Byte-Env": "boe" if app.sandbox else "prod",
            "Byte-Eventid": number,
        }
        return Outgoing(headers=headers, body=body)


def _detail(items: dict[str, int]) -> dict[str, Any]:
    return {
        "item_order_quantity": len(items),
        "item_order_detail": [
            {"item_order_id": number, "refund_amount": amount} for number, amount in items.items()
        ],
    }
