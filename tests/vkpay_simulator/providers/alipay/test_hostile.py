"""Whatever arrives, the gateway has an answer."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.alipay.merchant import Shop, Simulated, order
from vkpay_simulator.exchange import Request

SIMULATED = Simulated()
MULTIPART = "multipart/form-data; boundary=b"
PARTS = st.text(
    st.sampled_from("-b\r\n=;\"':%*ü \udce4Content-Dispositon: form-data; name=filename"), max_size=120
)
NAMES = [
    "out_trade_no",
    "trade_no",
    "total_amount",
    "subject",
    "time_expire",
    "goods_detail",
    "extend_params",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
METHODS = [
    "alipay.trade.precreate",
    "alipay.trade.create",
    "alipay.trade.pay",
    "alipay.trade.page.pay",
    "alipay.trade.query",
    "alipay.trade.cancel",
    "alipay.trade.refund",
    "alipay.fund.account.query",
    "alipay.fund.trans.common.query",
]
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answered(request: Request) -> None:
    route = SIMULATED.alipay.routes()[1]
    assert route.operation_of is not None
    assert route.operation_of(request)
    SIMULATED.alipay.subject_of(request, route.operation)
    assert route.handler(request).status == 200


@MANY
@given(
    query=PARTS,
    body=st.binary(max_size=80) | PARTS.map(lambda text: text.encode(errors="replace")),
    kind=PARTS,
)
def test_any_bytes(query: str, body: bytes, kind: str) -> None:
    for content_type in (kind, MULTIPART, f"multipart/form-data{kind}"):
        headers = CIMultiDictProxy(CIMultiDict({"Content-Type": content_type}))
        answered(Request(method="POST", target=f"/gateway.do?{query}", headers=headers, body=body))


@MANY
@given(method=st.sampled_from(METHODS), biz=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_any_signed_content(method: str, biz: dict[str, Any]) -> None:
    shop = SIMULATED.shop()
    content = json.dumps(order() | biz)
    assert shop.send(shop.params(method, biz_content=content)).status == 200


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"subject":"\\ud800"}', '{"extend_params":"' + "[" * 100_000 + '"}']
)
def test_contents_that_are_meant_to_break_something(shop: Shop, content: str) -> None:
    answer = shop.call("alipay.trade.precreate", biz_content=content)
    assert answer["sub_code"].endswith(("invalid-parameter", "INVALID_PARAMETER"))


def test_a_sign_that_is_no_ascii(shop: Shop) -> None:
    params = shop.params("alipay.trade.query") | {"sign": "签名"}
    assert shop.read(shop.send(params), "alipay.trade.query")["sub_code"] == "isv.invalid-signature"


def test_an_order_string_with_half_a_character(simulated: Simulated) -> None:
    answer = simulated.route("POST", "/_sim/alipay/app-pay", body=b'{"order_string":"a=\\ud800"}')
    assert answer.status in (200, 400)
