"""Notifications of guaranteed payment: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/ecpay/pay-list/callback"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from vkpay_async.errors import NotificationInvalid
from vkpay_async.models import (
    JsonObject,
    Notification,
    NotifyReply,
    RawNotification,
    Refund,
    RefundState,
    Trade,
    TradeState,
)
from vkpay_async.providers.douyin.ecpay.refunds import STATES
from vkpay_async.providers.douyin.models import UNREADABLE, Envelope, PaymentMessage, RefundMessage
from vkpay_async.providers.douyin.signing import told_id, verify_message
from vkpay_async.providers.douyin.times import ms_from_seconds

T = TypeVar("T")

_ENVELOPE = msgspec.json.Decoder(Envelope)
_PAYMENT = msgspec.json.Decoder(PaymentMessage, strict=False)
_REFUND = msgspec.json.Decoder(RefundMessage, strict=False)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LONGEST_ECHO = 1024
_MOST_PARAMETERS = 20


def notification_from(raw: RawNotification, tokens: Sequence[str]) -> Notification:
    """Verifies and types a notification. Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`."""
    envelope = decoded(_ENVELOPE, raw.body)
    verify_message(
        tokens,
        timestamp=str(envelope.timestamp),
        nonce=str(envelope.nonce),
        msg=envelope.msg,
        signature=envelope.msg_signature,
    )
    read = _READERS.get(envelope.type, _other)
    msg = envelope.msg.encode()
    return msgspec.structs.replace(read(envelope, msg), id=told_id(msg))


def url_check(raw: RawNotification, tokens: Sequence[str]) -> Notification:
    """The console opens an address with a signed query when it is saved, and wants its ``echostr`` back.

    Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`.
    """
    query = _parameters(raw.query)
    verify_message(
        tokens,
        timestamp=query.get("timestamp", ""),
        nonce=query.get("nonce", ""),
        msg=query.get("msg", ""),
        signature=query.get("signature", ""),
    )
    echo = query.get("echostr", "")
    if len(echo) > _LONGEST_ECHO:
        raise NotificationInvalid(f"an echostr of {len(echo)} characters: refuse it")
    reply = NotifyReply(status=200, body=echo.encode(), content_type="text/plain; charset=utf-8")
    return Notification(kind="other", id="", event="url_check", reply=reply)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Raises :class:`NotificationInvalid`."""
    try:
        return decoder.decode(body)
    except UNREADABLE as error:
        raise NotificationInvalid(
            f"not a notification of Douyin's: {error}; check that this address is for Douyin alone"
        ) from error


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(
            parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict")
        )
    except ValueError as error:
        raise NotificationInvalid(f"the query is not one of Douyin's: {error}") from error


def _payment(envelope: Envelope, msg: bytes) -> Notification:
    """Sent for payments that succeeded, and for nothing else."""
    message = decoded(_PAYMENT, msg)
    if message.status != "SUCCESS":
        return _other(envelope, msg)
    raw = JsonObject(msg)
    trade = Trade(
        out_trade_no=message.cp_orderno,
        state=TradeState.SUCCESS,
        raw_state=message.status,
        transaction_id=message.order_id,
        provider_order_no=message.order_id,
        total_fee=message.total_amount,
        appid=message.appid,
        mch_id=message.seller_uid or None,
        success_time=ms_from_seconds(message.paid_at),
        raw=raw,
    )
    return Notification(kind="payment", id="", event=envelope.type, trade=trade, raw=raw)


def _refund(envelope: Envelope, msg: bytes) -> Notification:
    """It names the order by Douyin's number alone."""
    message = decoded(_REFUND, msg)
    raw = JsonObject(msg)
    refund = Refund(
        out_trade_no="",
        out_refund_no=message.cp_refundno,
        state=STATES.get(message.status, RefundState.UNKNOWN),
        raw_state=message.status,
        refund_fee=message.refund_amount,
        transaction_id=message.order_id,
        provider_order_no=message.order_id,
        refund_id=message.refund_no,
        appid=message.appid,
        success_time=ms_from_seconds(message.refunded_at) if message.status == "SUCCESS" else None,
        raw=raw,
    )
    return Notification(kind="refund", id="", event=envelope.type, refund=refund, raw=raw)


def _other(envelope: Envelope, msg: bytes) -> Notification:
    """Settlements, withdrawals, and whatever else is told: genuine, and for the application to look at."""
    raw: Any = JsonObject(msg) if _is_object(msg) else {}
    return Notification(kind="other", id="", event=envelope.type, raw=raw)


def _is_object(msg: bytes) -> bool:
    try:
        _OBJECT.decode(msg)
    except UNREADABLE:
        return False
    return True


_READERS: dict[str, Callable[[Envelope, bytes], Notification]] = {"payment": _payment, "refund": _refund}
