"""A verified notification's bytes → what happened. https://pay.weixin.qq.com/doc/v3/merchant/4012071382"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from vkpay_async.crypto.aes import Gcm
from vkpay_async.errors import NotificationInvalid
from vkpay_async.models import JsonObject, Notification, NotifyReply
from vkpay_async.providers.wxpay.authorizations import authorization_from
from vkpay_async.providers.wxpay.models import (
    UNREADABLE,
    Envelope,
    RefundObject,
    Transaction,
    TransferBill,
    UserAuthorization,
)
from vkpay_async.providers.wxpay.orders import trade_from
from vkpay_async.providers.wxpay.refunds import refund_from
from vkpay_async.providers.wxpay.transfers import transfer_from

ACCEPTED = NotifyReply(
    status=200, body='{"code":"SUCCESS","message":"成功"}'.encode(), content_type="application/json"
)
REFUSED = NotifyReply(
    status=500, body='{"code":"FAIL","message":"失败"}'.encode(), content_type="application/json"
)
_ENVELOPE = msgspec.json.Decoder(Envelope)
_TRANSACTION = msgspec.json.Decoder(Transaction)
_REFUND = msgspec.json.Decoder(RefundObject)
_TRANSFER = msgspec.json.Decoder(TransferBill)
_AUTHORIZATION = msgspec.json.Decoder(UserAuthorization)


def notification_from(body: bytes, gcm: Gcm) -> Notification:
    """Decrypts and types a body whose signature holds. Raises :class:`NotificationInvalid`."""
    try:
        envelope = _ENVELOPE.decode(body)
        if envelope.resource_type != "encrypt-resource":
            raise NotificationInvalid(
                f"resource_type is {envelope.resource_type!r}, not encrypt-resource; look at the merchant's settings"
            )
        plain = envelope.resource.open(gcm)
        return _reader(envelope)(envelope, plain)
    except UNREADABLE as error:
        raise NotificationInvalid(
            f"not a notification of API v3: {error}; check that this address is for WeChat Pay alone"
        ) from error


def _payment(envelope: Envelope, plain: bytes) -> Notification:
    """Combined orders and profit sharing come under the same event without a state, and are left alone."""
    transaction = _TRANSACTION.decode(plain)
    if transaction.trade_state != "SUCCESS":
        return _other(envelope, plain)
    if not transaction.out_trade_no or transaction.amount is None or transaction.amount.total is None:
        raise NotificationInvalid("a payment without out_trade_no or amount.total; query the order instead")
    raw = JsonObject(plain)
    return Notification(
        kind="payment",
        id=envelope.id,
        event=envelope.event_type,
        trade=trade_from(transaction, raw, transaction.out_trade_no),
        raw=raw,
    )


def _refund(envelope: Envelope, plain: bytes) -> Notification:
    raw = JsonObject(plain)
    refund = refund_from(_REFUND.decode(plain), raw)
    return Notification(kind="refund", id=envelope.id, event=envelope.event_type, refund=refund, raw=raw)


def _transfer(envelope: Envelope, plain: bytes) -> Notification:
    raw = JsonObject(plain)
    transfer = transfer_from(_TRANSFER.decode(plain), raw)
    return Notification(
        kind="transfer", id=envelope.id, event=envelope.event_type, transfer=transfer, raw=raw
    )


def _authorization(envelope: Envelope, plain: bytes) -> Notification:
    raw = JsonObject(plain)
    authorization = authorization_from(_AUTHORIZATION.decode(plain), raw)
    return Notification(
        kind="transfer_auth",
        id=envelope.id,
        event=envelope.event_type,
        authorization=authorization,
        raw=raw,
    )


def _other(envelope: Envelope, plain: bytes) -> Notification:
    raw = msgspec.json.decode(plain, type=dict[str, Any])
    return Notification(kind="other", id=envelope.id, event=envelope.event_type, raw=raw)


def _reader(envelope: Envelope) -> _Reader:
    """The event alone does not tell a payment from a share of it."""
    for begins, read in _READERS.get(envelope.resource.original_type, ()):
        if envelope.event_type.startswith(begins):
            return read
    return _other


_Reader: TypeAlias = Callable[[Envelope, bytes], Notification]
_READERS: Mapping[str, tuple[tuple[str, _Reader], ...]] = {
    "transaction": (("TRANSACTION.SUCCESS", _payment),),
    "refund": (("REFUND.", _refund),),
    "mch_payment": (("MCHTRANSFER.BILL.", _transfer), ("MCHTRANSFER.AUTHORIZATION.", _authorization)),
}
"""original_type → how its events begin, and their readers."""
