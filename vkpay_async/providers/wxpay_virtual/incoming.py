"""A push as it came in → what happened. What its signature does not cover is asked after before it counts."""

from __future__ import annotations

import msgspec

from vkpay_async.errors import NotificationMismatch, ResourceNotFound
from vkpay_async.models import Notification, NotifyReply, OrderRef, RawNotification, Refund, RefundRef, Trade
from vkpay_async.providers.base import Flow
from vkpay_async.providers.wxpay_virtual import notify, orders
from vkpay_async.providers.wxpay_virtual.about import PAY_TYPE, WxpayVirtualNode
from vkpay_async.providers.wxpay_virtual.cipher import PushCipher
from vkpay_async.providers.wxpay_virtual.errors import Operation
from vkpay_async.providers.wxpay_virtual.gateway import Gateway
from vkpay_async.providers.wxpay_virtual.push import Message, checked_echo, message_of

CONFIRM = Operation(name="wxpay-virtual.confirm")


def notification(
    gateway: Gateway, node: WxpayVirtualNode, cipher: PushCipher | None, raw: RawNotification
) -> Flow[Notification]:
    """Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`, :class:`NotificationMismatch`."""
    token: str = node.require("token", "it is the Token of the mini program's message push").reveal()
    if raw.method == "GET":
        echo = NotifyReply(status=200, body=checked_echo(raw, token), content_type="text/plain")
        return Notification(kind="other", id="", event="url_check", reply=echo)
    message = message_of(raw, token, cipher)
    happened = yield from _happened(gateway, node, message)
    reply = notify.reply_to(message, token, cipher, gateway.env.nonce(), gateway.env.now_ms())
    return msgspec.structs.replace(happened, reply=reply, raw=message.shown)


def _happened(gateway: Gateway, node: WxpayVirtualNode, message: Message) -> Flow[Notification]:
    event = notify.event_of(message)
    if event in notify.PAYMENTS:
        trade = yield from _paid(gateway, node, message)
        return Notification(kind="payment", id=f"{event} {trade.out_trade_no}", event=event, trade=trade)
    if event == notify.REFUND:
        refund = yield from _given_back(gateway, node, message)
        return Notification(kind="refund", id=f"{event} {refund.out_refund_no}", event=event, refund=refund)
    return Notification(kind="other", id=event, event=event)


def _paid(gateway: Gateway, node: WxpayVirtualNode, message: Message) -> Flow[Trade]:
    """What was encrypted is WeChat's own word; whether its prices are of one or of all is only clear for one."""
    event = notify.payment_of(message)
    if event.env != int(node.sandbox):
        raise NotificationMismatch(
            f"a push of env {event.env}, and sandbox in the settings is {node.sandbox}; nothing was changed"
        )
    if message.sealed and (fee := event.certain_fee) is not None:
        return notify.trade_of(event, message, fee, node.app_id, node.mch_id)
    order = OrderRef(pay_type=PAY_TYPE, out_trade_no=event.outtradeno, openid=event.openid)
    try:
        trade = yield from orders.trade(gateway, node, CONFIRM, order, event.env)
    except ResourceNotFound as error:
        raise NotificationMismatch(f"a push about an order that WeChat does not know: {error.msg}") from error
    if not trade.state.paid:
        raise NotificationMismatch(
            f"a push says that {event.outtradeno!r} is paid, and WeChat's query that it is not: {trade.description}"
        )
    return trade


def _given_back(gateway: Gateway, node: WxpayVirtualNode, message: Message) -> Flow[Refund]:
    event = notify.refund_event_of(message)
    if message.sealed:
        return notify.refund_of(event, message, node.app_id, node.mch_id)
    order = OrderRef(pay_type=PAY_TYPE, out_trade_no=event.mchorderid, openid=event.openid)
    try:
        return (
            yield from orders.query_refund(
                gateway, RefundRef(order=order, out_refund_no=event.mchrefundid), int(node.sandbox)
            )
        )
    except ResourceNotFound as error:
        raise NotificationMismatch(f"a push about a refund that WeChat does not know: {error.msg}") from error
