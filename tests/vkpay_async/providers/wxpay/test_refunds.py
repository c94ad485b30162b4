"""Refunds and how they stand."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import OrderRef, RefundRef, RefundRequest, RefundState

ORDER = OrderRef(pay_type="wxpay_h5", out_trade_no="T1", total_fee=100)
ANSWER = {
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": "R1",
    "transaction_id": "42",
    "out_trade_no": "T1",
    "channel": "ORIGINAL",
    "success_time": "2026-01-01T00:00:01+08:00",
    "status": "SUCCESS",
    "amount": {"total": 100, "refund": 30, "payer_total": 90, "payer_refund": 27, "currency": "CNY"},
}


def request_for(order: OrderRef = ORDER, **fields: Any) -> RefundRequest:
    return RefundRequest(order=order, out_refund_no="R1", refund_fee=30, total_fee=100, **fields)


def test_refund(provider: Any, platform: Any, run: Any) -> None:
    asked = request_for(reason="one box broken", notify_url="https://shop.example/r")
    refund = run(provider.refund(asked), platform.answer(ANSWER))
    assert run.request.url == "https://api.mch.weixin.qq.com/v3/refund/domestic/refunds"
    assert platform.read(run.request) == {
        "out_trade_no": "T1",
        "out_refund_no": "R1",
        "reason": "one box broken",
        "notify_url": "https://shop.example/r",
        "amount": {"refund": 30, "total": 100, "currency": "CNY"},
    }
    assert (run.request.moves_money, run.request.repeatable) == (True, True)
    assert (refund.state, refund.raw_state) == (RefundState.SUCCESS, "SUCCESS")
    assert (refund.refund_fee, refund.total_fee, refund.cash_refund_fee) == (30, 100, 27)
    assert (refund.refund_id, refund.success_time) == (ANSWER["refund_id"], 1767196801000)
    assert refund.to_client()["refundFee"] == 30
    assert refund.raw["channel"] == "ORIGINAL"


def test_a_refund_by_transaction_for_a_sub_merchant(provider: Any, platform: Any, run: Any) -> None:
    order = OrderRef(pay_type="wxpay_h5", out_trade_no="T1", transaction_id="42", sub_mchid="19")
    other = {"funds_account": "AVAILABLE", "amount": {"from": [{"account": "AVAILABLE", "amount": 30}]}}
    run(provider.refund(request_for(order, other=other)), platform.answer(ANSWER))
    assert platform.read(run.request) == {
        "sub_mchid": "19",
        "transaction_id": "42",
        "out_refund_no": "R1",
        "funds_account": "AVAILABLE",
        "amount": {
            "refund": 30,
            "total": 100,
            "currency": "CNY",
            "from": [{"account": "AVAILABLE", "amount": 30}],
        },
    }


@pytest.mark.parametrize(
    ("word", "state"),
    [(state.value, state) for state in RefundState] + [("RETRYING", RefundState.UNKNOWN)],
)
def test_every_state(provider: Any, platform: Any, run: Any, word: str, state: RefundState) -> None:
    refund = run(provider.refund(request_for()), platform.answer({**ANSWER, "status": word}))
    assert (refund.state, refund.raw_state) == (state, word)


@pytest.mark.parametrize(("sub_mchid", "query"), [(None, ""), ("19", "?sub_mchid=19")])
def test_query_refund(provider: Any, platform: Any, run: Any, sub_mchid: str | None, query: str) -> None:
    order = OrderRef(pay_type="wxpay_h5", out_trade_no="T1", sub_mchid=sub_mchid)
    answer = platform.answer({**ANSWER, "status": None})
    refund = run(provider.query_refund(RefundRef(order=order, out_refund_no="R@1")), answer)
    assert run.request.url.endswith(f"/v3/refund/domestic/refunds/R@1{query}")
    assert platform.read(run.request) is None
    assert not run.request.moves_money
    assert refund.state is RefundState.UNKNOWN


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (request_for(reason="退" * 27), "81 bytes"),
        (request_for(other={"amount": {"refund": 99}}), r"other\.amount\.refund"),
        (request_for(other={"out_refund_no": "R2"}), r"other\.out_refund_no"),
        (RefundRequest(order=ORDER, out_refund_no="R 1", refund_fee=1, total_fee=1), "out_refund_no 'R 1'"),
    ],
)
def test_refused_before_anything_is_sent(provider: Any, run: Any, asked: RefundRequest, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        run(provider.refund(asked))
    assert run.requests == []
