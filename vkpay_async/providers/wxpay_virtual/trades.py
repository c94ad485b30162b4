"""What WeChat's objects mean: how a payment stands, how a refund does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vkpay_async.models import OrderRef, Refund, RefundState, Trade, TradeState
from vkpay_async.providers.wxpay_virtual.models import CashOrder

_STATES: Mapping[int, TradeState] = {
    0: TradeState.NOTPAY,
    1: TradeState.NOTPAY,
    2: TradeState.SUCCESS,
    3: TradeState.SUCCESS,
    4: TradeState.SUCCESS,
    5: TradeState.REFUND,
    6: TradeState.CLOSED,
    7: TradeState.SUCCESS,
    8: TradeState.REFUND,
    9: TradeState.SUCCESS,
    10: TradeState.SUCCESS,
}

# 5 is the merchant's debit: the money is on its way, and may still come back (7).
_REFUND_STATES: Mapping[int, RefundState] = {
    0: RefundState.PROCESSING,
    1: RefundState.PROCESSING,
    5: RefundState.PROCESSING,
    6: RefundState.CLOSED,
    7: RefundState.CLOSED,
    8: RefundState.SUCCESS,
    9: RefundState.PROCESSING,
    10: RefundState.PROCESSING,
}

_TEXTS: Mapping[TradeState, str] = {
    TradeState.NOTPAY: "订单未支付",
    TradeState.SUCCESS: "支付成功",
    TradeState.REFUND: "订单发生过退款",
    TradeState.CLOSED: "订单已关闭",
}


def trade_from(
    order: CashOrder, raw: Mapping[str, Any], *, openid: str | None, appid: str, mch_id: str | None
) -> Trade:
    """A payment. App and merchant are those whose keys asked: WeChat names neither."""
    state = _STATES.get(order.status, TradeState.UNKNOWN)
    if state is TradeState.SUCCESS and _given_back(order):
        state = TradeState.REFUND
    return Trade(
        out_trade_no=order.order_id,
        state=state,
        raw_state=str(order.status),
        description=_TEXTS.get(state, f"status {order.status}"),
        transaction_id=(order.wxpay_order_id or order.wx_order_id or None) if state.paid else None,
        total_fee=order.order_fee,
        appid=appid,
        mch_id=mch_id,
        openid=openid,
        success_time=order.paid_time * 1000 if order.paid_time and state.paid else None,
        raw=raw,
    )


def refund_from(order: CashOrder, raw: Mapping[str, Any], pay: OrderRef) -> Refund:
    """A refund, as query_order has it under the refund's number."""
    state = _REFUND_STATES.get(order.status, RefundState.UNKNOWN)
    return Refund(
        out_trade_no=pay.out_trade_no,
        out_refund_no=order.order_id,
        state=state,
        raw_state=str(order.status),
        refund_fee=order.refund_fee or 0,
        refund_id=order.wx_order_id,
        transaction_id=pay.transaction_id,
        success_time=order.paid_time * 1000 if order.paid_time and state is RefundState.SUCCESS else None,
        raw=raw,
    )


def _given_back(order: CashOrder) -> bool:
    """Less is left than was paid. A coupon makes both smaller than the order's price."""
    paid = order.paid_fee or order.order_fee
    return paid is not None and order.left_fee is not None and order.left_fee < paid
