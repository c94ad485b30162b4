"""Who is calling: the PayMercAuth header, its signatures, and what an answer looks like."""

import json
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.vkpay_simulator.providers.huawei.shop import CLOSE, PREPAY, QUERY, START_S, Shop, Simulated, plain

NOW_MS = int(START_S * 1000)


def test_an_answer_is_signed_json_under_status_200(shop: Shop) -> None:
    answer = shop.prepay()
    assert answer.answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.data["resultCode"] == "000000"
    assert answer.data["resultDesc"] == "Success."
    refused = shop.query("nothing")
    assert refused.data["resultCode"] == "400000"
    assert refused.data["subDesc"] == "商户订单号不存在"
    assert refused.answer.status == 200


def test_sm2_merchants_sign_with_sm2(sm2_shop: Shop) -> None:
    assert sm2_shop.prepay().code == "000000"
    assert sm2_shop.get(QUERY + "T1").code == "MERC_ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"traceId": None}, "MISSING_TRACER_ID"),
        ({"traceId": ""}, "MISSING_TRACER_ID"),
        ({"headerSign": None}, "MISSING_HEADER_SIGN"),
        ({"callerId": None}, "MISSING_CALLER_ID"),
        ({"bodySign": ""}, "MISSING_BODY_SIGN"),
        ({"authId": None}, "MISSING_AUTH_ID"),
        ({"time": None}, "MISSING_TIME"),
        ({"traceId": "t" * 33}, "INVALID_TRACER_ID"),
        ({"time": NOW_MS - 600_001}, "INVALID_TIME"),
        ({"time": NOW_MS + 600_001}, "INVALID_TIME"),
        ({"time": NOW_MS // 1000}, "INVALID_TIME"),
        ({"time": "now"}, "INVALID_TIME"),
        ({"time": int("9" * 400)}, "INVALID_TIME"),
        ({"callerId": "10100000000"}, "INVALID_CALLER_ID"),
        ({"authId": "120000000000000000"}, "INVALID_AUTH_ID"),
    ],
)
def test_a_field_of_the_header(shop: Shop, changed: dict[str, Any], code: str) -> None:
    assert shop.post(PREPAY, shop.order(), **changed).code == code


def test_fields_are_looked_at_before_signatures(shop: Shop) -> None:
    assert shop.post(PREPAY, shop.order(), headerSign="x", bodySign="").code == "MISSING_BODY_SIGN"


@pytest.mark.parametrize("time", [NOW_MS - 600_000, str(NOW_MS), NOW_MS + 600_000])
def test_the_clock_may_be_off_by_ten_minutes(shop: Shop, time: Any) -> None:
    assert shop.post(PREPAY, shop.order(), time=time).code == "000000"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "MISSING_AUTH_HEADER"),
        ("Bearer x", "INVALID_AUTH_HEADER"),
        ("[1]", "INVALID_AUTH_HEADER"),
        ('{"time": NaN}', "INVALID_AUTH_HEADER"),
        ('{"a":' * 40 + "1" + "}" * 40, "INVALID_AUTH_HEADER"),
        ('{"a":' * 100_000, "INVALID_AUTH_HEADER"),
    ],
    ids=["none", "no JSON", "a list", "no number", "deep", "endless"],
)
def test_what_is_no_header(shop: Shop, header: str, code: str) -> None:
    answer = shop.post(PREPAY, shop.order(), header=header)
    assert answer.code == code
    assert "PayMercAuth" in answer.explain


def test_a_certificate_of_another_merchant(shop: Shop, sm2_shop: Shop) -> None:
    answer = shop.post(PREPAY, shop.order(), authId=sm2_shop.node["mchAuthId"])
    assert answer.code == "INVALID_AUTH_ID"
    assert f"belongs to {sm2_shop.node['mchId']}" in answer.explain


def test_a_revoked_certificate(simulated: Simulated, shop: Shop) -> None:
    simulated.control("account", pid="default", renew_certificate="SM2")
    simulated.control("account", pid="default", revoke_certificate=shop.node["mchAuthId"])
    assert shop.prepay().code == "INVALID_PUB_KEY"
    assert simulated.shop().prepay().code == "000000"


