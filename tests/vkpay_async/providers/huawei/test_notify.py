"""Callbacks: verified over their raw numbers, typed, and what is answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import gmssl_pyx
import pytest

from tests.vkpay_async.providers.huawei.conftest import (
    APP,
    MERC,
    PATH,
    PAYMENT,
    REFUND,
    Exchange,
    Platform,
    text_of,
)
from vkpay_async.config import Material
from vkpay_async.errors import NotificationInvalid, SignatureInvalid
from vkpay_async.models import RawNotification, RefundState, TradeState
from vkpay_async.providers.base import OffLoop


def raw(body: bytes, path: str = PATH) -> RawNotification:
    return RawNotification(path=path, headers={}, body=body)


def test_a_payment(provider: Any, platform: Platform, run: Exchange) -> None:
    told = run(provider.notification(platform.callback(PAYMENT)))
    assert (told.kind, told.id, told.event) == ("payment", PAYMENT["callbackId"], "TRX_SUCCESS")
    trade = told.trade
    assert (trade.out_trade_no, trade.transaction_id) == ("T1", PAYMENT["sysTransOrderNo"])
    assert (trade.state, trade.total_fee, trade.success_time) == (TradeState.SUCCESS, 1000, 1767196801000)
    assert (trade.appid, trade.mch_id, trade.openid) == (APP, MERC, "MDFxyz")
    assert told.raw["payerAmount"] == 900
    assert told.reply is None
    assert run.requests == []


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("REFUND_SUCCESS", RefundState.SUCCESS),
        ("REFUND_FAILED", RefundState.CLOSED),
        ("REFUND_CHL_PROC", RefundState.PROCESSING),
        ("REFUND_SOMETHING", RefundState.UNKNOWN),
    ],
)
def test_a_refund_is_of_the_order_in_the_address(
    provider: Any, platform: Platform, run: Exchange, word: str, state: RefundState
) -> None:
    told = run(provider.notification(platform.callback(REFUND | {"refundOrderStatus": word})))
    assert (told.kind, told.event) == ("refund", word)
    refund = told.refund
    assert (refund.out_trade_no, refund.out_refund_no, refund.state) == ("T1", "T1-1", state)
    assert (refund.refund_fee, refund.cash_refund_fee, refund.mch_id) == (400, 360, MERC)
    assert refund.success_time == 1767196802000


@pytest.mark.parametrize("path", ["/x/T%2D1", "/x/T-1?a=/b", "/x/T-1/"])
def test_the_order_in_an_address(provider: Any, platform: Platform, run: Exchange, path: str) -> None:
    assert run(provider.notification(platform.callback(REFUND, path))).refund.out_trade_no == "T-1"


@pytest.mark.parametrize(
    "fields",
    [
        PAYMENT | {"orderStatus": "TRX_FAILED"},
        {"callbackId": "1", "planId": "p", "contractId": "c", "changeMode": "USER_SIGN", "signType": "SM2"},
        {"callbackId": "1", "combinedMercOrderNo": "C1", "orderStatus": "TRX_SUCCESS", "subOrders": []},
    ],
    ids=["a payment that failed", "a contract", "a combined order"],
)
def test_what_is_acknowledged_and_left_alone(
    provider: Any, platform: Platform, run: Exchange, fields: dict[str, Any]
) -> None:
    told = run(provider.notification(platform.callback(fields)))
    assert told.kind == "other"
    assert told.trade is None


def test_fields_that_nobody_knows_are_signed_too(provider: Any, platform: Platform, run: Exchange) -> None:
    more = PAYMENT | {"extInfo": {"b": [1, None, {"z": True, "a": ""}], "a": None}}
    assert run(provider.notification(platform.callback(more))).kind == "payment"


def test_numbers_are_signed_as_they_are_sent(provider: Any, platform: Platform, run: Exchange) -> None:
    signature = platform.sign(PAYMENT | {"rate": "1.50", "big": "9" * 30})
    body = json.dumps(PAYMENT | {"rate": 0, "big": 0, "sign": signature})
    body = body.replace('"rate": 0', '"rate": 1.50').replace('"big": 0', '"big": ' + "9" * 30)
    assert run(provider.notification(raw(body.encode()))).kind == "payment"


def test_another_keys_signature(provider: Any, run: Exchange) -> None:
    point, number = gmssl_pyx.sm2_key_generate()

    signature = base64.b64encode(gmssl_pyx.sm2_sign(number, point, text_of(PAYMENT).encode())).decode()
    with pytest.raises(SignatureInvalid, match="does not hold"):
        run(provider.notification(raw(json.dumps(PAYMENT | {"sign": signature}).encode())))


@pytest.mark.parametrize(
    "name", ["totalAmount", "mercOrderNo", "orderStatus", "callbackId", "certNo", "payer"]
)
def test_any_changed_field_breaks_the_signature(
    provider: Any, platform: Platform, run: Exchange, name: str
) -> None:
    body = json.loads(platform.signed(PAYMENT))
    for changed in ({name: "1"}, {name: None}):
        with pytest.raises(SignatureInvalid, match="does not hold"):
            run(provider.notification(raw(json.dumps(body | changed).encode())))


@pytest.mark.parametrize("sign", [None, "", 1, ["x"], "?", "AAAA"])
def test_what_is_no_signature(provider: Any, run: Exchange, sign: Any) -> None:
    with pytest.raises(SignatureInvalid, match="no signature|not base64|not one of SM2"):
        run(provider.notification(raw(json.dumps(PAYMENT | {"sign": sign}).encode())))


def test_two_platform_keys_while_one_follows_the_other(
    make_provider: Any, platform: Platform, run: Exchange
) -> None:
    other = gmssl_pyx.sm2_key_generate()[0].hex()
    for keys in (f"{other} 04{platform.point.hex()}", f"{platform.point.hex()}\n{other}"):
        provider = make_provider(platform_public_key=Material(keys))
        assert run(provider.notification(platform.callback(PAYMENT))).kind == "payment"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"dataType": "encrypt"}, "switch encryption off"),
        ({"currency": "USD"}, "CNY only"),
        ({"totalAmount": None}, "without totalAmount"),
        ({"sysTransOrderNo": None}, "without totalAmount or sysTransOrderNo"),
        ({"totalAmount": 1.5}, "not a callback of Payment Kit"),
        ({"totalAmount": "much"}, "not a callback of Payment Kit"),
        ({"callbackId": None}, "not a callback of Payment Kit"),
        ({"payer": "me"}, "not a callback of Payment Kit"),
    ],
)
def test_genuine_and_not_to_be_read(
    provider: Any, platform: Platform, run: Exchange, fields: dict[str, Any], text: str
) -> None:
    with pytest.raises(NotificationInvalid, match=text):
        run(provider.notification(platform.callback(PAYMENT | fields)))


def test_a_refund_without_its_fields(provider: Any, platform: Platform, run: Exchange) -> None:
    for fields, text in (({"refundAmount": None}, "refundAmount"), ({"currency": "USD"}, "CNY only")):
        with pytest.raises(NotificationInvalid, match=text):
            run(provider.notification(platform.callback(REFUND | fields)))


def test_verification_is_off_the_loop(provider: Any, platform: Platform) -> None:
    flow = provider.notification(platform.callback(PAYMENT))
    step = next(flow)
    assert isinstance(step, OffLoop)
    with pytest.raises(StopIteration) as done:
        flow.send(step.work())
    assert done.value.value.kind == "payment"


def test_replies(provider: Any) -> None:
    accepted, refused = provider.accept(), provider.refuse()
    assert json.loads(accepted.body) == {"resultCode": "000000", "resultDesc": "Success."}
    assert (accepted.status, accepted.content_type) == (200, "application/json")
    assert json.loads(refused.body)["resultCode"] != "000000"
    assert refused.status != 200
