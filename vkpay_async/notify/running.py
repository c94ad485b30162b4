"""Handlers at work: each run ends in an outcome that is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_async.config import Config
from vkpay_async.errors import VKPayError
from vkpay_async.happenings import Event, Outcome
from vkpay_async.models import (
    ChangedAuthorization,
    FinishedTransfer,
    ProviderEvent,
    Refund,
    Transfer,
    TransferAuthorization,
)
from vkpay_async.notify.deadlines import Deadlines
from vkpay_async.notify.handlers import Handler, Handlers
from vkpay_async.notify.waiting import Waiting
from vkpay_async.order import Order, PaidOrder, RefundedOrder
from vkpay_async.telemetry import count_parked, record_lag

if TYPE_CHECKING:
    from vkpay_async.ledger import Ledger

log = logging.getLogger("vkpay_async.notify")

LEASE_MARGIN_MS = 5_000
"""How long a handler's turn may take to come, and its outcome to be stored, beside its own time."""

FIRST_PAUSE_MS = 15_000
LONGEST_PAUSE_MS = 6 * 3600 * 1000
MOST_IN_HAND = 1000
"""Handlers that run or wait for their turn in one process; what comes on top is left to the jobs, in the ledger."""

LONGEST_ERROR = 2000


class LostClaim(VKPayError):
    """The handler took longer than its lease, and another process has run it meanwhile: what it wrote was undone."""


