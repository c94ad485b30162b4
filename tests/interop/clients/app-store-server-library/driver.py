"""Apple's own library as judge: its synchronous and its asynchronous client, its verifier, its receipt reader."""

from __future__ import annotations

import asyncio
import base64
import inspect
import uuid
from typing import Any

from appstoreserverlibrary.api_client import (
    APIError,
    APIException,
    AppStoreServerAPIClient,
    AsyncAppStoreServerAPIClient,
    GetTransactionHistoryVersion,
)
from appstoreserverlibrary.jws_signature_creator import (
    AdvancedCommerceAPIInAppSignatureCreator,
    IntroductoryOfferEligibilitySignatureCreator,
    PromotionalOfferV2SignatureCreator,
)
from appstoreserverlibrary.models.AccountTenure import AccountTenure
from appstoreserverlibrary.models.AdvancedCommerceOneTimeChargeCreateRequest import (
    AdvancedCommerceOneTimeChargeCreateRequest,
)
from appstoreserverlibrary.models.AdvancedCommerceOneTimeChargeItem import AdvancedCommerceOneTimeChargeItem
from appstoreserverlibrary.models.AdvancedCommerceRequestInfo import AdvancedCommerceRequestInfo
from appstoreserverlibrary.models.ConsumptionRequest import ConsumptionRequest
from appstoreserverlibrary.models.ConsumptionRequestV1 import ConsumptionRequestV1
from appstoreserverlibrary.models.ConsumptionStatus import ConsumptionStatus
from appstoreserverlibrary.models.DefaultConfigurationRequest import DefaultConfigurationRequest
from appstoreserverlibrary.models.DeliveryStatus import DeliveryStatus
from appstoreserverlibrary.models.DeliveryStatusV1 import DeliveryStatusV1
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.ExtendReasonCode import ExtendReasonCode
from appstoreserverlibrary.models.ExtendRenewalDateRequest import ExtendRenewalDateRequest
from appstoreserverlibrary.models.ImageSize import ImageSize
from appstoreserverlibrary.models.LifetimeDollarsPurchased import LifetimeDollarsPurchased
from appstoreserverlibrary.models.LifetimeDollarsRefunded import LifetimeDollarsRefunded
from appstoreserverlibrary.models.MassExtendRenewalDateRequest import MassExtendRenewalDateRequest
from appstoreserverlibrary.models.NotificationHistoryRequest import NotificationHistoryRequest
from appstoreserverlibrary.models.NotificationTypeV2 import NotificationTypeV2
from appstoreserverlibrary.models.OrderLookupStatus import OrderLookupStatus
from appstoreserverlibrary.models.PerformanceTestRequest import PerformanceTestRequest
from appstoreserverlibrary.models.PerformanceTestStatus import PerformanceTestStatus
from appstoreserverlibrary.models.Platform import Platform
from appstoreserverlibrary.models.PlayTime import PlayTime
from appstoreserverlibrary.models.RealtimeUrlRequest import RealtimeUrlRequest
from appstoreserverlibrary.models.RefundPreference import RefundPreference
from appstoreserverlibrary.models.RefundPreferenceV1 import RefundPreferenceV1
from appstoreserverlibrary.models.RevocationType import RevocationType
from appstoreserverlibrary.models.SendAttemptResult import SendAttemptResult
from appstoreserverlibrary.models.Status import Status
from appstoreserverlibrary.models.Subtype import Subtype
from appstoreserverlibrary.models.TransactionHistoryRequest import (
    Order,
    ProductType,
    TransactionHistoryRequest,
)
from appstoreserverlibrary.models.UpdateAppAccountTokenRequest import UpdateAppAccountTokenRequest
from appstoreserverlibrary.models.UploadMessageImage import UploadMessageImage
from appstoreserverlibrary.models.UploadMessageRequestBody import UploadMessageRequestBody
from appstoreserverlibrary.models.UserStatus import UserStatus
from appstoreserverlibrary.promotional_offer import PromotionalOfferSignatureCreator
from appstoreserverlibrary.receipt_utility import ReceiptUtility
from appstoreserverlibrary.signed_data_verifier import (
    SignedDataVerifier,
    VerificationException,
    VerificationStatus,
)
from judge import Judge, demand, expect, refused

