"""Refunds: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/ecpay/refund-list/refund"""

from __future__ import annotations

from typing import Any

from vkpay_async.models import JsonObject, Refund, RefundRef, RefundRequest, RefundState
from vkpay_async.providers.douyin.answer import merged
from vkpay_async.providers.douyin.models import CreateRefundAnswer, QueryRefundAnswer
from vkpay_async.providers.douyin.numbers import checked_number
from vkpay_async.providers.douyin.times import ms_from_seconds

DEFAULT_REASON = "退款"
_LONGEST_REASON = 100

STATES = {
    "SUCCESS": RefundState.SUCCESS,
    "FAIL": RefundState.CLOSED,
    "PROCESSING": RefundState.PROCESSING,
}


def refund_fields(request: RefundRequest, *, after_settlement: bool) -> dict[str, Any]:
    fields = {
        "out_order_no": request.order.out_trade_no,
        "out_refund_no": checked_number("out_refund_no", request.out_refund_no),
        "reason": (request.reason or DEFAULT_REASON)[:_LONGEST_REASON],
        "refund_amount": request.refund_fee,
        "notify_url": request.notify_url,
        "all_settle": 1 if after_settlement else None,
    }
    return merged(fields, request.other, keep=("out_order_no", "out_refund_no", "refund_amount"))


def accepted(answer: CreateRefundAnswer, raw: JsonObject, request: RefundRequest) -> Refund:
    """Accepted is not done: the notification or a query tells, and it may still fail."""
    return Refund(
        out_trade_no=request.order.out_trade_no,
        out_refund_no=request.out_refund_no,
        state=RefundState.PROCESSING,
        raw_state="ACCEPTED",
        refund_fee=request.refund_fee,
        total_fee=request.total_fee,
        transaction_id=request.order.transaction_id,
        refund_id=answer.refund_no,
        raw=raw,
    )


def refund_from(answer: QueryRefundAnswer, raw: JsonObject, ref: RefundRef) -> Refund:
    info = answer.refund_info
    return Refund(
        out_trade_no=ref.order.out_trade_no,
        out_refund_no=ref.out_refund_no,
        state=STATES.get(info.refund_status, RefundState.UNKNOWN),
        raw_state=info.refund_status,
        refund_fee=info.refund_amount,
        transaction_id=ref.order.transaction_id,
        refund_id=info.refund_no,
        success_time=ms_from_seconds(info.refunded_at) if info.refund_status == "SUCCESS" else None,
        raw=raw,
    )
