"""From something that is known to have happened to its handler: claim → match → transition → handler → outcome.

A notification and a query's answer take the same way. What happened, what it changes and who runs the handler is one
transaction; a copy, in this process or another, finds it and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from vkpay_async.config import Config
from vkpay_async.errors import InvalidArgument, OrderConflict, VKPayError
from vkpay_async.happenings import Claim, Claimed, Event, record_of
from vkpay_async.models import (
    JsonObject,
    Notification,
    ProviderEvent,
    Refund,
    Trade,
    TradeState,
    Transfer,
    TransferAuthorization,
)
from vkpay_async.notify import decisions
from vkpay_async.notify.decisions import Terms
from vkpay_async.notify.handlers import Handlers
from vkpay_async.notify.ids import Ulids, ulid
from vkpay_async.notify.matching import check_pid, check_renewal
from vkpay_async.notify.renewals import renewal_of
from vkpay_async.notify.running import Run, Runner
from vkpay_async.notify.unasked import measured
from vkpay_async.notify.waiting import Waiting
from vkpay_async.order import Order
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Env, Provider
from vkpay_async.providers.registry import Providers
from vkpay_async.telemetry import count_parked

if TYPE_CHECKING:
    from vkpay_async.ledger import Ledger

log = logging.getLogger("vkpay_async.notify")

REPAIR_AFTER_MS = 60_000
"""How long a renewal may be kept without its payment before the provider is asked."""


Happened: TypeAlias = Trade | Refund | Transfer | TransferAuthorization | ProviderEvent


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was heard: a notification (``mode`` 1) as it came in, or a query's answer (0)."""

    pay_type: str
    pid: str | None
    mode: int = 0
    path: str | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """``first``: this call moved the order. ``error``: it does not fit. ``running``: the handler, where this process has it.

    ``stored`` is the state of the event as it was committed, ``number`` what it is about.
    """

    first: bool = False
    error: VKPayError | None = None
    running: Run | None = None
    stored: str = "done"
    number: str = ""


