"""The old way of checking a receipt: https://developer.apple.com/documentation/appstorereceipts/verifyreceipt

Nearly everything in an answer is a text, numbers and truths too.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from multidict import CIMultiDict

from vkpay_simulator.clock import Clock
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.appleiap.errors import UNREADABLE
from vkpay_simulator.providers.appleiap.gate import JSON, environment_of
from vkpay_simulator.providers.appleiap.models import (
    IN_GRACE,
    IN_RETRY,
    PRODUCTION,
    Subscription,
    Transaction,
)
from vkpay_simulator.providers.appleiap.payloads import given
from vkpay_simulator.providers.appleiap.receipts import Issued, Receipts, transaction_fields

Fields = dict[str, Any]


class Asked(msgspec.Struct, kw_only=True):
    receipt: Any = msgspec.field(default=None, name="receipt-data")
    password: Any = None
    exclude_old: Any = msgspec.field(default=None, name="exclude-old-transactions")


class VerifyReceipt:
    """One endpoint for each environment, always with HTTP 200."""

    def __init__(self, clock: Clock, receipts: Receipts) -> None:
        self._clock = clock
        self._receipts = receipts

    def verify(self, request: Request) -> Answer:
        if request.method != "POST":
            return status(21000, "Send a POST.")
        try:
            asked = msgspec.json.decode(request.body, type=Asked)
        except UNREADABLE as error:
            return status(21002, f"The body cannot be read: {error}.")
        content = _content(asked.receipt)
        if content is None:
            return status(21002, "receipt-data is missing, or no base64.")
        found = self._receipts.find(content)
        if found is None:
            return status(21003, "This receipt was not made here, or the world was reset since.")
        return self._checked(found, asked, environment_of(request))

    def _checked(self, found: Issued, asked: Asked, environment: str) -> Answer:
        if found.store.environment != environment:
            other = 21007 if environment == PRODUCTION else 21008
            return status(other, f"The receipt is of {found.store.environment}.", environment=environment)
        renewing = bool(found.customer.subscriptions)
        if (renewing or asked.password is not None) and asked.password != found.app.shared_secret:
            return status(21004, "password is not the app's shared secret.")
        return _answer(self._verified(found, exclude_old=asked.exclude_old is True))

    def _verified(self, found: Issued, *, exclude_old: bool) -> Fields:
        verified = {"status": 0, "environment": found.store.environment}
        if found.only is not None:
            fields = transaction_fields(found.app, found.only)
            return verified | {"receipt": {name.replace("-", "_"): text for name, text in fields.items()}}
        verified |= {"receipt": self._receipt(found)}
        subscriptions = found.customer.subscriptions
        if not subscriptions:
            return verified
        every = [one for one in found.customer.transactions if one.subscription is not None]
        latest = [one.latest for one in subscriptions] if exclude_old else every[::-1]
        return verified | {
            "latest_receipt_info": [_latest(one) for one in latest],
            "latest_receipt": self._receipts.app_receipt(found.app, found.store, found.customer),
            "pending_renewal_info": [_pending(one) for one in subscriptions],
        }

    def _receipt(self, found: Issued) -> Fields:
        sandbox = found.store.sandbox
        number = 0 if sandbox else found.app.app_apple_id
        return {
            "receipt_type": "ProductionSandbox" if sandbox else "Production",
            "adam_id": number,
            "app_item_id": number,
            "bundle_id": found.app.bundle_id,
            "application_version": "1",
            "download_id": 0,
            "version_external_identifier": 0 if sandbox else 1,
            **dates("receipt_creation_date", found.created_ms),
            **dates("request_date", self._clock.now()),
            **dates("original_purchase_date", found.customer.since_ms),
            "original_application_version": "1.0",
            "in_app": [_in_app(one) for one in found.transactions],
        }


def status(code: int, explain: str, **more: str) -> Answer:
    """An answer that is no success."""
    answer = _answer({**more, "status": code})
    answer.explain = explain
    return answer


def _content(receipt: object) -> bytes | None:
    if not isinstance(receipt, str) or not receipt:
        return None
    try:
        return base64.b64decode(receipt, validate=True)
    except (binascii.Error, ValueError):
        return None


def _answer(body: Fields) -> Answer:
    return Answer(body=msgspec.json.encode(body), headers=CIMultiDict({"Content-Type": JSON}))


@cache
def _pacific() -> dt.tzinfo:
    """A machine without a time zone database gets along with the winter's time."""
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        return dt.timezone(dt.timedelta(hours=-8))


def dates(name: str, ms: int | None) -> Fields:
    """A date the three ways that stand in every answer; nothing for none."""
    if ms is None:
        return {}
    moment = dt.datetime.fromtimestamp(ms // 1000, dt.UTC)
    return {
        name: f"{moment:%Y-%m-%d %H:%M:%S} Etc/GMT",
        f"{name}_ms": str(ms),
        f"{name}_pst": f"{moment.astimezone(_pacific()):%Y-%m-%d %H:%M:%S} America/Los_Angeles",
    }


def _in_app(one: Transaction) -> Fields:
    revoked, offer = one.revocation, one.offer
    introduced = offer is not None and offer.type == 1
    return given(
        quantity=str(one.quantity),
        product_id=one.product.product_id,
        transaction_id=one.transaction_id,
        original_transaction_id=one.original_transaction_id,
        **dates("purchase_date", one.purchase_ms),
        **dates("original_purchase_date", one.original_purchase_ms),
        **dates("expires_date", one.expires_ms),
        web_order_line_item_id=one.web_order_line_item_id,
        is_trial_period=_flag(offer is not None and offer.discount == "FREE_TRIAL"),
        is_in_intro_offer_period=_flag(introduced) if one.expires_ms else None,
        promotional_offer_id=offer.identifier if offer and offer.type == 2 else None,
        **dates("cancellation_date", revoked.at_ms if revoked else None),
        cancellation_reason=str(revoked.reason or 0) if revoked else None,
        in_app_ownership_type=one.ownership,
    )


def _latest(one: Transaction) -> Fields:
    return _in_app(one) | given(
        app_account_token=one.app_account_token,
        is_upgraded="true" if one.upgraded else None,
        subscription_group_identifier=one.product.group,
    )


def _pending(one: Subscription) -> Fields:
    return given(
        auto_renew_product_id=one.next_product.product_id,
        auto_renew_status=str(int(one.auto_renew)),
        expiration_intent=str(one.intent) if one.intent else None,
        **dates("grace_period_expires_date", one.grace_until_ms),
        is_in_billing_retry_period="1" if one.status in (IN_RETRY, IN_GRACE) else None,
        original_transaction_id=one.original_transaction_id,
        product_id=one.latest.product.product_id,
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"
