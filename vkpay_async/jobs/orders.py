"""Unpaid orders: what the provider knows of them, closing those whose time is over, deleting the old ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from vkpay_async.errors import OrderStateConflict
from vkpay_async.jobs.looking import BATCH, DAY_MS, LEASE_MS, MINUTE_MS, look_after
from vkpay_async.models import TradeState
from vkpay_async.order import Order
from vkpay_async.service.context import Context
from vkpay_async.service.payments import Payments

if TYPE_CHECKING:
    from vkpay_async.ledger.due import OrderColumn

LONGEST_PAUSE_MS = 30 * MINUTE_MS
GIVEN_UP_AFTER_MS = 3 * DAY_MS
DELETED_AT_ONCE = 500

ENDED = frozenset({TradeState.CLOSED, TradeState.REVOKED, TradeState.PAYERROR})


async def repair(context: Context, most: int = BATCH) -> int:
    """Asks after orders that nothing was heard of: one that is paid goes the way of a notification.

    An order is asked after one minute, then 2, 4, 8, … after it was created, later every half hour, for three days. How
    many were asked after.
    """
    return await _look(context, "repair_due", partial(_asked, context), most)


async def expire(context: Context, most: int = BATCH) -> int:
    """Closes orders whose ``time_expire`` is over, at the provider and here, unless they turn out to be paid; how many."""
    return await _look(context, "expire_due", partial(_expired, context), most)


async def delete(context: Context, most: int = DELETED_AT_ONCE) -> int:
    """Deletes what was not paid within ``auto_delete_expired_orders`` days, and shared values whose time is over; how many
    orders."""
    from vkpay_async.ledger import Tokens

    await Tokens(context.ledger, None).delete_expired(before=context.env.now_ms() - DAY_MS)
    days = context.config.auto_delete_expired_orders
    if not days:
        return 0
    return await context.ledger.delete_unpaid(before=context.env.now_ms() - days * DAY_MS, most=most)


async def _look(
    context: Context, column: OrderColumn, look: Callable[[Order], Awaitable[bool]], most: int
) -> int:
    from vkpay_async.ledger import due

    def until(order: Order) -> int | None:
        now = context.env.now_ms()
        start = order.time_expire if column == "expire_due" else None
        age = now - (start or order.create_date)
        if age >= GIVEN_UP_AFTER_MS:
            return None
        return now + min(max(age, MINUTE_MS), LONGEST_PAUSE_MS)

    now = context.env.now_ms()
    taken = await context.ledger.take_due_orders(column, now=now, again=now + LEASE_MS, most=most)
    return await look_after(
        context.ledger,
        sorted(taken, key=lambda order: order.out_trade_no),
        name=lambda order: f"order {order.out_trade_no}",
        look=look,
        until=until,
        put_off=lambda connection, order, when: due.put_off(connection, order.out_trade_no, column, when),
    )


async def _asked(context: Context, order: Order) -> bool:
    """Takes over what the provider says; whether the order is still to be paid."""
    state = await Payments(context).settle(order)
    if state in ENDED:
        # Nobody is told of it, so it needs no event, and an order without events may be deleted later.
        await context.ledger.mark_closed(order.out_trade_no, now=context.env.now_ms())
    return not state.paid and state not in ENDED


async def _expired(context: Context, order: Order) -> bool:
    if not await _asked(context, order):
        return False
    try:
        await Payments(context).close(order)
    except OrderStateConflict:
        # Paid this very moment, or a code payment that is being paid, and that no closing takes back.
        return await _asked(context, order)
    return False
