"""App Store Server Notifications V2: what each type means for an order.

https://developer.apple.com/documentation/appstoreservernotifications/notificationtype
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from vkpay_async.errors import NotificationInvalid, NotificationMismatch, ResourceNotFound
from vkpay_async.models import Notification, NotifyReply
from vkpay_async.providers.appleiap.about import AppleNode
from vkpay_async.providers.appleiap.models import (
    UNREADABLE,
    NotificationData,
    RenewalInfo,
    ServerNotification,
    Transaction,
)
from vkpay_async.providers.appleiap.purchases import refund_of, reversal_of, trade_of
from vkpay_async.providers.appleiap.verifier import Verifier
from vkpay_async.providers.base import Flow

ACCEPTED = NotifyReply(status=200, body=b"", content_type="text/plain; charset=utf-8")
REFUSED = NotifyReply(status=500, body=b"", content_type="text/plain; charset=utf-8")
"""Apple comes again after 1, 12, 24, 48 and 72 hours; the sandbox does not."""

PAYMENTS = frozenset(
    {
        "ONE_TIME_CHARGE",
        "SUBSCRIBED.INITIAL_BUY",
        "SUBSCRIBED.RESUBSCRIBE",
        "DID_RENEW",
        "DID_RENEW.BILLING_RECOVERY",
        "OFFER_REDEEMED.UPGRADE",
        "DID_CHANGE_RENEWAL_PREF.UPGRADE",
    }
)
"""Somebody was charged."""

TAKEN_BACK = frozenset({"REFUND", "REVOKE"})
REVERSED = "REFUND_REVERSED"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A body as it is posted. Version 1, which Apple has given up, has no ``signedPayload``."""

    signed_payload: str | None = None
    version1: str | None = msgspec.field(default=None, name="notification_type")


_ENVELOPE = msgspec.json.Decoder(Envelope)


def signed_payload(body: bytes) -> str:
    """The signed text of a body. Raises :class:`NotificationInvalid`."""
    try:
        envelope = _ENVELOPE.decode(body)
    except UNREADABLE as error:
        raise NotificationInvalid(f"no notification of the App Store: {error}") from error
    if envelope.signed_payload is None:
        hint = (
            "; this one is of version 1: choose version 2 in App Store Connect → App Information"
            if envelope.version1
            else ""
        )
        raise NotificationInvalid(f"the notification has no signedPayload{hint}")
    return envelope.signed_payload


def verified(
    body: bytes,
    verifier: Verifier,
    node: AppleNode,
    present: Callable[[Transaction], Flow[Transaction]],
    fresh: Callable[[Transaction], bool],
) -> Flow[Notification]:
    """A body, what is signed inside it as well, and what it means. ``present`` gives a transaction as it stands now, where
    Apple can be asked; ``fresh`` tells of one that was signed just now."""
    told = yield from verifier.notification(signed_payload(body))
    data = told.data
    transaction = renewal = None
    if data is not None and data.signed_transaction_info is not None:
        transaction = yield from verifier.transaction(data.signed_transaction_info)
    if data is not None and data.signed_renewal_info is not None:
        renewal = yield from verifier.renewal_info(data.signed_renewal_info)
    if transaction is None or not _moves_money(told):
        return typed(told, transaction, renewal, node)
    now = yield from _since(transaction, present)
    asked = now is not transaction
    return typed(told, now, renewal, node, late=asked, certain=asked or fresh(transaction))


def _moves_money(told: ServerNotification) -> bool:
    return told.event in PAYMENTS or told.notification_type in TAKEN_BACK | {REVERSED}


def _since(
    transaction: Transaction, present: Callable[[Transaction], Flow[Transaction]]
) -> Flow[Transaction]:
    """Notifications may overtake each other, and come days late. A period that was upgraded since was paid all the same."""
    try:
        now = yield from present(transaction)
    except ResourceNotFound:
        return transaction
    return transaction if now.is_upgraded else now


def typed(
    told: ServerNotification,
    transaction: Transaction | None,
    renewal: RenewalInfo | None,
    node: AppleNode,
    *,
    late: bool = False,
    certain: bool = True,
) -> Notification:
    """A type that is not known, or changes no order, is ``other``: its words are in ``event`` and ``raw``.

    ``late``: the transaction is not as the notification told it, but as it stands now. ``certain``: nothing can have happened
    to it since.
    """
    common: dict[str, Any] = {
        "id": told.notification_uuid or "",
        "event": told.event,
        "raw": _raw(told, transaction, renewal),
    }
    if transaction is None:
        return Notification(kind="other", **common)
    if told.notification_type in TAKEN_BACK and transaction.revoked:
        return _about_refund(refund_of(transaction, node), common)
    if told.notification_type == REVERSED and not (late and transaction.revoked):
        undone = _about_refund(reversal_of(transaction, node, int(told.signed_date or 0)), common)
        stands = certain and not transaction.revoked
        return _paid_after_all(undone, _about_payment(transaction, node, common)) if stands else undone
    if told.event in PAYMENTS and not transaction.revoked:
        return _about_payment(transaction, node, common)
    return Notification(kind="other", **common)


def _about_payment(transaction: Transaction, node: AppleNode, common: dict[str, Any]) -> Notification:
    """A purchase that nobody ordered from us, or that somebody else of the family paid, is no payment."""
    try:
        trade = trade_of(transaction, node)
    except NotificationMismatch:
        return Notification(kind="other", **common)
    if trade.provider_order_no is None:
        return Notification(kind="other", **common)
    again = transaction.renews and transaction.transaction_id != transaction.original_transaction_id
    return Notification(kind="renewal" if again else "payment", trade=trade, **common)


def _paid_after_all(undone: Notification, payment: Notification) -> Notification:
    if payment.trade is None or undone.refund is None:
        return undone
    return msgspec.structs.replace(undone, as_payment=payment)


def _about_refund(refund: Any, common: dict[str, Any]) -> Notification:
    if not refund.out_trade_no and refund.provider_order_no is None:
        return Notification(kind="other", **common)
    return Notification(kind="refund", refund=refund, **common)


def _raw(
    told: ServerNotification, transaction: Transaction | None, renewal: RenewalInfo | None
) -> dict[str, Any]:
    """The notification, with what was signed inside it in place of the signed texts."""
    raw: dict[str, Any] = msgspec.to_builtins(told)
    data = raw.get("data")
    if data is not None:
        for name in _SIGNED:
            data.pop(name, None)
        if transaction is not None:
            data["transactionInfo"] = msgspec.to_builtins(transaction)
        if renewal is not None:
            data["renewalInfo"] = msgspec.to_builtins(renewal)
    return raw


_SIGNED = tuple(
    field.encode_name
    for field in msgspec.structs.fields(NotificationData)
    if field.encode_name in ("signedTransactionInfo", "signedRenewalInfo")
)
