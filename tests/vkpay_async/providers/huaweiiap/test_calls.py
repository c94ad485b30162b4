"""Calls of IAP Kit: what is sent, what comes back, what each refusal becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.vkpay_async.providers.huaweiiap.conftest import (
    APP,
    NOW_MS,
    ORDER_ID,
    PURCHASE,
    TOKEN,
    TOLD,
    Huawei,
    pem_of,
)
from vkpay_async.config import Material
from vkpay_async.errors import (
    AuthenticationFailed,
    ConfigError,
    InvalidArgument,
    NotificationMismatch,
    OrderStateConflict,
    PermissionRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SignatureInvalid,
)
from vkpay_async.providers.huaweiiap.errors import MEANINGS
from vkpay_async.providers.huaweiiap.provider import HuaweiIapProvider

HOST = "https://iap.cloud.huawei.com"
NAMED = {"purchaseOrderId": ORDER_ID, "purchaseToken": TOKEN}
HOUR_MS = 3_600_000


def test_the_state_of_a_purchase(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(PURCHASE))
    assert huawei.run(provider.order_status(ORDER_ID, TOKEN)).price == 600
    assert huawei.calls == [(f"{HOST}/order/harmony/v1/application/order/status/query", NAMED)]


def test_the_state_of_another_purchase(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(PURCHASE | {"purchaseOrderId": "other"}))
    with pytest.raises(NotificationMismatch, match="instead of"):
        huawei.run(provider.order_status(ORDER_ID, TOKEN))


def test_a_forged_state(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say(jwsPurchaseOrder=huawei.authority.sign(PURCHASE)[:-2] + "AA")
    with pytest.raises(SignatureInvalid):
        huawei.run(provider.order_status(ORDER_ID, TOKEN))


@pytest.mark.parametrize(
    ("subscription", "path"), [(False, "order/harmony/v1"), (True, "subscription/harmony/v1")]
)
def test_a_delivery(huawei: Huawei, provider: HuaweiIapProvider, subscription: bool, path: str) -> None:
    huawei.will_say()
    huawei.will_say(responseCode="1001880020", responseMessage="again")
    huawei.will_say(responseCode="1001880009")
    for fresh in (True, False, False):
        assert huawei.run(provider.confirm(ORDER_ID, TOKEN, subscription=subscription)) is fresh
    assert huawei.calls[0] == (f"{HOST}/{path}/application/purchase/shipped/confirm", NAMED)
    huawei.will_say(responseCode="1001880008")
    with pytest.raises(ProviderError, match="1001880008"):
        huawei.run(provider.confirm(ORDER_ID, TOKEN))


def test_a_subscription(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    group = {"applicationId": APP, "environment": "NORMAL", "lastSubscriptionStatus": {"status": "1"}}
    huawei.will_say(jwsSubGroupStatus=huawei.authority.sign(group))
    said = huawei.run(provider.subscription_status(ORDER_ID, TOKEN))
    assert said["lastSubscriptionStatus"] == {"status": "1"}
    huawei.will_say(jwsSubGroupStatus=huawei.authority.sign(group | {"applicationId": "1"}))
    with pytest.raises(NotificationMismatch):
        huawei.run(provider.subscription_status(ORDER_ID, TOKEN))


def test_trades_by_pages(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say(orderInfoList=[{"requestId": "1"}], continuationToken="2")
    huawei.will_say(orderInfoList=[{"requestId": "2"}])
    found = huawei.run(provider.trade_orders(NOW_MS, NOW_MS + 48 * HOUR_MS))
    assert found == ({"requestId": "1"}, {"requestId": "2"})
    span = {"startTime": NOW_MS, "endTime": NOW_MS + 48 * HOUR_MS}
    assert [body for _, body in huawei.calls] == [span, span | {"continuationToken": "2"}]


def test_pages_without_end(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    for _ in range(1000):
        huawei.will_say(continuationToken="again")
    assert huawei.run(provider.trade_orders(1, 2)) == ()
    assert huawei.answers == []


@pytest.mark.parametrize("end", [0, NOW_MS, NOW_MS + 48 * HOUR_MS + 1])
def test_spans(provider: HuaweiIapProvider, end: int) -> None:
    with pytest.raises(InvalidArgument, match="48 hours"):
        next(provider.trade_orders(NOW_MS, end))
    with pytest.raises(InvalidArgument, match="720 hours"):
        next(provider.notification_history(NOW_MS, end + 28 * 24 * HOUR_MS if end > NOW_MS else end))


@pytest.mark.parametrize(
    ("failed", "sent"), [(None, {}), (True, {"sendResult": 0}), (False, {"sendResult": 1})]
)
def test_the_history(huawei: Huawei, provider: HuaweiIapProvider, failed: bool | None, sent: Any) -> None:
    huawei.will_say(notificationHistory=[{"jwsNotification": huawei.authority.sign(TOLD), "sendResult": 1}])
    (told,) = huawei.run(provider.notification_history(1, 2, failed=failed))
    assert told.notification_type == "DID_NEW_TRANSACTION"
    assert huawei.calls[0][1] == {"startTime": 1, "endTime": 2, **sent}
    huawei.will_say(notificationHistory=[{"jwsNotification": "a.b.c"}])
    with pytest.raises(SignatureInvalid):
        huawei.run(provider.notification_history(1, 2))


def test_a_test(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say()
    assert huawei.run(provider.test_notification()) is None
    assert huawei.calls == [(f"{HOST}/harmony/v1/application/notifications/test", {})]


def test_any_other_call(huawei: Huawei, make_provider: Callable[..., HuaweiIapProvider]) -> None:
    provider = make_provider(base_url="http://127.0.0.1:9200/", timeout=50)
    huawei.will_say(body=b'{"returnCode":"0","subErrCode":"200"}')
    path = "/post-sales/harmony/v1/transactions/refund/result"
    assert huawei.run(provider.request(path, {"reviewType": 1}))["subErrCode"] == "200"
    assert huawei.calls == [(f"http://127.0.0.1:9200{path}", {"reviewType": 1})]
    huawei.will_say(body=b'{"returnCode":990106}')
    with pytest.raises(ProviderError, match="990106"):
        huawei.run(provider.request(path, {}))


@pytest.mark.parametrize("path", ["", "no", "/a?b", "/a\n", "//é", "/" + "a" * 100 + " "])
def test_paths_that_are_none(provider: HuaweiIapProvider, path: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be sent"):
        next(provider.request(path, {}))


def test_what_is_no_json(provider: HuaweiIapProvider) -> None:
    with pytest.raises(InvalidArgument, match="cannot be written as JSON"):
        next(provider.request("/a", {"a": object()}))


def test_every_published_code_has_a_meaning() -> None:
    published = {f"10018800{number}" for number in ("05", "06", "08", "09", "10", "11", "12", "20")}
    assert published == MEANINGS.keys()


@pytest.mark.parametrize("code", MEANINGS)
def test_codes_become_errors(huawei: Huawei, provider: HuaweiIapProvider, code: str) -> None:
    huawei.will_say(responseCode=code, responseMessage="so it is")
    with pytest.raises(MEANINGS[code].error, match="so it is") as refused:
        huawei.run(provider.order_status(ORDER_ID, TOKEN))
    assert (refused.value.code, refused.value.provider) == (code, "huaweiiap")
    assert refused.value.advice


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"", AuthenticationFailed),
        (401, b'{"responseCode":"1","responseMessage":"bad token"}', AuthenticationFailed),
        (403, b"<html>", PermissionRefused),
        (404, b"", ProviderError),
        (429, b"{}", RateLimited),
        (500, b"", ProviderUnavailable),
        (502, b'{"responseCode":"0"}', ProviderUnavailable),
        (200, b"", ProviderUnavailable),
        (200, b"[", ProviderUnavailable),
        (200, b"[" * 100_000, ProviderUnavailable),
        (200, b"{}", ProviderError),
        (200, b'{"responseCode":"0"}', ProviderUnavailable),
        (200, b'{"responseCode":"0","jwsPurchaseOrder":1}', ProviderUnavailable),
        (200, b'{"responseCode":"77"}', ProviderError),
    ],
)
def test_answers_that_are_none(
    huawei: Huawei, provider: HuaweiIapProvider, status: int, body: bytes, error: type[ProviderError]
) -> None:
    huawei.will_say(status, body)
    with pytest.raises(error) as refused:
        huawei.run(provider.order_status(ORDER_ID, TOKEN))
    assert type(refused.value) is error
    assert refused.value.http_status == status


def test_a_delivery_that_another_error_stops(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say(401, b"")
    with pytest.raises(AuthenticationFailed):
        huawei.run(provider.confirm(ORDER_ID, TOKEN))
    assert issubclass(MEANINGS["1001880009"].error, OrderStateConflict)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"private_key": None}, "private_key is not set; it is the API key's file"),
        ({"private_key": Material("x")}, "private_key cannot be used"),
        ({"root_cert": None}, "root_cert is not set; download it: https://pki.consumer.huawei.com"),
        ({"root_cert": Material("x")}, "root_cert cannot be used"),
        ({"base_url": "ftp://x"}, "base_url must start with https://"),
    ],
)
def test_settings_that_cannot_be_used(make_provider: Any, settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make_provider(**settings)


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]
)
def test_keys_of_another_kind(make_provider: Any, key: Any) -> None:
    with pytest.raises(ConfigError, match="P-256"):
        make_provider(private_key=Material(pem_of(key)))


def test_nothing_secret_is_shown(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    huawei.will_say()
    flow = provider.test_notification()
    assert "Bearer" not in repr(next(flow))
    assert json.dumps(huawei.calls) == "[]"
