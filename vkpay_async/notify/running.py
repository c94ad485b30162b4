"""Handlers at work: each run ends in an outcome that is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_async.config import Config
from vkpay_async.errors import OrderNotFound, VKPayError
from vkpay_async.models import FinishedTransfer, Refund, Transfer
from vkpay_async.notify.handlers import Handler, Handlers
from vkpay_async.notify.waiting import Waiting
from vkpay_async.order import Order, PaidOrder, RefundedOrder

if TYPE_CHECKING:
    from vkpay_async.ledger import Event, Ledger, Outcome

log = logging.getLogger("vkpay_async.notify")

FIRST_PAUSE_MS = 15_000
LONGEST_PAUSE_MS = 6 * 3600 * 1000
LEASE_MARGIN_MS = 5_000
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
        self._tasks: dict[tuple[str, str], asyncio.Task[bool]] = {}

    @property
    def has_room(self) -> bool:
        return len(self._tasks) < MOST_IN_HAND

    def lease_until(self) -> int:
        """When a handler that starts now has had its time, in ms."""
        return self._now_ms() + int(self._config.handler_timeout * 1000) + LEASE_MARGIN_MS

    def start(self, event: Event, order: Order | None = None) -> asyncio.Task[bool]:
        """Runs the handler in a task of its own, whose result says whether it needs no further try."""
        key = (event.number, event.what)
        task = asyncio.get_running_loop().create_task(self._run(event, order), name=f"vkpay-{event.number}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def running(self, event: Event) -> asyncio.Task[bool] | None:
        """The task that runs this event's handler in this process."""
        return self._tasks.get((event.number, event.what))

    async def idle(self) -> None:
        """Waits until no handler runs."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    def _ended(self, key: tuple[str, str], task: asyncio.Task[bool]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        self._waiting.wake(key[0])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "how the handler of %s ended could not be stored, it will be run again: %s", key[0], error
            )

    async def _run(self, event: Event, order: Order | None) -> bool:
        async with self._slots:
            taken = await self._for_its_time(event)
            if taken is None:
                return False
            event = taken
            handler = self._handlers.find(event.kind, event.type)
            if handler is None:
                return await self._finish(self._missing(event))
            try:
                told = await self._told(event, order)
                success = await self._called(event, handler, told)
            except Exception as failure:
                log.exception(
                    "the handler of %s (%s) failed, attempt %d", event.number, event.kind, event.attempts
                )
                return not isinstance(failure, LostClaim) and await self._finish(self._failed(event, failure))
            return success is None or await self._finish(self._done(event, success))

    async def _for_its_time(self, event: Event) -> Event | None:
        """The event with a lease for all of its handler's time; ``None`` when it waited here until another took it."""
        if event.due is None or event.due - self._now_ms() >= self._config.handler_timeout * 1000:
            return event
        return await self._ledger.take_event(event, lease_until=self.lease_until(), runner=event.runner or "")

    async def _told(self, event: Event, order: Order | None) -> Any:
        if event.kind == "transfer":
            transfer = msgspec.json.decode(event.happened, type=Transfer)
            return FinishedTransfer(**msgspec.structs.asdict(transfer), idempotency_key=event.id)
        order = order or await self._ledger.require(event.number)
        if event.kind == "refund":
            refund = msgspec.json.decode(event.happened, type=Refund)
            return RefundedOrder(**msgspec.structs.asdict(order), refund=refund, idempotency_key=event.id)
        return PaidOrder(**msgspec.structs.asdict(order), idempotency_key=event.id)

    async def _called(self, event: Event, handler: Handler, told: Any) -> bool | None:
        """What the handler answered; ``None`` when that is stored already, with what the handler wrote."""
        if not handler.takes_tx:
            return await self._timed(handler.function(told)) is not False
        from vkpay_async.ledger import events

        async with self._ledger.transaction() as tx:
            success = await self._timed(handler.function(told, tx=tx)) is not False
            if not await tx.run_sync(lambda c: events.finish(c, self._done(event, success))):
                raise LostClaim(
                    f"the handler of {event.number} took longer than its lease; another process has it now. What it wrote "
                    "was undone: raise handler_timeout, or make it faster"
                )
        return None

    async def _timed(self, running: Coroutine[Any, Any, bool | None] | Any) -> bool | None:
        try:
            async with asyncio.timeout(self._config.handler_timeout):
                answer: bool | None = await running
                return answer
        except TimeoutError as error:
            if error.args:
                raise
            limit = self._config.handler_timeout
            raise TimeoutError(
                f"no answer within handler_timeout, {limit:g} s (or a time limit of its own)"
            ) from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RuntimeError("something the handler waited for was cancelled") from None

    async def _finish(self, outcome: Outcome) -> bool:
        await self._ledger.finish(outcome)
        return outcome.error is None

    def _done(self, event: Event, success: bool) -> Outcome:
        return _outcome(event, state="done", success=success, now=self._now_ms())

    def _failed(self, event: Event, failure: Exception) -> Outcome:
        now = self._now_ms()
        error = f"{type(failure).__name__}: {failure}"[:LONGEST_ERROR]
        if event.attempts >= self._config.handler_attempts or isinstance(failure, OrderNotFound):
            return _outcome(event, state="parked", success=False, error=error, now=now)
        pause = min(FIRST_PAUSE_MS * 2 ** (event.attempts - 1), LONGEST_PAUSE_MS)
        return _outcome(event, state="failed", due=now + pause, success=False, error=error, now=now)

    def _missing(self, event: Event) -> Outcome:
        """An event is only claimed where there is a handler: this process has another set of them."""
        error = (
            f"no handler for {event.kind} of type {event.type!r} in this process: register it in every worker"
        )
        log.error("%s: %s", event.number, error)
        pause = self._now_ms() + FIRST_PAUSE_MS
        return _outcome(event, state="failed", due=pause, success=None, error=error, now=self._now_ms())


def _outcome(
    event: Event,
    *,
    state: str,
    success: bool | None,
    now: int,
    due: int | None = None,
    error: str | None = None,
) -> Outcome:
    from vkpay_async.ledger import Outcome

    return Outcome(event=event, state=state, due=due, error=error, success=success, now=now)
