"""Pushes: genuine ones in every mode and form, what they mean, and the reply that each wants."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from defusedxml.ElementTree import fromstring

from tests.vkpay_async.providers.wxpay_virtual.conftest import (
    APPID,
    NONCE,
    NOW_MS,
    NUMBER,
    OPENID,
    TOKEN,
    Json,
    cash_order,
    goods_event,
    provider_of,
    push,
    raw_push,
    refund_order,
    sha1_sorted,
    unseal,
)
from vkpay_async.errors import ConfigError, NotificationInvalid, NotificationMismatch, ProviderUnavailable
from vkpay_async.models import RefundState, TradeState

MODES = ["plain", "compatible", "secure"]
FORMS = ["json", "xml"]
MISSING = {"errcode": 268490002, "errmsg": "数据不存在 rid: 1-2-3"}


def coin_event(**changed: Any) -> Json:
    info = {"Quantity": 350, "OrigPrice": 350, "ActualPrice": 350, "Attach": ""}
    return goods_event(**{"Event": "xpay_coin_pay_notify", "GoodsInfo": None, "CoinInfo": info} | changed)


def refund_event(**changed: Any) -> Json:
    return {
        "ToUserName": "gh_1",
        "FromUserName": "oOfficial",
        "CreateTime": 1767196802,
        "MsgType": "event",
        "Event": "xpay_refund_notify",
        "OpenId": OPENID,
        "WxRefundId": "7000000000000000000001",
        "MchRefundId": "R20260001",
        "WxOrderId": "5000000000000000000001",
        "MchOrderId": NUMBER,
        "RefundFee": 400,
        "RetCode": 0,
        "RetMsg": "success",
        "RefundStartTimestamp": 1767196800,
        "RefundSuccTimestamp": 1767196802,
        "WxpayRefundTransactionId": "5030000001",
        "RetryTimes": 0,
    } | changed


def opened_reply(reply: Any, form: str) -> Json:
    """What an encrypted reply says, if its signature holds."""
    assert (reply.status, reply.content_type) == (200, "application/json" if form == "json" else "text/xml")
    if form == "json":
        members = json.loads(reply.body)
        assert isinstance(members["TimeStamp"], int)
    else:
        members = {child.tag: child.text for child in fromstring(reply.body)}
    sealed = members["Encrypt"]
    assert members["MsgSignature"] == sha1_sorted(TOKEN, str(members["TimeStamp"]), members["Nonce"], sealed)
    assert (str(members["TimeStamp"]), members["Nonce"]) == (str(NOW_MS // 1000), NONCE[16:])
    plain, appid = unseal(sealed)
    assert appid == APPID
    return read_reply(plain, form)


def read_reply(body: bytes, form: str) -> Json:
    if form == "json":
        read: Json = json.loads(body)
        return read
    return {child.tag: child.text for child in fromstring(body)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", MODES)
def test_a_payment(provider: Any, run: Any, wechat: Any, mode: str, form: str) -> None:
    notification = run(provider.notification(push(goods_event(), mode=mode, form=form)), cash_order())
    assert (notification.kind, notification.event) == ("payment", "xpay_goods_deliver_notify")
    trade = notification.trade
    assert (trade.out_trade_no, trade.state, trade.total_fee, trade.transaction_id, trade.openid) == (
        NUMBER, TradeState.SUCCESS, 990, "4200000001", OPENID,
    )  # fmt: skip
    assert (trade.appid, trade.mch_id, trade.success_time) == (APPID, "1600000001", 1_767_196_800_000)
    assert notification.raw["OutTradeNo"] == NUMBER
    assert wechat.sent == (
        [("/xpay/query_order", {"openid": OPENID, "env": 0, "order_id": NUMBER})] if mode == "plain" else []
    )


@pytest.mark.parametrize("form", FORMS)
def test_the_reply_is_in_the_form_of_the_push(provider: Any, run: Any, form: str) -> None:
    expected = (
        {"ErrCode": 0, "ErrMsg": "success"} if form == "json" else {"ErrCode": "0", "ErrMsg": "success"}
    )
    for mode in MODES:
        reply = run(provider.notification(push(goods_event(), mode=mode, form=form)), cash_order()).reply
        if mode == "plain":
            assert reply.status == 200
            assert read_reply(reply.body, form) == expected
        else:
            assert opened_reply(reply, form) == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", MODES)
def test_coins_are_asked_after(provider: Any, run: Any, wechat: Any, mode: str, form: str) -> None:
    """Whether prices are of one or of all is not documented."""
    answer = cash_order(order_fee=350, paid_fee=350, left_fee=350)
    notification = run(provider.notification(push(coin_event(), mode=mode, form=form)), answer)
    assert (notification.event, notification.trade.total_fee) == ("xpay_coin_pay_notify", 350)
    assert len(wechat.calls) == 1


@pytest.mark.parametrize(
    "info",
    [
        {"Quantity": 2, "OrigPrice": 990, "ActualPrice": 990},
        {"Quantity": 1, "OrigPrice": 990, "ActualPrice": 890},
        {"Quantity": 1, "ActualPrice": 990},
        {"Quantity": 1, "OrigPrice": 990},
    ],
)
def test_a_price_that_leaves_doubt_is_asked_after(provider: Any, run: Any, wechat: Any, info: Json) -> None:
    notification = run(provider.notification(push(goods_event(GoodsInfo=info))), cash_order(order_fee=1980))
    assert notification.trade.total_fee == 1980
    assert len(wechat.calls) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"WeChatPayInfo": None},
        {"WeChatPayInfo": {"MchOrderNo": "M1", "TransactionId": "", "PaidTime": 1767196800}},
        {"WeChatPayInfo": {}},
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_a_number_that_is_missing_is_asked_for(provider: Any, run: Any, changed: Json, form: str) -> None:
    answer = cash_order(wxpay_order_id="")
    trade = run(provider.notification(push(goods_event(**changed), form=form)), answer).trade
    assert trade.transaction_id == "5000000000000000000001"


def test_names_are_read_in_any_case(provider: Any, run: Any) -> None:
    event = {
        name.lower(): {key.upper(): one for key, one in value.items()} if isinstance(value, dict) else value
        for name, value in goods_event().items()
    }
    trade = run(provider.notification(push(event))).trade
    assert (trade.out_trade_no, trade.total_fee, trade.openid) == (NUMBER, 990, OPENID)


def test_unknown_fields_are_left_alone(provider: Any, run: Any) -> None:
    event = goods_event(TeamInfo={"ActivityId": "a", "TeamType": 1}, NewField=[1, {"x": 2}])
    assert run(provider.notification(push(event))).kind == "payment"


def test_a_push_is_for_the_environment_of_the_settings(provider: Any, run: Any) -> None:
    with pytest.raises(NotificationMismatch, match="env 1, and sandbox in the settings is False"):
        run(provider.notification(push(goods_event(Env=1))))
    sandbox = provider_of(sandbox=True)
    assert run(sandbox.notification(push(goods_event(Env=1)))).kind == "payment"
    with pytest.raises(NotificationMismatch, match="env 0"):
        run(sandbox.notification(push(goods_event())))


@pytest.mark.parametrize("mode", ["plain", "secure"])
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (cash_order(status=1), "WeChat's query that it is not: 订单未支付"),
        (cash_order(status=6), "订单已关闭"),
        (MISSING, "an order that WeChat does not know"),
    ],
)
def test_a_payment_that_the_query_does_not_confirm(
    provider: Any, run: Any, mode: str, answer: Any, text: str
) -> None:
    with pytest.raises(NotificationMismatch, match=text):
        run(provider.notification(push(coin_event(), mode=mode)), answer)


def test_a_query_that_fails_is_no_answer_to_the_push(provider: Any, run: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        run(provider.notification(push(coin_event())), {"errcode": -1, "errmsg": "x"})


def test_a_payment_that_was_partly_given_back_meanwhile(provider: Any, run: Any) -> None:
    trade = run(provider.notification(push(goods_event(), mode="plain")), cash_order(left_fee=500)).trade
    assert (trade.state, trade.state.paid) == (TradeState.REFUND, True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", ["compatible", "secure"])
@pytest.mark.parametrize(
    ("code", "state"), [(0, RefundState.SUCCESS), (1, RefundState.CLOSED), (-1, RefundState.CLOSED)]
)
def test_a_refund(
    provider: Any, run: Any, wechat: Any, mode: str, form: str, code: int, state: RefundState
) -> None:
    notification = run(provider.notification(push(refund_event(RetCode=code), mode=mode, form=form)))
    assert (notification.kind, notification.event) == ("refund", "xpay_refund_notify")
    refund = notification.refund
    assert (refund.out_trade_no, refund.out_refund_no, refund.refund_fee, refund.refund_id) == (
        NUMBER, "R20260001", 400, "7000000000000000000001",
    )  # fmt: skip
    assert (refund.state, bool(refund.success_time)) == (state, code == 0)
    assert (refund.appid, refund.mch_id, refund.total_fee) == (APPID, "1600000001", None)
    assert wechat.calls == []


@pytest.mark.parametrize("form", FORMS)
def test_a_refund_in_plain_is_asked_after(provider: Any, run: Any, wechat: Any, form: str) -> None:
    raw = push(refund_event(RefundFee=1), mode="plain", form=form)
    refund = run(provider.notification(raw), refund_order(status=8)).refund
    assert (refund.state, refund.refund_fee) == (RefundState.SUCCESS, 400)
    assert wechat.sent[0][1]["order_id"] == "R20260001"
    with pytest.raises(NotificationMismatch, match="a refund that WeChat does not know"):
        run(provider.notification(raw), MISSING)


@pytest.mark.parametrize(
    "event",
    [
        {
            "Event": "xpay_complaint_notify",
            "OpenId": OPENID,
            "WxOrderId": "5",
            "MchOrderId": NUMBER,
            "ComplaintDetail": "nothing came",
        },
        {"Event": "xpay_subscribe_ios_refund_query_notify", "pay_order_id": NUMBER},
        {"Event": "something_new"},
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_what_changes_no_order_is_acknowledged(provider: Any, run: Any, event: Json, form: str) -> None:
    notification = run(provider.notification(push(event, form=form)))
    assert (notification.kind, notification.event) == ("other", event["Event"])
    assert dict(notification.raw) == event
    assert opened_reply(notification.reply, form)["ErrMsg"] == "success"


def check(**changed: str) -> Any:
    query = {
        "signature": sha1_sorted(TOKEN, "1714036504", "1514711492"),
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    } | changed
    return raw_push(b"", urlencode(query), method="GET")


def test_the_address_is_checked(provider: Any, run: Any) -> None:
    notification = run(provider.notification(check()))
    assert (notification.kind, notification.event) == ("other", "url_check")
    reply = notification.reply
    assert (reply.status, reply.body, reply.content_type) == (200, b"4375120948345356249", "text/plain")


def test_a_push_before_the_token_is_set(run: Any) -> None:
    for raw in (push(goods_event()), check()):
        with pytest.raises(ConfigError, match="token is not set; it is the Token of"):
            run(provider_of(token=None).notification(raw))


def test_an_encrypted_push_before_its_key_is_set(run: Any) -> None:
    provider = provider_of(encoding_aes_key=None)
    with pytest.raises(NotificationInvalid, match="set encoding_aes_key"):
        run(provider.notification(push(goods_event())))
    assert run(provider.notification(push(goods_event(), mode="plain")), cash_order()).kind == "payment"


def test_the_usual_words(provider: Any) -> None:
    assert (provider.accept().status, provider.accept().body) == (200, b"success")
    assert (provider.refuse().status, json.loads(provider.refuse().body)["ErrCode"]) == (500, -1)
