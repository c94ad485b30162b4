"""One shop and everybody around it, as the rules of the state machine move them.

Business time is the only time: it stands still unless a rule moves it, for the shop and for the simulator alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from tests.flow.books import Books
from tests.flow.conftest import open_shop
from tests.flow.lives import Life
from vkpay_async import RefundedOrder
from vkpay_async.clock import nonce
from vkpay_async.order import Order
from vkpay_async.providers.base import Env
from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.running import RunningSimulator


class Driver(RuleBasedStateMachine):
    """What the rules have in common. ``failed`` are orders whose handler did, ``arrived`` has each order's last notification."""

    simulator: ClassVar[RunningSimulator]
    lives: ClassVar[tuple[Life, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.books = Books(self.simulator)
        self.opened: set[str] = set()
        self.failed: set[str] = set()
        self.refund_ends: list[tuple[str, str]] = []
        self.arrived: dict[str, dict[str, Any]] = {}

    def open_shop(self, policy: str) -> None:
        self.policy = policy
        self.simulator.reset()
        env = Env(now_ms=self.simulator.world.clock.now, nonce=nonce)
        self.shop, self.server = self.run(
            open_shop(self.simulator, self.folder / "orders.db", env, reply_policy=policy)
        )
        self.shop.pay.on_refunded("goods")(self._refund_ended)
        take = self.shop.pay.handle_notification

        async def keep(**raw: Any) -> Any:
            result = await take(**raw)
            self.arrived[result.number] = raw
            return result

        self.shop.pay.handle_notification = keep

    def teardown(self) -> None:
        if hasattr(self, "server"):
            self.run(self.server.cleanup())
        self.loop.close()
        shutil.rmtree(self.folder)

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    async def finished(self, doing: Any) -> Any:
        return await doing

    async def all_orders(self) -> list[Order]:
        return [await self.shop.pay.orders.require(number) for number in self.books.numbers]

    def order(self, number: str) -> Order:
        found: Order = self.run(self.shop.pay.orders.require(number))
        return found

    def made(self, number: str) -> list[OrderView]:
        return self.books.made(number, self.simulator.orders())

    def is_late(self, number: str) -> bool:
        """Huawei Pay takes a number once, and its prepayment is good for ten minutes."""
        return self.simulator.world.clock.now() - self.order(number).create_date >= 600_000

    def opens(self, order: str) -> None:
        if order not in self.opened:
            self.opened.add(order)
            self.run(self.books.life(order).case.opens(self.shop, self.books.payment(order)))

    def buyer(self, order: str, act: Any) -> None:
        """A buyer is turned away only from what cannot be paid: another state, or a link that is too old."""
        refused = ""
        try:
            self.run(act)
        except SimulatorError as error:
            refused = str(error)
        assert not refused or "older than" in refused or not self.books.life(order).payable(self.made(order))

    @contextlib.contextmanager
    def on_its_way(self, order: str, fate: str) -> Iterator[None]:
        """What becomes of the notification that comes now."""
        life, subject = self.books.life(order), self.books.subject(order)
        if fate == "lost":
            self.simulator.fault("lose_notify", times=2, out_trade_no=subject)
        elif fate == "doubled":
            self.simulator.fault("duplicate_notify", copies=5, out_trade_no=subject)
        elif fate == "forged":
            self.simulator.fault("bad_signature", operation=f"{life.provider}.notify", out_trade_no=subject)
        elif fate == "handler fails":
            self.shop.fails = 1
        yield
        self.run(self.shop.pay.idle())
        self.clear_faults()
        self.shop.fails = 0
        if self.order(order).user_order_success is False:
            self.failed.add(order)

    @contextlib.contextmanager
    def nothing_changes(self, order: str) -> Iterator[None]:
        before = self.order(order)
        yield
        assert self.order(order) == before

    def clear_faults(self) -> None:
        self.simulator._call(self.simulator.world.faults.clear)

    async def _refund_ended(self, order: RefundedOrder) -> None:
        self.refund_ends.append((order.refund.out_refund_no, order.refund.state.value))
