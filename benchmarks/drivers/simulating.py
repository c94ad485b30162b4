"""The simulator at work, or the hand-written floor of the same: sending notifications, and answering questions."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from itertools import count as counting
from typing import Any, Protocol, TypeVar

import uvloop
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from benchmarks import floors, parties, works
from benchmarks.driven import drive, pin, rss_mib
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.models import CreateOrder, OrderRef
from vkpay_async.providers.base import HttpRequest, HttpResponse, Provider, run_offline
from vkpay_async.providers.registry import Providers
from vkpay_simulator import actions, rows
from vkpay_simulator.app import build_app, started
from vkpay_simulator.cli.up import seldom_collect
from vkpay_simulator.exchange import Request
from vkpay_simulator.handling import Endpoint
from vkpay_simulator.world import Settings, World

T = TypeVar("T")

PAY_TYPE = "wxpay_h5"
NATIVE = "/v3/pay/transactions/native"


class Side(Protocol):
    merchants_mib: float
    """What the merchants took, but for the first ones, that every world has."""
    spent: float
    """Seconds of CPU in the simulator's own part of creating orders."""

    async def started(self) -> web.AppRunner: ...

    def fill(self, count: int) -> None:
        """So many more orders are open."""

    async def send(self, count: int, at_once: int) -> None:
        """So many notifications, each answered."""

    def questions(self, count: int) -> Iterator[HttpRequest]:
        """Signed queries."""


class Ours:
    """A world with merchants. Its orders are created as a merchant's SDK does it, without a socket between."""

    def __init__(self, notify_url: str, merchants: int) -> None:
        self._world = World(Settings(seed=1, notify_url=notify_url))
        pids = ["default", *(f"bench-{number}" for number in range(1, merchants))]
        before = rss_mib()
        for pid in pids[1:]:
            self._world.add_merchant(pid=pid)
        self.merchants_mib = rss_mib() - before
        self.spent = 0.0
        config = config_from_dict(rows.config(self._world, "http://127.0.0.1"))
        providers = Providers(config, SYSTEM_ENV)
        self._merchants: list[tuple[str, Provider]] = [(pid, providers.get(pid, PAY_TYPE)) for pid in pids]
        simulated = self._world.providers["wxpay"]
        route = next(one for one in simulated.routes() if one.path == NATIVE)
        self._endpoint = Endpoint(self._world, simulated, route)
        self._numbers = counting()
        self._open: list[tuple[str, str]] = []
        self._url = notify_url

    async def started(self) -> web.AppRunner:
        return await started(build_app(self._world))

    def fill(self, count: int) -> None:
        for number in (next(self._numbers) for _ in range(count)):
            pid, provider = self._merchants[number % len(self._merchants)]
            order = CreateOrder(
                pay_type=PAY_TYPE,
                out_trade_no=f"T{number:013d}",
                total_fee=100,
                subject="Tea, 500 g",
                notify_url=f"{self._url}/vk-pay-notify/{PAY_TYPE}/T{number:013d}",
            )
            run_offline(provider.create(order), self._answer)
            self._open.append((order.out_trade_no, pid))

    async def send(self, count: int, at_once: int) -> None:
        waiting = iter(self._open[:count])
        del self._open[:count]

        async def worker() -> None:
            for number, pid in waiting:
                await actions.pay(self._world, actions.Buyer(out_trade_no=number, provider="wxpay", pid=pid))

        await asyncio.gather(*(worker() for _ in range(at_once)))
        states = {delivery.state for delivery in self._world.deliveries.values()}
        assert states == {"delivered"}, states
        self._world.deliveries.clear()

    def questions(self, count: int) -> Iterator[HttpRequest]:
        pids = dict(self._merchants)
        for nth in range(count):
            number, pid = self._open[nth % len(self._open)]
            yield next(pids[pid].query(OrderRef(out_trade_no=number, pay_type=PAY_TYPE, total_fee=100)))

    def _answer(self, request: HttpRequest) -> HttpResponse:
        headers = CIMultiDictProxy(CIMultiDict(request.headers))
        target = request.url.removeprefix("http://127.0.0.1")
        seen = Request(method=request.method, target=target, headers=headers, body=request.body)
        started = time.process_time()
        answer = _at_once(self._endpoint.handle(seen)).answer
        self.spent += time.process_time() - started
        assert answer is not None
        return HttpResponse(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.body,
        )


class Floor:
    """Notifications and answers by hand, of no orders at all."""

    merchants_mib = spent = 0.0

    def __init__(self, notify_url: str, merchants: int) -> None:
        self._url = f"{notify_url}/vk-pay-notify/{PAY_TYPE}"
        self._provider = works.provider_of(PAY_TYPE)

    async def started(self) -> web.AppRunner:
        app = floors.gateway(parties.MERCHANT.public_key(), parties.PLATFORM)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        return runner

    def fill(self, count: int) -> None:
        pass

    async def send(self, count: int, at_once: int) -> None:
        numbers = [f"T{number:013d}" for number in range(count)]
        await floors.send(self._url, parties.PLATFORM, numbers, at_once)

    def questions(self, count: int) -> Iterator[HttpRequest]:
        order = OrderRef(out_trade_no=works.NUMBER, pay_type=PAY_TYPE, total_fee=100)
        for _ in range(count):
            yield next(self._provider.query(order))


SIDES: dict[str, Any] = {"ours": Ours, "floor": Floor}


class Simulating:
    """Serves in a thread; the thread that drives it sleeps meanwhile."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()

    def open(self, kind: str, notify_url: str, merchants: int) -> dict[str, float]:
        """Gives the port, and what the merchants took."""
        started = time.perf_counter()
        self._side: Side = SIDES[kind](notify_url, merchants)
        took = time.perf_counter() - started
        seldom_collect()  # as its command does, for the floor alike
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        return {"port": self._do(self._serve()), "seconds": took, "mib": self._side.merchants_mib}

    def fill(self, count: int) -> dict[str, float]:
        """Gives what so many open orders took; the seconds are the simulator's own, without those of who asks it."""
        before, spent = rss_mib(), self._side.spent
        self._do(self._filled(count))
        return {"seconds": self._side.spent - spent, "mib": rss_mib() - before}

    def send(self, count: int, at_once: int) -> dict[str, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        self._do(self._side.send(count, at_once))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {"per_second": count / wall, "cpu_us": cpu / count * 1e6}

    def questions(self, count: int) -> list[str]:
        """Whole HTTP requests."""
        return [_wire(request) for request in self._side.questions(count)]

    def cpu(self) -> float:
        return time.process_time()

    def move(self, core: int) -> None:
        """Threads that are there keep their core: to be asked before anything else."""
        pin(core)

    async def _serve(self) -> int:
        runner = await self._side.started()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        port: int = runner.addresses[0][1]
        return port

    async def _filled(self, count: int) -> None:
        self._side.fill(count)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _wire(request: HttpRequest) -> str:
    lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    target = request.url.removeprefix("http://127.0.0.1")
    return f"{request.method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n"


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Nothing in it waits while there are no faults."""
    try:
        work.send(None)
    except StopIteration as stop:
        found: T = stop.value
        return found
    raise AssertionError("the simulator waited")


if __name__ == "__main__":
    simulating = Simulating()
    drive(
        {
            "open": simulating.open,
            "fill": simulating.fill,
            "send": simulating.send,
            "questions": simulating.questions,
            "cpu": simulating.cpu,
            "core": simulating.move,
        }
    )
