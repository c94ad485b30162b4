"""Refunds: https://opendocs.alipay.com/open/028sm9"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.errors import ResourceNotFound
from vkpay_async.models import Refund, RefundRef, RefundRequest, RefundState
from vkpay_async.money import fen_from_yuan, yuan_from_fen
from vkpay_async.providers.alipay.models import RefundAnswer, RefundQueryAnswer
from vkpay_async.providers.alipay.times import ms_from_beijing
from vkpay_async.providers.alipay.trade import merged, optional_fen, order_reference

_STATES: dict[str, RefundState] = {
    "REFUND_SUCCESS": RefundState.SUCCESS,
    "REFUND_PROCESSING": RefundState.PROCESSING,
    "REFUND_FAIL": RefundState.CLOSED,
}


def refund_content(request: RefundRequest) -> dict[str, Any]:
    """``out_request_no`` always goes along: without it Alipay takes the order's number, and a second part fails."""
    content = {
        **order_reference(request.order),
        "refund_amount": yuan_from_fen(request.refund_fee),
        "refund_reason": request.reason,
        "out_request_no": request.out_refund_no,
    }
    return merged(
        content, request.other, keep=("out_trade_no", "trade_no", "refund_amount", "out_request_no")
    )


def parse_refund(content: dict[str, Any], request: RefundRequest) -> Refund:
    """Only ``fund_change`` ``Y`` says that money moved. ``N``, the answer to a repeat, leaves it to a query.

    The amount is the request's, because Alipay's ``refund_fee`` sums up every refund of the trade.
    """
    answer = msgspec.convert(content, RefundAnswer)
    return Refund(
        out_trade_no=request.order.out_trade_no,
        out_refund_no=request.out_refund_no,
        state=RefundState.SUCCESS if answer.fund_change == "Y" else RefundState.PROCESSING,
        raw_state=f"fund_change={answer.fund_change}",
        refund_fee=request.refund_fee,
        total_fee=request.total_fee,
        transaction_id=answer.trade_no or request.order.transaction_id,
        success_time=ms_from_beijing(answer.gmt_refund_pay),
        raw=content,
    )


def refund_query_content(ref: RefundRef) -> dict[str, Any]:
    return {
        **order_reference(ref.order),
        "out_request_no": ref.out_refund_no,
        "query_options": ["gmt_refund_pay"],
    }


def parse_refund_query(content: dict[str, Any], ref: RefundRef) -> Refund:
    """Alipay says 10000 and nothing more where it knows the trade but no such refund."""
    answer = msgspec.convert(content, RefundQueryAnswer)
    if answer.refund_status is None or answer.refund_amount is None:
        raise _not_found(ref, content)
    return Refund(
        out_trade_no=ref.order.out_trade_no,
        out_refund_no=ref.out_refund_no,
        state=_STATES.get(answer.refund_status, RefundState.UNKNOWN),
        raw_state=answer.refund_status,
        refund_fee=fen_from_yuan(answer.refund_amount),
        total_fee=optional_fen(answer.total_amount),
        transaction_id=answer.trade_no or ref.order.transaction_id,
        success_time=ms_from_beijing(answer.gmt_refund_pay),
        raw=content,
    )


def _not_found(ref: RefundRef, content: dict[str, Any]) -> ResourceNotFound:
    return ResourceNotFound(
        provider="alipay",
        code="REFUND_NOT_EXIST",
        message=f"no refund {ref.out_refund_no} of this order, or it failed",
        http_status=200,
        detail=content,
        advice="a refund shows up after ten seconds; if it stays away, ask for it again under the same number",
    )
