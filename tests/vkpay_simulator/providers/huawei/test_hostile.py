"""No bytes make the gateway stumble: what it answers is always signed JSON."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.huawei.shop import CLOSE, PREPAY, QUERY, REFUNDS, Shop
from vkpay_simulator.exchange import Request

anything = settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
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
FIELDS = [
    "appId",
    "mercNo",
    "mercOrderNo",
    "tradeSummary",
    "totalAmount",
    "callbackUrl",
    "expireTime",
    "payer",
    "goodsDetail",
    "mercRefundOrderNo",
    "refundAmount",
]
objects = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=9), values, max_size=6)


@given(header=st.text(max_size=60) | values.map(json.dumps), body=st.binary(max_size=60))
@anything
def test_strangers(shop: Shop, header: str, body: bytes) -> None:
    headers = CIMultiDictProxy(CIMultiDict({"PayMercAuth": header}))
    request = Request(method="POST", target=PREPAY, headers=headers, body=body)
    shop.simulated.huawei.subject_of(request, "prepay")
    answer = shop.simulated.route(request)
    assert shop.verified(answer.body)["resultCode"] in ("200000", "200001", "200002")
    assert answer.explain


@given(path=st.sampled_from([PREPAY, CLOSE, REFUNDS]), fields=objects)
@anything
def test_signed_bodies_of_any_content(shop: Shop, path: str, fields: dict[str, object]) -> None:
    raw = json.dumps(fields, ensure_ascii=True).encode()
    answer = shop.post(path, raw, text=_text(json.loads(raw, parse_float=str, parse_int=str)))
    assert answer.data["resultCode"] in ("000000", "400000")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "&".join(
            f"{n}={_text(value[n])}" for n in sorted(value) if value[n] is not None and n != "sign"
        )
    if isinstance(value, list):
        return ",".join(_text(item) for item in value if item is not None)
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("number", ["T" * 5000, "%00", "%E8%8C%B6", "..", "%2F"])
def test_numbers_in_paths(shop: Shop, number: str) -> None:
    assert shop.get(QUERY + number).code == "MERC_ORDER_NOT_EXIST"


def test_a_surrogate_alone(shop: Shop) -> None:
    raw = b'{"mercOrderNo": "\\ud800"}'
    assert shop.post(CLOSE, raw, text="x").code == "INVALID_SIGNATURE"


def test_a_number_without_end_under_a_signature_that_does_not_hold(shop: Shop) -> None:
    raw = b'{"mercOrderNo":"T1","total":' + b"9" * 5000 + b"}"
    answer = shop.post(PREPAY, raw, text="something else")
    assert answer.data["subCode"] == "INVALID_SIGNATURE"
    assert answer.explain
