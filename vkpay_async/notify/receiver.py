"""A provider's request in, its reply out. Nothing is acknowledged before it is stored.

With the reply policy ``durable`` a provider gets its success once what happened is committed; how the handler fares is
ours to see to. With ``handled`` it gets it only when the handler has succeeded, so that its own retries help too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_async.errors import (
    LedgerUnavailable,
    NotificationInvalid,
    NotificationMismatch,
    OrderNotFound,
    VKPayError,
)
from vkpay_async.models import Notification, NotifyReply, RawNotification
from vkpay_async.notify.deadlines import Deadlines
from vkpay_async.notify.pipeline import Pipeline, Settled, Source
from vkpay_async.notify.routes import Route, parse_path
from vkpay_async.notify.running import Run, release
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Provider
from vkpay_async.providers.registry import Providers
from vkpay_async.telemetry import count_notification, listener, notification_span
from vkpay_async.transport import Transport

if TYPE_CHECKING:
    from vkpay_async.ledger import KnownMerchants, Ledger

log = logging.getLogger("vkpay_async.notify")

HANDLER_GRACE_S = 0.5
"""How long a durable reply waits for a handler that is quick anyway: a steady application is not run over."""

_OF_THE_WAY = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "forwarded",
        "host",
        "keep-alive",
        "pragma",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-real-ip",
    ]
)
"""Headers that say how a request came and not what the provider said. They are not stored; some are somebody's secrets."""

_NOT_OURS = NotifyReply(status=404, body=b'{"code":"FAIL"}', content_type="application/json")


class NotificationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a notification. ``reply`` goes to the provider; ``error`` says why it was refused.

    ``first`` is true for the one that moved the order to paid. ``number`` names the order, transfer or authorisation;
    a renewal's is the one that it got.
    """

    reply: NotifyReply
    notification: Notification | None = None
    error: VKPayError | None = None
    first: bool = False
    number: str = ""

    def raise_for_error(self) -> None:
        if self.error is not None:
            raise self.error


class Receiver:
    """Takes notifications in: whose is it, is it genuine, and what to answer."""

    def __init__(
        self,
        *,
        providers: Providers,
        ledger: Ledger,
        transport: Transport,
        pipeline: Pipeline,
        known: KnownMerchants,
    ) -> None:
        self._known = known
        self._providers = providers
        self._ledger = ledger
        self._transport = transport
        self._pipeline = pipeline
        self._patience: Deadlines[asyncio.Future[None]] = Deadlines(release)

    def receive(self, raw: RawNotification) -> Coroutine[Any, Any, NotificationResult]:
        """Never raises: the error is in the result, logged once, without secrets."""
        return self._received(raw) if listener() is None else self._watched(raw)

    async def _watched(self, raw: RawNotification) -> NotificationResult:
        """In a span that goes on in the order's trace, where the order was made in one."""
        route = _route(raw.path)
        provider = split_pay_type(route.pay_type)[0] if route is not None else "unknown"
        trace = await self._trace(route)
        number = route.number if route is not None else None
        with notification_span(provider, out_trade_no=number, order_trace=trace) as span:
            result = await self._received(raw)
            kind = result.notification.kind if result.notification is not None else "unknown"
            span.note(kind=kind, outcome=_outcome(result))
        count_notification(provider, kind, _outcome(result))
        return result

    async def _trace(self, route: Route | None) -> str | None:
        if route is None or route.kind != "payment":
            return None
        try:
            order = await self._ledger.get(route.number)
        except VKPayError:
            return None
        return order.traceparent if order is not None else None

    async def _received(self, raw: RawNotification) -> NotificationResult:
        route = None
        try:
            route = parse_path(raw.path)
            pid = self._sole_pid(route) or await self._pid(route)
            if not self._known.configured(pid):
                await self._known.ensure(pid)
            provider = self._providers.get(pid, route.pay_type)
            self._check_size(raw)
            notification = await self._transport.run(provider.notification(raw))
            _check_address(route, notification)
            if notification.as_payment is not None:
                notification = await self._as_known(route, notification.as_payment, notification)
            number = route.number or await self._number(route, notification)
            headers = {name: value for name, value in raw.headers.items() if name not in _OF_THE_WAY}
            source = Source(
                pay_type=route.pay_type, pid=pid, mode=1, path=raw.path, headers=headers, body=raw.body
            )
            settled = await self._settled(number, notification, provider, source)
            if settled.error is not None:
                raise settled.error
        except LedgerUnavailable as error:
            log.error("notification not stored, the provider will come again: %r: %s", raw.path[:200], error)
            return NotificationResult(reply=self._refusal(route), error=error)
        except VKPayError as error:
            log.warning("notification refused: %r: %s: %s", raw.path[:200], type(error).__name__, error)
            return NotificationResult(reply=self._answer_to(error, route), error=error)
        except Exception as error:
            log.exception("notification not stored, the provider will come again: %r", raw.path[:200])
            return NotificationResult(
                reply=self._refusal(route),
                error=VKPayError(f"not stored: {type(error).__name__}; the provider comes again"),
            )
        durable, running = self._providers.config.reply_policy == "durable", settled.running
        if running is None:
            accepted = durable or settled.stored in ("done", "unmatched")
        elif durable:
            accepted = True
            await running.grace(self._patience, HANDLER_GRACE_S)
        else:
            accepted = await _succeeded(running)
        reply = (notification.reply or provider.accept()) if accepted else provider.refuse()
        return NotificationResult(
            reply=reply, notification=notification, first=settled.first, number=settled.number or number
        )

    def _answer_to(self, error: VKPayError, route: Route | None) -> NotifyReply:
        accepted = self._providers.acceptance(route.pay_type) if error.acknowledged and route else None
        return accepted or self._refusal(route)

    def _refusal(self, route: Route | None) -> NotifyReply:
        return (self._providers.refusal(route.pay_type) if route is not None else None) or _NOT_OURS

    def _sole_pid(self, route: Route) -> str | None:
        """Where only one merchant takes this way of paying, the ledger need not be asked."""
        if route.kind != "payment" or route.pid is not None:
            return None
        return self._providers.sole_pid(route.pay_type)

    async def _pid(self, route: Route) -> str | None:
        """Whose notification it is."""
        if route.kind != "payment" or route.pid is not None:
            return route.pid
        if not route.number:
            return "default"
        order = await self._ledger.get(route.number)
        if order is None:
            raise OrderNotFound(f"a notification for order {route.number!r}, which is not in the ledger")
        return order.pid or "default"

    def _check_size(self, raw: RawNotification) -> None:
        if not isinstance(raw.body, bytes):
            raise NotificationInvalid("body must be the raw bytes of the request, as they came in")
        limit = self._providers.config.max_notification
        if len(raw.body) > limit:
            raise NotificationInvalid(f"a notification of {len(raw.body)} bytes; the limit is {limit}")

    async def _as_known(
        self, route: Route, payment: Notification, notification: Notification
    ) -> Notification:
        """A refund that was undone is news of its payment, where that had not been heard of before it was given back."""
        if payment.trade is None:
            return notification
        if await self._ledger.get_by_transaction(payment.trade.transaction_id or "") is not None:
            return notification
        if payment.kind == "renewal":
            return payment
        order = await self._ledger.get(route.number or await self._number(route, payment))
        return notification if order is None or order.paid else payment

    async def _number(self, route: Route, notification: Notification) -> str:
        """Which order it is about, where its address does not say."""
        about = notification.trade or notification.refund
        if about is None or about.out_trade_no:
            return "" if about is None else about.out_trade_no
        if notification.refund is not None and notification.refund.transaction_id is not None:
            paid = await self._ledger.get_by_transaction(notification.refund.transaction_id)
            if paid is not None:
                return paid.out_trade_no
        theirs, provider = about.provider_order_no or "", split_pay_type(route.pay_type)[0]
        order = await self._ledger.get_by_providers_number(provider, theirs)
        if order is None:
            raise OrderNotFound(
                f"a notification for {provider}'s order {theirs!r}, which is not in the ledger"
            )
        return order.out_trade_no

    def _settled(
        self, number: str, notification: Notification, provider: Provider, source: Source
    ) -> Coroutine[Any, Any, Settled]:
        pipeline = self._pipeline
        if notification.transfer is not None:
            return pipeline.transferred(number, notification.transfer, provider, source)
        if notification.authorization is not None:
            return pipeline.authorized(number, notification.authorization, provider, source)
        if notification.refund is not None:
            return pipeline.refunded(number, notification.refund, provider, source)
        if notification.trade is not None and notification.kind == "payment":
            return pipeline.paid(number, notification.trade, provider, source)
        if notification.trade is not None and notification.kind == "renewal":
            return pipeline.renewed(number, notification.trade, provider, source)
        if notification.trade is not None and notification.kind == "closed":
            return pipeline.closed(number, notification.trade, provider, source)
        return pipeline.told(notification, provider, source, pid=source.pid)


async def _succeeded(running: Run) -> bool:
    task = running.task
    await asyncio.wait([task])
    return not task.cancelled() and task.exception() is None and task.result()


def _route(path: str) -> Route | None:
    try:
        return parse_path(path)
    except NotificationInvalid:
        return None


def _outcome(result: NotificationResult) -> str:
    if isinstance(result.error, LedgerUnavailable):
        return "not_stored"
    return "accepted" if result.error is None else "refused"


def _check_address(route: Route, notification: Notification) -> None:
    """A payment that came to a transfer's address would be acknowledged without being stored, and the other way."""
    where = notification.kind if notification.kind in ("transfer", "transfer_auth") else "payment"
    if notification.kind != "other" and where != route.kind:
        raise NotificationMismatch(
            f"a notification of kind {notification.kind!r} at the address of a {route.kind}; nothing was changed"
        )
