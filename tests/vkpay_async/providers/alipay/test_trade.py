"""Query, close, cancel, refund and refund query."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async.errors import (
    InsufficientFunds,
    InvalidArgument,
    OrderStateConflict,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResourceNotFound,
)
from vkpay_async.models import OrderRef, RefundRef, RefundRequest, RefundState, TradeState
from vkpay_async.providers.alipay.provider import AlipayProvider

ORDER = OrderRef(pay_type="alipay_h5", out_trade_no="T1")
PAID_ORDER = OrderRef(pay_type="alipay_h5", out_trade_no="T1", transaction_id="2023A", app_auth_token="shop")


def refund_request(**fields: Any) -> RefundRequest:
    return RefundRequest(
        **{"order": ORDER, "out_refund_no": "R1", "refund_fee": 500, "total_fee": 1990, **fields}
    )


@pytest.mark.parametrize(
    ("word", "state", "sent"),
    [
        ("WAIT_BUYER_PAY", TradeState.USERPAYING, None),
        ("TRADE_SUCCESS", TradeState.SUCCESS, "2023-11-15 06:13:19"),
        ("TRADE_FINISHED", TradeState.FINISHED, "2023-11-15 06:13:19"),
        ("TRADE_CLOSED", TradeState.CLOSED, None),
        ("TRADE_DREAMING", TradeState.UNKNOWN, None),
    ],
)
def test_query(
    provider: AlipayProvider, server: Any, exchange: Any, word: str, state: TradeState, sent: str | None
) -> None:
    extra = {"send_pay_date": sent} if sent else {}
    run = exchange(
        lambda request: server.ok(
            request,
            out_trade_no="T1",
            trade_no="2023A",
            trade_status=word,
            total_amount="19.90",
            buyer_user_id="2088102177846880",
            **extra,
        )
    )
    trade = run(provider.query(ORDER))
    assert (trade.state, trade.raw_state, trade.total_fee) == (state, word, 1990)
    assert trade.openid == "2088102177846880"
    assert (trade.transaction_id, trade.appid) == ("2023A", provider.appid)
    assert trade.success_time == (1_699_999_999_000 if sent else None)
    assert trade.description
    assert trade.raw["msg"] == "Success"
    (request,) = run.requests
    assert server.biz(request) == {"out_trade_no": "T1"}
    assert (request.operation, request.moves_money, request.repeatable) == ("alipay.query", False, True)


def test_a_closed_trade_that_was_paid_says_so(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(
        lambda request: server.ok(
            request, out_trade_no="T1", trade_status="TRADE_CLOSED", send_pay_date="2023-11-15 06:13:19"
        )
    )
    trade = run(provider.query(ORDER))
    assert trade.state is TradeState.CLOSED
    assert "退款" in trade.description
    assert trade.success_time is not None
    assert trade.total_fee is None


def test_the_providers_number_and_token_are_used_where_known(
    provider: AlipayProvider, server: Any, exchange: Any
) -> None:
    run = exchange(lambda request: server.ok(request, out_trade_no="T1", trade_status="TRADE_SUCCESS"))
    run(provider.query(PAID_ORDER))
    assert server.biz(run.requests[0]) == {"trade_no": "2023A"}
    assert server.params(run.requests[0])["app_auth_token"] == "shop"


def test_unknown_order(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    with pytest.raises(ResourceNotFound) as caught:
        exchange(lambda request: server.refusal(request, "ACQ.TRADE_NOT_EXIST"))(provider.query(ORDER))
    error = caught.value
    assert (error.code, error.message, error.provider) == ("ACQ.TRADE_NOT_EXIST", "不行", "alipay")
    assert error.request_id == "0a1b2c3d"
    assert error.detail == {
        "code": "40004",
        "msg": "Business Failed",
        "sub_code": "ACQ.TRADE_NOT_EXIST",
        "sub_msg": "不行",
    }
    assert error.to_client() == {"code": "ACQ.TRADE_NOT_EXIST", "msg": "不行"}


def test_a_failing_query_may_be_repeated(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        exchange(lambda request: server.refusal(request, "ACQ.SYSTEM_ERROR"))(provider.query(ORDER))
    assert caught.value.outcome_known
    assert caught.value.retryable


def test_close(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.ok(request, trade_no="2023A", out_trade_no="T1"))
    assert run(provider.close(ORDER)) is None
    assert server.params(run.requests[0])["method"] == "alipay.trade.close"
    with pytest.raises(OrderStateConflict):
        exchange(lambda request: server.refusal(request, "ACQ.TRADE_STATUS_ERROR"))(provider.close(ORDER))


@pytest.mark.parametrize("action", ["close", "refund", None])
def test_cancel(provider: AlipayProvider, server: Any, exchange: Any, action: str | None) -> None:
    extra = {"action": action} if action else {}
    run = exchange(lambda request: server.ok(request, out_trade_no="T1", retry_flag="N", **extra))
    cancelled = run(provider.cancel(ORDER))
    assert (cancelled.action, cancelled.retry_flag) == (action, "N")
    (request,) = run.requests
    assert (request.operation, request.moves_money, request.repeatable) == ("alipay.cancel", True, True)


@pytest.mark.parametrize(
    ("fund_change", "state"), [("Y", RefundState.SUCCESS), ("N", RefundState.PROCESSING)]
)
def test_refund_reports_this_refund_not_the_sum(
    provider: AlipayProvider, server: Any, exchange: Any, fund_change: str, state: RefundState
) -> None:
    run = exchange(
        lambda request: server.ok(
            request,
            trade_no="2023A",
            out_trade_no="T1",
            fund_change=fund_change,
            refund_fee="15.00",
            gmt_refund_pay="2023-11-15 06:13:20",
        )
    )
    refund = run(provider.refund(refund_request(reason="坏了", other={"operator_id": "op"})))
    assert (refund.state, refund.refund_fee, refund.total_fee) == (state, 500, 1990)
    assert refund.raw["refund_fee"] == "15.00"
    assert refund.raw_state == f"fund_change={fund_change}"
    assert (refund.out_refund_no, refund.transaction_id, refund.success_time) == (
        "R1",
        "2023A",
        1_700_000_000_000,
    )
    (request,) = run.requests
    assert server.biz(request) == {
        "out_trade_no": "T1",
        "refund_amount": "5.00",
        "refund_reason": "坏了",
        "out_request_no": "R1",
        "operator_id": "op",
    }
    assert (request.operation, request.moves_money, request.repeatable) == ("alipay.refund", True, True)


@pytest.mark.parametrize("name", ["out_trade_no", "trade_no", "refund_amount", "out_request_no"])
def test_refund_keeps_its_own_numbers(provider: AlipayProvider, exchange: Any, name: str) -> None:
    with pytest.raises(InvalidArgument, match=name):
        exchange()(provider.refund(refund_request(other={name: "x"})))


@pytest.mark.parametrize(
    ("sub_code", "error"),
    [
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", InsufficientFunds),
        ("ACQ.TRADE_HAS_FINISHED", OrderStateConflict),
        ("ACQ.DISCORDANT_REPEAT_REQUEST", OrderStateConflict),
        ("AQC.SYSTEM_ERROR", ProviderOutcomeUnknown),
    ],
)
def test_refused_refund(
    provider: AlipayProvider, server: Any, exchange: Any, sub_code: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        exchange(lambda request: server.refusal(request, sub_code))(provider.refund(refund_request()))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("REFUND_SUCCESS", RefundState.SUCCESS),
        ("REFUND_PROCESSING", RefundState.PROCESSING),
        ("REFUND_FAIL", RefundState.CLOSED),
        ("REFUND_DREAMING", RefundState.UNKNOWN),
    ],
)
def test_refund_query(
    provider: AlipayProvider, server: Any, exchange: Any, word: str, state: RefundState
) -> None:
    run = exchange(
        lambda request: server.ok(
            request,
            trade_no="2023A",
            out_trade_no="T1",
            out_request_no="R1",
            refund_amount="5.00",
            total_amount="19.90",
            refund_status=word,
        )
    )
    refund = run(provider.query_refund(RefundRef(order=ORDER, out_refund_no="R1")))
    assert (refund.state, refund.raw_state, refund.refund_fee, refund.total_fee) == (state, word, 500, 1990)
    assert server.biz(run.requests[0]) == {
        "out_trade_no": "T1",
        "out_request_no": "R1",
        "query_options": ["gmt_refund_pay"],
    }


def test_unknown_refund_of_a_known_trade(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.ok(request, trade_no="2023A", out_trade_no="T1"))
    with pytest.raises(ResourceNotFound, match="same number") as caught:
        run(provider.query_refund(RefundRef(order=PAID_ORDER, out_refund_no="R9")))
    assert caught.value.outcome_known
