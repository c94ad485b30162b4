"""The order that a renewal gets: that of the subscription's beginning once more, under the renewal's own number."""

from __future__ import annotations

import msgspec

from vkpay_async.models import Trade
from vkpay_async.notify.routes import payment_path
from vkpay_async.order import RENEWAL_OF, Order


def renewal_of(first: Order, trade: Trade, pay_type: str, *, now: int) -> Order:
    """Unpaid yet. Its number is the transaction's; type, user and ``custom`` are those of the first order.

    A price that the provider does not tell in our currency is taken to be the first order's.
    """
    number = str(trade.transaction_id)
    goods = {"product_id": trade.product_id, "quantity": trade.quantity} if trade.product_id else {}
    return msgspec.structs.replace(
        first,
        out_trade_no=number,
        total_fee=trade.total_fee or first.total_fee,
        status=0,
        transaction_id=None,
        provider_order_no=None,
        refund_fee=0,
        refund_num=0,
        refund_list=(),
        user_order_success=None,
        handler_error=None,
        create_date=now,
        pay_date=None,
        notify_date=None,
        notify_mode=None,
        notify_info={},
        cancel_date=None,
        time_expire=None,
        traceparent=None,
        notify_path=payment_path(pay_type, number),
        expand_data={RENEWAL_OF: first.out_trade_no, "transaction_id": number, **goods},
    )
