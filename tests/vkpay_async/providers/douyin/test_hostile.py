"""No bytes make the provider stumble, and none cost more than their length."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vkpay_async.providers.douyin.conftest import (
    Keys,
    exchange,
    payment_message,
    raw_notification,
    raw_response,
    ref,
    refund,
    refund_ref,
    told,
    told_by_rsa,
)
from vkpay_async.errors import InvalidArgument, NotificationInvalid, SignatureInvalid, VKPayError
from vkpay_async.models import RawNotification
from vkpay_async.providers.douyin.provider import DouyinProvider

anything = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
NESTED = "[" * 200_000 + "]" * 200_000
members = st.sampled_from(
    [
        *payment_message(),
        "cp_refundno",
        "refund_amount",
        "refund_no",
        "cp_settle_no",
        "order_id",
        "err_no",
        "data",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner),
    max_leaves=8,
)
messages = st.one_of(values.map(json.dumps), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
kinds = st.sampled_from(["payment", "refund", "settle", "pre_create_refund", "x", ""])


def heard(provider: DouyinProvider, raw: RawNotification) -> Any:
    return exchange(raw_response(b"{}"))(provider.notification(raw))


@given(body=st.binary(max_size=200), query=st.text(max_size=60))
@anything
def test_notifications_of_strangers(
    provider: DouyinProvider, trades: DouyinProvider, both: DouyinProvider, body: bytes, query: str
) -> None:
    headers = {"byte-signature": "x", "byte-timestamp": query, "byte-nonce-str": query}
    for one in (provider, trades, both):
        for raw in (
            raw_notification(body),
            raw_notification(body, headers),
            RawNotification(path="/", headers={}, body=body, method="GET", query=query),
        ):
            with pytest.raises(VKPayError):
                heard(one, raw)


@given(kind=kinds, msg=messages)
@anything
def test_signed_notifications_of_any_content(
    provider: DouyinProvider, trades: DouyinProvider, keys: Keys, kind: str, msg: str
) -> None:
    for one, raw in ((provider, told(kind, msg)), (trades, told_by_rsa(keys, kind, msg))):
        try:
            found = heard(one, raw)
            if found.event == "settle":
                one.settlement_of(found)
        except VKPayError:
            continue


@given(content=values)
@anything
def test_answers_of_any_content(provider: DouyinProvider, trades: DouyinProvider, content: Any) -> None:
    body = json.dumps({"err_no": 0, "data": content, "payment_info": content, "refundInfo": content}).encode()
    for one in (provider, trades):
        for flow in (
            one.query(ref()),
            one.refund(refund(refund_fee=1990)),
            one.query_refund(refund_ref()),
            one.query_settle("S1"),
            one.account_balance(),
        ):
            try:
                exchange(*[raw_response(body)] * 4)(flow)
            except VKPayError:
                continue


@pytest.mark.parametrize(
    "msg", [NESTED, '{"a":' * 100_000, '{"cp_orderno":"\\ud800"}'], ids=["[", "{", "half"]
)
@pytest.mark.parametrize("kind", ["payment", "refund", "settle"])
def test_signed_messages_that_are_meant_to_break_something(
    provider: DouyinProvider, trades: DouyinProvider, keys: Keys, kind: str, msg: str
) -> None:
    for one, raw in ((provider, told(kind, msg)), (trades, told_by_rsa(keys, kind, msg))):
        try:
            assert heard(one, raw).kind == "other"
        except NotificationInvalid:
            continue


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"timestamp":1,"nonce":1,"msg":"'
        + b"x" * 1_000_000
        + b'","msg_signature":"'
        + b"0" * 1_000_000
        + b'"}',
        b'{"timestamp":"' + b"1" * 1_000_000 + b'","nonce":"","msg":"","msg_signature":""}',
        b'{"timestamp":1e400,"nonce":1,"msg":"","msg_signature":""}',
    ],
    ids=["lists", "objects", "a megabyte each", "a long timestamp", "infinity"],
)
def test_a_megabyte_costs_little(provider: DouyinProvider, body: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises((NotificationInvalid, SignatureInvalid)):
        heard(provider, raw_notification(body))
    spent = time.process_time() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (spent < 1, peak < 8 * len(body) + 2_000_000) == (True, True)


@pytest.mark.parametrize("text", ["half \ud800 a character", NESTED[:100]])
def test_what_callers_hand_over(provider: DouyinProvider, text: str) -> None:
    with pytest.raises(InvalidArgument):
        exchange()(provider.settle(out_settle_no=text, out_trade_no="T1"))
