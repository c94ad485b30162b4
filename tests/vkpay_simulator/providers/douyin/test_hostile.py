"""Whatever arrives, there is an answer."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.douyin.merchant import BASIC, V1, Simulated, goods, order
from vkpay_simulator.exchange import Request

SIMULATED = Simulated()
SHOP, TRADE = SIMULATED.shop(), SIMULATED.trade()
ROUTES = [route for route in SIMULATED.douyin.routes() if route.method == "POST"]
FILES = [route for route in SIMULATED.douyin.routes() if route.method == "GET"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
ECPAY_CALLS = ["create_order", "query_order", "create_refund", "settle", "create_return", "merchant_withdraw"]
TRADE_CALLS = ["order_query", "refund_create", "refund_query", "refund_audit_callback", "settle_create"]
NAMES = [
    *order(),
    "out_refund_no",
    "refund_amount",
    "settle_params",
    "out_settle_no",
    "settle_desc",
    "expand_order_info",
    "cp_extra",
    "refund_reason",
    "order_entry_schema",
    "item_order_detail",
    "refund_total_amount",
    "order_id",
    "merchant_uid",
    "channel_type",
]
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answered(route: Any, request: Request) -> None:
    SIMULATED.douyin.subject_of(request, route.operation)
    assert route.handler(request).status in (200, 400, 404)


@MANY
@given(
    body=st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()),
    query=st.text(max_size=30),
)
def test_any_bytes(body: bytes, query: str) -> None:
    headers = CIMultiDictProxy(CIMultiDict({"access-token": TRADE.access or TRADE.token()}))
    for route in ROUTES:
        answered(route, Request(method="POST", target=route.path, headers=headers, body=body))
    for route in FILES:
        request = Request(method="GET", target=f"/x?{query}", headers=headers, params={"token": query})
        answered(route, request)


@MANY
@given(name=st.sampled_from(ECPAY_CALLS), fields=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_any_signed_content(name: str, fields: dict[str, Any]) -> None:
    sent = json.loads(json.dumps({**order(), **fields}))
    assert "err_no" in SHOP.call(name, **sent)


@MANY
@given(name=st.sampled_from(TRADE_CALLS), fields=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_any_content_with_a_token(name: str, fields: dict[str, Any]) -> None:
    assert "err_no" in TRADE.ask(name, **fields)


@MANY
@given(fields=st.dictionaries(st.sampled_from([*goods(), "discountAmount"]), JSON, max_size=4))
def test_any_data_of_a_mini_program(fields: dict[str, Any]) -> None:
    answer = TRADE.request_order(goods() | fields)
    assert "orderId" in answer or "errNo" in answer


@pytest.mark.parametrize("path", [f"{V1}create_order", f"{BASIC}order_query/", "/_sim/douyin/tt-pay"])
@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"a":' * 200_000, b'{"a":"' + b"x" * 4_000_000 + b'"}', b'{"a":"\\ud800"}', b"\x00"],
    ids=["lists", "objects", "megabytes", "half a character", "zero"],
)
def test_what_is_meant_to_break_something(path: str, body: bytes) -> None:
    answer = SIMULATED.route("POST", path, body, {"access-token": TRADE.token()})
    assert answer.status in (200, 400)
    assert len(answer.body) < 2000
