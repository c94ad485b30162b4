"""Bodies are read strictly: what is wrong is named by a pointer."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import Shop

H5 = {"payer_client_ip": "203.0.113.9"}
GOODS = {"merchant_goods_id": "g-1", "quantity": 1, "unit_price": 100}


@pytest.mark.parametrize(
    ("changed", "field", "value", "issue"),
    [
        ({"amount": {"total": 0}}, "/amount/total", 0, "value is less than the minimum"),
        ({"amount": {"total": 2**53 + 1}}, "/amount/total", 2**53 + 1, "value is greater than the maximum"),
        ({"amount": {"total": 10**30}}, "/amount/total", 10**30, "value is greater than the maximum"),
        ({"amount": {"total": "1"}}, "/amount/total", "1", "value type is wrong"),
        ({"amount": {"total": 1.0}}, "/amount/total", 1.0, "value type is wrong"),
        ({"amount": {"total": True}}, "/amount/total", True, "value type is wrong"),
        ({"amount": {"total": 1, "currency": "XYZ"}}, "/amount/currency", "XYZ", "Currency code is invalid"),
        ({"amount": [1]}, "/amount", [1], "value type is wrong"),
        ({"out_trade_no": "T1"}, "/out_trade_no", "T1", "length is less than the minimum"),
        ({"out_trade_no": "T" * 33}, "/out_trade_no", "T" * 33, "length is greater than the maximum"),
        ({"out_trade_no": "T2026/01"}, "/out_trade_no", "T2026/01", "value does not match the pattern"),
        ({"out_trade_no": "T202601\n"}, "/out_trade_no", "T202601\n", "value does not match the pattern"),
        ({"description": ""}, "/description", "", "length is less than the minimum"),
        ({"description": "x" * 128}, "/description", "x" * 128, "length is greater than the maximum"),
        ({"description": "茶\U0001f375"}, "/description", "茶\U0001f375", "character takes more than 3 bytes in UTF-8"),
        ({"notify_url": "ftp://a.example/b"}, "/notify_url", "ftp://a.example/b", "value does not match the pattern"),
        ({"notify_url": "https://a.example"}, "/notify_url", "https://a.example", "value does not match the pattern"),
        (
            {"notify_url": "https://a.example/?b=1"}, "/notify_url", "https://a.example/?b=1",
            "value does not match the pattern",
        ),
        ({"time_expire": "2026-01-01"}, "/time_expire", "2026-01-01", "value is not an RFC 3339 time"),
        ({"time_expire": "2026-01-01T00:00:00"}, "/time_expire", "2026-01-01T00:00:00", "value is not an RFC 3339 time"),
        ({"limit_pay": ["no_credit", "x"]}, "/limit_pay/1", "x", "value is not one of the allowed"),
        (
            {"detail": {"goods_detail": [GOODS, GOODS | {"quantity": 0}]}}, "/detail/goods_detail/1/quantity", 0,
            "value is less than the minimum",
        ),
        ({"scene_info": {"payer_client_ip": "1.2.3"}}, "/scene_info/payer_client_ip", "1.2.3", "value is not an IP address"),
    ],
)  # fmt: skip
def test_param_error(shop: Shop, changed: dict[str, Any], field: str, value: Any, issue: str) -> None:
    result = shop.create(**changed)
    number = 268435464 if issue.startswith(("value is less", "value is greater")) else 268435461
    assert (result.status, result.code, result.number) == (400, "PARAM_ERROR", number)
    assert result.data["detail"] == {"field": field, "value": value, "issue": issue, "location": "body"}


def test_missing(shop: Shop) -> None:
    result = shop.create(payer={})
    assert result.data["detail"] == {
        "field": "/payer/openid", "issue": "required field is missing", "location": "body",
    }  # fmt: skip
    assert (result.number, result.data["message"]) == (268501013, "JSAPI支付必须传openid")


def test_jsapi_without_payer(shop: Shop) -> None:
    assert (shop.create(payer=None).number, shop.scan_code(payer=None).number) == (268501013, 268435461)


@pytest.mark.parametrize("value", [None, "", {}, 1])
def test_undocumented_field(shop: Shop, value: Any) -> None:
    result = shop.post("/v3/pay/transactions/native", shop.order("native") | {"total_fee": value})
    assert result.data["message"] == "请求中含有未在API文档中定义的参数"
    assert result.number == 270924358
    assert result.data["detail"]["field"] == "/total_fee"


def test_null_is_a_wrong_value(shop: Shop) -> None:
    result = shop.post("/v3/pay/transactions/native", shop.order("native") | {"goods_tag": None})
    assert result.data["detail"]["field"] == "/goods_tag"


def test_detail_takes_6144_bytes(shop: Shop) -> None:
    detail = {"goods_detail": [GOODS | {"goods_name": "茶" * 200}] * 10}
    assert shop.create(detail=detail).data["detail"]["field"] == "/detail"
    assert shop.create(detail={"goods_detail": [GOODS]}).status == 200


def test_pointer_escapes_what_json_pointers_escape(shop: Shop) -> None:
    result = shop.post("/v3/pay/transactions/native", shop.order("native") | {"a/b~c": 1})
    assert result.data["detail"]["field"] == "/a~1b~0c"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b"null", b'{"description":"\\ud83d"}', b'{"description":"\xc3\x28"}',
        b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)  # fmt: skip
def test_not_an_order_at_all(shop: Shop, body: bytes) -> None:
    result = shop.post("/v3/pay/transactions/native", body)
    assert (result.status, result.code) == (400, "PARAM_ERROR")


def test_escaped_astral_character(shop: Shop) -> None:
    result = shop.post("/v3/pay/transactions/native", b'{"description":["\\u8336","\\ud83c\\udf75"]}')
    assert result.data["detail"]["field"] == "/description/1"


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_content_type(shop: Shop, media_type: str | None) -> None:
    result = shop.post("/v3/pay/transactions/native", {}, headers={"Content-Type": media_type})
    assert (result.code, result.data["detail"]["location"]) == ("PARAM_ERROR", "header")


def test_content_type_with_charset(shop: Shop) -> None:
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    assert shop.post("/v3/pay/transactions/native", shop.order("native"), headers=headers).status == 200


def test_parameter_missing_from_query(shop: Shop) -> None:
    result = shop.get("/v3/pay/transactions/id/4200000000000000000000000000")
    assert result.data["detail"] == {
        "field": "mchid", "issue": "required parameter is missing", "location": "query",
    }  # fmt: skip


def test_the_merchant_named_is_checked_before_every_other_field(shop: Shop) -> None:
    result = shop.create(mchid="1900000109", amount={"total": 0})
    assert (result.code, result.number) == ("INVALID_REQUEST", 268447843)
    assert shop.create(mchid="").data["detail"]["field"] == "/mchid"


def test_param_error_comes_before_business_errors(shop: Shop) -> None:
    assert shop.create(appid="wx0000000000000000", payer={"openid": "x"}).code == "PARAM_ERROR"
    assert shop.scan_code(payer={"auth_code": "1"}, scene_info={"store_info": {}}).code == "PARAM_ERROR"
    assert shop.transfer(transfer_scene_id="9", transfer_amount=200_000).code == "PARAM_ERROR"
    assert shop.create(appid="wx0000000000000000", amount={"total": 0}).code == "PARAM_ERROR"
