"""From what a customer bought to an order's payment or refund. ``developerPayload`` is the order's number: the app hands it in."""

from __future__ import annotations

import msgspec

from vkpay_async.errors import NotificationMismatch
from vkpay_async.models import JsonObject, Refund, RefundState, Trade, TradeState
from vkpay_async.providers.huaweiiap.models import PurchaseOrder

WHOLE = 100_000
CURRENCY = "CNY"


def trade_of(bought: PurchaseOrder) -> Trade:
    """A verified purchase as a trade. One that was given back is ``CLOSED``.

    ``total_fee`` is known for one piece in CNY: what ``price`` is of more is in no document. Raises
    :class:`NotificationMismatch` for a subscription, and without ``developerPayload``.
    """
    if bought.renews:
        raise NotificationMismatch(
            f"purchase {bought.purchase_order_id} is a subscription's, which pays no order: use verify_purchase"
        )
    if not bought.developer_payload:
        raise NotificationMismatch(
            f"purchase {bought.purchase_order_id} names no order: hand the order's developerPayload to createPurchase"
        )
    single = bought.quantity == 1 and bought.currency == CURRENCY
    return Trade(
        out_trade_no=bought.developer_payload,
        state=TradeState.CLOSED if bought.revoked else TradeState.SUCCESS,
        raw_state="REVOKED" if bought.revoked else "PURCHASED",
        description="订单已退款" if bought.revoked else "",
        transaction_id=bought.purchase_order_id,
        total_fee=bought.price if single else None,
        product_id=bought.product_id,
        quantity=bought.quantity,
        environment=bought.environment,
        appid=str(bought.application_id),
        success_time=bought.purchase_time,
        raw=raw_of(bought),
    )


def refund_of(bought: PurchaseOrder) -> Refund:
    """Money that Huawei gave back: all of it."""
    return Refund(
        out_trade_no=bought.developer_payload or "",
        out_refund_no=f"{bought.purchase_order_id}-{bought.revocation_time or 0}",
        state=RefundState.SUCCESS,
        raw_state="REVOKED",
        refund_fee=0,
        share=WHOLE,
        transaction_id=bought.purchase_order_id,
        refund_id=bought.purchase_order_id,
        appid=str(bought.application_id),
        success_time=bought.revocation_time,
        raw=raw_of(bought),
    )


def raw_of(bought: PurchaseOrder) -> JsonObject:
    """The purchase in Huawei's own words, without what does not apply."""
    return JsonObject(msgspec.json.encode(bought))
