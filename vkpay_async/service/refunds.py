"""Giving money back, and asking how that went."""

from __future__ import annotations

from vkpay_async.errors import (
    InvalidArgument,
    OrderConflict,
    OrderNotPaid,
    OrderNotRefunded,
    ResourceNotFound,
    VKPayError,
)
from vkpay_async.models import Refund, RefundRef, RefundRequest
from vkpay_async.money import Fen
from vkpay_async.notify import Source
from vkpay_async.order import Order, RefundEntry
from vkpay_async.providers.base import Provider
from vkpay_async.service import arguments
from vkpay_async.service.context import Context
from vkpay_async.service.outcome import state_after
from vkpay_async.service.results import RefundStatus

FIRST_CHECK_MS = 60_000
"""How long a refund may be open before the provider is asked of our own accord."""

DEFAULT_REASON = "用户申请退款"


class _SentBefore(Exception):
    """The refund's number is in use, and the provider might make it a second time."""

    def __init__(self, order: Order) -> None:
        self.order = order


class Refunds:
    """The refund operations over one application's parts.

    A refund is kept as ``PENDING`` before it is sent, so that what is left can never be promised twice. A clear
    "no" gives the amount back; an unknown outcome leaves it reserved until a query or a repeat settles it. A repeat asks
    after the first where the provider might make it twice.
    """

    def __init__(self, context: Context) -> None:
        self._c = context

    async def create(
        self, order: Order, *, refund_fee: object, out_refund_no: str | None, refund_desc: str | None
    ) -> Refund:
        if not order.paid:
            raise OrderNotPaid(
                f"order {order.out_trade_no!r} is not known to be paid; if it is, query_payment with await_notify first"
            )
        reason = arguments.optional_text(refund_desc, "refund_desc") or DEFAULT_REASON
        entry = self._entry(order, arguments.checked_refund_fee(refund_fee), out_refund_no, reason)
        refund = await self._send(order, entry)
        await self._store(order, refund)
        return refund

    async def query(self, order: Order, out_refund_no: str | None) -> RefundStatus:
        if not order.refund_list:
            raise OrderNotRefunded(f"order {order.out_trade_no!r} has no refund")
        number = out_refund_no or order.refund_list[0].out_refund_no
        provider = self._c.providers.get(order.pid, order.pay_type)
        refund = await self._c.transport.run(provider.query_refund(_ref(order, number)))
        return RefundStatus(refund=refund, order=await self._store(order, refund))

    def _entry(self, order: Order, refund_fee: Fen | None, number: str | None, reason: str) -> RefundEntry:
        if number is None and refund_fee is not None:
            _check_none_open(order)
        number = arguments.checked_refund_no(number or f"{order.out_trade_no}-{order.refund_num + 1}")
        before = next((entry for entry in order.refund_list if entry.out_refund_no == number), None)
        if refund_fee is None:
            refund_fee = before.refund_fee if before else order.refundable
        if refund_fee == 0:
            raise InvalidArgument(_nothing_left(order))
        return RefundEntry(
            out_refund_no=number,
            refund_fee=refund_fee,
            refund_desc=reason,
            refund_date=self._c.env.now_ms(),
        )

    async def _send(self, order: Order, entry: RefundEntry) -> Refund:
        provider = self._c.providers.get(order.pid, order.pay_type)
        first: bool | None = None

        async def reserve() -> None:
            nonlocal first
            due = self._c.env.now_ms() + FIRST_CHECK_MS
            kept, first = await self._c.ledger.add_refund(order.out_trade_no, entry, check_due=due)
            if not first and not provider.refunds_repeat:
                raise _SentBefore(kept)

        try:
            return await self._c.transport.run(provider.refund(_request(order, entry)), before=reserve)
        except _SentBefore as before:
            return await self._asked_after(before.order, entry.out_refund_no, provider)
        except VKPayError as error:
            state = None if first is None else state_after(error, first=first)
            if state is not None:
                await self._mark(order, entry.out_refund_no, state)
            raise

    async def _asked_after(self, order: Order, number: str, provider: Provider) -> Refund:
        """One that is certain not to be there gives its amount back, once no try can be on its way any more."""
        try:
            return await self._c.transport.run(provider.query_refund(_ref(order, number)))
        except ResourceNotFound:
            sent = next(entry.refund_date for entry in order.refund_list if entry.out_refund_no == number)
            if sent + FIRST_CHECK_MS <= self._c.env.now_ms():
                await self._mark(order, number, "REFUSED")
            raise

    async def _mark(self, order: Order, number: str, state: str) -> None:
        await self._c.ledger.set_refund(
            order.out_trade_no,
            number,
            state=state,
            check_due=self._c.env.now_ms() + FIRST_CHECK_MS,
        )

    async def _store(self, order: Order, refund: Refund) -> Order:
        """One that came to its end goes the way of a notification, so that its handler is told once, whoever heard first."""
        if refund.state.final:
            provider = self._c.providers.get(order.pid, order.pay_type)
            source = Source(pay_type=order.pay_type, pid=order.pid or "default")
            settled = await self._c.pipeline.refunded(order.out_trade_no, refund, provider, source)
            if settled.error is not None:
                raise settled.error
            return await self._c.ledger.require(order.out_trade_no)
        return await self._c.ledger.set_refund(
            order.out_trade_no,
            refund.out_refund_no,
            state=refund.state.value,
            refund_id=refund.refund_id,
            check_due=self._c.env.now_ms() + FIRST_CHECK_MS,
        )


def _ref(order: Order, number: str) -> RefundRef:
    entry = next((one for one in order.refund_list if one.out_refund_no == number), None)
    if entry is None:
        return RefundRef(order=order.ref(), out_refund_no=number)
    return RefundRef(
        order=order.ref(), out_refund_no=number, refund_id=entry.refund_id, refund_fee=entry.refund_fee
    )


def _request(order: Order, entry: RefundEntry) -> RefundRequest:
    return RefundRequest(
        order=order.ref(),
        out_refund_no=entry.out_refund_no,
        refund_fee=entry.refund_fee,
        total_fee=order.total_fee,
        reason=entry.refund_desc,
        notify_url=f"{order.notify_url}{order.notify_path}",
    )


def _open(order: Order) -> str | None:
    """The number of a refund that may or may not have been made."""
    states = ("PENDING", "UNKNOWN")
    return next((entry.out_refund_no for entry in order.refund_list if entry.state in states), None)


def _check_none_open(order: Order) -> None:
    """A second try under a number of its own would be a second refund."""
    number = _open(order)
    if number is not None:
        raise OrderConflict(
            f"refund {number!r} of order {order.out_trade_no!r} is not settled: repeat it with this out_refund_no, "
            "or call query_refund; for another refund beside it choose an out_refund_no of your own"
        )


def _nothing_left(order: Order) -> str:
    number = _open(order)
    if number is not None:
        return (
            f"nothing is left of order {order.out_trade_no!r} while the outcome of refund {number!r} is unknown: "
            "call query_refund, or repeat the refund with this out_refund_no"
        )
    return f"order {order.out_trade_no!r} has been refunded in full"
