"""Apple's objects. Names are Apple's in Python's spelling; what does not apply is ``None``, and unknown words stay as they are.

Times are milliseconds since the epoch. Money (``price``, ``renewal_price``) is in milliunits: 1000 is one unit of the currency,
of every currency; a ``price`` is that of the whole quantity.
https://developer.apple.com/documentation/appstoreserverapi
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from vkpay_async.models import Value

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise; the last one for JSON nested without end."""

Moment: TypeAlias = int | float
"""Xcode's dates have fractions."""


class Wire(Value, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of what Apple signs or answers; unknown fields are left alone."""


class Transaction(Wire, frozen=True, kw_only=True):
    """A purchase: https://developer.apple.com/documentation/appstoreserverapi/jwstransactiondecodedpayload

    ``type``: ``Consumable``, ``Non-Consumable``, ``Non-Renewing Subscription``, ``Auto-Renewable Subscription``.
    ``revocation_percentage`` is in thousandths of a percent.
    """

    transaction_id: str | None = None
    original_transaction_id: str | None = None
    web_order_line_item_id: str | None = None
    bundle_id: str | None = None
    product_id: str | None = None
    subscription_group_identifier: str | None = None
    purchase_date: Moment | None = None
    original_purchase_date: Moment | None = None
    expires_date: Moment | None = None
    quantity: int | None = None
    type: str | None = None
    app_account_token: str | None = None
    in_app_ownership_type: str | None = None
    signed_date: Moment | None = None
    revocation_reason: int | None = None
    revocation_date: Moment | None = None
    revocation_type: str | None = None
    revocation_percentage: int | None = None
    is_upgraded: bool | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    offer_discount_type: str | None = None
    offer_period: str | None = None
    environment: str | None = None
    storefront: str | None = None
    storefront_id: str | None = None
    transaction_reason: str | None = None
    price: int | None = None
    currency: str | None = None
    app_transaction_id: str | None = None
    previous_original_transaction_id: str | None = None
    advanced_commerce_info: dict[str, Any] | None = None
    billing_plan_type: str | None = None
    commitment_info: dict[str, Any] | None = None
    device_verification: str | None = None
    device_verification_nonce: str | None = None

    @property
    def renews(self) -> bool:
        """It is a period of a subscription that renews itself."""
        return self.type == "Auto-Renewable Subscription"

    @property
    def revoked(self) -> bool:
        """Apple has given the money back, or a family no longer shares it."""
        return self.revocation_date is not None


class RenewalInfo(Wire, frozen=True, kw_only=True):
    """What comes next of a subscription: https://developer.apple.com/documentation/appstoreserverapi/jwsrenewalinfodecodedpayload

    ``auto_renew_status`` 0 off, 1 on; ``expiration_intent`` 1 cancelled, 2 billing, 3 price refused, 4 not for sale, 5 other;
    ``price_increase_status`` 0 not answered, 1 agreed or told.
    """

    original_transaction_id: str | None = None
    auto_renew_product_id: str | None = None
    product_id: str | None = None
    auto_renew_status: int | None = None
    renewal_date: Moment | None = None
    recent_subscription_start_date: Moment | None = None
    environment: str | None = None
    signed_date: Moment | None = None
    renewal_price: int | None = None
    currency: str | None = None
    expiration_intent: int | None = None
    is_in_billing_retry_period: bool | None = None
    grace_period_expires_date: Moment | None = None
    price_increase_status: int | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    offer_discount_type: str | None = None
    offer_period: str | None = None
    eligible_win_back_offer_ids: list[str] | None = None
    app_account_token: str | None = None
    app_transaction_id: str | None = None
    advanced_commerce_info: dict[str, Any] | None = None
    commitment_info: dict[str, Any] | None = None
    renewal_billing_plan_type: str | None = None


class AppTransaction(Wire, frozen=True, kw_only=True):
    """How the customer got the app: https://developer.apple.com/documentation/storekit/apptransaction

    ``receipt_type`` is the environment.
    """

    receipt_type: str | None = None
    app_apple_id: int | None = None
    bundle_id: str | None = None
    application_version: str | None = None
    version_external_identifier: int | None = None
    receipt_creation_date: Moment | None = None
    original_purchase_date: Moment | None = None
    original_application_version: str | None = None
    device_verification: str | None = None
    device_verification_nonce: str | None = None
    preorder_date: Moment | None = None
    app_transaction_id: str | None = None
    original_platform: str | None = None


class NotificationData(Wire, frozen=True, kw_only=True):
    """``status`` of a subscription: 1 active, 2 expired, 3 billing retry, 4 grace period, 5 revoked."""

    environment: str | None = None
    app_apple_id: int | None = None
    bundle_id: str | None = None
    bundle_version: str | None = None
    signed_transaction_info: str | None = None
    signed_renewal_info: str | None = None
    status: int | None = None
    consumption_request_reason: str | None = None
    signed_app_transaction_info: str | None = None


class Summary(Wire, frozen=True, kw_only=True):
    """How the extension of a renewal date for everybody went."""

    request_identifier: str | None = None
    environment: str | None = None
    app_apple_id: int | None = None
    bundle_id: str | None = None
    product_id: str | None = None
    storefront_country_codes: list[str] | None = None
    succeeded_count: int | None = None
    failed_count: int | None = None


class ExternalPurchaseToken(Wire, frozen=True, kw_only=True):
    """A purchase outside the App Store that is to be reported."""

    external_purchase_id: str | None = None
    token_creation_date: Moment | None = None
    token_expiration_date: Moment | None = None
    token_type: str | None = None
    app_apple_id: int | None = None
    bundle_id: str | None = None

    @property
    def environment(self) -> str:
        sandbox = (self.external_purchase_id or "").startswith("SANDBOX")
        return "Sandbox" if sandbox else "Production"


class ServerNotification(Wire, frozen=True, kw_only=True):
    """https://developer.apple.com/documentation/appstoreservernotifications/responsebodyv2decodedpayload

    Exactly one of the last four is set. ``notification_uuid`` stays the same when it is sent again.
    """

    notification_type: str | None = None
    subtype: str | None = None
    notification_uuid: str | None = msgspec.field(default=None, name="notificationUUID")
    version: str | None = None
    signed_date: Moment | None = None
    data: NotificationData | None = None
    summary: Summary | None = None
    external_purchase_token: ExternalPurchaseToken | None = None
    app_data: NotificationData | None = None

    @property
    def content(self) -> NotificationData | Summary | ExternalPurchaseToken | None:
        """Whichever of the four there is."""
        return self.data or self.summary or self.external_purchase_token or self.app_data

    @property
    def event(self) -> str:
        """Type and subtype: ``DID_RENEW.BILLING_RECOVERY``."""
        return ".".join(part for part in (self.notification_type, self.subtype) if part)


class RealtimeRequest(Wire, frozen=True, kw_only=True):
    """Apple asks which message to show somebody who is about to cancel."""

    original_transaction_id: str
    app_apple_id: int
    product_id: str
    user_locale: str
    request_identifier: str
    environment: str
    signed_date: Moment


class SubscriptionState(Value, frozen=True, kw_only=True):
    """A subscription's newest transaction and what comes next. ``status`` as in :class:`NotificationData`."""

    status: int
    original_transaction_id: str
    group: str
    transaction: Transaction
    renewal_info: RenewalInfo


class SendAttempt(Wire, frozen=True, kw_only=True):
    """One attempt at a notification: ``SUCCESS``, ``TIMED_OUT``, ``UNSUCCESSFUL_HTTP_RESPONSE_CODE`` …"""

    attempt_date: Moment | None = None
    send_attempt_result: str | None = None


class SentNotification(Value, frozen=True, kw_only=True):
    """A notification out of Apple's history, verified, and how sending it went."""

    notification: ServerNotification
    signed_payload: str
    attempts: tuple[SendAttempt, ...]


class Extended(Wire, frozen=True, kw_only=True):
    """A renewal date that was moved. ``effective_date`` is the new one."""

    original_transaction_id: str | None = None
    web_order_line_item_id: str | None = None
    success: bool | None = None
    effective_date: Moment | None = None


class ExtensionStatus(Wire, frozen=True, kw_only=True):
    """How far an extension for everybody is; the rest is there when it is complete."""

    request_identifier: str | None = None
    complete: bool | None = None
    complete_date: Moment | None = None
    succeeded_count: int | None = None
    failed_count: int | None = None
