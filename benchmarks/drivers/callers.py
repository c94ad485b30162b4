"""Our client, and the hand-written one: ``ours`` or ``floor`` of ``wxpay`` or ``alipay``, on uvloop as an application has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from benchmarks import floors, works
from benchmarks.driven import Contexts, drive, in_tasks, rss_mib
from benchmarks.parties import config
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport

Call = Callable[[], Awaitable[Any]]

WARM = 100
FLOORS = {"wxpay_h5": floors.WeChatCaller, "alipay_h5": floors.AlipayCaller}
contexts = Contexts()


class Caller:
    """One session that is kept from the first call on."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        asyncio.set_event_loop(self._loop)

    def open(self, kind: str, pay_type: str, base_url: str) -> None:
        self._call: Call = FLOORS[pay_type](base_url) if kind == "floor" else _ours(pay_type, base_url)

    def calls(self, count: int, at_once: int) -> dict[str, float]:
        before = contexts.made
        found: dict[str, float] = self._loop.run_until_complete(in_tasks(self._call, count, at_once))
        return {**found, "contexts": contexts.made - before}

    def grown(self, count: int, at_once: int) -> float:
        """By how many MiB the process grows over so many calls, after some that make it as large as it gets.

        In turns, so that what is noted of each call does not count.
        """
        turn = WARM * at_once
        self.calls(turn, at_once)
        before = rss_mib()
        for _ in range(max(1, count // turn)):
            self.calls(turn, at_once)
        return rss_mib() - before


def _ours(pay_type: str, base_url: str) -> Call:
    settings = config_from_dict(config(base_url))
    transport, order = Transport(settings.http), works.order_of(pay_type)
    provider = Providers(settings, SYSTEM_ENV).get(None, pay_type)
    return lambda: transport.run(provider.create(order))


if __name__ == "__main__":
    caller = Caller()
    drive({"open": caller.open, "calls": caller.calls, "grown": caller.grown})
