"""Orders that nobody was heard to pay: finding them paid, closing them, and closing what is left of those that are paid."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec

from vkpay_async.errors import (
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    OrderStateConflict,
    ResourceNotFound,
    VKPayError,
)
from vkpay_async.models import TradeState
from vkpay_async.order import Order
from vkpay_async.providers.base import Flow
from vkpay_async.service.asking import ENDED, Answer, Asking, take_in
from vkpay_async.service.context import Context


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands, all its ways together. ``payable`` are those in which it may still be paid; ``settled`` tells that a
    payment was found, which the order has now or a person is to see to."""

    settled: bool = False
    payable: tuple[Order, ...] = ()


class Unpaid:
    """What becomes of unpaid orders, over one application's parts."""

    def __init__(self, context: Context) -> None:
        self._c = context
        self._asking = Asking(context.providers, context.transport)

    async def settle(self, order: Order) -> Standing:
        """Asks how an order stands in every way; a payment goes the way of a notification.

        Raises :class:`NotificationMismatch` when what was paid is not the order, what kept it from asking, and
        :class:`OrderConflict` when a person is to look at one way and another may still be paid.
        """
        answers, failures = await self._asking.every(order)
        paid, misfits = await self._take_in([one for one in answers if one.trade.state.paid])
        if any(state is not TradeState.REFUND for state in paid):
            return Standing(settled=True)
        if failures:
            raise failures[0]
        still = tuple(one.way for one in answers if not (one.trade.state.paid or one.trade.state in ENDED))
        if still and (paid or misfits):
            raise OrderConflict(_one_way_for_a_person(order, still))
        if misfits:
            raise misfits[0]
        return Standing(settled=bool(paid), payable=still)

    async def close(self, order: Order, ways: Sequence[Order] = ()) -> Order:
        """Closes an order in ``ways``, by default all it was begun in, and here when nothing of it can be paid any more."""
        if order.paid:
            raise OrderConflict(f"order {order.out_trade_no!r} is paid; refund it instead of closing it")
        # A provider that closes nothing says so before anything is sent.
        closings = [(way, self._closing(way)) for way in ways or order.ways]
        failures: list[VKPayError] = []
        for way, closing in closings:
            try:
                await self._closed(order, way, closing)
            except VKPayError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return await self.mark_closed(order)

    async def mark_closed(self, order: Order) -> Order:
        """Of an order that ended unpaid in every way. Raises :class:`OrderConflict` when it was begun once more meanwhile."""
        now, number = self._c.env.now_ms(), order.out_trade_no
        found = await self._c.ledger.mark_closed(number, now=now, as_read=order)
        if found.status == 0:
            raise OrderConflict(
                f"order {number!r} was begun once more while it was being closed; close it again"
            )
        return found

    async def close_others(self, order: Order) -> bool:
        """Closes a paid order in the other ways it was begun in, so that nobody pays it twice. Whether one may still be paid.

        A second payment is kept for a person.
        """
        over: list[bool] = []
        failures: list[VKPayError] = []
        for way in order.ways[1:]:
            try:
                over.append(await self._is_over(order, way))
            except VKPayError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return not all(over)

    async def _is_over(self, order: Order, way: Order) -> bool:
        answer = await self._asking.ask(way)
        if answer.trade.state.paid:
            # Two ways may be one order at the provider, and this its payment.
            if answer.trade.transaction_id != order.transaction_id:
                await take_in(self._c, answer)
            return True
        if answer.trade.state in ENDED:
            return True
        try:
            await self._c.transport.run(self._closing(way))
        except (ResourceNotFound, OrderStateConflict, InvalidArgument):
            return False
        return True

    async def _closed(self, order: Order, way: Order, closing: Flow[None]) -> None:
        # Alipay knows no order that nobody has opened; closing it here is all there is to close.
        with contextlib.suppress(ResourceNotFound):
            try:
                await self._c.transport.run(closing)
            except OrderStateConflict:
                # Two ways may be one order at the provider, which the first has closed.
                if len(order.ways) == 1 or (await self._asking.ask(way)).trade.state not in ENDED:
                    raise

    def _closing(self, way: Order) -> Flow[None]:
        return self._c.providers.get(way.pid, way.pay_type).close(way.ref())

    async def _take_in(
        self, answers: Sequence[Answer]
    ) -> tuple[list[TradeState], list[NotificationMismatch]]:
        """Each payment, as a notification would bring it."""
        paid: list[TradeState] = []
        misfits: list[NotificationMismatch] = []
        for answer in answers:
            try:
                await take_in(self._c, answer)
            except NotificationMismatch as error:
                misfits.append(error)
            else:
                paid.append(answer.trade.state)
        return paid, misfits


def _one_way_for_a_person(order: Order, still: Sequence[Order]) -> str:
    pay_types = ", ".join(way.pay_type for way in still)
    return (
        f"order {order.out_trade_no!r}: something is not right with one of its payments, see `vkpay notifications list`; "
        f"it may still be paid by {pay_types}"
    )