V1, V2 = GetTransactionHistoryVersion.V1, GetTransactionHistoryVersion.V2
RENEWABLE = "Auto-Renewable Subscription"
COINS, PREMIUM = "com.example.coins", "com.example.premium"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


class Shop:
    """One client under test on one merchant's settings; nothing but the base URL is changed."""

    def __init__(self, judge: Judge, environment: Environment = Environment.SANDBOX, **changes: Any) -> None:
        self.judge = judge
        self.environment = environment
        self.node = judge.merchants["default"]["appleiap"]["app-plus"] | changes
        self.key = self.node["privateKey"].encode()
        kind = AsyncAppStoreServerAPIClient if judge.client.endswith("async") else AppStoreServerAPIClient
        self.api: Any = kind(
            self.key, self.node["keyId"], self.node["issuerId"], self.node["bundleId"], environment
        )
        sandbox = environment == Environment.SANDBOX
        self.api._base_url = self.node["sandboxBaseUrl" if sandbox else "baseUrl"]

    def verifier(self, *, online: bool = False, **changes: Any) -> SignedDataVerifier:
        pem = self.node["rootCert"]
        der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
        wanted = {"bundle_id": self.node["bundleId"], "app_apple_id": self.node["appAppleId"]} | changes
        return SignedDataVerifier(
            [der], online, self.environment, wanted["bundle_id"], wanted["app_apple_id"]
        )

    def buys(self, payer: str, product: str = COINS, **fields: Any) -> dict[str, Any]:
        """What the phone has after the purchase."""
        asked = {"payer": payer, "product_id": product, "environment": self.environment.value, **fields}
        return self.judge.control("appleiap/purchase", asked)

    def does(self, what: str, one: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return self.judge.control(f"appleiap/{what}", {"transaction_id": one["transactionId"], **fields})

    def notified(self, tag: str) -> None:
        """From now on notifications go to that address."""
        sandbox = self.environment == Environment.SANDBOX
        name = "sandbox_notify_url" if sandbox else "notify_url"
        self.judge.control("appleiap/account", {name: self.judge.notify_url(tag)})

    def told(self, tag: str, count: int = 1) -> Any:
        """The latest notification there, verified by the library."""
        return self.verifier().verify_and_decode_notification(self.payload(tag, count))

    def payload(self, tag: str, count: int = 1) -> str:
        import json

        return str(json.loads(self.judge.received(tag, count).body)["signedPayload"])


async def settled(outcome: Any) -> Any:
    return await outcome if inspect.isawaitable(outcome) else outcome


async def failed(outcome: Any) -> APIException:
    """The client's error for a call; an asynchronous one is made when it is awaited."""
    try:
        await settled(outcome() if callable(outcome) else outcome)
    except APIException as error:
        return error
    raise AssertionError("no APIException was raised")


async def transactions(judge: Judge, shop: Shop) -> None:
    token = str(uuid.UUID(int=7))
    bought = shop.buys("alice", app_account_token=token, quantity=2)
    number = bought["transactionId"]
    with judge.proves("transaction"):
        answer = await settled(shop.api.get_transaction_info(number))
        one = shop.verifier().verify_and_decode_signed_transaction(answer.signedTransactionInfo)
        expect((one.transactionId, one.productId, one.quantity), (number, COINS, 2))
        expect((one.appAccountToken, one.price, one.currency), (token, 12000, "CNY"))
        device = shop.verifier().verify_and_decode_signed_transaction(bought["signedTransaction"])
        expect((device.transactionId, device.environment), (number, Environment.SANDBOX))
    with judge.proves("app_transaction"):
        answer = await settled(shop.api.get_app_transaction_info(number))
        app = shop.verifier().verify_and_decode_app_transaction(answer.signedAppTransactionInfo)
        expect((app.bundleId, app.appTransactionId), (shop.node["bundleId"], one.appTransactionId))
    with judge.proves("finish"):
        await settled(shop.api.finish_transaction(number))
        after = await settled(shop.api.get_transaction_history(number, None, TransactionHistoryRequest(), V1))
        expect(after.signedTransactions, [])
        error = await failed(lambda: shop.api.finish_transaction(one.appTransactionId))
        expect(error.raw_api_error, 4000048)
    with judge.proves("set_token"):
        other = str(uuid.UUID(int=8))
        await settled(shop.api.set_app_account_token(number, UpdateAppAccountTokenRequest(other)))
        answer = await settled(shop.api.get_transaction_info(number))
        one = shop.verifier().verify_and_decode_signed_transaction(answer.signedTransactionInfo)
        expect(one.appAccountToken, other)
        error = await failed(
            lambda: shop.api.set_app_account_token(number, UpdateAppAccountTokenRequest("no uuid"))
        )
        expect(error.api_error, APIError.INVALID_APP_ACCOUNT_TOKEN_UUID_ERROR)


async def histories(judge: Judge, shop: Shop) -> None:
    bought = [shop.buys("bob") for _ in range(45)]
    keep = shop.buys("bob", "com.example.lifetime", type="Non-Consumable")
    number = bought[0]["transactionId"]
    with judge.proves("history"):
        expect(len(await pages(shop, number, TransactionHistoryRequest(), V2)), 46)
        newest = TransactionHistoryRequest(sort=Order.DESCENDING, productTypes=[ProductType.CONSUMABLE])
        found = await pages(shop, number, newest, V2)
        expect([one.transactionId for one in found], [one["transactionId"] for one in reversed(bought)])
        shop.does("refund", bought[3])
        revoked = await pages(shop, number, TransactionHistoryRequest(revoked=True), V2)
        expect([one.transactionId for one in revoked], [bought[3]["transactionId"]])
        named = TransactionHistoryRequest(productIds=["com.example.lifetime", "none"], revoked=False)
        expect([one.transactionId for one in await pages(shop, number, named, V2)], [keep["transactionId"]])
    with judge.proves("history_v1"):
        expect(len(await pages(shop, number, TransactionHistoryRequest(), V1)), 46)
    with judge.proves("refunds"):
        for one in bought[4:26]:
            shop.does("refund", one)
        first = await settled(shop.api.get_refund_history(number, None))
        expect((len(first.signedTransactions), first.hasMore), (20, True))
        second = await settled(shop.api.get_refund_history(number, first.revision))
        expect((len(second.signedTransactions), second.hasMore), (3, False))
        one = shop.verifier().verify_and_decode_signed_transaction(first.signedTransactions[0])
        expect(one.revocationType, RevocationType.REFUND_FULL)


async def pages(shop: Shop, number: str, asked: TransactionHistoryRequest, version: Any) -> list[Any]:
    """Every transaction of a history, verified, page by page."""
    found, revision = [], None
    while True:
        answer = await settled(shop.api.get_transaction_history(number, revision, asked, version))
        expect((answer.bundleId, answer.environment), (shop.node["bundleId"], shop.environment))
        demand(len(answer.signedTransactions) <= 20, len(answer.signedTransactions))
        found += answer.signedTransactions
        revision = answer.revision
        if not answer.hasMore:
            return [shop.verifier().verify_and_decode_signed_transaction(one) for one in found]


async def subscriptions(judge: Judge, shop: Shop) -> None:
    bought = shop.buys("carol", PREMIUM, type=RENEWABLE, price=30000)
    number = bought["transactionId"]
    with judge.proves("statuses"):
        answer = await settled(shop.api.get_all_subscription_statuses(number, None))
        (last,) = answer.data[0].lastTransactions
        expect((last.status, last.originalTransactionId), (Status.ACTIVE, number))
        renewal = shop.verifier().verify_and_decode_renewal_info(last.signedRenewalInfo)
        expect((renewal.autoRenewProductId, renewal.renewalPrice), (PREMIUM, 30000))
        answer = await settled(
            shop.api.get_all_subscription_statuses(number, [Status.EXPIRED, Status.REVOKED])
        )
        expect(answer.data, [])
    with judge.proves("extend"):
        asked = ExtendRenewalDateRequest(
            extendByDays=30, extendReasonCode=ExtendReasonCode.SERVICE_ISSUE_OR_OUTAGE, requestIdentifier="r1"
        )
        answer = await settled(shop.api.extend_subscription_renewal_date(number, asked))
        expect((answer.success, answer.originalTransactionId), (True, number))
        await settled(shop.api.extend_subscription_renewal_date(number, asked))
        error = await failed(lambda: shop.api.extend_subscription_renewal_date(number, asked))
        expect(error.api_error, APIError.SUBSCRIPTION_MAX_EXTENSION)
    with judge.proves("extend_all"):
        shop.buys("dave", "com.example.news", type=RENEWABLE)
        identifier = str(uuid.uuid4())
        everybody = MassExtendRenewalDateRequest(
            extendByDays=1,
            extendReasonCode=ExtendReasonCode.CUSTOMER_SATISFACTION,
            requestIdentifier=identifier,
            productId="com.example.news",
        )
        begun = await settled(shop.api.extend_renewal_date_for_all_active_subscribers(everybody))
        expect(begun.requestIdentifier, identifier)
        state = await settled(
            shop.api.get_status_of_subscription_renewal_date_extensions(identifier, "com.example.news")
        )
        expect(state.complete, False)
        judge.advance(5)
        state = await settled(
            shop.api.get_status_of_subscription_renewal_date_extensions(identifier, "com.example.news")
        )
        expect((state.complete, state.succeededCount, state.failedCount), (True, 1, 0))


async def consumption(judge: Judge, shop: Shop) -> None:
    bought = shop.buys("erin")
    number = bought["transactionId"]
    with judge.proves("consumption"):
        asked = ConsumptionRequest(
            customerConsented=True,
            sampleContentProvided=False,
            deliveryStatus=DeliveryStatus.DELIVERED,
            consumptionPercentage=50000,
            refundPreference=RefundPreference.GRANT_PRORATED,
        )
        await settled(shop.api.send_consumption_information(number, asked))
        expect(shop.does("device", bought)["consumption"]["consumptionPercentage"], 50000)
        asked.customerConsented = False
        error = await failed(lambda: shop.api.send_consumption_information(number, asked))
        expect(error.api_error, APIError.INVALID_CUSTOMER_CONSENTED)
    with judge.proves("consumption_v1"):
        old = ConsumptionRequestV1(
            customerConsented=True,
            consumptionStatus=ConsumptionStatus.NOT_CONSUMED,
            platform=Platform.NON_APPLE,
            sampleContentProvided=False,
            deliveryStatus=DeliveryStatusV1.DID_NOT_DELIVER_DUE_TO_SERVER_OUTAGE,
            appAccountToken="",
            accountTenure=AccountTenure.THIRTY_DAYS_TO_NINETY_DAYS,
            playTime=PlayTime.ONE_DAY_TO_FOUR_DAYS,
            lifetimeDollarsRefunded=LifetimeDollarsRefunded.ONE_THOUSAND_DOLLARS_TO_ONE_THOUSAND_NINE_HUNDRED_NINETY_NINE_DOLLARS_AND_NINETY_NINE_CENTS,
            lifetimeDollarsPurchased=LifetimeDollarsPurchased.TWO_THOUSAND_DOLLARS_OR_GREATER,
            userStatus=UserStatus.LIMITED_ACCESS,
            refundPreference=RefundPreferenceV1.NO_PREFERENCE,
        )
        await settled(shop.api.send_consumption_data(number, old))
        old.appAccountToken = "no uuid"
        error = await failed(lambda: shop.api.send_consumption_data(number, old))
        expect(error.api_error, APIError.INVALID_APP_ACCOUNT_TOKEN)


async def notifications(judge: Judge, shop: Shop) -> None:
    with judge.proves("notify"):
        shop.notified("life")
        await life(shop)
    with judge.proves("notify_tampered"):
        token = str(uuid.uuid4())
        shop.notified("spoilt")
        judge.spoil_next_notification(token)
        shop.buys("frank", app_account_token=token)
        with refused(VerificationException, "VERIFICATION_FAILURE"):
            shop.told("spoilt")
        stranger = shop.verifier(bundle_id="com.example.other")
        with refused(VerificationException, "INVALID_APP_IDENTIFIER"):
            stranger.verify_and_decode_notification(shop.payload("life"))
    with judge.proves("test_notification"):
        shop.notified("test")
        asked = await settled(shop.api.request_test_notification())
        expect(shop.told("test").notificationType, NotificationTypeV2.TEST)
        answer = await settled(shop.api.get_test_notification_status(asked.testNotificationToken))
        expect([one.sendAttemptResult for one in answer.sendAttempts], [SendAttemptResult.SUCCESS])
        event = shop.verifier().verify_and_decode_notification(answer.signedPayload)
        expect(event.notificationType, NotificationTypeV2.TEST)
    with judge.proves("notification_history"):
        await past(judge, shop)


async def life(shop: Shop) -> None:
    """A subscription from its beginning to its end, and one purchase's money: every notification verified."""
    sub = shop.buys("grace", PREMIUM, type=RENEWABLE)
    steps: list[tuple[Any, NotificationTypeV2, Subtype | None]] = [
        (lambda: None, NotificationTypeV2.SUBSCRIBED, Subtype.INITIAL_BUY),
        (lambda: shop.does("renew", sub), NotificationTypeV2.DID_RENEW, None),
        (
            lambda: shop.does("renew", sub, outcome="grace_period"),
            NotificationTypeV2.DID_FAIL_TO_RENEW,
            Subtype.GRACE_PERIOD,
        ),
        (lambda: shop.does("renew", sub), NotificationTypeV2.DID_RENEW, Subtype.BILLING_RECOVERY),
        (
            lambda: shop.does("change", sub, auto_renew=False),
            NotificationTypeV2.DID_CHANGE_RENEWAL_STATUS,
            Subtype.AUTO_RENEW_DISABLED,
        ),
        (
            lambda: shop.does("change", sub, price=40000),
            NotificationTypeV2.PRICE_INCREASE,
            Subtype.PENDING,
        ),
        (lambda: shop.does("expire", sub), NotificationTypeV2.EXPIRED, Subtype.VOLUNTARY),
        (
            lambda: shop.buys("grace", PREMIUM, type=RENEWABLE),
            NotificationTypeV2.SUBSCRIBED,
            Subtype.RESUBSCRIBE,
        ),
        (lambda: shop.does("ask-consumption", sub), NotificationTypeV2.CONSUMPTION_REQUEST, None),
        (lambda: shop.does("refund", sub, percentage=50000), NotificationTypeV2.REFUND, None),
        (lambda: shop.does("reverse-refund", sub), NotificationTypeV2.REFUND_REVERSED, None),
        (lambda: shop.does("decline-refund", sub), NotificationTypeV2.REFUND_DECLINED, None),
    ]
    for count, (act, kind, subtype) in enumerate(steps, 1):
        act()
        event = shop.told("life", count)
        expect((event.notificationType, event.subtype, event.version), (kind, subtype, "2.0"))
        one = shop.verifier().verify_and_decode_signed_transaction(event.data.signedTransactionInfo)
        expect(one.originalTransactionId, sub["originalTransactionId"])
        shop.verifier().verify_and_decode_renewal_info(event.data.signedRenewalInfo)
        if kind == NotificationTypeV2.REFUND:
            expect((one.revocationType, one.revocationPercentage), (RevocationType.REFUND_PRORATED, 50000))


async def past(judge: Judge, shop: Shop) -> None:
    shop.notified("past")
    bought = [shop.buys("heidi") for _ in range(25)]
    judge.received("past", 25)
    now = bought[-1]["transaction"]["purchaseDate"]
    day = 86_400_000
    asked = NotificationHistoryRequest(
        startDate=now - day, endDate=now + day, transactionId=bought[0]["transactionId"]
    )
    first = await settled(shop.api.get_notification_history(None, asked))
    expect((len(first.notificationHistory), first.hasMore), (20, True))
    second = await settled(shop.api.get_notification_history(first.paginationToken, asked))
    expect((len(second.notificationHistory), second.hasMore), (5, False))
    for one in first.notificationHistory + second.notificationHistory:
        event = shop.verifier().verify_and_decode_notification(one.signedPayload)
        expect(event.notificationType, NotificationTypeV2.ONE_TIME_CHARGE)
        expect([one.sendAttemptResult for one in one.sendAttempts], [SendAttemptResult.SUCCESS])
    asked = NotificationHistoryRequest(
        startDate=now - day, endDate=now + day, notificationType=NotificationTypeV2.TEST
    )
    expect(len((await settled(shop.api.get_notification_history(None, asked))).notificationHistory), 1)
    asked.transactionId = bought[0]["transactionId"]
    error = await failed(lambda: shop.api.get_notification_history(None, asked))
    expect(error.api_error, APIError.MULTIPLE_FILTERS_SUPPLIED)


async def production(judge: Judge, sandbox: Shop) -> None:
    shop = Shop(judge, Environment.PRODUCTION)
    with judge.proves("production"):
        shop.notified("production")
        bought = shop.buys("ivan")
        event = shop.told("production")
        expect(event.data.appAppleId, shop.node["appAppleId"])
        error = await failed(lambda: sandbox.api.get_transaction_info(bought["transactionId"]))
        expect(error.api_error, APIError.TRANSACTION_ID_NOT_FOUND)
        await settled(shop.api.get_transaction_info(bought["transactionId"]))
        judge.control("appleiap/account", {"released": False})
        error = await failed(lambda: shop.api.get_transaction_info(bought["transactionId"]))
        expect((error.http_status_code, error.api_error), (401, None))
        judge.control("appleiap/account", {"released": True})
    with judge.proves("lookup"):
        answer = await settled(shop.api.look_up_order_id(bought["orderId"]))
        expect(answer.status, OrderLookupStatus.VALID)
        one = shop.verifier().verify_and_decode_signed_transaction(answer.signedTransactions[0])
        expect(one.transactionId, bought["transactionId"])
        expect((await settled(shop.api.look_up_order_id("NONE"))).status, OrderLookupStatus.INVALID)


def verification(judge: Judge, shop: Shop) -> None:
    bought = shop.buys("judy")
    online = shop.verifier(online=True)
    with judge.proves("verify_online"):
        one = online.verify_and_decode_signed_transaction(bought["signedTransaction"])
        expect(one.transactionId, bought["transactionId"])
    with judge.proves("verify_revoked"):
        for said, status in (
            ("revoked", VerificationStatus.VERIFICATION_FAILURE),
            ("unavailable", VerificationStatus.RETRYABLE_VERIFICATION_FAILURE),
        ):
            judge.control("appleiap/rules", {"ocsp": said})
            with refused(VerificationException, status.name):
                shop.verifier(online=True).verify_and_decode_signed_transaction(bought["signedTransaction"])
        judge.control("appleiap/rules", {"ocsp": "good"})
    with judge.proves("receipt"):
        reader = ReceiptUtility()
        found = reader.extract_transaction_id_from_app_receipt(bought["appReceipt"])
        expect(found, bought["transactionId"])
        found = reader.extract_transaction_id_from_transaction_receipt(bought["transactionReceipt"])
        expect(found, bought["transactionId"])


def offers(judge: Judge, shop: Shop) -> None:
    node, token, nonce = shop.node, str(uuid.uuid4()), uuid.uuid4()
    named = (shop.key, node["keyId"], node["issuerId"], node["bundleId"])
    with judge.proves("offers"):
        at = shop.buys("kim")["transaction"]["signedDate"]
        old = PromotionalOfferSignatureCreator(shop.key, node["keyId"], node["bundleId"])
        signature = old.create_signature(PREMIUM, "half", token, nonce, at)
        signed = {"key_id": node["keyId"], "nonce": str(nonce), "timestamp": at, "signature": signature}
        offer = {"type": 2, "identifier": "half", "signature": signed}
        shop.buys("kim", PREMIUM, type=RENEWABLE, app_account_token=token, offer=offer)
        signed["timestamp"] += 1
        with refused(AssertionError, "seven fields"):
            shop.buys("lee", PREMIUM, type=RENEWABLE, app_account_token=token, offer=offer)
        jws = PromotionalOfferV2SignatureCreator(*named).create_signature(PREMIUM, "half", None)
        offer = {"type": 2, "identifier": "half", "jws": jws}
        shop.buys("lee", PREMIUM, type=RENEWABLE, offer=offer)
        eligible = IntroductoryOfferEligibilitySignatureCreator(*named).create_signature(PREMIUM, True, "1")
        shop.buys("max", PREMIUM, type=RENEWABLE, offer={"type": 1, "jws": eligible})
        advanced = AdvancedCommerceAPIInAppSignatureCreator(*named)
        charge = AdvancedCommerceOneTimeChargeCreateRequest(
            currency="CNY",
            item=AdvancedCommerceOneTimeChargeItem("one", "one thing", "One", 6000),
            taxCode="C003-00-2",
            requestInfo=AdvancedCommerceRequestInfo(uuid.uuid4()),
        )
        request = advanced.create_signature(charge)
        expect(judge.control("appleiap/storekit", {"jws": request})["aud"], "advanced-commerce-api")


async def retention(judge: Judge, shop: Shop) -> None:
    """All fourteen calls."""
    api, image, message = shop.api, uuid.uuid4(), uuid.uuid4()
    with judge.proves("retention"):
        await settled(api.upload_image(image, PNG, ImageSize.FULL_SIZE))
        (found,) = (await settled(api.get_image_list())).imageIdentifiers
        expect(str(found.imageIdentifier), str(image))
        body = UploadMessageRequestBody("Stay", "There is more", UploadMessageImage(image, "a picture"))
        await settled(api.upload_message(message, body))
        expect(len((await settled(api.get_message_list())).messageIdentifiers), 1)
        error = await failed(lambda: api.delete_image(image))
        expect(error.raw_api_error, 4030019)
        await settled(api.configure_default_message(PREMIUM, "en-US", DefaultConfigurationRequest(message)))
        default = await settled(api.get_default_message(PREMIUM, "en-US"))
        expect(str(default.messageIdentifier), str(message))
        await settled(api.delete_default_message(PREMIUM, "en-US"))
        await settled(api.configure_realtime_url(RealtimeUrlRequest("https://shop.example.com/stay")))
        expect((await settled(api.get_realtime_url())).realtimeURL, "https://shop.example.com/stay")
        bought = shop.buys("nina", "com.example.magazine", type=RENEWABLE)
        begun = await settled(api.initiate_performance_test(PerformanceTestRequest(bought["transactionId"])))
        result = await settled(api.get_performance_test_results(begun.requestId))
        expect(result.result, PerformanceTestStatus.PASS)
        await settled(api.delete_realtime_url())
        await settled(api.delete_message(message))
        await settled(api.delete_image(image))
        expect((await settled(api.get_image_list())).imageIdentifiers, [])


async def errors(judge: Judge, shop: Shop) -> None:
    token = str(uuid.uuid4())
    bought = shop.buys("oscar", app_account_token=token)
    number = bought["transactionId"]
    with judge.proves("business_error"):
        error = await failed(lambda: shop.api.get_transaction_info("2000000000000000"))
        expect((error.http_status_code, error.api_error), (404, APIError.TRANSACTION_ID_NOT_FOUND))
        expect(error.error_message, "Transaction id not found.")
        error = await failed(lambda: shop.api.get_transaction_info("abc"))
        expect(error.api_error, APIError.INVALID_TRANSACTION_ID)
    with judge.proves("bad_signature"):
        judge.spoil_next_answer(token)
        answer = await settled(shop.api.get_transaction_info(number))
        with refused(VerificationException, "VERIFICATION_FAILURE"):
            shop.verifier().verify_and_decode_signed_transaction(answer.signedTransactionInfo)
    with judge.proves("wrong_key"):
        stranger = judge.merchants["certs"]["appleiap"]["app-plus"]["privateKey"]
        error = await failed(lambda: Shop(judge, privateKey=stranger).api.get_transaction_info(number))
        expect((error.http_status_code, error.api_error), (401, None))
    with judge.proves("rate_limit"):
        judge.control("appleiap/rules", {"rates": {"statuses": 0.01}})
        for _ in range(8):
            error = None
            try:
                await settled(shop.api.get_all_subscription_statuses(number, None))
            except APIException as caught:
                error = caught
        demand(error is not None, "no limit was met")
        expect((error.http_status_code, error.api_error), (429, APIError.RATE_LIMIT_EXCEEDED))


async def main() -> None:
    judge = Judge("app-store-server-library")
    shop = Shop(judge)
    await transactions(judge, shop)
    await histories(judge, shop)
    await subscriptions(judge, shop)
    await consumption(judge, shop)
    await notifications(judge, shop)
    await production(judge, shop)
    verification(judge, shop)
    offers(judge, shop)
    await retention(judge, shop)
    await errors(judge, shop)


asyncio.run(main())
