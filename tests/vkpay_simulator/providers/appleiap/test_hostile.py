"""Whatever arrives, the App Store has an answer."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vkpay_simulator.providers.appleiap.shop import Simulated

SIMULATED = Simulated()
SHOP = SIMULATED.shop()
NUMBER = SHOP.subscribes()["transactionId"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        "startDate",
        "endDate",
        "notificationType",
        "notificationSubtype",
        "transactionId",
        "onlyFailures",
        "extendByDays",
        "extendReasonCode",
        "requestIdentifier",
        "productId",
        "storefrontCountryCodes",
        "appAccountToken",
        "customerConsented",
        "deliveryStatus",
        "sampleContentProvided",
        "consumptionPercentage",
        "refundPreference",
        "header",
        "body",
        "image",
        "bulletPoints",
        "realtimeURL",
        "messageIdentifier",
        "originalTransactionId",
        "receipt-data",
        "password",
    ]
)
MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ROUTES = [
    route
    for route in SIMULATED.apple.routes()
    if route.path.startswith("/sandbox") and "ocsp" not in route.path
]


def answered(number: int, value: str, query: str, body: bytes) -> None:
    route = ROUTES[number % len(ROUTES)]
    path = route.path
    for name in ("id", "order", "product", "request", "token", "image", "message", "locale"):
        path = path.replace(f"{{{name}}}", value)
    SIMULATED.control("rules", rate_window_s=10**9)
    answer = SHOP.send(
        route.method, path.removeprefix("/sandbox") + query, body, **{"Content-Type": "application/json"}
    )
    assert answer.status < 500


@MANY
@given(
    number=st.integers(0, 100),
    value=st.sampled_from([NUMBER, "1", "x", "%00", "é", "0" * 400]),
    query=st.text(st.sampled_from("?&=%é1truevsiondoke"), max_size=30).map(lambda text: f"?{text}"),
    body=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_any_bytes(number: int, value: str, query: str, body: bytes) -> None:
    answered(number, value, query, body)


@MANY
@given(number=st.integers(0, 100), fields=st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_fields(number: int, fields: dict[str, Any]) -> None:
    answered(number, NUMBER, "", json.dumps(fields).encode())


def test_a_deep_body() -> None:
    deep = b'{"startDate":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for number in range(len(ROUTES)):
        answered(number, NUMBER, "", deep)


@MANY
@given(body=st.binary(max_size=60))
def test_any_question_about_a_certificate(body: bytes) -> None:
    headers = {"Content-Type": "application/ocsp-request"}
    answer = SIMULATED.route("POST", "/appleiap/ocsp/root", body=body, headers=headers)
    assert answer.status == 200
