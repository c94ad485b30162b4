"""The merchants of the database as this process knows them: looked up once, built once, and anew when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from vkpay_async.errors import ConfigError
from vkpay_async.ledger.merchants import Merchants, StoredMerchant
from vkpay_async.providers.registry import Providers

log = logging.getLogger("vkpay_async.merchants")

MISSING_MS = 3_000
"""How long a pid that is not there is not asked for again."""

MOST_MISSING = 64
"""How many pids may be found missing in that time; more are somebody's guesses, and are not asked for at all."""

STALE_MS = 60_000
"""How old what is known of the database's merchants may be before they are used again."""


class KnownMerchants:
    """Hands the database's merchants to the providers. A pid that the config has is the config's."""

    def __init__(self, merchants: Merchants, providers: Providers, now_ms: Callable[[], int]) -> None:
        self._merchants = merchants
        self._providers = providers
        self._now_ms = now_ms
        self._revisions: dict[str, int] = {}
        self._missing: dict[str, tuple[int, ConfigError | None]] = {}
        self._flights: dict[str, asyncio.Task[None]] = {}
        self._reloading: asyncio.Task[dict[str, ConfigError]] | None = None
        self._looked = 0
        merchants.on_change = self._changed

    def configured(self, pid: str | None) -> bool:
        """Whether the merchant is the config's own: there is nothing to look up."""
        pid = pid or "default"
        return pid not in self._revisions and self._providers.knows(pid)

    async def ensure(self, pid: str | None) -> None:
        """Makes the merchant known where it is there. Raises :class:`ConfigError` for one that cannot be decrypted."""
        pid = pid or "default"
        if pid in self._revisions:
            if self._now_ms() >= self._looked + STALE_MS:
                _log(await self._reloaded())
            return
        if self._providers.knows(pid):
            return
        if pid not in self._flights and not self._known_missing(pid):
            self._flights[pid] = self._started(self._look_up(pid), lambda: self._flights.pop(pid))
        if pid in self._flights:
            await asyncio.shield(self._flights[pid])

    async def start(self) -> None:
        """Takes in all there are. What is wrong with one is logged, and said when it is used."""
        _log(await self._reloaded())

    async def reload(self) -> None:
        """Takes in what has changed. Raises :class:`ConfigError` for the first that cannot be decrypted, after the others."""
        self._missing.clear()
        for error in (await self._reloaded()).values():
            raise error

    def _changed(self, pid: str) -> None:
        """Changed here: it is looked at again before it is used."""
        self._missing.pop(pid, None)
        self._looked = -STALE_MS

    async def _reloaded(self) -> dict[str, ConfigError]:
        if self._reloading is None:
            self._reloading = self._started(self._reload(), self._reload_ended)
        return await asyncio.shield(self._reloading)

    def _reload_ended(self) -> None:
        self._reloading = None

    async def _reload(self) -> dict[str, ConfigError]:
        looked = self._now_ms()
        there = await self._merchants.revisions()
        for pid in self._revisions.keys() - there.keys():
            del self._revisions[pid]
            self._providers.forget(pid)
        theirs = {pid: number for pid, number in there.items() if self._adoptable(pid)}
        if theirs:
            self._providers.expect_more()
        changed = [pid for pid, revision in theirs.items() if self._revisions.get(pid) != revision]
        errors: dict[str, ConfigError] = {}
        for pid, found in (await self._merchants.load_all(changed)).items():
            if isinstance(found, ConfigError):
                errors[pid] = found
            else:
                self._take_in(pid, found)
        self._looked = looked
        return errors

    async def _look_up(self, pid: str) -> None:
        until = self._now_ms() + MISSING_MS
        try:
            found = await self._merchants.load(pid)
        except ConfigError as error:
            self._missing[pid] = (until, error)
            raise
        if found is None:
            self._missing[pid] = (until, None)
        else:
            self._take_in(pid, found)

    def _adoptable(self, pid: str) -> bool:
        return pid in self._revisions or not self._providers.knows(pid)

    def _take_in(self, pid: str, found: StoredMerchant) -> None:
        self._providers.adopt(found.merchant)
        self._revisions[pid] = found.revision
        self._missing.pop(pid, None)

    def _known_missing(self, pid: str) -> bool:
        now = self._now_ms()
        self._missing = {name: what for name, what in self._missing.items() if what[0] > now}
        if pid not in self._missing:
            return len(self._missing) + len(self._flights) >= MOST_MISSING
        error = self._missing[pid][1]
        if error is not None:
            raise ConfigError(error.msg)
        return True

    def _started(self, work: Coroutine[Any, Any, Any], ended: Callable[[], Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda _: (ended(), task.cancelled() or task.exception()))
        return task


def _log(errors: Mapping[str, ConfigError]) -> None:
    for error in errors.values():
        log.error("%s", error)
