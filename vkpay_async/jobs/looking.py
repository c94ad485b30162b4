"""One round of a job: rows that were taken are looked at, some at a time, and put off until they are to be looked at again.

What was taken has been put off for ``LEASE_MS`` already: a process that dies loses nothing, and nobody else looks meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from vkpay_async.errors import NotificationMismatch, VKPayError

if TYPE_CHECKING:
    from vkpay_async.ledger import Ledger

log = logging.getLogger("vkpay_async.jobs")

Row = TypeVar("Row")

BATCH = 100
AT_ONCE = 10
LEASE_MS = 600_000
"""Longer than a round takes when every call waits for its time limit."""

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


async def look_after(
    ledger: Ledger,
    rows: Sequence[Row],
    *,
    name: Callable[[Row], str],
    look: Callable[[Row], Awaitable[bool]],
    until: Callable[[Row], int | None],
    put_off: Callable[[Any, Row, int | None], None],
) -> int:
    """Looks at each row; how many there were.

    ``look`` says whether a row is still open. ``until`` is when an open one is due again, in ms, ``None`` for never;
    ``put_off`` writes that over a connection. A look that fails leaves its row open and hurts no other.
    """
    if not rows:
        return 0
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(row: Row) -> bool:
        async with slots:
            return await _still_open(name(row), look(row))

    still = await asyncio.gather(*(one(row) for row in rows))
    due = [(row, until(row) if is_open else None) for row, is_open in zip(rows, still, strict=True)]

    def write(connection: Any) -> None:
        for row, when in due:
            put_off(connection, row, when)

    await ledger.write(write)
    return len(rows)


async def _still_open(name: str, looking: Awaitable[bool]) -> bool:
    try:
        return await looking
    except NotificationMismatch as error:
        log.error(
            "%s: %s; it is kept, see `vkpay notifications list`, and not asked after again", name, error
        )
        return False
    except VKPayError as error:
        log.warning("%s: %s; it is looked at again later", name, error)
    except Exception:
        log.exception("%s could not be looked at; it is looked at again later", name)
    return True
