"""A notification's way: verify → match → transition → handler → outcome → reply.

Nothing is acknowledged before it is stored. A second copy finds the work done, or waits for it, and gets the same
reply. When the handler raised, the provider is told to come again, and the handler runs again then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from vkpay_async.errors import (
    NotificationInvalid,
    NotificationMismatch,
    OrderNotFound,
    VKPayError,
)
from vkpay_async.models import (
    Notification,
    NotifyReply,
    RawNotification,
    Refund,
    Trade,
    Transfer,
)
from vkpay_async.notify.handlers import Handlers
from vkpay_async.notify.routes import Route, parse_path, payment_path
from vkpay_async.order import Order, PaidOrder
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Provider
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport

if TYPE_CHECKING:
    from vkpay_async.ledger import Ledger

T = TypeVar("T")

log = logging.getLogger("vkpay_async.notify")

_NOT_OURS = NotifyReply(status=404, body=b'{"code":"FAIL"}', content_type="application/json")
_LEASE_MARGIN_MS = 5_000


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this was the call that moved the order, and whether its handler needs no further try."""

    first: bool = False
    handled: bool = True


class NotificationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a notification. ``reply`` goes to the provider; ``error`` says why it was refused.

    ``first`` is true for the one that moved the order to paid.
    """

    reply: NotifyReply
    notification: Notification | None = None
    error: VKPayError | None = None
    first: bool = False

    def raise_for_error(self) -> None:
        if self.error is not None:
            raise self.error


class Receiver:
    """Takes notifications in. Shared state: which handlers run now, and who waits for them."""

    def __init__(
        self,
        *,
        providers: Providers,
        ledger: Ledger,
        transport: Transport,
        handlers: Handlers,
        now_ms: Callable[[], int],
    ) -> None:
        self._providers = providers
        self._ledger = ledger
        self._transport = transport
        self._handlers = handlers
        self._now_ms = now_ms
        self._running: dict[str, asyncio.Task[bool]] = {}
        self._waited_for: dict[str, set[asyncio.Event]] = {}

    async def receive(self, raw: RawNotification) -> NotificationResult:
        """Never raises: the error is in the result, logged once, without secrets."""
        refusal = _NOT_OURS
        try:
            route = parse_path(raw.path)
            refusal = self._providers.refusal(route.pay_type) or _NOT_OURS
            order, provider = await self._find(route)
            self._check_size(raw)
            notification = await self._transport.run(provider.notification(raw))
            return await self._dispatch(route, order, provider, notification)
        except VKPayError as error:
            log.warning("notification refused: %r: %s: %s", raw.path[:200], type(error).__name__, error)
            return NotificationResult(reply=refusal, error=error)
        except Exception as error:
            log.exception("notification not stored, the provider will come again: %r", raw.path[:200])
            return NotificationResult(
                reply=refusal,
                error=VKPayError(f"not stored: {type(error).__name__}; the provider comes again"),
            )

    async def settle(self, order: Order, trade: Trade, provider: Provider, *, notify_mode: int) -> Settled:
        """Moves a paid order on and runs its handler, once over all copies and callers.

        Raises :class:`NotificationMismatch` when app, merchant or amount differ.
        """
        check_trade(order, trade, provider)
        first = await self._ledger.mark_paid(order, trade, now=self._now_ms(), notify_mode=notify_mode)
        if not first:
            await self._note_second_payment(trade)
        handled = await self._handled(order.out_trade_no)
        self._wake(order.out_trade_no)
        return Settled(first=first, handled=handled)

    async def moved(self, out_trade_no: str, seconds: float) -> None:
        """Waits until something happened to the order in this process, at most ``seconds``."""
        event = asyncio.Event()
        waiting = self._waited_for.setdefault(out_trade_no, set())
        waiting.add(event)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            waiting.discard(event)
            if not waiting:
                self._waited_for.pop(out_trade_no, None)

    async def answered(self, out_trade_no: str) -> bool:
        """Whether the order's handler gave its answer, failed, or does not exist."""
        order = await self._ledger.require(out_trade_no)
        return order.user_order_success is not None or order.type not in self._handlers.paid

    async def close(self) -> None:
        """Waits for the handlers that are running."""
        if self._running:
            await asyncio.wait(self._running.values())

    def _wake(self, out_trade_no: str) -> None:
        for event in self._waited_for.get(out_trade_no, ()):
            event.set()

    async def _find(self, route: Route) -> tuple[Order | None, Provider]:
        if route.kind == "transfer":
            return None, self._providers.get(route.pid, route.pay_type)
        order = await self._ledger.get(route.number)
        if order is None:
            raise OrderNotFound(f"a notification for order {route.number!r}, which is not in the ledger")
        provider = self._providers.get(order.pid, route.pay_type)
        return _paid_through(order, route.pay_type, provider), provider

    def _check_size(self, raw: RawNotification) -> None:
        if not isinstance(raw.body, bytes):
            raise NotificationInvalid("body must be the raw bytes of the request, as they came in")
        limit = self._providers.config.max_notification
        if len(raw.body) > limit:
            raise NotificationInvalid(f"a notification of {len(raw.body)} bytes; the limit is {limit}")

    async def _dispatch(
        self, route: Route, order: Order | None, provider: Provider, notification: Notification
    ) -> NotificationResult:
        settled = Settled()
        _check_address(route, notification)
        if notification.transfer is not None:
            settled = Settled(handled=await self._transferred(route, notification.transfer, provider))
        elif order is not None and notification.trade is not None:
            if notification.kind == "payment":
                settled = await self.settle(order, notification.trade, provider, notify_mode=1)
            elif notification.kind == "closed" and await self._still(order):
                check_trade(order, notification.trade, provider)
                await self._ledger.mark_closed(order.out_trade_no, now=self._now_ms())
        elif order is not None and notification.refund is not None:
            await self._refunded(order, notification.refund, provider)
        reply = provider.accept() if settled.handled else provider.refuse()
        return NotificationResult(reply=reply, notification=notification, first=settled.first)

    async def _note_second_payment(self, trade: Trade) -> None:
        kept = (await self._ledger.require(trade.out_trade_no)).transaction_id
        if trade.transaction_id and kept and kept != trade.transaction_id:
            log.error(
                "order %s was paid twice: by %s, and now by %s; give one of them back at the provider",
                trade.out_trade_no,
                kept,
                trade.transaction_id,
            )

    async def _still(self, order: Order) -> bool:
        """Whether the order is still to be paid through this provider: another's closing does not concern it."""
        now = await self._ledger.require(order.out_trade_no)
        return split_pay_type(now.pay_type)[0] == split_pay_type(order.pay_type)[0]

    async def _refunded(self, order: Order, refund: Refund, provider: Provider) -> None:
        _same("app id", refund.appid, provider.appid)
        _same("merchant", refund.mch_id, _merchant(order, provider))
        _same("order number", refund.out_trade_no, order.out_trade_no)
        _same("total", refund.total_fee, order.total_fee)
        await self._ledger.set_refund(
            order.out_trade_no, refund.out_refund_no, state=refund.state.value, refund_id=refund.refund_id
        )

    async def _transferred(self, route: Route, transfer: Transfer, provider: Provider) -> bool:
        _same("merchant", transfer.mch_id, provider.mch_id)
        _same("transfer number", transfer.out_bill_no, route.number)
        handler = self._handlers.transferred
        if handler is None:
            log.info("transfer %s: no handler", transfer.out_bill_no)
            return True
        try:
            await self._call(handler, transfer)
        except Exception:
            log.exception(
                "the handler of transfer %s failed; the provider will be asked to come again",
                transfer.out_bill_no,
            )
            return False
        return True

    async def _call(self, handler: Callable[[T], Awaitable[bool | None]], told: T) -> bool | None:
        try:
            async with asyncio.timeout(self._providers.config.handler_timeout):
                return await handler(told)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RuntimeError("something the handler waited for was cancelled") from None

    async def _handled(self, out_trade_no: str) -> bool:
        task = self._running.get(out_trade_no)
        if task is None:
            task = asyncio.create_task(self._handle(out_trade_no), name=f"vkpay-{out_trade_no}")
            self._running[out_trade_no] = task
            task.add_done_callback(lambda _: self._running.pop(out_trade_no, None))
        return await asyncio.shield(task)

    async def _handle(self, out_trade_no: str) -> bool:
        order = await self._ledger.require(out_trade_no)
        handler = self._handlers.paid.get(order.type)
        if handler is None:
            log.warning(
                "order %s: no handler for type %r; register one with @pay.on_paid", out_trade_no, order.type
            )
            return True
        lease = int(self._providers.config.handler_timeout * 1000) + _LEASE_MARGIN_MS
        if not await self._ledger.claim_handler(out_trade_no, now=self._now_ms(), lease_ms=lease):
            order = await self._ledger.require(out_trade_no)
            return order.user_order_success is not None and order.handler_error is None
        return await self._run_handler(order)

    async def _run_handler(self, order: Order) -> bool:
        success, error = True, None
        try:
            success = await self._call(self._handlers.paid[order.type], _paid(order)) is not False
        except Exception as failure:
            log.exception("the handler of order %s (type %r) failed", order.out_trade_no, order.type)
            success, error = False, f"{type(failure).__name__}: {failure}"
        await self._ledger.finish_handler(order.out_trade_no, success=success, error=error)
        return error is None


