"""Refunds that nobody asked for: a provider that is the shop gives money back of its own accord, and may take that back."""

from __future__ import annotations

import msgspec

from vkpay_async.models import Refund, RefundState
from vkpay_async.order import Order, RefundEntry

WHOLE = 100_000


def measured(refund: Refund, order: Order | None) -> Refund:
    """The refund with its amount, which the provider tells as a share. One that is undone gets that one's number."""
    if order is None:
        return refund
    if refund.state is RefundState.CLOSED:
        undone = _undone(refund, order)
        if undone is not None:
            return msgspec.structs.replace(
                refund,
                out_refund_no=undone.out_refund_no,
                refund_fee=undone.refund_fee,
                total_fee=order.total_fee,
            )
    fee = order.total_fee * (refund.share or 0) // WHOLE
    return msgspec.structs.replace(refund, refund_fee=fee, total_fee=order.total_fee)


def unasked_entry(refund: Refund, now: int) -> RefundEntry | None:
    """What is kept of a refund that nobody asked for."""
    if refund.share is None:
        return None
    return RefundEntry(
        out_refund_no=refund.out_refund_no,
        refund_fee=refund.refund_fee,
        refund_desc=refund.raw_state,
        refund_date=refund.success_time or now,
        refund_id=refund.refund_id,
        state=refund.state.value,
    )


def _undone(refund: Refund, order: Order) -> RefundEntry | None:
    """The newest refund of that payment which still stands, or one that was undone by this very news before."""
    at = refund.success_time or 0
    same = [
        entry
        for entry in order.refund_list
        if entry.refund_id == refund.refund_id and entry.refund_date <= at
    ]
    standing = [entry for entry in same if entry.state == RefundState.SUCCESS.value]
    return next(iter(standing or same), None)
