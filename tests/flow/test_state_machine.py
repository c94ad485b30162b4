"""Random interleavings of create, pay, notify, refund and close: ledger and simulator agree at every step."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.flow.conftest import open_shop
from vkpay_async import InvalidArgument, OrderError, OutcomeUnknown, ProviderError, RateLimited
from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.running import RunningSimulator

SETTLED = ("PROCESSING", "SUCCESS", "ABNORMAL")


class PaymentLife(RuleBasedStateMachine):
    """Drives one shop. Every rule is something a merchant, a payer, a network or time may do at any moment."""

    simulator: RunningSimulator

    orders: Bundle[str] = Bundle("orders")
    unknown_refunds: Bundle[tuple[str, str]] = Bundle("unknown_refunds")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.created: set[str] = set()
        self.failed: set[str] = set()

    @initialize(policy=st.sampled_from(["durable", "handled"]))
    def open(self, policy: str) -> None:
        self.policy = policy
        self.simulator.reset()
        self.shop, self.server = self.run(
            open_shop(self.simulator, self.folder / "orders.db", reply_policy=policy)
        )

    def teardown(self) -> None:
        self.run(self.server.cleanup())
        self.loop.close()
        shutil.rmtree(self.folder)

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    @rule(target=orders, provider=st.sampled_from(["wxpay", "alipay"]), total=st.integers(1, 300))
    def create(self, provider: str, total: int) -> str:
        payment = self.run(self.shop.order(provider, total))
        self.created.add(payment.out_trade_no)
        return payment.out_trade_no

    @rule(order=orders, fate=st.sampled_from(["arrives", "lost", "doubled", "forged", "handler fails"]))
    def pay(self, order: str, fate: str) -> None:
        provider = order.partition("_")[0]
        if fate == "lost":
            self.simulator.fault("lose_notify", times=2, out_trade_no=order)
        elif fate == "doubled":
            self.simulator.fault("duplicate_notify", copies=5, out_trade_no=order)
        elif fate == "forged":
            self.simulator.fault("bad_signature", operation=f"{provider}.notify", out_trade_no=order)
        elif fate == "handler fails":
            self.shop.fails = 1

        self.buyer(self.simulator.pay, order)
        self.run(self.shop.pay.idle())
        self.simulator._call(self.simulator.world.faults.clear)
        self.shop.fails = 0
        if self.run(self.shop.pay.orders.require(order)).user_order_success is False:
            self.failed.add(order)

    @rule()
    def redeliver(self) -> None:
        """Our own job: afterwards no handler is left that failed."""
        self.run(self.shop.pay.run_jobs("redeliver"))
        self.failed.clear()
        page = self.run(self.shop.pay.orders.list({"user_order_success": False}))
        assert page.total == 0

    @rule(order=orders)
    def scan(self, order: str) -> None:
        self.buyer(self.simulator.scan, order)

    @rule(order=orders, wait=st.booleans())
    def query(self, order: str, wait: bool) -> None:
        state = self.run(self.shop.pay.query_payment(out_trade_no=order, await_notify=wait, await_max_time=5))
        at_provider = self.at_provider(order)
        if state.order_paid:
            assert at_provider is not None
            assert at_provider.paid_ms is not None
            if wait:
                asked_again = self.policy == "handled" or order not in self.failed
                assert state.user_order_success is asked_again

    @rule(target=unknown_refunds, order=orders, fee=st.none() | st.integers(1, 300), lost=st.booleans())
    def refund(self, order: str, fee: int | None, lost: bool) -> Any:
        provider = order.partition("_")[0]
        if lost:
            self.simulator.fault("drop", after=True, provider=provider)
        try:
            self.run(self.shop.pay.refund(out_trade_no=order, refund_fee=fee))
        except (OutcomeUnknown, RateLimited):
            newest = self.run(self.shop.pay.orders.require(order)).refund_list[0]
            return (order, newest.out_refund_no)
        except (OrderError, InvalidArgument, ProviderError):
            pass
        finally:
            self.simulator._call(self.simulator.world.faults.clear)
        return multiple()

    @rule(refund=consumes(unknown_refunds))
    def repeat_refund(self, refund: tuple[str, str]) -> None:
        """What the error tells the user to do: the same call with the same number, after a while."""
        order, number = refund
        self.advance(61)
        self.run(self.shop.pay.refund(out_trade_no=order, out_refund_no=number))

    @rule(order=orders)
    def close(self, order: str) -> None:
        refused = False
        try:
            self.run(self.shop.pay.close_payment(out_trade_no=order))
        except (OrderError, ProviderError):
            refused = True
        at_provider = self.at_provider(order)
        assert not refused or (at_provider is not None and not self.payable(order))

    @rule(seconds=st.sampled_from([1, 20, 61, 300, 7200, 90_000]))
    def advance(self, seconds: int) -> None:
        async def wait() -> None:
            await self.simulator.advance(seconds)

        self.run(wait())

    @invariant()
    def ledger_and_provider_agree(self) -> None:
        if not hasattr(self, "shop"):
            return
        for number in sorted(self.created):
            ours = self.run(self.shop.pay.orders.require(number))
            theirs = self.at_provider(number)
            paid_there = theirs is not None and theirs.paid_ms is not None
            if ours.paid:
                assert paid_there
            if paid_there and not ours.paid:
                assert self.notification_is_not_through(number)
            settled = sum(e.refund_fee for e in ours.refund_list if e.state in SETTLED)
            refunded_there = theirs.refunded_fee if theirs else 0
            assert settled <= refunded_there <= ours.refund_fee <= ours.total_fee
            if all(e.state != "UNKNOWN" for e in ours.refund_list):
                assert refunded_there == ours.refund_fee
            assert ours.status == self.expected_status(ours, settled)

    @invariant()
    def no_order_is_shipped_twice(self) -> None:
        if hasattr(self, "shop"):
            assert len(self.shop.shipped) == len(set(self.shop.shipped))

    @staticmethod
    def expected_status(order: Any, settled: int) -> int:
        if not order.paid:
            return int(order.status)
        return 1 if settled == 0 else 2 if settled < order.total_fee else 3

    def buyer(self, act: Callable[[str], Awaitable[Any]], order: str) -> None:
        """A buyer is turned away only from what cannot be paid: another state, or a link that is too old."""

        async def acting() -> None:
            await act(order)

        refused = ""
        try:
            self.run(acting())
        except SimulatorError as error:
            refused = str(error)
        assert not refused or "older than" in refused or not self.payable(order)

    def at_provider(self, number: str) -> OrderView | None:
        return next((o for o in self.simulator.orders() if o.out_trade_no == number), None)

    def payable(self, number: str) -> bool:
        order = self.at_provider(number)
        return order is not None and order.state in ("NOTPAY", "WAIT_BUYER_PAY")

    def notification_is_not_through(self, number: str) -> bool:
        mine = [d for d in self.simulator.deliveries() if d.subject == number]
        return all(d.state in ("pending", "exhausted") for d in mine[:1]) and bool(mine)


@pytest.mark.usefixtures("vkpay_sim")
def test_ledger_and_simulator_agree_whatever_happens(
    vkpay_sim: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vkpay_async.service.payments.NOTIFY_GRACE_S", 0.001)
    monkeypatch.setattr("vkpay_async.notify.running.FIRST_PAUSE_MS", 0)
    machine = type("Life", (PaymentLife,), {"simulator": vkpay_sim})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
