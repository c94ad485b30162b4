"""Handlers at work: each run ends in an outcome that is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_async.config import Config
from vkpay_async.errors import VKPayError
from vkpay_async.happenings import Event, Outcome
from vkpay_async.loops import RunningLoop
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


class Run:
    """A handler at work. It has returned some time before ``task`` is at its end, when its outcome is stored too."""

    __slots__ = ("_returned", "_waiting", "late", "task")

    task: asyncio.Task[bool]

    def __init__(self) -> None:
        self.late = False
        self._returned = False
        self._waiting: list[asyncio.Future[None]] = []

    def has_returned(self) -> None:
        self._returned = True
        for waiting in self._waiting:
            release(waiting)
        self._waiting.clear()

    def out_of_time(self) -> None:
        self.late = True
        self.task.cancel()

    async def grace(self, patience: Deadlines[asyncio.Future[None]], seconds: float) -> None:
        """Until the handler has returned, for ``seconds`` at most. Its caller's end is not the handler's."""
        if self._returned:
            return
        waiting = self.task.get_loop().create_future()
        self._waiting.append(waiting)
        patience.add(waiting, seconds)
        try:
            await waiting
        finally:
            patience.discard(waiting)


def release(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


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
        self._by_event: dict[tuple[str, str], Run] = {}
        self._tasks: set[asyncio.Task[bool]] = set()
        self._limits: Deadlines[Run] = Deadlines(Run.out_of_time)
        self._loop = RunningLoop()

    @property
    def has_room(self) -> bool:
        return len(self._tasks) < MOST_IN_HAND

    def lease_until(self, now: int) -> int:
        """When another process may take an event that is claimed at ``now``."""
        return now + self._timeout_ms() + LEASE_MARGIN_MS

    def start(self, event: Event, order: Order | None = None) -> Run:
        """Runs the handler in a task of its own, whose result says whether it needs no further try."""
        key, run = (event.number, event.what), Run()
        run.task = task = self._loop().create_task(self._run(event, order, run), name=event.number)
        self._tasks.add(task)
        self._by_event[key] = run
        task.add_done_callback(lambda _: self._ended(key, run))
        return run

    def running(self, event: Event) -> Run | None:
        """This process's run of the event's handler."""
        return self._by_event.get((event.number, event.what))

    async def idle(self) -> None:
        """Waits until no handler runs."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, key: tuple[str, str], run: Run) -> None:
        task = run.task
        run.has_returned()
        self._tasks.discard(task)
        if self._by_event.get(key) is run:
            del self._by_event[key]
        self._waiting.wake(key[0])
        self._ledger.tell(key[0])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "how the handler of %s ended could not be stored, it will be run again: %s", key[0], error
            )

    async def _run(self, event: Event, order: Order | None, run: Run) -> bool:
        async with self._slots:
            ended = await self._worked(event, order, run)
        return ended if isinstance(ended, bool) else await self._finish(ended)

    async def _worked(self, event: Event, order: Order | None, run: Run) -> Outcome | bool:
        """How the handler ended: still to be stored, or stored already, or nobody's business."""
        handler = self._handlers.find(event.kind, event.type)
        if handler is None:
            return self._missing(event)
        now, mine = self._now_ms(), event
        if event.due is not None and now + self._timeout_ms() >= event.due:
            # The turn was long in coming, and somebody else may have begun meanwhile: the lease is renewed first.
            taken = await self._ledger.take_event(
                event, lease_until=self.lease_until(now), runner=event.runner or ""
            )
            if taken is None:
                return False
            mine = taken
        return await self._handled(mine, order, handler, run)

    async def _handled(self, event: Event, order: Order | None, handler: Handler, run: Run) -> Outcome | bool:
        try:
            order = order or await self._order(event)
            told = _told(event, order)
            success = await self._called(event, handler, told, run)
        except Exception as failure:
            run.has_returned()
            log.exception(
                "the handler of %s (%s) failed, attempt %d", event.number, event.kind, event.attempts
            )
            return not isinstance(failure, LostClaim) and self._failed(event, failure)
        run.has_returned()
        if success is None:
            self._measure(self._done(event, True))
            return True
        return self._done(event, success)

    async def _order(self, event: Event) -> Order | None:
        return await self._ledger.require(event.number) if event.kind in ("payment", "refund") else None

    async def _called(self, event: Event, handler: Handler, told: Any, run: Run) -> bool | None:
        """What the handler answered; ``None`` when that is stored already, with what the handler wrote."""
        if not handler.takes_tx:
            return await self._timed(handler.function(told), run) is not False
        from vkpay_async.ledger import claims

        async with self._ledger.transaction() as tx:
            success = await self._timed(handler.function(told, tx=tx), run) is not False
            if not await tx.run_sync(lambda c: claims.finish(c, self._done(event, success))):
                raise LostClaim(
                    f"the handler of {event.number} took longer than its lease; another process has it now. What it wrote "
                    "was undone: raise handler_timeout, or make it faster"
                )
        return None

    async def _timed(self, running: Awaitable[bool | None], run: Run) -> bool | None:
        """Its limit of time ends in a cancellation, as that of ``asyncio.timeout`` does, and in an error here."""
        self._limits.add(run, self._config.handler_timeout)
        try:
            return await running
        except TimeoutError as error:
            if error.args:
                raise
            raise TimeoutError("a time limit of the handler's own was over") from None
        except asyncio.CancelledError:
            if run.late and run.task.cancelling() == 1:
                seconds = self._config.handler_timeout
                raise TimeoutError(
                    f"no answer within handler_timeout, {seconds:g} s: raise handler_timeout, or make the handler faster"
                ) from None
            if run.task.cancelling():
                raise
            raise RuntimeError("something the handler waited for was cancelled") from None
        finally:
            self._limits.discard(run)
            if run.late:
                run.task.uncancel()

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


def _told(event: Event, order: Order | None) -> Any:
    """What the handler is given."""
    if event.kind == "payment" and order is not None:
        return PaidOrder(**msgspec.structs.asdict(order), idempotency_key=event.id)
    if event.kind == "transfer":
        transfer = msgspec.json.decode(event.happened, type=Transfer)
        return FinishedTransfer(**msgspec.structs.asdict(transfer), idempotency_key=event.id)
    if event.kind == "transfer_auth":
        given = msgspec.json.decode(event.happened, type=TransferAuthorization)
        return ChangedAuthorization(**msgspec.structs.asdict(given), idempotency_key=event.id)
    if event.kind == "event":
        news = msgspec.json.decode(event.happened, type=ProviderEvent)
        return msgspec.structs.replace(news, idempotency_key=event.id)
    assert order is not None  # noqa: S101 - what is left is about an order
    refund = msgspec.json.decode(event.happened, type=Refund)
    return RefundedOrder(**msgspec.structs.asdict(order), refund=refund, idempotency_key=event.id)
