"""Refunds. Observed are ``out_trade_no`` and ``refund_fee``, the number in the answer, and that ``SUCCESS`` means refunded;
that the gateway takes a refund's number of ours is designed."""

from __future__ import annotations

from vkpay_async.models import Refund, RefundRef, RefundRequest, RefundState
from vkpay_async.money import yuan_from_fen
from vkpay_async.providers.vkspay.about import VkspayNode
from vkpay_async.providers.vkspay.errors import REFUND_FAILED
from vkpay_async.providers.vkspay.models import Answer, merged
from vkpay_async.providers.vkspay.orders import moment_ms

KEPT = frozenset({"out_trade_no", "refund_fee", "out_refund_no"})
PROCESSING = "PROCESSING"


def refund_fields(request: RefundRequest, node: VkspayNode, number: str) -> dict[str, object]:
    """``number`` is the gateway's number of the order."""
    fields: dict[str, object] = {"out_trade_no": number, "refund_fee": yuan_from_fen(request.refund_fee)}
    if not node.observed_only:
        fields["out_refund_no"] = request.out_refund_no
    return merged(fields, request.other, KEPT)


def parse_refund(answer: Answer, request: RefundRequest) -> Refund:
    return Refund(
        out_trade_no=request.order.out_trade_no,
        out_refund_no=request.out_refund_no,
        state=RefundState.SUCCESS if answer.succeeded else RefundState.PROCESSING,
        raw_state=answer.code,
        refund_fee=request.refund_fee,
        total_fee=request.total_fee,
        transaction_id=request.order.transaction_id,
        refund_id=answer.out_refund_no,
        provider_order_no=request.order.provider_order_no,
        success_time=_time(answer),
        raw=answer.data,
    )


def parse_refund_query(answer: Answer, ref: RefundRef) -> Refund:
    """Anything but ``SUCCESS`` means: not yet. That it never will be is known of one text alone."""
    return Refund(
        out_trade_no=ref.order.out_trade_no,
        out_refund_no=ref.out_refund_no,
        state=_state(answer),
        raw_state=answer.code,
        refund_fee=answer.fen("refund_fee") or ref.refund_fee,
        transaction_id=ref.order.transaction_id,
        refund_id=answer.out_refund_no or ref.refund_id,
        provider_order_no=ref.order.provider_order_no,
        success_time=_time(answer),
        raw=answer.data,
    )


def _state(answer: Answer) -> RefundState:
    if answer.succeeded:
        return RefundState.SUCCESS
    failed = answer.code == "FAIL" and answer.message.startswith(REFUND_FAILED)
    return RefundState.CLOSED if failed else RefundState.PROCESSING


def _time(answer: Answer) -> int | None:
    return moment_ms(answer.data.get("refund_time")) if answer.succeeded else None
