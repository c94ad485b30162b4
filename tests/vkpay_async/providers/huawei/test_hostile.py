"""No bytes make the provider stumble: what it raises is always an error of the SDK's own."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vkpay_async.providers.huawei.conftest import PAYMENT, REFUND, Platform
from vkpay_async.errors import NotificationInvalid, ProviderError, SignatureInvalid, VKPayError
from vkpay_async.models import OrderRef, RawNotification, RefundRef, RefundRequest
from vkpay_async.providers.base import Env, HttpResponse, run_offline

anything = settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
NESTED = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
ORDER = OrderRef(pay_type="huawei_mp-harmony", out_trade_no="T1")
REFUNDING = RefundRequest(
    order=ORDER, out_refund_no="R1", refund_fee=1, total_fee=2, notify_url="https://m.example/n"
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["resultCode", "subCode", "sign", *PAYMENT, *REFUND])
bodies = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(names | st.text(max_size=5), values, max_size=8).map(
        lambda value: json.dumps(value).encode()
    ),
    st.sampled_from(
        [
            NESTED,
            b"",
            b"{",
            b"\xff\xfe{\x00}\x00",
            b'{"a":NaN}',
            b'{"\\ud800":1}',
            b'{"a":"\\ud800"}',
            b"1" * 5000,
        ]
    ),
)
CALLS: dict[str, Callable[[Any], Any]] = {
    "query": lambda provider: provider.query(ORDER),
    "close": lambda provider: provider.close(ORDER),
    "refund": lambda provider: provider.refund(REFUNDING),
    "query_refund": lambda provider: provider.query_refund(RefundRef(order=ORDER, out_refund_no="R1")),
    "request": lambda provider: provider.request("GET", "/api/anything"),
}


@pytest.fixture
def env(clock: Any) -> Env:
    return Env(now_ms=clock, nonce=lambda: "0" * 32)


def never(_: Any) -> HttpResponse:
    raise AssertionError("a callback asks for nothing")


def notified(provider: Any, body: bytes) -> Any:
    return run_offline(provider.notification(RawNotification(path="/n/T1", headers={}, body=body)), never)


@given(body=bodies)
@anything
def test_callbacks_of_strangers(provider: Any, body: bytes) -> None:
    with pytest.raises((SignatureInvalid, NotificationInvalid)):
        notified(provider, body)


@given(call=st.sampled_from(sorted(CALLS)), status=st.integers(200, 599), body=bodies)
@anything
def test_answers_of_strangers(provider: Any, call: str, status: int, body: bytes) -> None:
    with pytest.raises(VKPayError) as refused:
        run_offline(CALLS[call](provider), lambda _: HttpResponse(status=status, headers={}, body=body))
    if call == "refund" and status == 200 and b"resultCode" not in body:
        assert not refused.value.outcome_known


@given(more=st.dictionaries(names | st.text(max_size=5), values, max_size=8))
@anything
def test_signed_callbacks_of_any_content(provider: Any, platform: Platform, more: dict[str, Any]) -> None:
    fields = {name: value for name, value in more.items() if name != "sign"}
    raw = json.dumps(fields)
    exact = json.loads(raw, parse_float=str, parse_int=str)
    body = json.dumps({**fields, "sign": platform.sign(exact)}).encode()
    try:
        notified(provider, body)
    except NotificationInvalid:
        return


@given(more=st.dictionaries(names, values, max_size=8))
@anything
def test_signed_answers_of_any_content(provider: Any, platform: Platform, more: dict[str, Any]) -> None:
    fields = {**{name: value for name, value in more.items() if name != "sign"}, "resultCode": "000000"}
    exact = json.loads(json.dumps(fields), parse_float=str, parse_int=str)
    body = json.dumps({**fields, "sign": platform.sign(exact)}).encode()
    for call in CALLS.values():
        try:
            run_offline(call(provider), lambda _: HttpResponse(status=200, headers={}, body=body))
        except ProviderError:
            continue


@pytest.mark.parametrize("make", [lambda text: {"payload": text}, lambda text: {"a": [text[:1000]] * 1000}])
def test_a_megabyte_is_read_in_bounded_memory(
    provider: Any, platform: Platform, make: Callable[[str], dict[str, Any]]
) -> None:
    body = platform.signed({**PAYMENT, **make("x" * 1_000_000)})
    tracemalloc.start()
    try:
        assert notified(provider, body).kind == "payment"
        assert tracemalloc.get_traced_memory()[1] < 20 * len(body)
    finally:
        tracemalloc.stop()


def test_deep_json_is_refused_in_bounded_time(provider: Any) -> None:
    for body in (NESTED, b'{"a":' * 65 + b"1" + b"}" * 65):
        with pytest.raises(NotificationInvalid):
            notified(provider, body)


def test_errors_do_not_repeat_foreign_bytes_without_end(provider: Any, platform: Platform) -> None:
    body = platform.signed({**PAYMENT, "currency": "X" * 100_000, "dataType": "plain"})
    with pytest.raises(NotificationInvalid) as refused:
        notified(provider, body)
    assert len(str(refused.value)) < 300


def test_secrets_are_not_shown(provider: Any, make_node: Any) -> None:
    shown = repr(make_node()) + repr(provider) + repr(vars(provider))
    assert "PRIVATE KEY" not in shown