class Runner:
    """Runs the handlers of events that are this process's, and stores how they ended."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        handlers: Handlers,
        config: Config,
        waiting: Waiting,
        now_ms: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._handlers = handlers
        self._config = config
        self._waiting = waiting
        self._now_ms = now_ms
        self._slots = asyncio.Semaphore(config.handlers_at_once)
        self._tasks: set[asyncio.Task[bool]] = set()
        self._by_event: dict[tuple[str, str], asyncio.Task[bool]] = {}
        self._limits: Deadlines[asyncio.Timeout] = Deadlines(_end)

    @property
    def has_room(self) -> bool:
        return len(self._tasks) < MOST_IN_HAND

    def lease_until(self) -> int:
        """When another process may take an event that is claimed now."""
        return self._now_ms() + self._timeout_ms() + LEASE_MARGIN_MS

    def start(self, event: Event, order: Order | None = None) -> asyncio.Task[bool]:
        """Runs the handler in a task of its own, whose result says whether it needs no further try."""
        key = (event.number, event.what)
        task = asyncio.get_running_loop().create_task(self._run(event, order), name=f"vkpay-{event.number}")
        self._tasks.add(task)
        self._by_event[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def running(self, event: Event) -> asyncio.Task[bool] | None:
        """The task that runs this event's handler in this process."""
        return self._by_event.get((event.number, event.what))

    async def idle(self) -> None:
        """Waits until no handler runs."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, key: tuple[str, str], task: asyncio.Task[bool]) -> None:
        self._tasks.discard(task)
        if self._by_event.get(key) is task:
            del self._by_event[key]
        self._waiting.wake(key[0])
        self._ledger.tell(key[0])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "how the handler of %s ended could not be stored, it will be run again: %s", key[0], error
            )

    async def _run(self, event: Event, order: Order | None) -> bool:
        async with self._slots:
            handler = self._handlers.find(event.kind, event.type)
            if handler is None:
                return await self._finish(self._missing(event))
            mine = await self._still_mine(event)
            return mine is not None and await self._handled(mine, order, handler)

    async def _still_mine(self, event: Event) -> Event | None:
        """Where the turn was long in coming, the lease is renewed first: nobody else may have begun meanwhile."""
        if event.due is None or self._now_ms() + self._timeout_ms() < event.due:
            return event
        return await self._ledger.take_event(event, lease_until=self.lease_until(), runner=event.runner or "")

    async def _handled(self, event: Event, order: Order | None, handler: Handler) -> bool:
        try:
            told = await self._told(event, order)
            success = await self._called(event, handler, told)
        except Exception as failure:
            log.exception(
                "the handler of %s (%s) failed, attempt %d", event.number, event.kind, event.attempts
            )
            return not isinstance(failure, LostClaim) and await self._finish(self._failed(event, failure))
        if success is None:
            self._measure(self._done(event, True))
            return True
        return await self._finish(self._done(event, success))

    async def _told(self, event: Event, order: Order | None) -> Any:
        if event.kind == "transfer":
            transfer = msgspec.json.decode(event.happened, type=Transfer)
            return FinishedTransfer(**msgspec.structs.asdict(transfer), idempotency_key=event.id)
        if event.kind == "transfer_auth":
            given = msgspec.json.decode(event.happened, type=TransferAuthorization)
            return ChangedAuthorization(**msgspec.structs.asdict(given), idempotency_key=event.id)
        if event.kind == "event":
            news = msgspec.json.decode(event.happened, type=ProviderEvent)
            return msgspec.structs.replace(news, idempotency_key=event.id)
        order = order or await self._ledger.require(event.number)
        if event.kind == "refund":
            refund = msgspec.json.decode(event.happened, type=Refund)
            return RefundedOrder(**msgspec.structs.asdict(order), refund=refund, idempotency_key=event.id)
        return PaidOrder(**msgspec.structs.asdict(order), idempotency_key=event.id)

    async def _called(self, event: Event, handler: Handler, told: Any) -> bool | None:
        """What the handler answered; ``None`` when that is stored already, with what the handler wrote."""
        if not handler.takes_tx:
            return await self._timed(handler.function(told)) is not False
        from vkpay_async.ledger import claims

        async with self._ledger.transaction() as tx:
            success = await self._timed(handler.function(told, tx=tx)) is not False
            if not await tx.run_sync(lambda c: claims.finish(c, self._done(event, success))):
                raise LostClaim(
                    f"the handler of {event.number} took longer than its lease; another process has it now. What it wrote "
                    "was undone: raise handler_timeout, or make it faster"
                )
        return None

    async def _timed(self, running: Coroutine[Any, Any, bool | None] | Any) -> bool | None:
        try:
            async with asyncio.timeout(None) as limit:
                self._limits.add(limit, self._config.handler_timeout)
                try:
                    answer: bool | None = await running
                finally:
                    self._limits.discard(limit)
                return answer
        except TimeoutError as error:
            if error.args:
                raise
            seconds = self._config.handler_timeout
            raise TimeoutError(
                f"no answer within handler_timeout, {seconds:g} s (or a time limit of its own)"
            ) from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RuntimeError("something the handler waited for was cancelled") from None

    async def _finish(self, outcome: Outcome) -> bool:
        self._measure(outcome)
        if not await self._ledger.finish(outcome):
            number = outcome.event.number
            log.warning("the handler of %s took longer than its lease, and may have been run twice", number)
        return outcome.error is None

    @staticmethod
    def _measure(outcome: Outcome) -> None:
        event = outcome.event
        if outcome.state == "done":
            record_lag(event.provider, (outcome.now - event.create_date) / 1000)
        elif outcome.state == "parked":
            count_parked(event.provider, 1)

    def _done(self, event: Event, success: bool) -> Outcome:
        return _outcome(event, state="done", success=success, now=self._now_ms())

    def _failed(self, event: Event, failure: Exception) -> Outcome:
        error = f"{type(failure).__name__}: {failure}"[:LONGEST_ERROR]
        return self._once_more(event, success=False, error=error)

    def _once_more(self, event: Event, *, success: bool | None, error: str) -> Outcome:
        """After a pause that grows; at last it is parked, for a person to see."""
        now = self._now_ms()
        if event.attempts >= self._config.handler_attempts:
            return _outcome(event, state="parked", success=success, error=error, now=now)
        pause = min(FIRST_PAUSE_MS * 2 ** (event.attempts - 1), LONGEST_PAUSE_MS)
        return _outcome(event, state="failed", due=now + pause, success=success, error=error, now=now)

    def _timeout_ms(self) -> int:
        return int(self._config.handler_timeout * 1000)

    def _missing(self, event: Event) -> Outcome:
        """An event is only claimed where there is a handler: this process has another set of them."""
        error = (
            f"no handler for {event.kind} of type {event.type!r} in this process: register it in every worker"
        )
        log.error("%s: %s", event.number, error)
        return self._once_more(event, success=None, error=error)


def _end(limit: asyncio.Timeout) -> None:
    limit.reschedule(asyncio.get_running_loop().time())


def _outcome(
    event: Event,
    *,
    state: str,
    success: bool | None,
    now: int,
    due: int | None = None,
    error: str | None = None,
) -> Outcome:
    return Outcome(event=event, state=state, due=due, error=error, success=success, now=now)
