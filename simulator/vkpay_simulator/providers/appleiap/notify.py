"""App Store Server Notifications V2: https://developer.apple.com/documentation/appstoreservernotifications

One attempt in the sandbox, up to six in production. A copy that is sent again is the same to the byte, its
``notificationUUID`` included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.delivery import Attempt, Delivery, Outgoing
from vkpay_simulator.jws import spoilt
from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import Customer, Sent, Store, Transaction
from vkpay_simulator.providers.appleiap.payloads import given
from vkpay_simulator.providers.appleiap.rules import Rules
from vkpay_simulator.providers.appleiap.signer import Signer

if TYPE_CHECKING:
    from vkpay_simulator.world import World

HEADERS = {"Content-Type": "application/json"}
MOST_ATTEMPTS_SHOWN = 6

TYPES: dict[str, frozenset[str]] = {
    "CONSUMPTION_REQUEST": frozenset(),
    "DID_CHANGE_RENEWAL_PREF": frozenset({"UPGRADE", "DOWNGRADE"}),
    "DID_CHANGE_RENEWAL_STATUS": frozenset({"AUTO_RENEW_ENABLED", "AUTO_RENEW_DISABLED"}),
    "DID_FAIL_TO_RENEW": frozenset({"GRACE_PERIOD"}),
    "DID_RENEW": frozenset({"BILLING_RECOVERY"}),
    "EXPIRED": frozenset({"VOLUNTARY", "BILLING_RETRY", "PRICE_INCREASE", "PRODUCT_NOT_FOR_SALE"}),
    "EXTERNAL_PURCHASE_TOKEN": frozenset({"UNREPORTED", "CREATED", "ACTIVE_TOKEN_REMINDER"}),
    "GRACE_PERIOD_EXPIRED": frozenset(),
    "METADATA_UPDATE": frozenset(),
    "MIGRATION": frozenset(),
    "OFFER_REDEEMED": frozenset({"UPGRADE", "DOWNGRADE"}),
    "ONE_TIME_CHARGE": frozenset(),
    "PRICE_CHANGE": frozenset(),
    "PRICE_INCREASE": frozenset({"PENDING", "ACCEPTED"}),
    "REFUND": frozenset(),
    "REFUND_DECLINED": frozenset(),
    "REFUND_REVERSED": frozenset(),
    "RENEWAL_EXTENDED": frozenset(),
    "RENEWAL_EXTENSION": frozenset({"SUMMARY", "FAILURE"}),
    "RESCIND_CONSENT": frozenset(),
    "REVOKE": frozenset(),
    "SUBSCRIBED": frozenset({"INITIAL_BUY", "RESUBSCRIBE"}),
    "TEST": frozenset(),
}
"""Every type with its subtypes."""


class Notifier:
    """Makes notifications, hands them over for delivery, and remembers them for the history."""

    def __init__(self, world: World, rules: Rules, signer: Signer) -> None:
        self._world = world
        self._rules = rules
        self._signer = signer

    def about(
        self, app: App, store: Store, one: Transaction, kind: str, subtype: str | None = None, **more: Any
    ) -> Sent | None:
        """Something that happened to a purchase; with the state of its subscription, where it belongs to one."""
        subscription = one.subscription
        data = self.app_data(app, store) | {
            "signedTransactionInfo": self._signer.transaction(app, store, one)
        }
        if subscription is not None:
            data |= {
                "signedRenewalInfo": self._signer.renewal(store, subscription),
                "status": subscription.status,
            }
        return self.send(app, store, kind, subtype, one.customer, _subject(one), data=data | more)

    def app_data(self, app: App, store: Store) -> dict[str, Any]:
        """What a ``data`` says of the app."""
        return given(
            environment=store.environment,
            appAppleId=None if store.sandbox else app.app_apple_id,
            bundleId=app.bundle_id,
            bundleVersion="1",
        )

    def send(
        self,
        app: App,
        store: Store,
        kind: str,
        subtype: str | None,
        customer: Customer | None,
        subject: str,
        **content: dict[str, Any],
    ) -> Sent | None:
        """``content`` is one of ``data``, ``summary``, ``externalPurchaseToken`` and ``appData``. Nothing is sent where the
        app has no address for it."""
        url = app.notify_url(store.environment)
        if not url:
            return None
        now = self._world.clock.now()
        payload = given(
            notificationType=kind,
            subtype=subtype,
            notificationUUID=self._world.ids.uuid(),
            version="2.0",
            signedDate=now,
            **content,
        )
        signed = self._signer.sign(payload)
        delivery = self._delivery(store, kind, subtype, subject, url, signed)
        sent = Sent(
            type=kind,
            subtype=subtype,
            signed_payload=signed,
            at_ms=now,
            delivery=delivery.id,
            customer=customer,
            number=len(store.sent) + 1,
        )
        store.sent.append(sent)
        self._world.notify(delivery)
        return sent

    def attempts(self, sent: Sent) -> list[Attempt]:
        delivery = self._world.deliveries.get(sent.delivery)
        return delivery.attempts if delivery else []

    def _delivery(
        self, store: Store, kind: str, subtype: str | None, subject: str, url: str, signed: str
    ) -> Delivery:
        body = msgspec.json.encode({"signedPayload": signed})
        return Delivery(
            id=self._world.ids.uuid(),
            provider="appleiap",
            event=".".join(part for part in (kind, subtype) if part),
            subject=subject,
            url=url,
            build=lambda _attempt: Outgoing(headers=HEADERS, body=body),
            accepts=lambda status, _body: 200 <= status <= 206,
            pauses=() if store.sandbox else tuple(self._rules.pauses),
        )


def _subject(one: Transaction) -> str:
    """What the merchant knew before the purchase, if it gave a token."""
    return one.app_account_token or one.original_transaction_id


def shown(attempts: list[Attempt]) -> list[dict[str, Any]]:
    """Attempts as the history shows them."""
    return [
        {"attemptDate": one.at_ms, "sendAttemptResult": _result(one)}
        for one in attempts[:MOST_ATTEMPTS_SHOWN]
    ]


def _result(attempt: Attempt) -> str:
    if attempt.accepted:
        return "SUCCESS"
    if attempt.status is not None:
        redirected = 300 <= attempt.status < 400
        return "CIRCULAR_REDIRECT" if redirected else "UNSUCCESSFUL_HTTP_RESPONSE_CODE"
    return "TIMED_OUT" if attempt.error.startswith("no answer within") else "NO_RESPONSE"


def spoil(body: bytes) -> bytes:
    """The same notification under a signature that does not hold."""
    content = msgspec.json.decode(body, type=dict[str, str])
    return msgspec.json.encode({"signedPayload": spoilt(content["signedPayload"])})
