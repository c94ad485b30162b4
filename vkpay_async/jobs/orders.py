"""Unpaid orders: what the provider knows of them, closing those whose time is over, deleting the old ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vkpay_async.errors import OrderStateConflict
from vkpay_async.jobs.looking import BATCH, DAY_MS, LEASE_MS, MINUTE_MS, look_after
from vkpay_async.order import Order
from vkpay_async.service.context import Context
from vkpay_async.service.unpaid import Unpaid

if TYPE_CHECKING:
    from vkpay_async.ledger.due import OrderColumn

LONGEST_PAUSE_MS = 30 * MINUTE_MS
GIVEN_UP_AFTER_MS = 3 * DAY_MS
DELETED_AT_ONCE = 500


async def repair(context: Context, most: int = BATCH) -> int:
    """Asks after orders that nothing was heard of: one that is paid goes the way of a notification.

    An order is asked after one minute, then 2, 4, 8, … after it was begun last, later every half hour, for three days. One that
    was begun in several ways is asked after in each, and closed in the others when it is paid. How many were asked after.
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
        age = now - (start or order.begun_date)
        if age >= GIVEN_UP_AFTER_MS:
            return None
        # That a paid one is paid once more is for a person to see: the pauses may grow.
        return now + min(max(age, MINUTE_MS), GIVEN_UP_AFTER_MS if order.paid else LONGEST_PAUSE_MS)

    def put_off(connection: Any, order: Order, when: int | None) -> None:
        due.put_off(connection, order.out_trade_no, column, when, taken=again)

    now = context.env.now_ms()
    again = now + LEASE_MS
    taken = await context.ledger.take_due_orders(column, now=now, again=again, most=most)
    return await look_after(
        context.ledger,
        sorted(taken, key=lambda order: order.out_trade_no),
        name=lambda order: f"order {order.out_trade_no}",
        look=look,
        until=until,
        put_off=put_off,
    )


async def _asked(context: Context, order: Order) -> bool:
    """Takes over what the providers say; whether the order is still to be paid, or paid once more."""
    if order.paid:
        return await Unpaid(context).close_others(order)
    return bool(await _payable(context, order))


async def _expired(context: Context, order: Order) -> bool:
    payable = await _payable(context, order)
    if not payable:
        return False
    try:
        await Unpaid(context).close(order, payable)
    except OrderStateConflict:
        # Paid this very moment, or a code payment that is being paid, and that no closing takes back.
        return bool(await _payable(context, order))
    return False


async def _payable(context: Context, order: Order) -> Sequence[Order]:
    """The ways in which the order is still to be paid, of all it was begun in."""
    unpaid = Unpaid(context)
    standing = await unpaid.settle(order)
    if not standing.settled and not standing.payable:
        # Nobody is told of it, so it needs no event, and an order without events may be deleted later.
        await unpaid.mark_closed(order)
    return standing.payable
