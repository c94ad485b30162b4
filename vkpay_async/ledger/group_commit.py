"""Many operations in one transaction: while one commit runs, the next batch gathers. No timer, and nobody lingers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from vkpay_async.errors import LedgerUnavailable
from vkpay_async.ledger.store import Store
from vkpay_async.loops import RunningLoop

Op = TypeVar("Op")
Res = TypeVar("Res")

log = logging.getLogger("vkpay_async.ledger")

LARGEST_BATCH = 256


class GroupCommit(Generic[Op, Res]):
    """Hands what waits to ``apply``, which runs in one transaction and gives a result for each, in their order.

    A batch that fails on its content is done again one by one, so that a poisonous operation hurts nobody else. When the
    database cannot be used, all that waited are told.
    """

    def __init__(
        self, store: Store, apply: Callable[[Connection, Sequence[Op]], list[Res]], *, flushers: int = 1
    ) -> None:
        self._store = store
        self._apply = apply
        self._flushers = flushers
        self._waiting: deque[tuple[Op, asyncio.Future[Res]]] = deque()
        self._flushing = 0
        self._loop = RunningLoop()
        self._running: set[asyncio.Task[None]] = set()

    def submit(self, operation: Op) -> asyncio.Future[Res]:
        """The operation's result, committed; or what ``apply`` raised for it, or :class:`LedgerUnavailable`."""
        loop = self._loop()
        future: asyncio.Future[Res] = loop.create_future()
        self._waiting.append((operation, future))
        if self._flushing < self._flushers:
            self._flushing += 1
            task = loop.create_task(self._flush(), name="vkpay-group-commit")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return future

    async def close(self) -> None:
        """Waits until all is committed that was handed in."""
        while self._running:
            await asyncio.wait(self._running)

    async def _flush(self) -> None:
        # Counted down in the same step that found nothing waiting: what is handed in afterwards starts a flusher.
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whatever is ready in this turn of the loop goes along
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
                if batch:  # another flusher may have taken all
                    await self._commit(batch)
        finally:
            self._flushing -= 1

    async def _commit(self, batch: list[tuple[Op, asyncio.Future[Res]]], *, again: bool = False) -> None:
        operations = [operation for operation, _ in batch]
        try:
            results = await self._store.write(lambda connection: self._apply(connection, operations))
        except LedgerUnavailable as error:
            for _, future in batch:
                _fail(future, error)
        except Exception as error:  # noqa: BLE001 - whoever handed it in is told
            if isinstance(error, IntegrityError) and not again:
                # Somebody else has just inserted the same row, for a copy that came meanwhile; who looks again finds it.
                await self._commit(batch, again=True)
                return
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            log.warning(
                "a batch of %d failed on %s and is done again one by one", len(batch), type(error).__name__
            )
            for one in batch:
                await self._commit([one])
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _fail(future: asyncio.Future[Res], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
