"""What a notification becomes, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vkpay_async.errors import NotificationInvalid, SignatureInvalid, SignatureProbe
from vkpay_async.models import (
    AuthorizationState,
    Notification,
    RawNotification,
    RefundState,
    TransferState,
)

TRANSACTION = {
    "appid": "wx2421b1c4370ec43b",
    "mchid": "1900007291",
    "out_trade_no": "T1",
    "transaction_id": "42",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "success_time": "2026-01-01T00:00:01+08:00",
    "payer": {"openid": "oUpF8"},
    "amount": {"total": 100},
}
REFUND = {
    "mchid": "1900007291",
    "transaction_id": "42",
    "out_trade_no": "T1",
    "refund_id": "50",
    "out_refund_no": "R1",
    "refund_status": "ABNORMAL",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30},
}
TRANSFER = {
    "out_bill_no": "B1",
    "transfer_bill_no": "1330",
    "state": "CANCELLED",
    "mch_id": "1900007291",
    "transfer_amount": 100,
    "openid": "oUpF8",
    "fail_reason": "",
}


AUTHORIZATION = {
    "out_authorization_no": "plfk2020042013",
    "appid": "wxf636efh567hg4356",
    "openid": "o-MYE42l80oelYMDE34nYD456Xoy",
    "user_display_name": "wx_123456",
    "authorization_id": "201202504101000123456789012",
    "state": "TAKING_EFFECT",
    "authorize_time": "2015-05-20T13:29:35+08:00",
}


@pytest.fixture
def receive(provider: Any, platform: Any, run: Any) -> Any:
    """Signs an envelope, or these bytes, and hands it to the provider."""

    def receive(content: Any, headers: dict[str, Any] | None = None, **signing: Any) -> Notification:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        signed = {**platform.headers(body, **signing), **(headers or {})}
        kept = {key: value for key, value in signed.items() if value is not None}
        notification: Notification = run(
            provider.notification(RawNotification(path="/notify/wxpay", headers=kept, body=body))
        )
        return notification

    return receive


def sealed(platform: Any, event: str, original_type: str, resource: Any, **sealing: Any) -> dict[str, Any]:
    plain = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    envelope: dict[str, Any] = platform.envelope(event, original_type, plain, **sealing)
    return envelope


def test_payment(platform: Any, receive: Any) -> None:
    notification = receive(sealed(platform, "TRANSACTION.SUCCESS", "transaction", TRANSACTION))
    assert (notification.kind, notification.id) == ("payment", "EV-2018022511223320873")
    assert (notification.refund, notification.transfer) == (None, None)
    trade = notification.trade
    assert (trade.out_trade_no, trade.total_fee, trade.mch_id) == ("T1", 100, "1900007291")
    assert dict(notification.raw) == TRANSACTION


def test_a_payment_to_a_sub_merchant_is_known_by_the_service_provider(platform: Any, receive: Any) -> None:
    resource = {
        **{key: value for key, value in TRANSACTION.items() if key not in ("appid", "mchid")},
        "sp_appid": "wxsp",
        "sp_mchid": "19",
        "sub_mchid": "20",
        "payer": {"sp_openid": "oSP"},
    }
    trade = receive(sealed(platform, "TRANSACTION.SUCCESS", "transaction", resource)).trade
    assert (trade.appid, trade.mch_id, trade.sub_mchid, trade.openid) == ("wxsp", "19", "20", "oSP")


@pytest.mark.parametrize("word", ["SUCCESS", "ABNORMAL", "CLOSED"])
def test_refund(platform: Any, receive: Any, word: str) -> None:
    resource = {**REFUND, "refund_status": word}
    notification = receive(sealed(platform, f"REFUND.{word}", "refund", resource))
    assert (notification.kind, notification.event) == ("refund", f"REFUND.{word}")
    refund = notification.refund
    assert (refund.state, refund.mch_id) == (RefundState(word), "1900007291")
    assert (refund.out_refund_no, refund.refund_fee, refund.cash_refund_fee) == ("R1", 30, 30)
    assert notification.raw["user_received_account"] == "招商银行信用卡0403"


@pytest.mark.parametrize("word", ["SUCCESS", "FAIL", "CANCELLED"])
def test_transfer(platform: Any, receive: Any, word: str) -> None:
    resource = {**TRANSFER, "state": word}
    notification = receive(sealed(platform, "MCHTRANSFER.BILL.FINISHED", "mch_payment", resource))
    assert notification.kind == "transfer"
    transfer = notification.transfer
    assert (transfer.state, transfer.mch_id) == (TransferState(word), "1900007291")
    assert (transfer.out_bill_no, transfer.transfer_amount, transfer.openid) == ("B1", 100, "oUpF8")
    assert notification.raw["transfer_bill_no"] == "1330"


def test_an_authorisation_takes_effect(platform: Any, receive: Any) -> None:
    event = "MCHTRANSFER.AUTHORIZATION.CONFIRMED"
    notification = receive(sealed(platform, event, "mch_payment", AUTHORIZATION))
    assert (notification.kind, notification.event) == ("transfer_auth", event)
    assert notification.transfer is None
    authorization = notification.authorization
    assert (authorization.state, authorization.authorization_id) == (
        AuthorizationState.TAKING_EFFECT,
        "201202504101000123456789012",
    )
    assert (authorization.out_authorization_no, authorization.openid) == (
        "plfk2020042013",
        "o-MYE42l80oelYMDE34nYD456Xoy",
    )
    assert (authorization.authorize_time, authorization.close_reason) == (1_432_099_775_000, None)
    assert dict(notification.raw) == AUTHORIZATION


def test_an_authorisation_is_closed(platform: Any, receive: Any) -> None:
    closed = {"close_time": "2015-05-21T13:29:35+08:00", "close_reason": "USER_CLOSE"}
    resource = {**AUTHORIZATION, "state": "CLOSED", "close_info": closed, "mchid": "1900007291"}
    authorization = receive(
        sealed(platform, "MCHTRANSFER.AUTHORIZATION.CLOSED", "mch_payment", resource)
    ).authorization
    assert (authorization.state, authorization.close_reason) == (AuthorizationState.CLOSED, "USER_CLOSE")
    assert (authorization.close_time, authorization.mch_id) == (1_432_186_175_000, "1900007291")


def test_an_authorisation_of_an_unknown_state_keeps_its_word(platform: Any, receive: Any) -> None:
    resource = {"out_authorization_no": "AUTH1", "state": "PAUSED"}
    authorization = receive(
        sealed(platform, "MCHTRANSFER.AUTHORIZATION.PAUSED", "mch_payment", resource)
    ).authorization
    assert (authorization.state, authorization.raw_state) == (AuthorizationState.UNKNOWN, "PAUSED")


@pytest.mark.parametrize(
    ("event", "original_type", "resource"),
    [
        ("TRANSACTION.SUCCESS", "transaction", {"combine_out_trade_no": "C1", "sub_orders": []}),
        ("TRANSACTION.SUCCESS", "transaction", {**TRANSACTION, "trade_state": "CLOSED"}),
        ("TRANSACTION.SUCCESS", "profitsharing", {"out_order_no": "1", "receiver": {"amount": 1}}),
        ("TRANSACTION.PAY_BACK", "transaction", {"out_trade_no": "T1"}),
        ("MCHTRANSFER.BATCH.FINISHED", "mch_payment", {"out_batch_no": "1"}),
        ("MCHTRANSFER.QQWALLETBILL.FINISHED", "mch_payment", {"out_bill_no": "1", "state": "SUCCESS"}),
        ("SECURITY_ECHO.SUCCESS", "security", {"echo_message": "hello"}),
        ("TRANSACTION.SUCCESS", "refund", {}),
    ],
)
def test_the_rest_is_left_alone(
    platform: Any, receive: Any, event: str, original_type: str, resource: dict[str, Any]
) -> None:
    notification = receive(sealed(platform, event, original_type, resource))
    assert (notification.kind, notification.event) == ("other", event)
    assert notification.trade is notification.refund is notification.transfer is None
    assert dict(notification.raw) == resource


def without(envelope: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in envelope.items() if key not in keys}


def test_an_empty_associated_data_may_be_missing(platform: Any, receive: Any) -> None:
    plain = json.dumps(TRANSACTION).encode()
    resource = {"original_type": "transaction", **platform.seal(plain, "")}
    for associated in ({}, {"associated_data": None}, {"associated_data": ""}):
        envelope = {
            "id": "1",
            "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource",
            "resource": {**without(resource, "associated_data"), **associated},
        }
        assert receive(envelope).kind == "payment"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"wechatpay-timestamp": None}, "wechatpay-timestamp is missing"),
        ({"wechatpay-nonce": None}, "wechatpay-nonce is missing"),
        ({"wechatpay-signature": None}, "wechatpay-signature is missing"),
        ({"wechatpay-serial": None}, "wechatpay-serial is missing"),
        ({"wechatpay-timestamp": ""}, "not seconds"),
        ({"wechatpay-timestamp": "1767196801"}, "does not hold"),
        ({"wechatpay-signature": "not base64!"}, "does not hold"),
        ({"wechatpay-serial": "PUB_KEY_ID_2"}, "PUB_KEY_ID_2"),
    ],
)
def test_unsigned_or_badly_signed(platform: Any, receive: Any, headers: dict[str, Any], text: str) -> None:
    envelope = sealed(platform, "TRANSACTION.SUCCESS", "transaction", TRANSACTION)
    with pytest.raises(SignatureInvalid, match=text):
        receive(envelope, headers)


@pytest.mark.parametrize("age_s", [301, -301])
def test_an_old_copy(platform: Any, receive: Any, age_s: int) -> None:
    envelope = sealed(platform, "TRANSACTION.SUCCESS", "transaction", TRANSACTION)
    with pytest.raises(SignatureInvalid, match="more than five minutes off"):
        receive(envelope, age_s=age_s)


def test_a_probe(platform: Any, receive: Any) -> None:
    envelope = sealed(platform, "TRANSACTION.SUCCESS", "transaction", TRANSACTION)
    with pytest.raises(SignatureProbe):
        receive(envelope, {"wechatpay-signature": "WECHATPAY/SIGNTEST/x"})


def with_resource(envelope: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**envelope, "resource": {**envelope["resource"], **fields}}


PAYMENT = ("TRANSACTION.SUCCESS", "transaction")
UNREADABLE: dict[str, Any] = {
    "empty": lambda _: b"",
    "not JSON": lambda _: b"<xml/>",
    "not UTF-8": lambda _: b'{"id":"\xff"}',
    "a list": lambda _: b"[]",
    "null": lambda _: b"null",
    "no id": lambda p: without(sealed(p, *PAYMENT, TRANSACTION), "id"),
    "a null event": lambda p: {**sealed(p, *PAYMENT, TRANSACTION), "event_type": None},
    "no resource": lambda p: {**sealed(p, *PAYMENT, TRANSACTION), "resource": None},
    "another resource_type": lambda p: {**sealed(p, *PAYMENT, TRANSACTION), "resource_type": "plain"},
    "SM4": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), algorithm="AEAD_SM4_GCM"),
    "no original_type": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), original_type=None),
    "not base64": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), ciphertext="a*b"),
    "too short": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), ciphertext="AAAA"),
    "another nonce": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), nonce="abcdefghijkl"),
    "no nonce": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), nonce=""),
    "another key": lambda p: sealed(p, *PAYMENT, TRANSACTION, key="f" * 32),
    "other associated data": lambda p: with_resource(sealed(p, *PAYMENT, TRANSACTION), associated_data="x"),
    "plain text": lambda p: sealed(p, *PAYMENT, b"paid"),
    "plain bytes": lambda p: sealed(p, *PAYMENT, b'{"trade_state":"\xff"}'),
    "a payment without a number": lambda p: sealed(p, *PAYMENT, {**TRANSACTION, "out_trade_no": None}),
    "a payment without an amount": lambda p: sealed(p, *PAYMENT, {**TRANSACTION, "amount": None}),
    "a payment without a total": lambda p: sealed(p, *PAYMENT, {**TRANSACTION, "amount": {"total": None}}),
    "an amount as text": lambda p: sealed(p, *PAYMENT, {**TRANSACTION, "amount": {"total": "100"}}),
    "an amount as a float": lambda p: sealed(p, *PAYMENT, {**TRANSACTION, "amount": {"total": 1.5}}),
    "a refund without a number": lambda p: sealed(
        p, "REFUND.SUCCESS", "refund", {**REFUND, "out_refund_no": None}
    ),
    "a refund without an amount": lambda p: sealed(p, "REFUND.SUCCESS", "refund", {**REFUND, "amount": None}),
    "a transfer without a state": lambda p: sealed(
        p, "MCHTRANSFER.BILL.FINISHED", "mch_payment", {**TRANSFER, "state": None}
    ),
    "something else that is no object": lambda p: sealed(p, "COMPLAINT.CREATE", "complaint", b"[]"),
}


@pytest.mark.parametrize("build", UNREADABLE.values(), ids=UNREADABLE)
def test_signed_but_unreadable(platform: Any, receive: Any, build: Any) -> None:
    with pytest.raises(NotificationInvalid) as refused:
        receive(build(platform))
    assert len(refused.value.msg) > 20


def test_the_certificate_is_fetched_when_it_is_not_known(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    platform.serial = "ABC1"
    body = json.dumps(sealed(platform, "TRANSACTION.SUCCESS", "transaction", TRANSACTION)).encode()
    raw = RawNotification(path="/n", headers=platform.headers(body), body=body)
    listed = platform.answer(platform.certificates(make_certificate(serial=0xABC1)))
    assert run(provider.notification(raw), listed).kind == "payment"
    assert run(provider.notification(raw)).kind == "payment"
    assert [request.operation for request in run.requests] == ["wxpay.certificates"]
    assert not run.requests[0].moves_money


def test_the_words_wechat_pay_waits_for(provider: Any) -> None:
    accept, refuse = provider.accept(), provider.refuse()
    assert (accept.status, accept.content_type) == (200, "application/json")
    assert json.loads(accept.body) == {"code": "SUCCESS", "message": "成功"}
    assert (refuse.status, json.loads(refuse.body)) == (500, {"code": "FAIL", "message": "失败"})
