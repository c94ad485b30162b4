"""No bytes and no headers make the provider stumble: what it raises is always an error of the SDK's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vkpay_async.errors import (
    InvalidArgument,
    NotificationInvalid,
    ProviderError,
    SignatureInvalid,
    VKPayError,
)
from vkpay_async.models import OrderRef, RawNotification, RefundRef, RefundRequest
from vkpay_async.providers.base import Env, HttpRequest, HttpResponse, run_offline

anything = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
NESTED = b'{"detail":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
ORDER = OrderRef(pay_type="wxpay_h5", out_trade_no="T20231115")
REFUND = RefundRequest(order=ORDER, out_refund_no="R1", refund_fee=1, total_fee=2)

names = st.sampled_from(
    ["timestamp", "nonce", "signature", "serial", "signature-type"],
).map("wechatpay-{}".format)
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["1767196802", "WECHATPAY/SIGNTEST/x", "PUB_KEY_ID_1", "WECHATPAY2-SHA256-RSA2048", "9" * 4300]
    ),
)
headers = st.dictionaries(st.one_of(names, st.just("retry-after"), st.just("date")), texts)
bodies = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["code", "data", "detail", "message", "serial_no", "amount"]), inner
            )
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.just(NESTED),
)
CALLS: dict[str, Callable[[Any], Any]] = {
    "query": lambda provider: provider.query(ORDER),
    "close": lambda provider: provider.close(ORDER),
    "refund": lambda provider: provider.refund(REFUND),
    "query_refund": lambda provider: provider.query_refund(RefundRef(order=ORDER, out_refund_no="R1")),
    "request": lambda provider: provider.request("GET", "/v3/anything"),
    "certificates": lambda provider: provider.certificates(),
}


@pytest.fixture
def env(clock: Any) -> Env:
    return Env(now_ms=clock, nonce=lambda: "0" * 32)


@given(headers=headers, body=bodies)
@anything
def test_notifications_of_strangers(provider: Any, headers: dict[str, str], body: bytes) -> None:
    raw = RawNotification(path="/n", headers=headers, body=body)
    with pytest.raises(VKPayError):
        run_offline(
            provider.notification(raw), lambda _: HttpResponse(status=200, headers=headers, body=body)
        )


@given(call=st.sampled_from(sorted(CALLS)), status=st.integers(200, 599), headers=headers, body=bodies)
@anything
def test_answers_of_strangers(
    provider: Any, call: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(VKPayError) as refused:
        run_offline(CALLS[call](provider), lambda _: HttpResponse(status=status, headers=headers, body=body))
    if call == "refund" and (status >= 500 or status < 300):
        assert not refused.value.outcome_known


@given(body=bodies)
@anything
def test_signed_answers_of_any_content(provider: Any, platform: Any, body: bytes) -> None:
    for call in (provider.refund(REFUND), provider.query(ORDER), provider.request("GET", "/v3/anything")):
        try:
            run_offline(call, lambda _: platform.answer(body))
        except ProviderError:
            continue


EVENTS = [
    ("TRANSACTION.SUCCESS", "transaction"),
    ("REFUND.SUCCESS", "refund"),
    ("MCHTRANSFER.BILL.", "mch_payment"),
    ("MCHTRANSFER.AUTHORIZATION.", "mch_payment"),
    ("MCHTRANSFER.BILL.", "x"),
]


@given(plain=bodies, of=st.sampled_from(EVENTS))
@anything
def test_signed_notifications_of_any_content(
    provider: Any, platform: Any, plain: bytes, of: tuple[str, str]
) -> None:
    event, kind = of
    body = json.dumps(platform.envelope(event, kind, plain)).encode()
    raw = RawNotification(path="/n", headers=platform.headers(body), body=body)
    try:
        run_offline(provider.notification(raw), refuse)
    except NotificationInvalid:
        return


@pytest.mark.parametrize(
    "timestamp",
    ["9" * 4300, "-" + "9" * 4300, "１７６７１９６８０２", "1_767_196_802", " 1767196802", "+1767196802"],
)
def test_a_time_is_plain_digits(provider: Any, platform: Any, timestamp: str) -> None:
    message = f"{timestamp}\nn\n{{}}\n".encode()
    headers = {
        "wechatpay-timestamp": timestamp,
        "wechatpay-nonce": "n",
        "wechatpay-signature": platform.sign(message),
        "wechatpay-serial": platform.serial,
    }
    with pytest.raises(SignatureInvalid, match="not seconds") as refused:
        run_offline(provider.notification(RawNotification(path="/n", headers=headers, body=b"{}")), refuse)
    assert len(str(refused.value)) < 200


def test_a_refusal_with_an_impossible_time_is_still_the_refusal(provider: Any, platform: Any) -> None:
    refusal = platform.refusal(401, "SIGN_ERROR", **{"wechatpay-timestamp": "9" * 4300})
    with pytest.raises(ProviderError, match="SIGN_ERROR"):
        run_offline(provider.query(ORDER), lambda _: refusal)


@pytest.mark.parametrize("header", ["wechatpay-serial", "wechatpay-signature-type"])
def test_a_long_header_does_not_fill_the_log(provider: Any, platform: Any, header: str) -> None:
    signed = {**platform.headers(b"{}"), header: "A" * 8000}
    with pytest.raises(SignatureInvalid) as refused:
        run_offline(
            provider.notification(RawNotification(path="/n", headers=signed, body=b"{}")), nothing_known
        )
    assert len(str(refused.value)) < 700


def test_a_merchant_that_knows_no_key_is_not_made_to_ask_without_end(
    make_provider: Any, platform: Any, clock: Any
) -> None:
    provider = make_provider(public_key=False)
    asked: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        return nothing_known(request)

    def strangers(count: int) -> None:
        for number in range(count):
            signed = platform.headers(b"{}", serial=f"AB{number:04X}")
            raw = RawNotification(path="/n", headers=signed, body=b"{}")
            with pytest.raises(SignatureInvalid):
                run_offline(provider.notification(raw), answer)

    strangers(100)
    assert len(asked) == 20
    clock.ms += 10_000
    strangers(1)
    assert len(asked) == 21


@pytest.mark.parametrize(
    "json", [{"a": object()}, {"a": "half \ud83d"}, {"a": {1: {2: object}}}], ids=["object", "text", "class"]
)
def test_what_is_no_json_is_not_sent(provider: Any, json: Any) -> None:
    with pytest.raises(InvalidArgument, match="cannot be written as JSON"):
        run_offline(provider.request("POST", "/v3/anything", json), refuse)


def nothing_known(_: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404, headers={}, body=b'{"code":"RESOURCE_NOT_EXISTS","message":"none"}')


def refuse(request: HttpRequest) -> HttpResponse:
    raise AssertionError(f"nothing was to be sent, and {request.operation} was")