class Pipeline:
    """One application's way from what happened to its handlers."""

    def __init__(self, *, providers: Providers, ledger: Ledger, handlers: Handlers, env: Env) -> None:
        self.config: Config = providers.config
        self.waiting = Waiting()
        self._providers = providers
        self._ledger = ledger
        self._handlers = handlers
        self._env = env
        self._token = ulid(env.now_ms(), env.nonce())
        self._ids = Ulids(env.nonce)
        self.runner = Runner(
            ledger=ledger, handlers=handlers, config=self.config, waiting=self.waiting, now_ms=env.now_ms
        )

    def paid(
        self, number: str, trade: Trade, provider: Provider, source: Source
    ) -> Coroutine[Any, Any, Settled]:
        """A trade that is paid."""
        event = self._event("payment", number, (trade.transaction_id or "", "PAID"), trade, provider, source)
        return self._settle(event, lambda f, t: decisions.on_payment(f, event, trade, provider, t))

    async def renewed(self, number: str, trade: Trade, provider: Provider, source: Source) -> Settled:
        """A payment that goes on from that of order ``number``, and gets an order of its own.

        One that somebody did order pays that order as any other does, unless another payment has. Raises
        :class:`OrderNotFound`, :class:`NotificationMismatch` for another order's.
        """
        order = await self._ledger.require(number)
        first = next((way for way in order.ways if way.pay_type == source.pay_type), order)
        check_pid(first, source.pid or "default")
        check_renewal(first, trade, provider)
        ordered = not trade.recurring and not order.paid
        if ordered or trade.transaction_id in (None, order.transaction_id):
            return await self.paid(number, trade, provider, source)
        row = renewal_of(first, trade, source.pay_type, now=self._env.now_ms())
        if await self._ledger.get(row.out_trade_no) is None:
            with contextlib.suppress(
                OrderConflict
            ):  # another process has just kept it, and it may be paid by now
                await self._ledger.add(row, repair_due=row.create_date + REPAIR_AFTER_MS)
        own = msgspec.structs.replace(trade, out_trade_no=row.out_trade_no, provider_order_no=None)
        return await self.paid(row.out_trade_no, own, provider, source)

    async def bound(self, order: Order, trade: Trade, provider: Provider, source: Source) -> str | None:
        """The order that a payment without any number of ours was first taken for: it is that one's ever after."""
        subject = (trade.environment or "", "TAKEN")
        event = self._event("bound", trade.transaction_id or "", subject, trade, provider, source)
        return await self._ledger.bind(msgspec.structs.replace(event, path=order.out_trade_no))

    async def closed(self, number: str, trade: Trade, provider: Provider, source: Source) -> Settled:
        """A trade that ended without payment."""
        event = self._event("closed", number, (trade.transaction_id or "", "CLOSED"), trade, provider, source)
        return await self._settle(event, lambda f, t: decisions.on_closed(f, event, trade, provider, t))

    async def refunded(self, number: str, refund: Refund, provider: Provider, source: Source) -> Settled:
        """A refund's news; its handler is told of its end."""
        refund = measured(refund, await self._ledger.get(number)) if refund.share is not None else refund
        subject = (refund.out_refund_no, refund.state.value)
        event = self._event("refund", number, subject, refund, provider, source)
        return await self._settle(event, lambda f, t: decisions.on_refund(f, event, refund, provider, t))

    async def transferred(
        self, number: str, transfer: Transfer, provider: Provider, source: Source
    ) -> Settled:
        """A transfer's news; the handler is told of its end."""
        event = self._event("transfer", number, ("", transfer.state.value), transfer, provider, source)
        record = record_of(transfer, pid=source.pid, pay_type=source.pay_type, now=self._env.now_ms())
        return await self._settle(
            event,
            lambda f, t: decisions.on_transfer(f, event, transfer, record, provider, t),
            about_transfer=True,
        )

    async def authorized(
        self, number: str, authorization: TransferAuthorization, provider: Provider, source: Source
    ) -> Settled:
        """An authorisation's news; the handler is told that it takes effect, and that it is closed."""
        subject = ("", authorization.state.value)
        event = self._event("transfer_auth", number, subject, authorization, provider, source)
        return await self._settle(
            event, lambda f, t: decisions.on_authorization(f, event, authorization, provider, t)
        )

    async def told(
        self, notification: Notification, provider: Provider, source: Source, *, pid: str | None
    ) -> Settled:
        """Other news; nothing is kept of it where nobody wants to be told."""
        name = split_pay_type(source.pay_type)[0]
        if name not in self._handlers.types("event") or not notification.id:
            return Settled()
        happened = ProviderEvent(
            provider=name, event=notification.event, id=notification.id, pid=pid, raw=notification.raw
        )
        event = self._event("event", notification.id[:64], ("", "TOLD"), happened, provider, source)
        return await self._settle(event, lambda f, t: decisions.on_event(f, event, t))

    async def redeliver(self, most: int = 100) -> int:
        """Runs the handlers whose time has come, and waits for them; how many there were."""
        now = self._env.now_ms()
        taken = await self._ledger.take_due_events(
            now=now,
            lease_until=self.runner.lease_until(now),
            runner=self._token,
            most=most,
            handled=self._handlers.keys(),
        )
        tasks = [self.runner.start(event).task for event in taken]
        if tasks:
            await asyncio.wait(tasks)
        return len(tasks)

    async def replay(self, event_id: str) -> Event:
        """Takes an event once more, whatever became of it before; one that did not fit is matched again.

        Raises :class:`InvalidArgument` for an unknown id or one that is being handled now.
        """
        event = await self._ledger.event(event_id)
        if event is None:
            raise InvalidArgument(
                f"no notification {event_id!r}: vkpay notifications list shows those there are"
            )
        again = self._again if event.state == "unmatched" else self._run_again
        running = await again(event)
        if running is not None:
            await asyncio.wait([running.task])
        return await self._ledger.event(event_id) or event

    async def wait(self, number: str, seconds: float) -> None:
        """Until something happened to the order, here or in another process; at most ``seconds``."""
        await self._ledger.listen(self.waiting.wake)
        await self.waiting.wait(number, seconds)

    async def answered(self, number: str) -> bool:
        """Whether the order's handler gave its answer, failed, does not exist, or is not to run."""
        order = await self._ledger.require(number)
        return (
            not order.paid
            or order.user_order_success is not None
            or self._handlers.find("payment", order.type) is None
        )

    async def close(self) -> None:
        """Waits for the handlers that are running."""
        await self.runner.idle()

    async def _settle(
        self,
        event: Event,
        decide: Callable[[Any, Terms], Any],
        *,
        about_transfer: bool = False,
    ) -> Settled:
        terms = self._terms(event.kind, event.create_date)
        claim: Claim = Claim(
            event=event, decide=lambda found: decide(found, terms), about_transfer=about_transfer
        )
        claimed = await self._ledger.claim(claim)
        self._log(claimed)
        running = self.runner.running(claimed.event)
        if claimed.mine:
            running = self.runner.start(claimed.event, claimed.order)
        if claimed.moved:
            self.waiting.wake(event.number)
            self._ledger.tell(event.number)
        return Settled(
            first=claimed.moved,
            error=claimed.error,
            running=running,
            stored=claimed.event.state,
            number=event.number,
        )

    def _terms(self, kind: str, now: int) -> Terms:
        return Terms(
            now=now,
            lease_until=self.runner.lease_until(now),
            runner=self._token if self.runner.has_room else None,
            types=self._handlers.types(kind),
            again=self.config.reply_policy == "handled",
        )

    def _event(
        self,
        kind: str,
        number: str,
        subject: tuple[str, str],
        happened: Happened,
        provider: Provider,
        source: Source,
    ) -> Event:
        now, name = self._env.now_ms(), split_pay_type(source.pay_type)[0]
        return Event(
            number=number,
            what="|".join((name, provider.mch_id or provider.appid, kind, *subject)),
            id=self._ids.next(now),
            provider=name,
            pay_type=source.pay_type,
            pid=source.pid,
            kind=kind,
            source=source.mode,
            path=source.path,
            headers=source.headers,
            body=source.body,
            happened=_encoder.encode(_without_raw(happened) if source.body else happened),
            create_date=now,
        )

    async def _again(self, event: Event) -> Run | None:
        provider = self._providers.get(event.pid, event.pay_type)
        source = Source(
            pay_type=event.pay_type, pid=event.pid, mode=event.source, path=event.path, body=event.body
        )
        read = msgspec.json.decode
        if event.kind == "refund":
            settled = await self.refunded(event.number, read(event.happened, type=Refund), provider, source)
        elif event.kind == "transfer":
            settled = await self.transferred(
                event.number, read(event.happened, type=Transfer), provider, source
            )
        elif event.kind == "transfer_auth":
            given = read(event.happened, type=TransferAuthorization)
            settled = await self.authorized(event.number, given, provider, source)
        elif event.kind == "payment":
            trade = _delivered_all_the_same(read(event.happened, type=Trade))
            settled = await self.paid(event.number, trade, provider, source)
        else:
            settled = await self.closed(event.number, read(event.happened, type=Trade), provider, source)
        if settled.error is not None:
            raise settled.error
        return settled.running

    async def _run_again(self, event: Event) -> Run:
        if event.kind == "closed":
            raise InvalidArgument(
                f"notification {event.id} closed an order: there is no handler to run again"
            )
        busy = event.state == "running" and (event.due or 0) > self._env.now_ms()
        taken = None
        if not busy:
            lease_until = self.runner.lease_until(self._env.now_ms())
            taken = await self._ledger.take_event(event, lease_until=lease_until, runner=self._token)
        if taken is None:
            raise InvalidArgument(f"notification {event.id} is being handled now; look again in a minute")
        if event.state == "parked":
            count_parked(event.provider, -1)
        return self.runner.start(taken)

    def _log(self, claimed: Claimed) -> None:
        event = claimed.event
        if event.state == "unmatched" and event.error and claimed.error is None:
            log.error("%s", event.error)
        elif claimed.moved and event.state == "done" and event.kind == "payment":
            log.warning(
                "order %s: no handler for type %r; register one with @pay.on_paid", event.number, event.type
            )


def _without_raw(happened: Happened) -> Happened:
    """A notification's own words stand in its body, and with the order: a third time they would cost a page of the row."""
    return msgspec.structs.replace(happened, raw={}) if isinstance(happened, Trade) else happened


def _delivered_all_the_same(trade: Trade) -> Trade:
    """Somebody has looked, and wants what was given back in part to be delivered."""
    return msgspec.structs.replace(trade, state=TradeState.SUCCESS)


def _plain(value: Any) -> Any:
    if isinstance(value, JsonObject):
        return msgspec.Raw(value.json)
    raise NotImplementedError(f"{type(value).__name__} is not kept")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
