"""The App Store Server API: what each call sends, and what becomes of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.vkpay_async.providers.appleiap.conftest import (
    BUNDLE,
    NOW_MS,
    Apple,
    Clock,
    bought,
    json_answer,
    quiet,
    subscribed,
)
from tests.vkpay_async.providers.appleiap.pki import Pki
from tests.vkpay_async.providers.appleiap.test_errors import said
from vkpay_async.errors import (
    AuthenticationFailed,
    InvalidArgument,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    SignatureInvalid,
    ValidationFailed,
)
from vkpay_async.providers.appleiap.provider import AppleProvider
from vkpay_async.providers.base import HttpRequest, HttpResponse

Make = Callable[..., AppleProvider]
NUMBER = "2000000000000101"
REQUEST = "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33"
EMPTY = HttpResponse(status=200, headers={}, body=b"")


def ok(**fields: Any) -> HttpResponse:
    return json_answer(json.dumps(fields).encode())


def sent(request: HttpRequest) -> tuple[str, str, list[tuple[str, str]], Any]:
    """Method, path, query and body."""
    parts = urlsplit(request.url)
    body = json.loads(request.body) if request.body else None
    return request.method, parts.path, parse_qsl(parts.query), body


def page(pki: Pki, *payloads: dict[str, Any], more: bool = False, revision: str = "r1") -> HttpResponse:
    return ok(
        revision=revision,
        hasMore=more,
        bundleId=BUNDLE,
        environment="Production",
        signedTransactions=[pki.sign(one) for one in payloads],
    )


class TestTransactions:
    def test_one(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(ok(signedTransactionInfo=pki.sign(bought())))
        assert apple(provider.transaction(NUMBER)).product_id == bought()["productId"]
        (request,) = apple.requests
        assert request.url == f"https://api.test/inApps/v1/transactions/{NUMBER}"
        assert request.headers["Accept"] == "application/json"
        assert request.headers["User-Agent"].startswith("vkpay-async/")
        assert request.headers["Authorization"].startswith("Bearer ey")
        assert "Content-Type" not in request.headers
        assert (request.operation, request.repeatable, request.moves_money) == (
            "appleiap.transaction", True, False,
        )  # fmt: skip

    def test_an_answer_that_apple_did_not_sign(self, provider: AppleProvider) -> None:
        with pytest.raises(SignatureInvalid):
            Apple(ok(signedTransactionInfo=Pki().sign(bought())))(provider.transaction(NUMBER))

    @pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"signedTransactionInfo":1}', b"[" * 50_000])
    def test_an_answer_that_cannot_be_read(self, provider: AppleProvider, body: bytes) -> None:
        with pytest.raises(ProviderUnavailable, match="UNREADABLE"):
            Apple(json_answer(body))(provider.transaction(NUMBER))

    def test_an_app(self, provider: AppleProvider, pki: Pki) -> None:
        app = {
            "bundleId": BUNDLE,
            "receiptType": "Production",
            "appAppleId": 1234567890,
            "appTransactionId": "704",
        }
        apple = Apple(ok(signedAppTransactionInfo=pki.sign(app)))
        assert apple(provider.app_transaction(NUMBER)).app_transaction_id == "704"
        assert urlsplit(apple.requests[0].url).path == f"/inApps/v1/transactions/appTransactions/{NUMBER}"

    def test_an_order_of_an_email(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(ok(status=0, signedTransactions=[pki.sign(bought())]), ok(status=1))
        assert len(apple(provider.look_up_order("MX/1"))) == 1
        assert apple(provider.look_up_order("NONE")) == ()
        assert apple.requests[0].url == "https://api.test/inApps/v1/lookup/MX%2F1"

    def test_the_sandbox_has_no_orders(self, make: Make) -> None:
        with pytest.raises(InvalidArgument, match="Sandbox"):
            quiet(make(sandbox=True).look_up_order("MX1"))

    @pytest.mark.parametrize("number", ["", "x" * 300, None, 5])
    def test_no_number(self, provider: AppleProvider, number: Any) -> None:
        with pytest.raises(InvalidArgument):
            quiet(provider.transaction(number))


class TestPages:
    def test_page_by_page(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(
            page(pki, bought(transactionId="1"), more=True),
            page(pki, bought(transactionId="2"), revision="r2"),
        )
        pages = provider.transaction_history(NUMBER, product_ids=["a", "b"])
        first = apple(pages.page(None))
        assert ([one.transaction_id for one in first.items], first.next, first.last) == (["1"], "r1", "r1")
        second = apple(pages.page(first.next))
        assert (second.next, second.last) == (None, "r2")
        both = [("productId", "a"), ("productId", "b")]
        assert sent(apple.requests[0])[1:3] == (f"/inApps/v2/history/{NUMBER}", both)
        assert sent(apple.requests[1])[2] == [*both, ("revision", "r1")]

    def test_every_filter(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(page(pki))
        pages = provider.transaction_history(
            NUMBER,
            start_date=0,
            end_date=NOW_MS,
            product_types=["CONSUMABLE", "AUTO_RENEWABLE"],
            subscription_groups=["21"],
            ownership="PURCHASED",
            newest_first=True,
            revoked=False,
            version=1,
        )
        apple(pages.page(None))
        assert sent(apple.requests[0])[1:3] == (
            f"/inApps/v1/history/{NUMBER}",
            [
                ("startDate", "0"),
                ("endDate", str(NOW_MS)),
                ("productType", "CONSUMABLE"),
                ("productType", "AUTO_RENEWABLE"),
                ("subscriptionGroupIdentifier", "21"),
                ("inAppOwnershipType", "PURCHASED"),
                ("sort", "DESCENDING"),
                ("revoked", "false"),
            ],
        )

    def test_refunds(self, provider: AppleProvider, pki: Pki) -> None:
        revoked = bought(revocationDate=NOW_MS, revocationReason=0)
        apple = Apple(page(pki, revoked), ok(signedTransactions=[pki.sign(revoked)]))
        (one,) = apple(provider.refund_history(NUMBER).page("r0")).items
        assert one.revoked
        assert len(apple(provider.refund_history_v1(NUMBER))) == 1
        assert [sent(request)[1:3] for request in apple.requests] == [
            (f"/inApps/v2/refund/lookup/{NUMBER}", [("revision", "r0")]),
            (f"/inApps/v1/refund/lookup/{NUMBER}", []),
        ]

    def test_notifications(self, provider: AppleProvider, pki: Pki) -> None:
        told = {
            "notificationType": "TEST",
            "notificationUUID": REQUEST,
            "version": "2.0",
            "signedDate": NOW_MS,
            "data": {"bundleId": BUNDLE, "environment": "Production", "appAppleId": 1234567890},
        }
        attempts = [{"attemptDate": NOW_MS, "sendAttemptResult": "TIMED_OUT"}]
        entry = {"signedPayload": pki.sign(told), "sendAttempts": attempts}
        apple = Apple(ok(paginationToken="p1", hasMore=True, notificationHistory=[entry]))
        pages = provider.notification_history(
            start_date=1, end_date=2, notification_type="TEST", only_failures=True
        )
        first = apple(pages.page(None))
        apple(pages.page(first.next))
        (one,) = first.items
        assert (one.notification.event, one.attempts[0].send_attempt_result) == ("TEST", "TIMED_OUT")
        asked = {"startDate": 1, "endDate": 2, "notificationType": "TEST", "onlyFailures": True}
        path = "/inApps/v1/notifications/history"
        assert [sent(request) for request in apple.requests] == [
            ("POST", path, [], asked),
            ("POST", path, [("paginationToken", "p1")], asked),
        ]
        assert apple.requests[0].headers["Content-Type"] == "application/json"


class TestSubscriptions:
    def test_states(self, provider: AppleProvider, pki: Pki) -> None:
        last = {
            "status": 4,
            "originalTransactionId": NUMBER,
            "signedTransactionInfo": pki.sign(subscribed()),
            "signedRenewalInfo": pki.sign({"environment": "Production", "autoRenewStatus": 1}),
        }
        apple = Apple(ok(data=[{"subscriptionGroupIdentifier": "21", "lastTransactions": [last, last]}]))
        one, _ = apple(provider.subscription_statuses(NUMBER, statuses=[1, 4]))
        assert (one.status, one.group, one.transaction.renews) == (4, "21", True)
        assert one.renewal_info.auto_renew_status == 1
        query = [("status", "1"), ("status", "4")]
        assert sent(apple.requests[0])[1:3] == (f"/inApps/v1/subscriptions/{NUMBER}", query)

    def test_one_more_month(self, provider: AppleProvider) -> None:
        answer = {"originalTransactionId": NUMBER, "success": True, "effectiveDate": NOW_MS}
        apple = Apple(ok(**answer))
        done = apple(provider.extend_renewal_date(NUMBER, days=30, reason=3, request_identifier="r1"))
        assert (done.success, done.effective_date) == (True, NOW_MS)
        asked = {"extendByDays": 30, "extendReasonCode": 3, "requestIdentifier": "r1"}
        assert sent(apple.requests[0]) == ("PUT", f"/inApps/v1/subscriptions/extend/{NUMBER}", [], asked)

    def test_for_everybody(self, provider: AppleProvider) -> None:
        apple = Apple(ok(requestIdentifier=REQUEST), ok(requestIdentifier=REQUEST, complete=False))
        given = {"days": 1, "reason": 0, "request_identifier": REQUEST, "storefronts": ["CHN"]}
        assert apple(provider.extend_renewal_date_for_all("vip", **given)) == REQUEST
        assert apple(provider.extension_status("vip", REQUEST)).complete is False
        asked = {
            "extendByDays": 1,
            "extendReasonCode": 0,
            "requestIdentifier": REQUEST,
            "productId": "vip",
            "storefrontCountryCodes": ["CHN"],
        }
        base = "/inApps/v1/subscriptions/extend/mass"
        assert sent(apple.requests[0]) == ("POST", base, [], asked)
        assert sent(apple.requests[1])[:2] == ("GET", f"{base}/vip/{REQUEST}")


class TestThings:
    def test_finish(self, provider: AppleProvider) -> None:
        apple = Apple(EMPTY)
        assert apple(provider.finish_transaction(NUMBER)) is None
        assert sent(apple.requests[0]) == ("POST", f"/inApps/v1/transactions/{NUMBER}/finish", [], None)
        assert apple.requests[0].repeatable

    def test_a_token(self, provider: AppleProvider) -> None:
        apple = Apple(EMPTY)
        apple(provider.set_app_account_token(NUMBER, REQUEST))
        path = f"/inApps/v1/transactions/{NUMBER}/appAccountToken"
        assert sent(apple.requests[0]) == ("PUT", path, [], {"appAccountToken": REQUEST})

    def test_what_was_used(self, provider: AppleProvider) -> None:
        apple = Apple(HttpResponse(status=202, headers={}, body=b""))
        apple(
            provider.send_consumption(
                NUMBER,
                customer_consented=True,
                delivery_status="DELIVERED",
                consumption_percentage=50_000,
                refund_preference="GRANT_PRORATED",
            )
        )
        apple(provider.send_consumption(NUMBER, customer_consented=True, delivery_status="UNDELIVERED_OTHER"))
        apple(provider.send_consumption_v1(NUMBER, {"customerConsented": True, "platform": 1}))
        full, brief, old = (sent(request) for request in apple.requests)
        assert full == (
            "PUT",
            f"/inApps/v2/transactions/consumption/{NUMBER}",
            [],
            {
                "customerConsented": True,
                "sampleContentProvided": False,
                "deliveryStatus": "DELIVERED",
                "consumptionPercentage": 50_000,
                "refundPreference": "GRANT_PRORATED",
            },
        )
        assert sorted(brief[3]) == ["customerConsented", "deliveryStatus", "sampleContentProvided"]
        assert old[1] == f"/inApps/v1/transactions/consumption/{NUMBER}"

    def test_nothing_without_the_customers_consent(self, provider: AppleProvider) -> None:
        with pytest.raises(InvalidArgument, match="consent"):
            quiet(provider.send_consumption(NUMBER, customer_consented=False, delivery_status="DELIVERED"))

    def test_a_test(self, provider: AppleProvider, pki: Pki) -> None:
        told = {
            "notificationType": "TEST",
            "signedDate": NOW_MS,
            "data": {"bundleId": BUNDLE, "environment": "Production", "appAppleId": 1234567890},
        }
        apple = Apple(ok(testNotificationToken="t_1"), ok(signedPayload=pki.sign(told), sendAttempts=[]))
        assert apple(provider.request_test_notification()) == "t_1"
        assert apple(provider.test_notification_status("t_1")).notification.event == "TEST"
        assert not apple.requests[0].repeatable
        assert [sent(request)[1] for request in apple.requests] == [
            "/inApps/v1/notifications/test",
            "/inApps/v1/notifications/test/t_1",
        ]

    def test_any_other_call(self, provider: AppleProvider) -> None:
        apple = Apple(EMPTY)
        apple(
            provider.request(
                "PUT", "/inApps/v1/messaging/image/1", content=b"PNG", content_type="image/png",
                query=[("imageSize", "FULL_SIZE")], environment="Sandbox",
            )
        )  # fmt: skip
        (request,) = apple.requests
        assert request.url == "https://sandbox.test/inApps/v1/messaging/image/1?imageSize=FULL_SIZE"
        assert (request.body, request.headers["Content-Type"]) == (b"PNG", "image/png")
        with pytest.raises(InvalidArgument):
            quiet(provider.request("GET", "inApps/v1"))
        with pytest.raises(InvalidArgument, match="JSON"):
            quiet(provider.request("POST", "/x", json={"a": object()}))


class TestEnvironments:
    """Production first, and the sandbox where production knows nothing."""

    def hosts(self, apple: Apple) -> list[str | None]:
        return [urlsplit(request.url).hostname for request in apple.requests]

    @pytest.mark.parametrize("code", [4040010, 4040005, 4040001])
    def test_unknown_in_production(self, provider: AppleProvider, pki: Pki, code: int) -> None:
        play = ok(signedTransactionInfo=pki.sign(bought(environment="Sandbox")))
        apple = Apple(said(code), play)
        assert apple(provider.transaction(NUMBER)).environment == "Sandbox"
        assert self.hosts(apple) == ["api.test", "sandbox.test"]

    def test_an_app_that_was_never_released(self, provider: AppleProvider, pki: Pki) -> None:
        play = ok(signedTransactionInfo=pki.sign(bought(environment="Sandbox")))
        apple = Apple(HttpResponse(status=401, headers={}, body=b"Unauthenticated"), play)
        assert apple(provider.transaction(NUMBER)).environment == "Sandbox"

    def test_unknown_everywhere(self, provider: AppleProvider) -> None:
        with pytest.raises(ResourceNotFound):
            Apple(said(4040010))(provider.transaction(NUMBER))

    def test_a_wrong_key_is_told_as_production_tells_it(self, provider: AppleProvider) -> None:
        with pytest.raises(AuthenticationFailed, match="first release"):
            Apple(HttpResponse(status=401, headers={}, body=b""), said(4040010))(provider.transaction(NUMBER))

    def test_what_the_sandbox_says_beyond_that(self, provider: AppleProvider) -> None:
        with pytest.raises(ValidationFailed):
            Apple(said(4040010), said(4000006))(provider.transaction(NUMBER))

    def test_another_refusal_is_final(self, provider: AppleProvider) -> None:
        apple = Apple(said(4000006))
        with pytest.raises(ValidationFailed):
            apple(provider.transaction("x"))
        assert len(apple.requests) == 1

    @pytest.mark.parametrize(
        ("settings", "host"),
        [({"accept_sandbox": False}, "api.test"), ({"sandbox": True}, "sandbox.test")],
        ids=str,
    )
    def test_where_there_is_only_one(self, make: Make, settings: dict[str, Any], host: str) -> None:
        apple = Apple(said(4040010))
        with pytest.raises(ResourceNotFound):
            apple(make(**settings).transaction(NUMBER))
        assert self.hosts(apple) == [host]

    def test_or_where_one_is_named(self, provider: AppleProvider) -> None:
        apple = Apple(said(4040010))
        with pytest.raises(ResourceNotFound):
            apple(provider.transaction(NUMBER, environment="Sandbox"))
        assert self.hosts(apple) == ["sandbox.test"]
        with pytest.raises(InvalidArgument, match="Moon"):
            quiet(provider.transaction(NUMBER, environment="Moon"))

    def test_what_is_about_nobodys_purchase_is_asked_once(self, provider: AppleProvider) -> None:
        apple = Apple(said(4040007))
        with pytest.raises(ResourceNotFound, match="App Store Connect"):
            apple(provider.request_test_notification())
        assert self.hosts(apple) == ["api.test"]

    def test_apples_own_hosts(self, make: Make) -> None:
        hosts = make(base_url=None, sandbox_base_url=None)._gateway.hosts
        assert hosts == {
            "Production": "https://api.storekit.apple.com",
            "Sandbox": "https://api.storekit-sandbox.apple.com",
        }


class TestLimits:
    def test_nothing_is_sent_before_the_time_that_apple_named(
        self, provider: AppleProvider, pki: Pki, clock: Clock
    ) -> None:
        limited = said(4290000, **{"retry-after": str(NOW_MS + 2000)})
        apple = Apple(limited, ok(signedTransactionInfo=pki.sign(bought())))
        with pytest.raises(RateLimited) as caught:
            apple(provider.transaction(NUMBER))
        assert caught.value.retry_after == 2.0
        clock.ms += 500
        with pytest.raises(RateLimited, match="was not sent") as caught:
            quiet(provider.transaction(NUMBER))
        assert caught.value.retry_after == 1.5
        clock.ms += 1500
        assert apple(provider.transaction(NUMBER))

    def test_other_calls_go_on(self, provider: AppleProvider) -> None:
        limited = said(4290000, **{"retry-after": str(NOW_MS + 2000)})
        apple = Apple(limited, EMPTY)
        with pytest.raises(RateLimited):
            apple(provider.transaction(NUMBER))
        apple(provider.finish_transaction(NUMBER))
