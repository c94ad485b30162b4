"""A simulator in a thread of its own, for tests: the methods of the ``vkpay_sim`` fixture."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar

import msgspec

from vkpay_simulator import actions, rows
from vkpay_simulator.faults import KINDS, Active, parse_fault
from vkpay_simulator.journal import Entry
from vkpay_simulator.providers.base import OrderView
from vkpay_simulator.serving import serving
from vkpay_simulator.world import Settings, World

T = TypeVar("T")
MATCHED = ("provider", "operation", "path", "out_trade_no")
PATIENCE_S = 600.0


class Doing(Generic[T]):
    """Something under way in the simulator: ``await`` it, or in a plain test call ``.wait()``."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()

    def wait(self, timeout_s: float = PATIENCE_S) -> T:
        """The result. Raises :class:`RuntimeError` inside an event loop, which it would stop."""
        if _in_a_loop():
            raise RuntimeError(
                "This test runs in an event loop: await it, since .wait() would stop the loop."
            )
        return self._future.result(timeout_s)


class RunningSimulator:
    """A world that is served on a free port while the ``with`` block lasts.

    Every call starts at once; ``pay``, ``advance`` and the like give something to ``await`` or ``.wait()`` for,
    over when the notifications that are due have been answered.
    """

    def __init__(self, settings: Settings | None = None, world: World | None = None) -> None:
        self.world = world or World(settings or Settings(seed=1))
        self._base = self.world.settings.notify_url
        self._started: Future[str] = Future()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._serve, name="vkpay-sim", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = self._started.result(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(PATIENCE_S)

    @property
    def config(self) -> dict[str, Any]:
        """Every merchant in the layout of ``vkpay.toml``, with this simulator's address as ``baseUrl``."""
        return rows.config(self.world, self.url)

    def merchant(self, pid: str = "default") -> dict[str, Any]:
        """One merchant's vk-pay-config row."""
        return rows.config_row(self.world, pid, self.url)

    @property
    def notify_url(self) -> str:
        """The base notify address. Setting it sets it for every merchant, until the next test."""
        return self.world.settings.notify_url

    @notify_url.setter
    def notify_url(self, url: str) -> None:
        self.world.settings = replace(self.world.settings, notify_url=url.rstrip("/"))
        for merchant in self.world.merchants.values():
            merchant.notify_url = self.world.settings.notify_url

    def pay(self, out_trade_no: str, **more: Any) -> Doing[OrderView]:
        """The buyer pays. ``more``: ``payer``, ``channel``, ``provider``, ``pid``, ``wait``."""
        return self._do(actions.pay(self.world, actions.Buyer(out_trade_no=out_trade_no, **more)))

    def scan(self, out_trade_no: str, **more: Any) -> Doing[OrderView]:
        """The buyer scans the code or opens the cashier, and does not pay yet."""
        return self._do(actions.scan(self.world, actions.Buyer(out_trade_no=out_trade_no, **more)))

    def cancel(self, out_trade_no: str, **more: Any) -> Doing[OrderView]:
        """The buyer gives up."""
        return self._do(actions.cancel(self.world, actions.Buyer(out_trade_no=out_trade_no, **more)))

    def settle_refund(
        self, out_refund_no: str, status: str = "SUCCESS", **more: Any
    ) -> Doing[dict[str, Any]]:
        """Ends a refund in a chosen way."""
        body = actions.Refund(out_refund_no=out_refund_no, status=status, **more)
        return self._do(actions.refund(self.world, body))

    def confirm_transfer(self, out_bill_no: str, **more: Any) -> Doing[dict[str, Any]]:
        """The receiver takes the money."""
        return self.settle_transfer(out_bill_no, "confirm", **more)

    def settle_transfer(self, out_bill_no: str, outcome: str, **more: Any) -> Doing[dict[str, Any]]:
        """Ends a transfer: ``confirm``, ``fail`` or ``expire``."""
        body = actions.Transfer(out_bill_no=out_bill_no, outcome=outcome, **more)
        return self._do(actions.transfer(self.world, body))

    def confirm_authorization(self, out_authorization_no: str, **more: Any) -> Doing[dict[str, Any]]:
        """The user agrees to receive without confirming."""
        return self.settle_authorization(out_authorization_no, "confirm", **more)

    def settle_authorization(
        self, out_authorization_no: str, outcome: str, **more: Any
    ) -> Doing[dict[str, Any]]:
        """What becomes of an authorisation: ``confirm``, ``close`` or ``expire``."""
        body = actions.Authorization(out_authorization_no=out_authorization_no, outcome=outcome, **more)
        return self._do(actions.authorization(self.world, body))

    def login(self, appid: str, openid: str | None = None) -> dict[str, str]:
        """A user opens the app: ``code`` for your server, and the ``openid`` that it stands for, new unless given."""
        return self._call(lambda: actions.log_in(self.world, appid, openid))

    def advance(self, time: float | str) -> Doing[actions.ClockView]:
        """Business time goes forward by seconds or by ``"24h4m"``."""
        return self._do(actions.advance(self.world, actions.Step(advance_seconds=time)))

    def resend(self, delivery_id: str) -> Doing[actions.DeliveryView]:
        """Sends a notification once more."""
        return self._do(actions.resend(self.world, delivery_id))

    def fault(self, kind: str | None = None, **more: Any) -> Active:
        """``fault("status", status=500, times=1, operation="wxpay.*")``, or short ``fault(lose_notify=3)``.

        ``provider``, ``operation``, ``path`` and ``out_trade_no`` say what it is for; the rest are its own fields.
        Raises :class:`SimulatorError` that names the known ones.
        """
        if kind is None:
            kind = next((name for name in more if name in KINDS), "")
            more["times"] = more.pop(kind, 1)
        match = {name: more.pop(name) for name in MATCHED if name in more}
        wanted = parse_fault(msgspec.json.encode({"fault": kind, "match": match, **more}))
        return self._call(lambda: self.world.faults.add(wanted))

    def orders(self) -> list[OrderView]:
        return self._call(lambda: actions.orders(self.world))

    def deliveries(self) -> list[actions.DeliveryView]:
        return self._call(lambda: actions.deliveries(self.world))

    def journal(self, **filters: Any) -> list[Entry]:
        """The newest entries; filters: ``provider``, ``operation``, ``out_trade_no``, ``limit``."""
        return self._call(lambda: self.world.journal.find(**filters))

    def reset(self) -> None:
        """Back to the start. The base notify address, too; merchants and keys stay."""
        self._call(self.world.reset)
        self.notify_url = self._base

    def _do(self, work: Coroutine[Any, Any, T]) -> Doing[T]:
        return Doing(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _call(self, act: Callable[[], T]) -> T:
        async def in_the_loop() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(in_the_loop(), self._loop).result(PATIENCE_S)

    def _serve(self) -> None:
        try:
            asyncio.run(self._serve_until_stopped())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve_until_stopped(self) -> None:
        stop = asyncio.Event()
        self._loop, self._stop = asyncio.get_running_loop(), stop.set
        async with serving(self.world) as url:
            self._started.set_result(url)
            await stop.wait()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
