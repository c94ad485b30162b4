"""Queries, closing, refunds, and calls that have no method."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.providers.huawei.conftest import APP, MERC, PAYMENT, Exchange, Platform
from vkpay_async.errors import (
    InvalidArgument,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    RefundTooSoon,
    ResourceNotFound,
    ResponseUnverified,
)
from vkpay_async.models import OrderRef, RefundRef, RefundRequest, RefundState, TradeState
from vkpay_async.providers.base import HttpResponse

API = "https://petalpay-developer.cloud.huawei.com.cn/api"
ORDER = OrderRef(pay_type="huawei_mp-harmony", out_trade_no="T1", total_fee=1000)
PAID = OrderRef(pay_type="huawei_mp-harmony", out_trade_no="T1", transaction_id="124")
OF_SUB = OrderRef(pay_type="huawei_mp-harmony", out_trade_no="T1", sub_mchid="10200000001")


def refund(order: OrderRef = PAID, **changed: Any) -> RefundRequest:
    fields: dict[str, Any] = {
        "order": order,
        "out_refund_no": "T1-1",
        "refund_fee": 400,
        "total_fee": 1000,
        "reason": "one box broken",
        "notify_url": "https://m.example/vk-pay-notify/huawei_mp-harmony/T1",
    }
    return RefundRequest(**{**fields, **changed})


@pytest.mark.parametrize(
    ("order", "path"),
    [
        (ORDER, "/v2/aggr/transactions/merc-orders/T1"),
        (PAID, "/v2/aggr/transactions/orders/124"),
        (OF_SUB, "/v2/partner/aggr/transactions/merc-orders/T1"),
    ],
)
def test_a_query(provider: Any, platform: Platform, run: Exchange, order: OrderRef, path: str) -> None:
    trade = run(provider.query(order), platform.answer(**PAYMENT))
    assert run.request.url == API + path
    assert platform.read(run.request) is None
    assert (trade.out_trade_no, trade.transaction_id) == ("T1", "12407030857530004914518001")
    assert (trade.state, trade.total_fee, trade.success_time) == (TradeState.SUCCESS, 1000, 1767196801000)
    assert (trade.appid, trade.mch_id, trade.openid) == (APP, MERC, "MDFxyz")
    assert trade.raw["promotionDetail"] == [{"promotionId": "P1", "promotionAmount": 100}]
    assert trade.provider_order_no is None


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("TRX_SUCCESS", TradeState.SUCCESS),
        ("TRX_FAILED", TradeState.PAYERROR),
        ("TRX_APPLY", TradeState.USERPAYING),
        ("TRX_PROC", TradeState.USERPAYING),
        ("TRX_SOMETHING", TradeState.UNKNOWN),
    ],
)
def test_states(provider: Any, platform: Platform, run: Exchange, word: str, state: TradeState) -> None:
    trade = run(provider.query(ORDER), platform.answer(mercOrderNo="T1", orderStatus=word, totalAmount=1000))
    assert (trade.state, trade.raw_state) == (state, word)
    assert trade.description
    assert trade.success_time is None


def test_a_partners_order(provider: Any, platform: Platform, run: Exchange) -> None:
    fields = {
        "mercOrderNo": "T1",
        "orderStatus": "TRX_SUCCESS",
        "spAppId": APP,
        "spMercNo": MERC,
        "subMercNo": "10200000001",
        "subAppId": "9",
        "payer": {"spOpenId": "sp"},
    }
    trade = run(provider.query(OF_SUB), platform.answer(**fields))
    assert (trade.appid, trade.mch_id, trade.sub_mchid, trade.openid) == (APP, MERC, "10200000001", "sp")


def test_an_order_that_nobody_has_opened(provider: Any, platform: Platform, run: Exchange) -> None:
    with pytest.raises(ResourceNotFound, match="nobody has opened"):
        run(provider.query(ORDER), platform.refusal("MERC_ORDER_NOT_EXIST"))


def test_numbers_that_cannot_stand_in_a_path(provider: Any, run: Exchange) -> None:
    for order in (
        OrderRef(pay_type="huawei_mp-harmony", out_trade_no="a/b"),
        OrderRef(pay_type="x", out_trade_no=""),
    ):
        with pytest.raises(InvalidArgument, match="out_trade_no"):
            run(provider.query(order))


@pytest.mark.parametrize(("order", "way", "sub"), [(ORDER, "", None), (OF_SUB, "/partner", "10200000001")])
def test_closing(
    provider: Any, platform: Platform, run: Exchange, order: OrderRef, way: str, sub: str | None
) -> None:
    assert run(provider.close(order), platform.answer()) is None
    assert run.request.url == f"{API}/v1{way}/aggr/transactions/orders/close"
    body = platform.read(run.request)
    assert (body["mercOrderNo"], body.get("subMercNo")) == ("T1", sub)


def test_a_refund(provider: Any, platform: Platform, run: Exchange) -> None:
    answer = {
        "mercRefundOrderNo": "T1-1",
        "sysRefundOrderNo": "125",
        "sysTransOrderNo": "124",
        "mercOrderNo": "T1",
        "refundAmount": 400,
        "payerRefundAmount": 360,
    }
    found = run(provider.refund(refund()), platform.answer(**answer))
    assert run.request.url == f"{API}/v1/aggr/transactions/refunds"
    assert run.request.moves_money
    assert run.request.repeatable
    assert platform.read(run.request) == {
        "sysTransOrderNo": "124",
        "mercRefundOrderNo": "T1-1",
        "reason": "one box broken",
        "callbackUrl": "https://m.example/vk-pay-notify/huawei_mp-harmony/T1",
        "refundAmount": 400,
    }
    assert (found.state, found.refund_id, found.refund_fee) == (RefundState.PROCESSING, "125", 400)
    assert found.cash_refund_fee == 360
    assert found.to_client()["cashRefundFee"] == 360


def test_a_refund_by_the_merchants_number(provider: Any, platform: Platform, run: Exchange) -> None:
    run(provider.refund(refund(OF_SUB, reason=None)), platform.answer())
    assert run.request.url == f"{API}/v1/partner/aggr/transactions/refunds"
    body = platform.read(run.request)
    assert (body["mercOrderNo"], body["subMercNo"], "reason" in body) == ("T1", "10200000001", False)


def test_a_repeated_refund_is_answered_without_amounts(
    provider: Any, platform: Platform, run: Exchange
) -> None:
    found = run(provider.refund(refund()), platform.answer(mercRefundOrderNo="T1-1"))
    assert (found.out_trade_no, found.refund_fee, found.transaction_id) == ("T1", 400, "124")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"out_refund_no": "R|1"}, "out_refund_no"),
        ({"reason": "x" * 257}, "257 characters"),
        ({"notify_url": None}, "notify_url"),
        ({"other": {"refundAmount": 1}}, "other.refundAmount"),
    ],
)
def test_refunds_that_are_not_sent(provider: Any, run: Exchange, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        run(provider.refund(refund(**changed)))


def test_two_refunds_within_a_minute(provider: Any, platform: Platform, run: Exchange) -> None:
    with pytest.raises(RefundTooSoon, match="a minute apart") as refused:
        run(provider.refund(refund()), platform.refusal("ORDER_CONCURRENT_ERROR"))
    assert refused.value.code == 2004
    assert refused.value.outcome_known


def test_what_a_repeat_is_told_says_nothing_of_the_first_try(
    provider: Any, platform: Platform, run: Exchange
) -> None:
    """The transport makes an unknown outcome of it: this is no :class:`RefundTooSoon`."""
    with pytest.raises(Exception, match="ORDER_CONCURRENT_ERROR") as refused:
        run(provider.refund(refund()), platform.refusal("ORDER_CONCURRENT_ERROR", repeated=True))
    assert not isinstance(refused.value, RefundTooSoon)


@pytest.mark.parametrize("code", ["UNKNOW_ERROR", None, "INVALID_DUPLICATE_REQUEST"])
def test_a_refund_of_unknown_outcome(
    provider: Any, platform: Platform, run: Exchange, code: str | None
) -> None:
    with pytest.raises(ProviderOutcomeUnknown, match="query with the same number") as unsure:
        run(provider.refund(refund()), platform.refusal(code, "400000" if code else "500000"))
    assert not unsure.value.outcome_known
    assert unsure.value.retryable


def test_a_success_that_cannot_be_believed(provider: Any, platform: Platform, run: Exchange) -> None:
    answer = platform.answer(mercRefundOrderNo="T1-1")
    forged = answer.body.replace(b"T1-1", b"T1-2")
    with pytest.raises(ResponseUnverified, match="query with the same number") as unsure:
        run(provider.refund(refund()), type(answer)(status=200, headers={}, body=forged))
    assert not unsure.value.outcome_known


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("REFUND_SUCCESS", RefundState.SUCCESS),
        ("REFUND_FAILED", RefundState.CLOSED),
        ("REFUND_CHL_PROC", RefundState.PROCESSING),
        ("REFUND_SOMETHING", RefundState.UNKNOWN),
    ],
)
@pytest.mark.parametrize(("order", "way"), [(PAID, ""), (OF_SUB, "/partner")])
def test_a_refunds_state(
    provider: Any, platform: Platform, run: Exchange, word: str, state: RefundState, order: OrderRef, way: str
) -> None:
    ref = RefundRef(order=order, out_refund_no="T1-1")
    answer = platform.answer(
        refundOrderStatus=word,
        refundAmount=400,
        payerRefundAmount=360,
        sysRefundOrderNo="125",
        finishTime="2026-01-01T00:00:01.000+0800",
    )
    found = run(provider.query_refund(ref), answer)
    assert run.request.url == f"{API}/v1{way}/aggr/transactions/refunds/merc-orders/T1-1"
    assert (found.state, found.raw_state, found.refund_fee) == (state, word, 400)
    assert (found.out_trade_no, found.refund_id, found.success_time) == ("T1", "125", 1767196801000)


def test_any_call(provider: Any, platform: Platform, run: Exchange) -> None:
    answer = run(
        provider.request(
            "POST", "/api/v2/contract/presign/fa", {"appId": APP, "flag": True, "n": 1.5, "none": None}
        ),
        platform.answer(preSignNo="9"),
    )
    assert platform.read(run.request) == {"appId": APP, "flag": True, "n": 1.5, "none": None}
    assert answer["preSignNo"] == "9"
    assert run.request.moves_money
    assert not run.request.repeatable


def test_a_reading_call(provider: Any, platform: Platform, run: Exchange) -> None:
    run(provider.request("GET", "/api/v2/contract/sign/contracts/1?x=%20"), platform.answer())
    platform.read(run.request)
    assert not run.request.moves_money
    assert run.request.repeatable


@pytest.mark.parametrize("path", ["/v3/x", "https://elsewhere/api/", "/api/ x", "/api/茶", "/api/"])
def test_a_call_that_cannot_be_signed_as_it_stands(provider: Any, path: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be sent"):
        next(provider.request("GET", path))


def test_a_request_that_arrived_without_an_answer_is_signed_anew(
    provider: Any, platform: Platform, run: Exchange
) -> None:
    answers = [
        platform.refusal("INVALID_DUPLICATE_REQUEST", "200001", repeated=True),
        platform.answer(**PAYMENT),
    ]
    trade = run(provider.query(ORDER), *answers)
    assert trade.state is TradeState.SUCCESS
    one, other = run.requests
    platform.read(other)
    assert one.headers["PayMercAuth"] != other.headers["PayMercAuth"]
    assert (one.url, one.body) == (other.url, other.body)


def test_after_that_a_refund_within_the_minute_may_be_the_first_try(
    provider: Any, platform: Platform, run: Exchange
) -> None:
    answers = [
        platform.refusal("INVALID_DUPLICATE_REQUEST", "200001", repeated=True),
        platform.refusal("ORDER_CONCURRENT_ERROR"),
    ]
    with pytest.raises(Exception, match="ORDER_CONCURRENT_ERROR") as refused:
        run(provider.refund(refund()), *answers)
    assert not isinstance(refused.value, RefundTooSoon)


def test_a_repeat_that_is_answered_with_something_else(provider: Any, run: Exchange) -> None:
    answer = HttpResponse(status=502, headers={}, body=b"<html>", repeated=True)
    with pytest.raises(ProviderUnavailable, match="HTTP_502"):
        run(provider.query(ORDER), answer)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00.000+0800"])
def test_a_time_that_is_none_does_not_lose_the_payment(
    provider: Any, platform: Platform, run: Exchange, text: str
) -> None:
    trade = run(provider.query(ORDER), platform.answer(**PAYMENT | {"finishTime": text}))
    assert (trade.state, trade.success_time, trade.raw["finishTime"]) == (TradeState.SUCCESS, None, text)


def test_a_duplicate_that_was_not_repeated_is_not_sent_again(
    provider: Any, platform: Platform, run: Exchange
) -> None:
    with pytest.raises(ProviderUnavailable, match="INVALID_DUPLICATE_REQUEST"):
        run(provider.query(ORDER), platform.refusal("INVALID_DUPLICATE_REQUEST", "200001"))
    assert len(run.requests) == 1


@pytest.mark.parametrize(
    "operation",
    ["transfer", "query_transfer", "cancel_transfer", "create_authorization", "close_authorization"],
)
def test_what_huawei_pay_does_not_have(provider: Any, operation: str) -> None:
    with pytest.raises(InvalidArgument, match=f"Huawei Pay has no {operation}: ") as refused:
        getattr(provider, operation)(None)
    if "transfer" in operation:
        assert "not public" in str(refused.value)


def test_authorisations_are_not_asked_after(provider: Any) -> None:
    with pytest.raises(InvalidArgument, match="Huawei Pay has no query_authorization"):
        provider.query_authorization("A1", is_display_authorization=True)
