"""What is believed: the chain, the signature, the app, the environment."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vkpay_async.providers.huaweiiap.conftest import (
    APP,
    NOW_MS,
    PATH,
    PURCHASE,
    REVOKED,
    TOLD,
    Authority,
    Huawei,
    b64,
)
from vkpay_async.config import Material
from vkpay_async.errors import NotificationInvalid, NotificationMismatch, SignatureInvalid, VKPayError
from vkpay_async.models import RawNotification
from vkpay_async.providers.huaweiiap.provider import HuaweiIapProvider


def test_a_purchase(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    for _ in range(2):  # the second time its certificates are known
        bought = huawei.run(provider.verify_purchase(huawei.authority.sign(PURCHASE)))
    assert (bought.purchase_order_id, bought.product_id, bought.price) == (
        PURCHASE["purchaseOrderId"],
        "coins",
        600,
    )
    assert (bought.shipped, bought.revoked, bought.renews) == (False, False, False)
    assert "ab" not in repr(bought)
    given_back = huawei.run(provider.verify_purchase(huawei.authority.sign(REVOKED | {"finishStatus": 1})))
    assert (given_back.shipped, given_back.revoked) == (True, True)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"mark": "1.2.3"}, "is none for purchases"),
        ({"mark": ""}, "is none for purchases"),
        ({"mark": "2.5.29.15"}, "extensions cannot be read"),
        ({"ca": False}, "may not issue"),
        ({"ca": None}, "may not issue"),
        ({"curve": ec.SECP256K1()}, "not on P-256"),
        ({"until": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)}, "not valid when it was signed"),
    ],
)
def test_certificates_that_are_none_of_huaweis(
    huawei: Huawei, make_provider: Callable[..., HuaweiIapProvider], wrong: dict[str, Any], why: str
) -> None:
    authority = Authority(**wrong)
    provider = make_provider(root_cert=Material(authority.root_pem))
    with pytest.raises(SignatureInvalid, match=why):
        huawei.run(provider.verify_purchase(authority.sign(PURCHASE)))


def test_a_stranger_with_the_right_names(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    stranger = Authority()
    for x5c in (
        stranger.x5c,
        [*stranger.x5c[:2], huawei.authority.x5c[2]],
        [stranger.x5c[0], *huawei.authority.x5c[1:]],
    ):
        with pytest.raises(SignatureInvalid, match="do not lead to root_cert"):
            huawei.run(provider.verify_purchase(stranger.sign(PURCHASE, x5c=x5c)))
    with pytest.raises(SignatureInvalid, match="does not hold"):
        huawei.run(provider.verify_purchase(stranger.sign(PURCHASE, x5c=huawei.authority.x5c)))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"x5c": []},
        {"x5c": ["AAAA"] * 3},
        {"x5c": ["not base64!"] * 3},
        {"x5c": "text"},
        {"x5c": ["A" * 40_000] * 3},
    ],
)
def test_headers_that_are_none(huawei: Huawei, provider: HuaweiIapProvider, header: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        huawei.run(provider.verify_purchase(huawei.authority.sign(PURCHASE, **header)))


def test_a_changed_text(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    head, _, signature = huawei.authority.sign(PURCHASE).split(".")
    other = b64(json.dumps(PURCHASE | {"price": 1}).encode())
    with pytest.raises(SignatureInvalid, match="does not hold"):
        huawei.run(provider.verify_purchase(f"{head}.{other}.{signature}"))


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b'{"price":"6"}', b"[" * 100_000, b"\xff", b'{"a":NaN}', {"purchaseOrderId": 1}],
)
def test_what_is_signed_but_no_purchase(huawei: Huawei, provider: HuaweiIapProvider, payload: Any) -> None:
    with pytest.raises(SignatureInvalid, match="cannot be read"):
        huawei.run(provider.verify_purchase(huawei.authority.sign(payload)))


@pytest.mark.parametrize("signed", [None, NOW_MS + 10**12, 10**30, "soon"])
def test_odd_times_of_signing(huawei: Huawei, provider: HuaweiIapProvider, signed: Any) -> None:
    text = huawei.authority.sign(PURCHASE | {"signedTime": signed})
    if isinstance(signed, str):
        with pytest.raises(SignatureInvalid):
            huawei.run(provider.verify_purchase(text))
    else:
        assert huawei.run(provider.verify_purchase(text)).product_id == "coins"


def test_another_apps(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    with pytest.raises(NotificationMismatch, match="ours is '5765880207853000'"):
        huawei.run(provider.verify_purchase(huawei.authority.sign(PURCHASE | {"applicationId": "1"})))
    as_number = huawei.authority.sign(PURCHASE | {"applicationId": int(APP)})
    assert huawei.run(provider.verify_purchase(as_number)).price == 600


def test_the_sandbox(huawei: Huawei, make_provider: Callable[..., HuaweiIapProvider]) -> None:
    text = huawei.authority.sign(PURCHASE | {"environment": "SANDBOX"})
    with pytest.raises(NotificationMismatch, match="accept_sandbox"):
        huawei.run(make_provider().verify_purchase(text))
    assert huawei.run(make_provider(accept_sandbox=True).verify_purchase(text)).environment == "SANDBOX"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"jwsNotification":1}', b"[" * 100_000, b"\xff", b'{"jwsNotification":"a.b.c"}'],
)
def test_bodies_that_are_no_notification(huawei: Huawei, provider: HuaweiIapProvider, body: bytes) -> None:
    with pytest.raises((NotificationInvalid, SignatureInvalid)):
        huawei.run(provider.notification(RawNotification(path=PATH, headers={}, body=body)))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: json.dumps({"jwsNotification": text}).encode())
)
def test_no_bytes_make_it_stumble(huawei: Huawei, provider: HuaweiIapProvider, body: bytes) -> None:
    with pytest.raises(VKPayError):
        huawei.run(provider.notification(RawNotification(path=PATH, headers={}, body=body)))


@pytest.mark.parametrize("text", ["a" * 20_000_000, f"{'A' * 400_000}.e30.{'A' * 86}"])
def test_long_texts_cost_little(huawei: Huawei, provider: HuaweiIapProvider, text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SignatureInvalid):
            huawei.run(provider.verify_purchase(text))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_few_chains_are_kept(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    for number in range(40):
        huawei.run(provider.verify_purchase(huawei.authority.sign(PURCHASE, n=number)))
    assert len(provider._gateway._chains._kept) == 16


def test_a_notification_in_words(huawei: Huawei, provider: HuaweiIapProvider) -> None:
    raw = huawei.notification(notificationType="REVOKE", notificationSubtype="REFUND_TRANSACTION")
    told = huawei.run(provider.verify_notification(raw.body))
    assert (told.event, told.notification_request_id) == (
        "REVOKE.REFUND_TRANSACTION",
        TOLD["notificationRequestId"],
    )
    assert "ab" * 32 not in repr(told)
