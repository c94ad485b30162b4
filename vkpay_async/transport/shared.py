"""Values that Flows share: access tokens, session keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from vkpay_async.providers.base import Flow, Shared, SharedValue

Run: TypeAlias = Callable[[Flow[Any]], Awaitable[Any]]


class SharedValues(Protocol):
    """Where a Flow's shared values are kept."""

    async def get(self, step: Shared, run: Run) -> str | None:
        """Does what the step says; ``run`` runs the Flow that fetches a value. Raises what that raises."""


class InMemory:
    """One process's own, for a transport without a ledger. A value is used until the provider refuses it."""

    def __init__(self) -> None:
        self._values: dict[str, SharedValue] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, step: Shared, run: Run) -> str | None:
        async with self._locks.setdefault(step.name, asyncio.Lock()):
            known = self._values.get(step.name)
            if step.keep is not None:
                self._values[step.name] = step.keep
            elif step.fetch is not None and (known is None or known.value == step.stale):
                self._values[step.name] = await run(step.fetch())
            found = self._values.get(step.name)
            return None if found is None else found.value
