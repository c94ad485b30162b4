"""Real time makes things due: the agenda's next entry is a timer of the running loop."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vkpay_simulator.world import World

log = logging.getLogger(__name__)


class Pump:
    """Runs what is due in a world, from the moment it is made until :meth:`stop`.

    A notification makes an entry that is due at once, and as a rule whoever made it runs it: a turn of the pump that finds
    nothing left is only a call of the loop, and there is a task only for what has to be run.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop = asyncio.get_running_loop()
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_ms = math.inf  # by the machine's clock, which nobody moves
        self._task: asyncio.Task[None] | None = None
        world.agenda.changed = self._changed
        self._changed()

    async def stop(self) -> None:
        """Nothing becomes due any more; what was running has ended."""
        self._world.agenda.changed = lambda: None
        for handle in (self._soon, self._timer):
            if handle is not None:
                handle.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _changed(self) -> None:
        """There will be a turn no later than the agenda's next entry; one that comes too early does no harm."""
        at = self._world.agenda.next_at()
        if at is None:
            return
        at_ms = at - self._world.clock.offset_ms
        wait_ms = at_ms - self._world.clock.real_ms()
        if wait_ms <= 0:
            self._soon = self._soon or self._loop.call_soon(self._turn)
        elif at_ms < self._timer_ms:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._timer_ms = self._loop.call_later(wait_ms / 1000, self._rung), at_ms

    def _rung(self) -> None:
        self._timer, self._timer_ms = None, math.inf
        self._turn()

    def _turn(self) -> None:
        self._soon = None
        if self._task is not None:
            return
        at = self._world.agenda.next_at()
        if at is not None and at <= self._world.clock.now():
            self._task = self._loop.create_task(self._run())
        else:
            self._changed()

    async def _run(self) -> None:
        try:
            await self._world.agenda.run_due()
        except Exception:
            log.exception("something that was due failed: this is a bug of the simulator")
        finally:
            self._task = None
            self._world.agenda.changed()
