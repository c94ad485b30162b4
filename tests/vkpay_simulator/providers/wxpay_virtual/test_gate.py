"""What every server call has to pass, and in which order it is refused."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay_virtual.shop import USER_IP, Shop, hmac_hex

BALANCE = "query_user_balance"


def body(shop: Shop, **changed: Any) -> dict[str, Any]:
    return {"openid": shop.openid, "user_ip": USER_IP} | changed


def explained(shop: Shop, name: str, given: Any, **more: Any) -> str:
    return shop.answer(name, given, **more).explain


def test_passed(shop: Shop) -> None:
    answer = shop.answer(BALANCE, body(shop))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json; charset=UTF-8")
    assert json.loads(answer.body) | {"errcode": 0, "errmsg": "ok"} == json.loads(answer.body)


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        ({"access_token": None}, 41001, "access_token missing"),
        ({"access_token": "x"}, 40001, "invalid credential"),
        ({"pay_sig": None}, 268490002, "签名字段[pay_sig]为空"),
        ({"pay_sig": "0" * 64}, 268490003, "支付签名(pay_sig)校验失败 rid: "),
        ({"signature": None}, 268490002, "签名字段[signature]为空"),
        ({"signature": "0" * 64}, 268490003, "签名校验失败 rid: "),
    ],
)
def test_refused(shop: Shop, query: dict[str, Any], code: int, text: str) -> None:
    refused = shop.call(BALANCE, body(shop), **query)
    assert refused["errcode"] == code
    assert text in refused["errmsg"]
    head, _, rid = refused["errmsg"].rpartition(" rid: ")
    assert head
    assert [len(part) for part in rid.split("-")] == [8, 8, 8]


def test_the_order_of_the_checks(shop: Shop) -> None:
    """Each mistake is mended in turn, and the next one comes to light."""
    wrong: dict[str, Any] = {"access_token": "x", "pay_sig": "0", "signature": "0"}
    given: Any = b"[]"

    def code() -> Any:
        return shop.call(BALANCE, given, signed=True, **wrong)["errcode"]

    assert code() == 40001
    del wrong["access_token"]
    assert code() == 268490002
    given = {"openid": "o-nobody"}
    assert code() == 268490003
    del wrong["pay_sig"]
    assert code() == 268490001
    given = {"openid": shop.openid}
    assert code() == 268490003
    del wrong["signature"]
    assert code() == 268490002
    given = body(shop)
    assert code() == 0


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a":' + b"1" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_plain_object(shop: Shop, given: bytes) -> None:
    assert shop.call(BALANCE, given)["errcode"] == 268490002


def test_upper_case_is_refused(shop: Shop) -> None:
    raw = json.dumps({"env": 0, **body(shop)}).encode()
    upper = hmac_hex(shop.app.app_keys[0], f"/xpay/{BALANCE}&".encode() + raw).upper()
    assert "lower-case hex" in explained(shop, BALANCE, body(shop), pay_sig=upper)
    assert shop.call(BALANCE, body(shop), pay_sig=upper)["errcode"] == 268490003


def test_the_key_is_that_of_the_environment(shop: Shop) -> None:
    assert shop.call(BALANCE, body(shop), env=1)["errcode"] == 0
    raw = json.dumps({"env": 1, **body(shop)}).encode()
    other = hmac_hex(shop.app.app_keys[0], f"/xpay/{BALANCE}&".encode() + raw)
    assert "AppKey of env 0" in explained(shop, BALANCE, body(shop), env=1, pay_sig=other)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("xpay/query_user_balance", "without its slash"),
        ("requestVirtualPayment", "the uri of the client's call"),
        ("http://127.0.0.1:9200/xpay/query_user_balance", "scheme and host"),
    ],
)
def test_the_journal_says_what_was_signed_instead(shop: Shop, uri: str, said: str) -> None:
    raw = json.dumps({"env": 0, **body(shop)}).encode()
    wrong = hmac_hex(shop.app.app_keys[0], f"{uri}&".encode() + raw)
    assert said in explained(shop, BALANCE, body(shop), pay_sig=wrong)


def test_the_journal_knows_json_that_was_written_again(shop: Shop) -> None:
    sent = json.dumps({"env": 0, **body(shop)}, separators=(",", ":")).encode()
    signed = json.dumps({"env": 0, **body(shop)}).encode()
    pay_sig = hmac_hex(shop.app.app_keys[0], f"/xpay/{BALANCE}&".encode() + signed)
    assert "written again" in explained(shop, BALANCE, sent, pay_sig=pay_sig)
    signature = hmac_hex(shop.session_key, signed)
    assert "written again" in explained(shop, BALANCE, sent, signature=signature)


def test_the_journal_knows_a_signature_with_the_path(shop: Shop) -> None:
    raw = json.dumps({"env": 0, **body(shop)}).encode()
    wrong = hmac_hex(shop.session_key, f"/xpay/{BALANCE}&".encode() + raw)
    assert "the path was signed too" in explained(shop, BALANCE, body(shop), signature=wrong)
    upper = hmac_hex(shop.session_key, raw).upper()
    assert "lower-case hex" in explained(shop, BALANCE, body(shop), signature=upper)


@pytest.mark.parametrize("openid", [None, 1, "", "o-nobody"])
def test_a_user_has_to_be_known(shop: Shop, openid: Any) -> None:
    assert shop.call("present_currency", {"openid": openid})["errcode"] == 268490001


def test_a_session_that_has_ended(shop: Shop) -> None:
    shop.post("/_sim/wxpay-virtual/expire-session", {"openid": shop.openid})
    assert shop.balance()["errcode"] == 268490009
    assert shop.present()["errcode"] == 0


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("currency_pay", {"amount": 0}),
        ("currency_pay", {"amount": "5"}),
        ("currency_pay", {"amount": True}),
        ("currency_pay", {"order_id": ""}),
        ("present_currency", {"amount": -1}),
        ("present_currency", {"env": 2}),
        ("present_currency", {"env": "0"}),
        ("present_currency", {"env": True}),
        ("create_withdraw_order", {"withdraw_no": "short"}),
        ("create_withdraw_order", {"withdraw_no": "W2026000|"}),
        ("create_withdraw_order", {"withdraw_no": "W20260001", "withdraw_amount": "1.234"}),
        ("start_upload_goods", {"upload_item": []}),
        ("start_publish_goods", {"publish_item": [{"id": "a"}, {"id": "b"}]}),
    ],
)
def test_fields(shop: Shop, name: str, changed: dict[str, Any]) -> None:
    given = {
        "openid": shop.openid,
        "user_ip": USER_IP,
        "amount": 1,
        "order_id": "X1",
        "payitem": "[]",
        "remark": "",
    }
    assert shop.call(name, given | changed)["errcode"] == 268490002


def test_an_env_that_is_left_out_is_signed_as_production(shop: Shop) -> None:
    assert shop.call("present_currency", {"openid": shop.openid}, env=None)["errcode"] == 268490002
    assert (
        shop.call("download_bill", {"begin_ds": 20260101, "end_ds": 20260101}, env=None)["errcode"]
        == 268490011
    )
