"""Notifications of the trade system: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/trade-system/general/order/notify-payment-result"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from vkpay_async.models import (
    JsonObject,
    Notification,
    NotificationKind,
    RawNotification,
    Refund,
    RefundState,
    Trade,
    TradeState,
)
from vkpay_async.providers.douyin.ecpay.notify import decoded
from vkpay_async.providers.douyin.models import TradeEnvelope, TradePaymentMessage, TradeRefundMessage
from vkpay_async.providers.douyin.signing import told_id
from vkpay_async.providers.douyin.times import ms_or_none
from vkpay_async.providers.douyin.trade.refunds import STATES

_ENVELOPE = msgspec.json.Decoder(TradeEnvelope)
_PAYMENT = msgspec.json.Decoder(TradePaymentMessage, strict=False)
_REFUND = msgspec.json.Decoder(TradeRefundMessage, strict=False)
_OBJECT = msgspec.json.Decoder(dict[str, Any])

_KINDS: dict[str, NotificationKind] = {"SUCCESS": "payment", "CANCEL": "closed"}


class Told(NamedTuple):
    """What a verified notification says, before it is known which order it is about."""

    id: str
    event: str
    msg: bytes


def told(raw: RawNotification) -> Told:
    """Raises :class:`NotificationInvalid`."""
    envelope = decoded(_ENVELOPE, raw.body)
    return Told(told_id(raw.body), envelope.type, envelope.msg.encode())


def payment_from(message: Told) -> Notification:
    """Also sent when the buyer cancels the order, and when its time is over."""
    payment = decoded(_PAYMENT, message.msg)
    raw = JsonObject(message.msg)
    paid = payment.status == "SUCCESS"
    trade = Trade(
        out_trade_no=payment.out_order_no,
        state=TradeState.SUCCESS if paid else TradeState.CLOSED,
        raw_state=payment.status,
        description=payment.message or "",
        transaction_id=payment.order_id,
        total_fee=payment.total_amount,
        appid=payment.app_id,
        mch_id=payment.merchant_uid or None,
        success_time=ms_or_none(payment.event_time) if paid else None,
        raw=raw,
    )
    kind = _KINDS.get(payment.status, "other")
    told_of = None if kind == "other" else trade
    return Notification(kind=kind, id=message.id, event=message.event, trade=told_of, raw=raw)


def refund_message(message: Told) -> TradeRefundMessage:
    return decoded(_REFUND, message.msg)


def refund_from(message: Told, refund: TradeRefundMessage, out_trade_no: str) -> Notification:
    """``out_trade_no`` is not in the message: it tells Douyin's number only."""
    raw = JsonObject(message.msg)
    typed = Refund(
        out_trade_no=out_trade_no,
        out_refund_no=refund.out_refund_no or refund.refund_id,
        state=STATES.get(refund.status, RefundState.UNKNOWN),
        raw_state=refund.status,
        refund_fee=refund.refund_total_amount,
        transaction_id=refund.order_id,
        refund_id=refund.refund_id,
        appid=refund.app_id,
        success_time=ms_or_none(refund.event_time) if refund.status == "SUCCESS" else None,
        raw=raw,
    )
    return Notification(kind="refund", id=message.id, event=message.event, refund=typed, raw=raw)


def other_from(message: Told) -> Notification:
    """Settlements, refunds that a user asks for, recurring payments: genuine, and for the application to look at."""
    raw: dict[str, Any] = decoded(_OBJECT, message.msg)
    return Notification(kind="other", id=message.id, event=message.event, raw=raw)