def test_a_trace_id_is_used_once_and_by_one_merchant(shop: Shop, sm2_shop: Shop) -> None:
    assert shop.get(QUERY + "T1", traceId="same").code == "MERC_ORDER_NOT_EXIST"
    assert shop.get(QUERY + "T1", traceId="same").code == "INVALID_DUPLICATE_REQUEST"
    assert sm2_shop.get(QUERY + "T1", traceId="same").code == "MERC_ORDER_NOT_EXIST"


async def test_a_trace_id_is_remembered_for_a_day(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    world = shop.simulated.world
    shop.get(QUERY + "T1", traceId="same")
    for hours, code in ((23, "INVALID_DUPLICATE_REQUEST"), (25, "MERC_ORDER_NOT_EXIST")):
        now = NOW_MS + hours * 3_600_000
        monkeypatch.setattr(world, "signing_ms", lambda now=now: now)
        assert shop.get(QUERY + "T1", traceId="same", time=now).code == code


def test_a_repeated_request_is_not_carried_out(shop: Shop) -> None:
    request = shop.request("POST", PREPAY, shop.order())
    shop.simulated.route(request)
    again = json.loads(shop.simulated.route(request).body)
    assert again["subCode"] == "INVALID_DUPLICATE_REQUEST"


def test_a_body_that_is_no_object(shop: Shop) -> None:
    for body in (b"", b"[]", b"{", b'{"a": ' * 40 + b"1" + b"}" * 40, b"\xff"):
        assert shop.post(PREPAY, body, text="x").code == "INVALID_PARAMETER"


def test_a_number_is_signed_as_it_is_sent(shop: Shop) -> None:
    body = shop.order(extra=1)
    raw = json.dumps(body).replace('"extra": 1', '"extra": 1.0').encode()
    assert shop.post(PREPAY, raw, text=plain(body)).code == "INVALID_SIGNATURE"
    assert shop.post(PREPAY, raw, text=plain(body | {"extra": "1.0"})).code == "000000"


def test_fields_that_nobody_knows_are_left_alone(shop: Shop) -> None:
    body = shop.order(bizType="100002", nothing={"a": [True, None, {"b": ""}]})
    assert shop.post(PREPAY, body).code == "000000"


def test_null_is_not_signed_and_as_good_as_nothing(shop: Shop) -> None:
    assert shop.post(PREPAY, shop.order() | {"payload": None}).code == "000000"


def test_products(simulated: Simulated, shop: Shop) -> None:
    simulated.control("account", pid="default", products=["app"])
    refused = shop.prepay()
    assert (refused.code, refused.data["resultCode"]) == ("INSUFFICIENT_PERMISSION", "100000")
    assert "has not opened fa; it has app" in refused.explain


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("the body", "the JSON itself was signed"),
        ("unsorted", "not sorted by name"),
        ("encoded", "not percent-encoded"),
        ("without", "fields with an empty text belong to the text"),
        ("nothing of the kind", "with another key than the certificate's, or over another text"),
    ],
)
def test_what_was_signed_instead_of_the_body(shop: Shop, text: str, cause: str) -> None:
    body = shop.order(payload="")
    wrong = {
        "the body": json.dumps(body),
        "unsorted": "&".join(f"{name}={value}" for name, value in body.items()),
        "encoded": "&".join(f"{name}={quote(str(body[name]), safe='')}" for name in sorted(body)).replace(
            "%20", "+"
        ),
        "without": plain({name: value for name, value in body.items() if value != ""}),
    }.get(text, text)
    answer = shop.post(PREPAY, body, text=wrong)
    assert answer.code == "INVALID_SIGNATURE"
    assert cause in answer.explain
    assert "bodySign" in answer.explain


def test_nested_lists_are_taken_apart(shop: Shop) -> None:
    body = shop.order(goodsDetail=[{"unitPrice": 5, "quantity": 1, "goodsName": "tea"}])
    text = plain(body | {"goodsDetail": json.dumps(body["goodsDetail"], separators=(",", ":"))})
    assert "take them apart" in shop.post(PREPAY, body, text=text).explain
    assert shop.post(PREPAY, body).code == "000000"


