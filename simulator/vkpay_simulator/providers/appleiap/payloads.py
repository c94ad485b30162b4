"""What the App Store signs, decoded: https://developer.apple.com/documentation/appstoreserverapi/jwstransactiondecodedpayload

What does not apply is left out, never null.
"""

from __future__ import annotations

from typing import Any

from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import (
    AUTO_RENEWABLE,
    FAMILY_SHARED,
    IN_GRACE,
    IN_RETRY,
    Customer,
    Offer,
    Store,
    Subscription,
    Transaction,
)

Payload = dict[str, Any]


def given(**fields: Any) -> Payload:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def transaction(app: App, store: Store, one: Transaction, signed_ms: int) -> Payload:
    shared = one.ownership == FAMILY_SHARED
    renews = one.product.type == AUTO_RENEWABLE
    return given(
        transactionId=one.transaction_id,
        originalTransactionId=one.original_transaction_id,
        webOrderLineItemId=one.web_order_line_item_id,
        bundleId=app.bundle_id,
        productId=one.product.product_id,
        subscriptionGroupIdentifier=one.product.group if renews else None,
        purchaseDate=one.purchase_ms,
        originalPurchaseDate=one.original_purchase_ms,
        expiresDate=one.expires_ms,
        quantity=one.quantity,
        type=one.product.type,
        appAccountToken=one.app_account_token,
        inAppOwnershipType=one.ownership,
        signedDate=signed_ms,
        isUpgraded=True if one.upgraded else None,
        environment=store.environment,
        transactionReason=one.reason,
        storefront=one.customer.storefront,
        storefrontId=one.customer.storefront_id,
        price=None if shared else one.price,
        currency=None if shared else one.product.currency,
        appTransactionId=one.customer.app_transaction_id,
        **_revocation(one),
        **_offer(one.offer),
    )


def renewal(store: Store, one: Subscription, signed_ms: int) -> Payload:
    """It has no bundle id: Apple's has none either."""
    latest = one.latest
    return given(
        originalTransactionId=one.original_transaction_id,
        autoRenewProductId=one.next_product.product_id,
        productId=latest.product.product_id,
        autoRenewStatus=int(one.auto_renew),
        renewalPrice=one.next_product.price,
        currency=one.next_product.currency,
        signedDate=signed_ms,
        environment=store.environment,
        recentSubscriptionStartDate=one.since_ms,
        renewalDate=one.renewal_ms,
        expirationIntent=one.intent,
        isInBillingRetryPeriod=True if one.status in (IN_RETRY, IN_GRACE) else None,
        gracePeriodExpiresDate=one.grace_until_ms,
        priceIncreaseStatus=one.price_increase,
        appAccountToken=latest.app_account_token,
        appTransactionId=latest.customer.app_transaction_id,
    )


def app_transaction(app: App, store: Store, customer: Customer, signed_ms: int) -> Payload:
    """As the server gives it; a device adds what it knows of itself."""
    return given(
        receiptType=store.environment,
        appAppleId=app.app_apple_id,
        bundleId=app.bundle_id,
        receiptCreationDate=signed_ms,
        originalPurchaseDate=customer.since_ms,
        originalApplicationVersion="1.0",
        appTransactionId=customer.app_transaction_id,
        originalPlatform="iOS",
    )


def _revocation(one: Transaction) -> Payload:
    revoked = one.revocation
    if revoked is None:
        return {}
    return given(
        revocationDate=revoked.at_ms,
        revocationReason=revoked.reason or 0,
        revocationType=revoked.type,
        revocationPercentage=revoked.percentage,
    )


def _offer(offer: Offer | None) -> Payload:
    if offer is None:
        return {}
    return given(
        offerType=offer.type,
        offerIdentifier=offer.identifier,
        offerDiscountType=offer.discount,
        offerPeriod=offer.period,
    )
