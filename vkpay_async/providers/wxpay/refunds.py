"""Refunds. https://pay.weixin.qq.com/doc/v3/merchant/4012791862"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Refund, RefundRequest, RefundState
from vkpay_async.providers.wxpay.bodies import body_from, check_number
from vkpay_async.providers.wxpay.models import RefundObject
from vkpay_async.providers.wxpay.times import ms_from_rfc3339

PATH = "/v3/refund/domestic/refunds"
LONGEST_REASON = 80
_STATES: Mapping[str, RefundState] = {
    state.value: state for state in RefundState if state is not RefundState.UNKNOWN
}


def refund_body(request: RefundRequest) -> dict[str, Any]:
    """The body of the refund call. Raises :class:`InvalidArgument`."""
    check_number("out_refund_no", request.out_refund_no)
    _check_reason(request.reason or "")
    order = request.order
    number = (
        {"transaction_id": order.transaction_id}
        if order.transaction_id
        else {"out_trade_no": order.out_trade_no}
    )
    fields = {
        "sub_mchid": order.sub_mchid,
        **number,
        "out_refund_no": request.out_refund_no,
        "reason": request.reason,
        "notify_url": request.notify_url,
        "amount": {"refund": request.refund_fee, "total": request.total_fee, "currency": "CNY"},
    }
    return body_from(fields, request.other)


def refund_from(refund: RefundObject, raw: Mapping[str, Any]) -> Refund:
    raw_state = refund.status or refund.refund_status or ""
    return Refund(
        out_trade_no=refund.out_trade_no,
        out_refund_no=refund.out_refund_no,
        state=_STATES.get(raw_state, RefundState.UNKNOWN),
        raw_state=raw_state,
        refund_fee=refund.amount.refund,
        total_fee=refund.amount.total,
        cash_refund_fee=refund.amount.payer_refund,
        transaction_id=refund.transaction_id,
        refund_id=refund.refund_id,
        mch_id=refund.sp_mchid or refund.mchid,
        success_time=ms_from_rfc3339(refund.success_time),
        raw=raw,
    )


def _check_reason(reason: str) -> None:
    size = len(reason.encode())
    if size > LONGEST_REASON:
        raise InvalidArgument(
            f"the refund's reason has {size} bytes of UTF-8: WeChat Pay takes {LONGEST_REASON} (26 Chinese characters)"
        )