def test_booleans_are_in_lower_case(shop: Shop) -> None:
    body = shop.order(flag=True)
    assert "lower case" in shop.post(PREPAY, body, text=plain(body).replace("true", "True")).explain


def test_null_as_a_text(shop: Shop) -> None:
    body = shop.order() | {"payload": None}
    answer = shop.post(PREPAY, body, text=plain(body | {"payload": "null"}))
    assert "null have to be left out" in answer.explain


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (QUERY + "T1", "the query string was left out"),
        ("http://127.0.0.1:9200" + QUERY + "T1?a=%20", "scheme and host were signed"),
        (QUERY + "T1?a= ", "the path was decoded"),
        ("", "a GET signs its path and query"),
        ("something", "with another key than the certificate's, or over another text"),
    ],
)
def test_what_was_signed_instead_of_the_path(shop: Shop, text: str, cause: str) -> None:
    answer = shop.get(QUERY + "T1?a=%20", text=text)
    assert answer.code == "INVALID_SIGNATURE"
    assert cause in answer.explain


def test_query_strings_are_signed(shop: Shop) -> None:
    assert shop.get(QUERY + "T1?sdkVersion=1.0.0").code == "MERC_ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    ("salt", "cause"),
    [(0, "the salt has another length"), (64, "the salt has another length"), (None, "PKCS #1")],
)
def test_another_padding(shop: Shop, salt: int | None, cause: str) -> None:
    key: Any = load_pem_private_key(
        shop.node["mchPrivateKey"].encode(), None, unsafe_skip_rsa_key_validation=True
    )
    way = padding.PKCS1v15() if salt is None else padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    body = {"mercOrderNo": "T1"}
    signature = b64encode(key.sign(plain(body).encode(), way, hashes.SHA256())).decode()
    assert cause in shop.post(CLOSE, body, bodySign=signature).explain


def test_sm2_numbers_side_by_side(sm2_shop: Shop) -> None:
    body = {"mercOrderNo": "T1"}
    der = b64decode(sm2_shop.sign(plain(body).encode()))
    middle = 4 + der[3]
    raw = int.from_bytes(der[4:middle]).to_bytes(32) + int.from_bytes(der[middle + 2 :]).to_bytes(32)
    answer = sm2_shop.post(CLOSE, body, bodySign=b64encode(raw).decode())
    assert "send it as DER" in answer.explain


def test_another_text_under_sm2(sm2_shop: Shop) -> None:
    assert "over another text" in sm2_shop.post(CLOSE, {"mercOrderNo": "T1"}, text="x").explain


def test_no_base64(shop: Shop) -> None:
    assert "not standard base64" in shop.post(CLOSE, {"mercOrderNo": "T1"}, bodySign="_-_-").explain


def test_the_header_covers_the_body(shop: Shop) -> None:
    body = {"mercOrderNo": "T1"}
    members = shop.auth(plain(body))
    without = {name: value for name, value in members.items() if name not in ("headerSign", "bodySign")}
    signature = shop.sign(plain(without).encode())
    answer = shop.post(CLOSE, body, headerSign=signature)
    assert answer.code == "INVALID_SIGNATURE"
    assert "headerSign" in answer.explain


def test_bodysign_left_out_of_the_header(shop: Shop) -> None:
    body = {"mercOrderNo": "T1"}
    members = shop.auth(plain(body))
    without = {name: value for name, value in members.items() if name not in ("headerSign", "bodySign")}
    header = json.dumps(members | {"headerSign": shop.sign(plain(without).encode())})
    assert "bodySign was left out" in shop.post(CLOSE, body, header=header).explain


def test_sub_merchants_have_paths_of_their_own(shop: Shop, partner: Shop) -> None:
    assert "without /partner" in shop.get("/api/v2/partner/aggr/transactions/merc-orders/T1").explain
    assert "with /partner" in partner.query().explain
    assert partner.query().code == "OPERATION_NOT_AUTHORIZED"


def test_a_megabyte_is_read(shop: Shop) -> None:
    assert shop.prepay(tradeSummary="茶" * 400_000).code == "INVALID_ARGUMENTS"
