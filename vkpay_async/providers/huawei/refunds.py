"""Refunds. https://developer.huawei.com/consumer/cn/doc/harmonyos-references/payment-service--refund"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Refund, RefundRef, RefundRequest, RefundState
from vkpay_async.providers.huawei.models import AcceptedRefund, RefundCallback, RefundStatus
from vkpay_async.providers.huawei.orders import body_from, check_number, partner
from vkpay_async.providers.huawei.times import ms_from_text

LONGEST_REASON = 256
_STATES: Mapping[str, RefundState] = {
    "REFUND_SUCCESS": RefundState.SUCCESS,
    "REFUND_FAILED": RefundState.CLOSED,
    "REFUND_CHL_PROC": RefundState.PROCESSING,
}


def refund_path(request: RefundRequest) -> str:
    return f"/api/v1{partner(request.order)}/aggr/transactions/refunds"


def refund_body(request: RefundRequest) -> dict[str, Any]:
    """The body of the refund call. Raises :class:`InvalidArgument`."""
    check_number("out_refund_no", request.out_refund_no)
    if len(request.reason or "") > LONGEST_REASON:
        raise InvalidArgument(
            f"the refund's reason has {len(request.reason or '')} characters: Huawei Pay takes {LONGEST_REASON}"
        )
    if not request.notify_url:
        raise InvalidArgument("a refund needs the address its callback goes to: set notify_url in the config")
    order = request.order
    number = (
        {"sysTransOrderNo": order.transaction_id}
        if order.transaction_id
        else {"mercOrderNo": order.out_trade_no}
    )
    fields = {
        "subMercNo": order.sub_mchid,
        **number,
        "mercRefundOrderNo": request.out_refund_no,
        "reason": request.reason,
        "callbackUrl": request.notify_url,
        "refundAmount": request.refund_fee,
    }
    return body_from(fields, request.other)


def query_path(ref: RefundRef) -> str:
    number = check_number("out_refund_no", ref.out_refund_no)
    return f"/api/v1{partner(ref.order)}/aggr/transactions/refunds/merc-orders/{number}"


def accepted_refund(accepted: AcceptedRefund, request: RefundRequest, raw: Mapping[str, Any]) -> Refund:
    """What a refund call has come to: accepted, and on its way."""
    order = request.order
    return Refund(
        out_trade_no=accepted.merc_order_no or order.out_trade_no,
        out_refund_no=request.out_refund_no,
        state=RefundState.PROCESSING,
        raw_state="",
        refund_fee=request.refund_fee if accepted.refund_amount is None else accepted.refund_amount,
        total_fee=request.total_fee,
        cash_refund_fee=accepted.payer_refund_amount,
        transaction_id=accepted.sys_trans_order_no or order.transaction_id,
        refund_id=accepted.sys_refund_order_no,
        raw=raw,
    )


def queried_refund(found: RefundStatus, ref: RefundRef, raw: Mapping[str, Any]) -> Refund:
    return Refund(
        out_trade_no=ref.order.out_trade_no,
        out_refund_no=ref.out_refund_no,
        state=_STATES.get(found.refund_order_status, RefundState.UNKNOWN),
        raw_state=found.refund_order_status,
        refund_fee=found.refund_amount or 0,
        cash_refund_fee=found.payer_refund_amount,
        refund_id=found.sys_refund_order_no,
        success_time=ms_from_text(found.finish_time),
        raw=raw,
    )


def notified_refund(told: RefundCallback, out_trade_no: str, raw: Mapping[str, Any]) -> Refund:
    """A callback names no order: that is known by the address it came to, and by the refund's number in that order."""
    return Refund(
        out_trade_no=out_trade_no,
        out_refund_no=told.merc_refund_no,
        state=_STATES.get(told.refund_order_status, RefundState.UNKNOWN),
        raw_state=told.refund_order_status,
        refund_fee=told.refund_amount,
        cash_refund_fee=told.payer_refund_amount,
        refund_id=told.sys_refund_no,
        mch_id=told.merc_no,
        success_time=ms_from_text(told.finish_time),
        raw=raw,
    )
