"""Notifications: every type and subtype, and what it means for an order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.vkpay_async.providers.appleiap.conftest import (
    APP_APPLE_ID,
    BUNDLE,
    NOW_MS,
    TOKEN,
    Apple,
    Clock,
    bought,
    quiet,
    subscribed,
)
from tests.vkpay_async.providers.appleiap.pki import Pki
from tests.vkpay_async.providers.appleiap.test_api import ok
from tests.vkpay_async.providers.appleiap.test_errors import said
from vkpay_async.errors import NotificationInvalid, NotificationMismatch, SignatureInvalid, VKPayError
from vkpay_async.models import Notification, RawNotification, RefundState, TradeState
from vkpay_async.providers.appleiap.provider import FRESH_MS, AppleProvider

UUID = "6d3c2e1a-0c0f-4f0e-8a55-3f6b2f7c9d10"
RENEWAL = {"environment": "Production", "autoRenewStatus": 1, "signedDate": NOW_MS}

# Section 5.3: every notificationType with its subtypes, and the kind that it is of.
TYPES = {
    "payment": "ONE_TIME_CHARGE SUBSCRIBED.INITIAL_BUY",
    "renewal": "SUBSCRIBED.RESUBSCRIBE DID_RENEW DID_RENEW.BILLING_RECOVERY DID_CHANGE_RENEWAL_PREF.UPGRADE "
    "OFFER_REDEEMED.UPGRADE",
    "refund": "REFUND REFUND_REVERSED REVOKE",
    "other": "DID_CHANGE_RENEWAL_PREF.DOWNGRADE DID_CHANGE_RENEWAL_PREF DID_CHANGE_RENEWAL_STATUS.AUTO_RENEW_ENABLED "
    "DID_CHANGE_RENEWAL_STATUS.AUTO_RENEW_DISABLED OFFER_REDEEMED OFFER_REDEEMED.DOWNGRADE "
    "DID_FAIL_TO_RENEW.GRACE_PERIOD DID_FAIL_TO_RENEW GRACE_PERIOD_EXPIRED EXPIRED.VOLUNTARY EXPIRED.BILLING_RETRY "
    "EXPIRED.PRICE_INCREASE EXPIRED.PRODUCT_NOT_FOR_SALE EXPIRED PRICE_INCREASE.PENDING PRICE_INCREASE.ACCEPTED "
    "REFUND_DECLINED CONSUMPTION_REQUEST RENEWAL_EXTENDED RENEWAL_EXTENSION.FAILURE METADATA_UPDATE MIGRATION "
    "PRICE_CHANGE SOMETHING_NEW.OF_A_KIND",
}
AGAIN = {"transactionId": "2000000000000202", "transactionReason": "RENEWAL"}
REVOKED = {"revocationDate": NOW_MS - 5, "revocationReason": 0}


def told(
    pki: Pki,
    event: str,
    transaction: dict[str, Any] | None = None,
    *,
    renewal: bool = False,
    data: dict[str, Any] | None = None,
    **content: Any,
) -> RawNotification:
    kind, _, subtype = event.partition(".")
    payload: dict[str, Any] = {
        "notificationType": kind,
        "notificationUUID": UUID,
        "version": "2.0",
        "signedDate": NOW_MS,
    }
    if subtype:
        payload["subtype"] = subtype
    about = {
        "bundleId": BUNDLE,
        "bundleVersion": "1",
        "environment": "Production",
        "appAppleId": APP_APPLE_ID,
    }
    if transaction is not None:
        about["signedTransactionInfo"] = pki.sign(transaction)
    if renewal:
        about["signedRenewalInfo"] = pki.sign(RENEWAL)
        about["status"] = 1  # type: ignore[assignment]
    payload |= content or {"data": about | (data or {})}
    return posted(json.dumps({"signedPayload": pki.sign(payload)}).encode())


def posted(body: bytes) -> RawNotification:
    return RawNotification(path="/pay/vk-pay-notify/appleiap_app-plus", headers={}, body=body)


def heard(provider: AppleProvider, raw: RawNotification) -> Notification:
    notification: Notification = quiet(provider.notification(raw))
    return notification


class TestTypes:
    @pytest.mark.parametrize(
        ("event", "kind"), [(event, kind) for kind, events in TYPES.items() for event in events.split()]
    )
    def test_every_one(self, provider: AppleProvider, pki: Pki, event: str, kind: str) -> None:
        transaction = bought() if event == "ONE_TIME_CHARGE" else subscribed()
        if kind == "renewal":
            transaction = subscribed(**AGAIN)
        if event in ("REFUND", "REVOKE"):
            transaction |= REVOKED
        notification = heard(provider, told(pki, event, transaction, renewal=transaction != bought()))
        assert (notification.kind, notification.event, notification.id) == (kind, event, UUID)
        assert (notification.trade is not None) == (kind in ("payment", "renewal"))
        assert (notification.refund is not None) == (kind == "refund")
        assert notification.raw["data"]["transactionInfo"]["productId"] == transaction["productId"]

    def test_a_test(self, provider: AppleProvider, pki: Pki) -> None:
        notification = heard(provider, told(pki, "TEST"))
        assert (notification.kind, notification.event) == ("other", "TEST")

    def test_a_summary(self, provider: AppleProvider, pki: Pki) -> None:
        summary = {
            "bundleId": BUNDLE,
            "environment": "Production",
            "appAppleId": APP_APPLE_ID,
            "succeededCount": 5,
        }
        notification = heard(provider, told(pki, "RENEWAL_EXTENSION.SUMMARY", summary=summary))
        assert notification.raw["summary"]["succeededCount"] == 5

    @pytest.mark.parametrize("subtype", ["UNREPORTED", "CREATED", "ACTIVE_TOKEN_REMINDER"])
    @pytest.mark.parametrize("number", ["SANDBOX_1", "1"])
    def test_a_token_of_a_purchase_elsewhere(
        self, provider: AppleProvider, pki: Pki, subtype: str, number: str
    ) -> None:
        token = {"externalPurchaseId": number, "bundleId": BUNDLE, "appAppleId": APP_APPLE_ID}
        event = f"EXTERNAL_PURCHASE_TOKEN.{subtype}"
        assert heard(provider, told(pki, event, externalPurchaseToken=token)).event == event

    def test_a_consent_that_is_taken_back(self, provider: AppleProvider, pki: Pki) -> None:
        app = {"bundleId": BUNDLE, "environment": "Production", "appAppleId": APP_APPLE_ID}
        assert heard(provider, told(pki, "RESCIND_CONSENT", appData=app)).kind == "other"

    def test_one_about_nothing(self, provider: AppleProvider, pki: Pki) -> None:
        with pytest.raises(NotificationMismatch, match="names no app"):
            heard(provider, told(pki, "TEST", something={}))


class TestPayment:
    def test_what_was_paid(self, provider: AppleProvider, pki: Pki) -> None:
        trade = heard(provider, told(pki, "ONE_TIME_CHARGE", bought(quantity=2, price=12000))).trade
        assert trade is not None
        assert (trade.out_trade_no, trade.provider_order_no) == ("", TOKEN)
        assert (trade.state, trade.total_fee) == (TradeState.SUCCESS, 1200)
        assert (trade.product_id, trade.quantity) == (bought()["productId"], 2)
        assert (trade.appid, trade.mch_id, trade.environment) == (BUNDLE, None, "Production")
        assert (trade.success_time, trade.recurring) == (NOW_MS - 1000, False)
        assert trade.raw["transactionId"] == trade.transaction_id == "2000000000000101"
        assert "revocationDate" not in trade.raw

    def test_a_token_in_capitals(self, provider: AppleProvider, pki: Pki) -> None:
        notification = heard(provider, told(pki, "ONE_TIME_CHARGE", bought(appAccountToken=TOKEN.upper())))
        assert notification.trade is not None
        assert notification.trade.provider_order_no == TOKEN

    @pytest.mark.parametrize(
        ("settings", "change", "fee"),
        [
            ({}, {"currency": "USD", "price": 990}, None),
            ({"currency": "USD"}, {"currency": "USD", "price": 990}, 99),
            ({"products": {"com.example.shop.coins100": 500}}, {"currency": "USD", "price": 990}, 500),
            ({"products": {"com.example.shop.coins100": 500}}, {"quantity": 3}, 1500),
            ({"products": {"other": 500}}, {}, 600),
            ({}, {"price": None, "currency": None}, None),
            ({}, {"price": 6005}, None),
        ],
        ids=str,
    )
    def test_the_amount(
        self,
        make: Callable[..., AppleProvider],
        pki: Pki,
        settings: dict[str, Any],
        change: dict[str, Any],
        fee: int | None,
    ) -> None:
        trade = heard(make(**settings), told(pki, "ONE_TIME_CHARGE", bought(**change))).trade
        assert trade is not None
        assert trade.total_fee == fee

    @pytest.mark.parametrize(
        "change",
        [
            {"appAccountToken": None},
            {"inAppOwnershipType": "FAMILY_SHARED"},
            {"inAppOwnershipType": None},
            REVOKED,
        ],
        ids=str,
    )
    def test_a_purchase_that_pays_nothing(
        self, provider: AppleProvider, pki: Pki, change: dict[str, Any]
    ) -> None:
        assert heard(provider, told(pki, "ONE_TIME_CHARGE", bought(**change))).kind == "other"

    def test_a_familys_where_it_is_wanted(self, make: Callable[..., AppleProvider], pki: Pki) -> None:
        raw = told(pki, "ONE_TIME_CHARGE", bought(inAppOwnershipType="FAMILY_SHARED", price=None))
        assert heard(make(allow_family_shared=True), raw).kind == "payment"

    @pytest.mark.parametrize(
        ("change", "recurring"),
        [
            ({"transactionReason": "RENEWAL"}, True),
            ({"transactionReason": "PURCHASE"}, False),
            ({"transactionReason": None}, True),
        ],
        ids=str,
    )
    def test_a_renewal_comes_by_itself(
        self, provider: AppleProvider, pki: Pki, change: dict[str, Any], recurring: bool
    ) -> None:
        notification = heard(provider, told(pki, "DID_RENEW", subscribed(**AGAIN | change), renewal=True))
        assert notification.kind == "renewal"
        assert notification.trade is not None
        assert notification.trade.recurring is recurring
        assert notification.raw["data"]["renewalInfo"]["autoRenewStatus"] == 1
        assert not {"signedTransactionInfo", "signedRenewalInfo"} & notification.raw["data"].keys()


class TestLate:
    """Apple tries for a week, and one notification may overtake another: what it says was so when it was signed."""

    @pytest.mark.parametrize(
        ("event", "then", "now", "kind"),
        [
            ("ONE_TIME_CHARGE", {}, {}, "payment"),
            ("ONE_TIME_CHARGE", {}, REVOKED, "other"),
            ("ONE_TIME_CHARGE", {}, REVOKED | {"isUpgraded": True}, "payment"),
            ("REFUND", REVOKED, REVOKED, "refund"),
            ("REFUND", REVOKED, {}, "other"),
            ("REFUND_REVERSED", {}, {}, "refund"),
            ("REFUND_REVERSED", {}, REVOKED, "other"),
        ],
        ids=str,
    )
    def test_what_became_of_the_purchase_since_counts(
        self,
        provider: AppleProvider,
        pki: Pki,
        clock: Clock,
        event: str,
        then: dict[str, Any],
        now: dict[str, Any],
        kind: str,
    ) -> None:
        raw = told(pki, event, bought(**then))
        clock.ms += FRESH_MS + 1
        apple = Apple(ok(signedTransactionInfo=pki.sign(bought(**now))))
        assert apple(provider.notification(raw)).kind == kind
        assert len(apple.requests) == 1

    def test_one_that_apple_does_not_know_is_taken_as_told(
        self, provider: AppleProvider, pki: Pki, clock: Clock
    ) -> None:
        raw = told(pki, "ONE_TIME_CHARGE", bought())
        clock.ms += FRESH_MS + 1
        assert Apple(said(4040010))(provider.notification(raw)).kind == "payment"

    def test_an_undone_refund_tells_of_the_payment_that_stands_again(
        self, provider: AppleProvider, pki: Pki, clock: Clock
    ) -> None:
        raw = told(pki, "REFUND_REVERSED", bought())
        clock.ms += FRESH_MS + 1
        payment = Apple(ok(signedTransactionInfo=pki.sign(bought())))(provider.notification(raw)).as_payment
        assert (payment.kind, payment.trade.state) == ("payment", TradeState.SUCCESS)
        assert (payment.trade.transaction_id, payment.trade.provider_order_no) == ("2000000000000101", TOKEN)

    def test_but_not_where_apple_could_not_say_so(
        self, provider: AppleProvider, make: Callable[..., AppleProvider], pki: Pki, clock: Clock
    ) -> None:
        raw = told(pki, "REFUND_REVERSED", bought())
        clock.ms += FRESH_MS + 1
        keyless = make(issuer_id=None, key_id=None, private_key=None)
        for notification in (heard(keyless, raw), Apple(said(4040010))(provider.notification(raw))):
            assert (notification.kind, notification.as_payment) == ("refund", None)

    def test_an_issuer_without_a_key_cannot_ask(
        self, make: Callable[..., AppleProvider], pki: Pki, clock: Clock
    ) -> None:
        raw = told(pki, "ONE_TIME_CHARGE", bought())
        clock.ms += FRESH_MS + 1
        assert heard(make(private_key=None), raw).kind == "payment"

    def test_without_a_key_it_is_taken_as_told(
        self, make: Callable[..., AppleProvider], pki: Pki, clock: Clock
    ) -> None:
        raw = told(pki, "ONE_TIME_CHARGE", bought())
        clock.ms += 10 * FRESH_MS
        keyless = make(issuer_id=None, key_id=None, private_key=None)
        assert heard(keyless, raw).kind == "payment"

    def test_news_that_moves_no_money_is_not_asked_about(
        self, provider: AppleProvider, pki: Pki, clock: Clock
    ) -> None:
        raw = told(pki, "EXPIRED.VOLUNTARY", subscribed())
        clock.ms += 10 * FRESH_MS
        assert heard(provider, raw).event == "EXPIRED.VOLUNTARY"


class TestRefund:
    @pytest.mark.parametrize(
        ("change", "share", "raw_state"),
        [
            ({}, 100_000, "REFUND_FULL"),
            (
                {"revocationType": "REFUND_PRORATED", "revocationPercentage": 25_000},
                25_000,
                "REFUND_PRORATED",
            ),
            ({"revocationType": "FAMILY_REVOKE"}, 100_000, "FAMILY_REVOKE"),
        ],
        ids=str,
    )
    def test_a_share_of_the_order(
        self, provider: AppleProvider, pki: Pki, change: dict[str, Any], share: int, raw_state: str
    ) -> None:
        refund = heard(provider, told(pki, "REFUND", bought(**REVOKED | change))).refund
        assert refund is not None
        assert (refund.share, refund.raw_state, refund.state) == (share, raw_state, RefundState.SUCCESS)
        assert (refund.out_trade_no, refund.provider_order_no) == ("", TOKEN)
        assert refund.out_refund_no == f"2000000000000101-{NOW_MS - 5}"
        assert (refund.transaction_id, refund.success_time) == ("2000000000000101", NOW_MS - 5)

    def test_a_renewals_is_its_own_orders(self, provider: AppleProvider, pki: Pki) -> None:
        refund = heard(provider, told(pki, "REFUND", subscribed(**AGAIN | REVOKED))).refund
        assert refund is not None
        assert (refund.out_trade_no, refund.provider_order_no) == ("2000000000000202", None)

    def test_one_that_is_taken_back(self, provider: AppleProvider, pki: Pki) -> None:
        refund = heard(provider, told(pki, "REFUND_REVERSED", bought())).refund
        assert refund is not None
        assert (refund.state, refund.success_time) == (RefundState.CLOSED, NOW_MS)

    @pytest.mark.parametrize(
        ("transaction", "kind"),
        [
            (bought(), "payment"),
            (subscribed(**AGAIN), "renewal"),
            (bought(**REVOKED), None),
            (bought(inAppOwnershipType="FAMILY_SHARED"), None),
        ],
        ids=["bought", "renewed", "given back again", "a family's"],
    )
    def test_and_what_it_says_of_the_payment(
        self, provider: AppleProvider, pki: Pki, transaction: dict[str, Any], kind: str | None
    ) -> None:
        payment = heard(provider, told(pki, "REFUND_REVERSED", transaction)).as_payment
        assert (payment and payment.kind) == kind

    @pytest.mark.parametrize("change", [{"appAccountToken": None}], ids=str)
    def test_of_a_purchase_that_is_nobodys(
        self, provider: AppleProvider, pki: Pki, change: dict[str, Any]
    ) -> None:
        assert heard(provider, told(pki, "REFUND", bought(**REVOKED | change))).kind == "other"

    def test_one_that_was_not_given_back(self, provider: AppleProvider, pki: Pki) -> None:
        assert heard(provider, told(pki, "REFUND", bought())).kind == "other"


class TestGenuine:
    def test_the_inside_is_verified_as_well(self, provider: AppleProvider, pki: Pki) -> None:
        forged = {"signedTransactionInfo": Pki().sign(bought())}
        with pytest.raises(SignatureInvalid):
            heard(provider, told(pki, "ONE_TIME_CHARGE", data=forged))
        forged = {"signedRenewalInfo": Pki().sign(RENEWAL)}
        with pytest.raises(SignatureInvalid):
            heard(provider, told(pki, "DID_RENEW", subscribed(), data=forged))

    @pytest.mark.parametrize(
        "inside", [bought(bundleId="com.example.other"), bought(environment="Xcode")], ids=["app", "place"]
    )
    def test_anothers_purchase_inside(
        self, provider: AppleProvider, pki: Pki, inside: dict[str, Any]
    ) -> None:
        with pytest.raises(NotificationMismatch):
            heard(provider, told(pki, "ONE_TIME_CHARGE", inside))

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ({"bundleId": "com.example.other"}, "INVALID_APP_IDENTIFIER"),
            ({"appAppleId": 1}, "INVALID_APP_IDENTIFIER"),
            ({"environment": "Xcode"}, "INVALID_ENVIRONMENT"),
        ],
        ids=str,
    )
    def test_another_app(self, provider: AppleProvider, pki: Pki, data: dict[str, Any], code: str) -> None:
        with pytest.raises(NotificationMismatch) as caught:
            heard(provider, told(pki, "TEST", data=data))
        assert caught.value.code == code

    def test_version_1_is_told_apart(self, provider: AppleProvider) -> None:
        body = json.dumps({"notification_type": "DID_RENEW", "password": "s", "unified_receipt": {}}).encode()
        with pytest.raises(NotificationInvalid, match="version 2"):
            heard(provider, posted(body))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"[]",
            b"\xff",
            b'{"signedPayload":1}',
            b'{"signedPayload":null}',
            b'{"signedPayload":""}',
            b'{"signedPayload":"a.b.c"}',
            b'{"a":' + b"[" * 100_000,
            b'{"signedPayload":"' + b"x" * 1_000_000 + b'"}',
        ],
        ids=range(10),
    )
    def test_no_notification(self, provider: AppleProvider, body: bytes) -> None:
        with pytest.raises(VKPayError):
            heard(provider, posted(body))

    def test_the_words_for_it(self, provider: AppleProvider) -> None:
        assert (provider.accept().status, provider.refuse().status) == (200, 500)
