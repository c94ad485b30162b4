"""The merchant of ``flow`` and ``soak``: the SDK over a ledger on disk, its receiver, and a handler that has nothing to do."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeVar

from aiohttp import web

from benchmarks.driven import CORE, drive, pin, rss_mib
from benchmarks.lives import LIVES, told
from benchmarks.sampled import Sampler
from vkpay_async import PaidOrder, RefundedOrder, VKPay, VKPayError
from vkpay_async.web.aiohttp import vkpay_app

T = TypeVar("T")

TYPE = "goods"
REFUNDED = 3


class Merchant:
    """Its event loop is the main thread's, where the sampler looks; orders come from another one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._numbers = count()
        self._openids: dict[str, str] = {}
        self._handled: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._sampler = Sampler()
        self._stall_ms = 0.0

    def open(self, config: dict[str, Any], database: str, port: int) -> None:
        self._do(self._open(config, database, port))

    async def _open(self, config: dict[str, Any], database: str, port: int) -> None:
        settings = {**config, "notify_url": f"http://127.0.0.1:{port}/pay"}
        self._pay = VKPay.from_dict(settings, database=database)

        @self._pay.on_paid(TYPE)
        async def paid(order: PaidOrder) -> None:
            self._handled[order.out_trade_no] += 1

        @self._pay.on_refunded(TYPE)
        async def refunded(order: RefundedOrder) -> None:
            """Nothing to do."""

        app = web.Application()
        app.add_subapp("/pay", vkpay_app(self._pay))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
        self._beating = asyncio.create_task(self._beat())

    def appid(self, pay_type: str) -> str:
        appid: str = self._pay.provider(pay_type).appid
        return appid

    def log_in(self, provider: str, code: str) -> None:
        login = self._do(self._pay.code2session_weixin_mp(code=code, provider=provider))
        self._openids[provider] = login.openid

    def create(self, provider: str, lives: int, at_once: int) -> list[dict[str, Any]]:
        return self._do(self._gathered(lives, at_once, lambda: self._create(provider)))

    def refund(self, numbers: list[str], at_once: int) -> None:
        waiting = iter(numbers)
        self._do(self._gathered(len(numbers), at_once, lambda: self._pay.refund(out_trade_no=next(waiting))))

    def ended(self, numbers: list[str]) -> dict[str, Any]:
        """How many of them ended as they should, whose handler never ran, and how many ran twice."""
        return self._do(self._ended(numbers))

    def known(self, numbers: list[str]) -> list[str]:
        """Those that the ledger has as paid."""
        return self._do(self._known(numbers))

    def prove(self, proofs: dict[str, str], at_once: int) -> None:
        """A device brings what it was given for an order, by the order's number."""
        waiting = iter(proofs.items())
        self._do(self._gathered(len(proofs), at_once, lambda: self._prove(*next(waiting))))

    def sample(self) -> None:
        self._do(self._called(self._sampler.start))

    def sampled(self) -> dict[str, float]:
        return self._do(self._called(self._sampler.stop))

    def cpu(self) -> float:
        return time.process_time()

    def health(self) -> dict[str, float]:
        """As it stands; the longest stall is that since it was last asked."""
        return self._do(self._called(self._looked))

    def failures(self) -> dict[str, int]:
        """Errors that calls raised, by their kind."""
        return dict(self._failed)

    async def _create(self, provider: str) -> dict[str, Any] | None:
        life = LIVES[provider]
        openid = {"openid": self._openids[provider]} if provider in self._openids else {}
        try:
            payment = await self._pay.create_payment(
                provider=provider,
                platform=life.platform,
                is_pc=True,
                out_trade_no=f"{provider.replace('-', '')}{next(self._numbers):010d}",
                total_fee=life.total_fee,
                subject="Tea, 500 g",
                type=TYPE,
                **{**life.call, **openid},
            )
        except VKPayError as error:
            self._failed[type(error).__name__] += 1
            return None
        return {**told(payment), **openid}

    async def _known(self, numbers: list[str]) -> list[str]:
        await self._pay.idle()
        return [number for number in numbers if (await self._pay.orders.require(number)).status > 0]

    async def _prove(self, number: str, signed: str) -> None:
        await self._pay.verify_purchase(out_trade_no=number, signed_transaction=signed)

    async def _ended(self, numbers: list[str]) -> dict[str, Any]:
        await self._pay.idle()
        orders = [await self._pay.orders.require(number) for number in numbers]
        return {
            "refunded": sum(order.status == REFUNDED for order in orders),
            "paid": sum(order.status > 0 for order in orders),
            "handled": sum(self._handled[number] > 0 for number in numbers),
            "lost": [number for number in numbers if not self._handled[number]],
            "handled twice": sum(self._handled.pop(number, 0) > 1 for number in numbers),
        }

    async def _gathered(
        self, times: int, at_once: int, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> list[T]:
        turns, found = iter(range(times)), []

        async def worker() -> None:
            for _ in turns:
                try:
                    found.append(await work())
                except VKPayError as error:
                    self._failed[type(error).__name__] += 1

        await asyncio.gather(*(worker() for _ in range(min(at_once, times))))
        return [one for one in found if one is not None]

    async def _beat(self) -> None:
        """Notes how late the loop comes back."""
        while True:
            due = self.loop.time() + 0.01
            await asyncio.sleep(0.01)
            self._stall_ms = max(self._stall_ms, (self.loop.time() - due) * 1e3)

    def _looked(self) -> dict[str, float]:
        stall, self._stall_ms = self._stall_ms, 0.0
        return {
            "rss_mib": rss_mib(),
            "file_descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - nothing but their number
            "tasks": len(asyncio.all_tasks(self.loop)),
            "longest_stall_ms": stall,
        }

    async def _called(self, work: Callable[[], T]) -> T:
        return work()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


def main() -> None:
    merchant = Merchant()
    names = [
        "open",
        "appid",
        "log_in",
        "create",
        "refund",
        "known",
        "prove",
        "ended",
        "sample",
        "sampled",
        "cpu",
        "health",
        "failures",
    ]
    doings = {name: getattr(merchant, name) for name in names}

    def take_orders() -> None:
        drive(doings)
        merchant.loop.call_soon_threadsafe(merchant.loop.stop)

    pin(CORE)
    threading.Thread(target=take_orders, name="driver", daemon=True).start()
    merchant.loop.run_forever()


if __name__ == "__main__":
    main()
