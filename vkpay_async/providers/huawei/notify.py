"""A verified callback's fields → what happened.

https://developer.huawei.com/consumer/cn/doc/harmonyos-references/payment-pay-notify
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from vkpay_async.errors import NotificationInvalid
from vkpay_async.models import JsonObject, Notification, NotifyReply, RawNotification
from vkpay_async.providers.huawei.models import Callback, RefundCallback, Transaction, Wire
from vkpay_async.providers.huawei.orders import trade_from
from vkpay_async.providers.huawei.refunds import notified_refund

T = TypeVar("T", bound=Wire)

ACCEPTED = NotifyReply(
    status=200,
    body=b'{"resultCode":"000000","resultDesc":"Success."}',
    content_type="application/json",
)
REFUSED = NotifyReply(
    status=500, body=b'{"resultCode":"999999","resultDesc":"Failed."}', content_type="application/json"
)


def notification_from(fields: Mapping[str, Any], raw: RawNotification) -> Notification:
    """Types the fields, whose signature holds. Raises :class:`NotificationInvalid`."""
    callback = _read(fields, Callback)
    if callback.data_type == "encrypt":
        raise NotificationInvalid(
            "an encrypted callback, whose format is not published: switch encryption off in the merchant portal"
        )
    if callback.merc_refund_no is not None:
        return _refund(callback, fields, raw)
    if callback.merc_order_no is not None and callback.order_status == "TRX_SUCCESS":
        return _payment(callback, fields, raw)
    return Notification(
        kind="other",
        id=callback.callback_id,
        event=callback.order_status or "",
        raw=JsonObject(raw.body),
    )


def _payment(callback: Callback, fields: Mapping[str, Any], raw: RawNotification) -> Notification:
    transaction = _read(fields, Transaction)
    _check_currency(transaction.currency)
    if transaction.total_amount is None or not transaction.sys_trans_order_no:
        raise NotificationInvalid("a payment without totalAmount or sysTransOrderNo; query the order instead")
    body = JsonObject(raw.body)
    return Notification(
        kind="payment",
        id=callback.callback_id,
        event=transaction.order_status,
        trade=trade_from(transaction, body),
        raw=body,
    )


def _refund(callback: Callback, fields: Mapping[str, Any], raw: RawNotification) -> Notification:
    told = _read(fields, RefundCallback)
    _check_currency(told.currency)
    body = JsonObject(raw.body)
    number = unquote(raw.path.partition("?")[0].rstrip("/").rpartition("/")[2])
    return Notification(
        kind="refund",
        id=callback.callback_id,
        event=told.refund_order_status,
        refund=notified_refund(told, number, body),
        raw=body,
    )


def _check_currency(currency: str | None) -> None:
    if currency not in (None, "CNY"):
        raise NotificationInvalid(f"currency is {currency[:10]!r}: Huawei Pay takes CNY only")


def _read(fields: Mapping[str, Any], model: type[T]) -> T:
    try:
        return msgspec.convert(fields, model, strict=False)
    except msgspec.ValidationError as error:
        raise NotificationInvalid(
            f"not a callback of Payment Kit: {error}; check that this address is for Huawei Pay alone"
        ) from error
