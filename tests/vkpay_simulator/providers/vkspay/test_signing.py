"""The signature: vectors, and numbers as JavaScript writes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vkpay_simulator.providers.vkspay.merchant import START_S, Shop, Simulated
from vkpay_simulator.providers.vkspay.parameters import number_text
from vkpay_simulator.providers.vkspay.signing import sign, signed_text

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "vkspay.json").read_text(encoding="utf-8"))


def fields_of(vector: dict[str, Any]) -> dict[str, str]:
    common = {name: str(value) for name, value in VECTORS["common"].items()}
    return {"method": vector["method"], **vector["fields"], **common}


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=lambda vector: vector["method"])
def test_vectors(vector: dict[str, Any]) -> None:
    fields = fields_of(vector)
    assert sign(fields, VECTORS["key"]) == vector["sign"]
    assert sign(dict(reversed(fields.items())) | {"sign": "old"}, VECTORS["key"]) == vector["sign"]
    assert sign(fields | {"version": "2.1"}, VECTORS["key"]) != vector["sign"]


def test_the_text_that_is_hashed() -> None:
    (vector,) = (one for one in VECTORS["signatures"] if "text" in one)
    assert f"{signed_text(fields_of(vector))}&key={VECTORS['key']}" == vector["text"]


# What node prints for String(Number(literal)).
@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("0.10", "0.1"),
        ("0.01", "0.01"),
        ("-0.0", "0"),
        ("1e2", "100"),
        ("11.10", "11.1"),
        ("1700000000", "1700000000"),
        ("123456789012345680000", "123456789012345680000"),
        ("9007199254740993", "9007199254740992"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1.5e300", "1.5e+300"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("1.25e-9", "1.25e-9"),
        ("-2.50", "-2.5"),
        ("1e400", "Infinity"),
        ("-1e400", "-Infinity"),
        ("1e-400", "0"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(literal: str, text: str) -> None:
    assert number_text(literal) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_numbers_text_leads_back_to_it(number: float) -> None:
    assert float(number_text(repr(number))) == number


class TestWhatIsVerified:
    @pytest.mark.parametrize(
        ("amount", "signed_as"), [(1, "1"), (10.10, "10.1"), (10.0, "10"), ("10.00", "10.00")]
    )
    def test_json_numbers_count_as_javascripts_text(self, shop: Shop, amount: object, signed_as: str) -> None:
        fields = shop.signed("webpay", total_fee=signed_as) | {"total_fee": amount}
        assert json.loads(shop.send(fields).body)["return_code"] == "SUCCESS"

    def test_a_number_signed_as_python_writes_it_is_refused_with_the_text(self, shop: Shop) -> None:
        fields = shop.signed("webpay", total_fee="10.0") | {"total_fee": 10.0}
        answer = shop.send(fields)
        assert json.loads(answer.body) == {"return_code": "FAIL", "return_msg": "签名错误"}
        assert "&total_fee=10&version=2.0&key=***" in answer.explain
        assert shop.node["key"] not in answer.explain

    def test_a_form_is_taken_like_json(self, shop: Shop) -> None:
        answer = shop.send(shop.signed("webpay", total_fee="10.00", subject="一斤茶叶 & more"), form=True)
        assert json.loads(answer.body)["return_code"] == "SUCCESS"

    def test_empty_texts_and_nulls_are_signed_and_count_as_left_out(self, shop: Shop) -> None:
        fields = shop.signed("webpay", total_fee="10.00", subject="", attach="null") | {"attach": None}
        assert json.loads(shop.send(fields).body)["return_code"] == "SUCCESS"

    def test_capitals_are_named(self, shop: Shop) -> None:
        fields = shop.signed("webpay", total_fee="10.00")
        assert shop.send(fields | {"sign": fields["sign"].upper()}).explain == "sign must be in lower case."

    @pytest.mark.parametrize("sign", ["", "no", "é"])
    def test_no_signature_is_none(self, shop: Shop, sign: str) -> None:
        fields = shop.signed("webpay", total_fee="10.00") | {"sign": sign}
        assert json.loads(shop.send(fields).body)["return_msg"] == "签名错误"

    def test_another_stores_key_does_not_do(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order()
        other = simulated.shop("certs")
        assert other.node["mchId"] != shop.node["mchId"]
        fields = other.signed("orderquery", out_trade_no=number, merchantno=shop.node["mchId"])
        assert json.loads(shop.send(fields).body)["return_msg"] == "签名错误"

    def test_an_unknown_store_is_refused_with_those_there_are(self, shop: Shop) -> None:
        code, text, why = shop.why("webpay", total_fee="1", merchantno="0000")
        assert (code, text) == ("FAIL", "签名错误")
        assert shop.node["mchId"] in why


class TestForm:
    @pytest.mark.parametrize("drift", [-600, 600])
    def test_time_may_be_off_by_ten_minutes(self, shop: Shop, drift: int) -> None:
        assert shop.call("webpay", total_fee="1", timestamp=int(START_S) + drift)["return_code"] == "SUCCESS"

    @pytest.mark.parametrize("drift", [-601, 601])
    def test_and_no_more(self, shop: Shop, drift: int) -> None:
        code, text, why = shop.why("webpay", total_fee="1", timestamp=int(START_S) + drift)
        assert (code, text) == ("FAIL", "请求已过期")
        assert f"{-drift} s" in why

    @pytest.mark.parametrize(
        ("wrong", "named"),
        [
            ({"version": "1.0"}, "version"),
            ({"version": None}, "version"),
            ({"signaturenonce": "1234567"}, "signaturenonce"),
            ({"signaturenonce": "12345670"}, "signaturenonce"),
            ({"timestamp": None}, "timestamp"),
            ({"timestamp": "soon"}, "timestamp"),
            ({"total_fee": None}, "total_fee"),
        ],
    )
    def test_a_wrong_common_field_is_named(self, shop: Shop, wrong: dict[str, Any], named: str) -> None:
        code, text, why = shop.why("webpay", **{"total_fee": "1", **wrong})
        assert code == "FAIL"
        assert text.startswith("参数错误:")
        assert named in text
        assert why

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"\xff\xfe",
            b"{",
            b'{"method": NaN}',
            b'{"method": {"a": 1}}',
            b'{"method": "\\ud800"}',
            b'{"a":' * 100_000,
        ],
    )
    def test_what_is_no_request_is_refused(self, simulated: Simulated, body: bytes) -> None:
        answer = simulated.route("POST", "/api", body, content_type="application/json")
        assert answer.status == 200
        assert json.loads(answer.body) == {"return_code": "FAIL", "return_msg": "参数错误:请求体格式错误"}
        assert "JSON" in answer.explain

    def test_an_unknown_method_is_refused_with_those_there_are(self, shop: Shop) -> None:
        code, text, why = shop.why("closeorder")
        assert (code, text) == ("FAIL", "参数错误:method不存在")
        assert "webpay, micropay, orderquery, orderrefund, orderrefundquery" in why

    def test_a_nonce_counts_once_where_the_rule_says_so(self, simulated: Simulated, shop: Shop) -> None:
        same = shop.signed("webpay", total_fee="1")
        assert [json.loads(shop.send(same).body)["return_code"] for _ in "12"] == ["SUCCESS", "SUCCESS"]
        simulated.control("rules", reject_replays=True)
        assert json.loads(shop.send(same).body) == {"return_code": "FAIL", "return_msg": "请求重复"}
        assert shop.call("webpay", total_fee="1")["return_code"] == "SUCCESS"