def _paid(order: Order) -> PaidOrder:
    return PaidOrder(**{name: getattr(order, name) for name in order.__struct_fields__})


def _paid_through(order: Order, pay_type: str, provider: Provider) -> Order:
    """The order as the notification's address has it: a payer may use a way that was offered before the last."""
    if order.pay_type == pay_type:
        return order
    return msgspec.structs.replace(
        order,
        pay_type=pay_type,
        mch_id=provider.mch_id,
        provider_appid=provider.appid,
        notify_path=payment_path(pay_type, order.out_trade_no),
    )


def _check_address(route: Route, notification: Notification) -> None:
    """A payment that came to a transfer's address would be acknowledged without being stored, and the other way."""
    if notification.kind != "other" and (notification.kind == "transfer") != (route.kind == "transfer"):
        raise NotificationMismatch(
            f"a notification of kind {notification.kind!r} at the address of a {route.kind}; nothing was changed"
        )


def check_trade(order: Order, trade: Trade, provider: Provider) -> None:
    """Raises :class:`NotificationMismatch` unless number, app, merchant and amount are the order's."""
    _same("order number", trade.out_trade_no, order.out_trade_no)
    _same("app id", trade.appid, provider.appid)
    _same("merchant", trade.mch_id, _merchant(order, provider))
    if order.sub_mchid:
        _same("sub-merchant", trade.sub_mchid or "", order.sub_mchid)
    if trade.total_fee != order.total_fee:
        raise NotificationMismatch(
            f"amount {trade.total_fee} fen does not fit the order's {order.total_fee}; nothing was changed"
        )


def _merchant(order: Order, provider: Provider) -> str | None:
    """Who must be paid: our own node's merchant, or, under an Alipay ``app_auth_token``, one we have no number of."""
    return None if order.app_auth_token else provider.mch_id


def _same(what: str, theirs: object, ours: object) -> None:
    if theirs is not None and ours is not None and theirs != ours:
        raise NotificationMismatch(f"{what} {theirs!r} does not fit ours, {ours!r}; nothing was changed")
