"""Refunds: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/trade-system/general/refund/create-refund"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vkpay_async.errors import InvalidArgument, ResourceNotFound
from vkpay_async.models import JsonObject, Refund, RefundRef, RefundRequest, RefundState
from vkpay_async.money import Fen
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import merged
from vkpay_async.providers.douyin.models import (
    Item,
    TradeOrder,
    TradeRefund,
    TradeRefundAnswer,
)
from vkpay_async.providers.douyin.numbers import checked_number
from vkpay_async.providers.douyin.times import ms_or_none
from vkpay_async.providers.douyin.trade.orders import entry_schema

DEFAULT_REASON = "退款"
_OTHER_REASON = 999
_LONGEST_REASON = 49

STATES = {
    "SUCCESS": RefundState.SUCCESS,
    "FAIL": RefundState.CLOSED,
    "PROCESSING": RefundState.PROCESSING,
}


def refund_body(
    request: RefundRequest, node: DouyinNode, order_id: str, items: list[dict[str, Any]] | None
) -> dict[str, Any]:
    """``items``: of which pieces, nothing for the whole order."""
    number = request.order.out_trade_no
    body = {
        "order_id": order_id,
        "out_refund_no": checked_number("out_refund_no", request.out_refund_no),
        "refund_total_amount": request.refund_fee,
        "refund_all": items is None,
        "item_order_detail": items,
        "refund_reason": [
            {"code": _OTHER_REASON, "text": (request.reason or DEFAULT_REASON)[:_LONGEST_REASON]}
        ],
        "order_entry_schema": entry_schema(node, number),
        "notify_url": request.notify_url,
        "cp_extra": number,
    }
    kept = ("order_id", "out_refund_no", "refund_total_amount", "refund_all", "item_order_detail")
    return merged(body, request.other, keep=kept)


def pieces(order: TradeOrder, before: Sequence[TradeRefund], amount: Fen) -> list[dict[str, Any]]:
    """The amount over what is left of the order's pieces, one after the other. Raises :class:`InvalidArgument`."""
    parts: list[dict[str, Any]] = []
    for item in order.item_order_list:
        part = min(_left(item, before), amount)
        if part > 0:
            parts.append({"item_order_id": item.item_order_id, "refund_amount": part})
            amount -= part
    if amount:
        raise InvalidArgument(f"the order's pieces have {amount} fen less left than the refund asks for")
    return parts


def accepted(answer: TradeRefundAnswer, raw: JsonObject, request: RefundRequest, order_id: str) -> Refund:
    """Accepted is not done: the notification or a query tells, and it may still fail."""
    return Refund(
        out_trade_no=request.order.out_trade_no,
        out_refund_no=request.out_refund_no,
        state=RefundState.PROCESSING,
        raw_state="ACCEPTED",
        refund_fee=request.refund_fee,
        total_fee=request.total_fee,
        transaction_id=order_id,
        refund_id=answer.data.refund_id,
        raw=raw,
    )


def refund_from(found: Sequence[TradeRefund], raw: JsonObject, ref: RefundRef) -> Refund:
    """Raises :class:`ResourceNotFound`: Douyin answers with an empty list."""
    if not found:
        raise ResourceNotFound(
            provider="douyin",
            code="REFUND_NOT_EXIST",
            message=f"no refund {ref.out_refund_no}",
            http_status=200,
            advice="check out_refund_no; a refund that was refused does not exist",
        )
    return _typed(found[0], raw, ref)


def _typed(refund: TradeRefund, raw: JsonObject, ref: RefundRef) -> Refund:
    return Refund(
        out_trade_no=ref.order.out_trade_no,
        out_refund_no=refund.out_refund_no or ref.out_refund_no,
        state=STATES.get(refund.refund_status, RefundState.UNKNOWN),
        raw_state=refund.refund_status,
        refund_fee=refund.refund_total_amount,
        transaction_id=ref.order.transaction_id,
        refund_id=refund.refund_id,
        success_time=ms_or_none(refund.refund_at) if refund.refund_status == "SUCCESS" else None,
        raw=raw,
    )


def _left(item: Item, before: Sequence[TradeRefund]) -> Fen:
    """What of a piece is not given back, nor about to be."""
    return item.item_order_amount - sum(
        part.refund_amount
        for refund in before
        if refund.refund_status != "FAIL"
        for part in refund.item_order_detail
        if part.item_order_id == item.item_order_id
    )
