"""What may happen at any moment: the rules of the state machine, and what holds after each of them."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from tests.contract import cases
from tests.flow.driver import Driver
from tests.flow.lives import GIVEN_BACK
from vkpay_async import (
    InvalidArgument,
    OrderConflict,
    OrderError,
    OrderNotPaid,
    OrderNotRefunded,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    ResourceNotFound,
    TransportError,
)
from vkpay_async.order import Order
from vkpay_simulator.providers.base import SimulatorError

NEWS = ["arrives", "lost", "doubled", "forged"]
FATES = [*NEWS, "handler fails", "leaves"]
ASKING = ["asks", "waits", "proves"]
LOST = ["nothing", "nothing", "the answer", "the first answer"]
DUE = (
    "UPDATE vk_pay_orders SET repair_due = 1 WHERE status = 0",
    "UPDATE vk_pay_refunds SET check_due = 1 WHERE check_due IS NOT NULL",
)
PAUSES_S = [1, 20, 61, 300, 7200, 90_000]
FIRST_REPEAT_S = 3600
"""When Apple sends a notification again for the first time; the others do sooner."""


class PaymentLife(Driver):
    """Drives one shop. Every rule is something that may happen at any moment."""

    orders: Bundle[str] = Bundle("orders")
    unknown_refunds: Bundle[tuple[str, str]] = Bundle("unknown_refunds")

    @initialize(target=orders, policy=st.sampled_from(["durable", "handled"]), paid=st.integers(0, 15))
    def open(self, policy: str, paid: int) -> Any:
        """With an order of each provider; ``paid`` has a bit for each."""
        self.open_shop(policy)
        first = (self.create(at, 100, bool(paid >> at & 1)) for at in range(len(self.lives)))
        return multiple(*first)

    @rule(target=orders, which=st.integers(0, 11), total=st.integers(1, 300), paid=st.booleans())
    def create(self, which: int, total: int, paid: bool) -> str:
        life, number = self.lives[which % len(self.lives)], self.books.new_number()
        payment = self.run(cases.order(self.shop, life.name, number, total))
        assert payment.total_fee == total
        self.books.keep(life, payment)
        if paid:
            self.pay(number, "arrives")
            assert self.order(number).paid
        return number

    @rule(order=orders)
    def create_again(self, order: str) -> None:
        """The buyer comes back to what was left unpaid. What is paid or closed is not offered a second time."""
        life, before = self.books.life(order), self.order(order)
        try:
            again = self.run(cases.order(self.shop, life.name, order, before.total_fee))
        except (OrderConflict, ProviderError):
            assert before.status != 0 or not life.payable(self.made(order)) or self.is_late(order)
        else:
            assert before.status == 0
            self.books.keep(life, again)
        assert self.order(order).status == before.status

    @rule(order=orders, fate=st.sampled_from(FATES))
    def pay(self, order: str, fate: str) -> None:
        """The payer pays; one who ``leaves`` has only opened the cashier."""
        before, life = self.order(order), self.books.life(order)
        self.opens(order)
        if fate == "leaves":
            if life.store is None:
                self.buyer(order, self.finished(self.simulator.scan(order, provider=life.provider)))
            return
        with self.on_its_way(order, fate):
            self.buyer(order, life.case.pays(self.shop, self.books.payment(order)))
        if fate in ("lost", "forged") and not before.paid and not life.case.confirms:
            assert not self.order(order).paid

    @rule(asks=st.booleans())
    def jobs(self, asks: bool) -> None:
        """Our own: afterwards no handler is left that failed; or nothing that the provider could tell."""
        if asks:
            self.ask_after_all()
            return
        self.run(self.shop.pay.run_jobs("redeliver"))
        self.failed.clear()
        page = self.run(self.shop.pay.orders.list({"user_order_success": False}))
        assert page.total == 0

    def ask_after_all(self) -> None:
        """With everything due."""
        for due in DUE:
            self.run(self.shop.pay.orders.write(lambda c, due=due: c.exec_driver_sql(due)))
        self.run(self.shop.pay.run_jobs("repair", "refunds"))
        everything = self.simulator.orders()
        for ours in self.run(self.all_orders()):
            self.books.check_asked(ours, everything)

    @rule(order=orders, how=st.sampled_from(ASKING), which=st.integers(0, 5))
    def query(self, order: str, how: str, which: int) -> None:
        if how == "proves":
            self.proof(order, which)
            return
        state = self.run(
            self.shop.pay.query_payment(out_trade_no=order, await_notify=how == "waits", await_max_time=5)
        )
        if state.order_paid:
            assert any(one.paid_ms is not None for one in self.made(order))
            if how == "waits":
                asked_again = self.policy == "handled" or order not in self.failed
                assert state.user_order_success is asked_again

    def proof(self, order: str, which: int) -> None:
        """The app brings what was bought on the device: it pays the order unless it was given back."""
        life, made = self.books.life(order), self.made(order)
        if life.store is None:
            with self.nothing_changes(order), pytest.raises(InvalidArgument):
                self.run(self.shop.pay.verify_purchase(out_trade_no=order, signed_transaction="x.y.z"))
        elif made:
            bought = made[which % len(made)]
            signed = self.run(life.store.device(self.shop, bought.out_trade_no))
            status = self.run(self.shop.pay.verify_purchase(out_trade_no=order, signed_transaction=signed))
            kept = bought.state != GIVEN_BACK
            assert status.finish
            assert status.order_paid is kept
            assert self.order(order).paid or not kept

    @rule(
        target=unknown_refunds,
        order=orders,
        fee=st.none() | st.integers(1, 120),
        lost=st.sampled_from(LOST),
    )
    def refund(self, order: str, fee: int | None, lost: str) -> Any:
        life, before = self.books.life(order), self.order(order)
        if lost != "nothing":
            operation = "*refund*" if lost == "the answer" else "*"
            self.simulator.fault("drop", after=True, provider=life.provider, operation=operation)
        refusal: Exception | None = None
        try:
            self.run(self.shop.pay.refund(out_trade_no=order, refund_fee=fee))
        except (OutcomeUnknown, RateLimited):
            return (order, self.order(order).refund_list[0].out_refund_no)
        except (OrderError, InvalidArgument, ProviderError, TransportError) as error:
            refusal = error
        finally:
            self.clear_faults()
            self.advance(0)
        self.check_refused(before, refusal)
        return multiple()

    def check_refused(self, before: Order, refusal: Exception | None) -> None:
        """What is not paid is not refunded, a store refunds nothing for us, and a "no" has moved nothing."""
        number = before.out_trade_no
        after, of_store = self.order(number), self.books.life(number).store is not None
        assert isinstance(refusal, OrderNotPaid) is not before.paid
        assert not (of_store and before.paid) or isinstance(refusal, InvalidArgument)
        if refusal is not None:
            assert (after.status, after.refund_fee) == (before.status, before.refund_fee)
        if of_store:
            assert after == before

    @rule(refund=consumes(unknown_refunds))
    def repeat_refund(self, refund: tuple[str, str]) -> None:
        """What the error tells the user to do: the same call with the same number, after a while."""
        order, number = refund
        self.advance(61)
        entry = next(one for one in self.order(order).refund_list if one.out_refund_no == number)
        if entry.state not in ("CLOSED", "REFUSED"):
            self.run(self.shop.pay.refund(out_trade_no=order, out_refund_no=number))
            self.advance(0)

    @rule(order=orders, fails=st.booleans())
    def refund_ends(self, order: str, fails: bool) -> None:
        """Its end is asked after, or the provider tells that it failed."""
        if not self.order(order).refund_list:
            self.refund(order, None, "nothing")
        if fails:
            self.refund_fails(order)
        else:
            self.query_refund(order)

    def query_refund(self, order: str) -> None:
        life, before = self.books.life(order), self.order(order)
        try:
            found = self.run(self.shop.pay.query_refund(out_trade_no=order))
        except OrderNotRefunded:
            assert not before.refund_list
        except InvalidArgument:
            assert life.name == "huaweiiap"
        except ResourceNotFound:
            assert before.refund_list[0].state in ("REFUSED", "UNKNOWN")
        else:
            entry = found.order.refund_list[0]
            assert entry.out_refund_no == found.refund.out_refund_no
            assert entry.state == found.refund.state or entry.state in ("SUCCESS", "CLOSED")

    def refund_fails(self, order: str) -> None:
        """Accepted, and then the money cannot go back: the provider says so, and the amount is there again."""
        life, before = self.books.life(order), self.order(order)
        running = [one for one in before.refund_list if one.state == "PROCESSING"]
        if life.fails is None or not running:
            return
        with contextlib.suppress(SimulatorError):
            self.run(self.finished(self.simulator.settle_refund(running[0].out_refund_no, life.fails)))
            self.run(self.shop.pay.idle())
            assert self.order(order).refund_fee == before.refund_fee - running[0].refund_fee

    @rule(order=orders)
    def close(self, order: str) -> None:
        life, before, made = self.books.life(order), self.order(order), self.made(order)
        refusal: Exception | None = None
        try:
            self.run(self.shop.pay.close_payment(out_trade_no=order))
        except (OrderError, ProviderError, InvalidArgument) as error:
            refusal = error
        self.advance(0)
        if before.paid:
            assert isinstance(refusal, OrderConflict)
        elif life.closes == "never":
            assert isinstance(refusal, InvalidArgument)
        elif life.closes == "here":
            assert refusal is None
        elif life.closes == "ended":
            assert isinstance(refusal, InvalidArgument) is life.payable(made)
        elif life.payable(made):
            assert refusal is None
        if refusal is not None:
            assert self.order(order).status == before.status
        elif life.closes == "there":
            assert not life.payable(self.made(order))

    @rule(order=orders, which=st.integers(0, 5))
    def sent_again(self, order: str, which: int) -> None:
        """The provider sends a notification once more, whatever became of it."""
        sent = self.books.deliveries(order)
        if sent:
            self.advance(FIRST_REPEAT_S)
            self.run(self.finished(self.simulator.resend(sent[which % len(sent)].id)))
            self.run(self.shop.pay.idle())

    @rule(order=orders, other=orders)
    def forged(self, order: str, other: str) -> None:
        """Somebody sends what was genuine for one order to another one's address, or to VksPay's what looks right."""
        raw = self.arrived.get(other)
        if raw is not None and order != other:
            with self.nothing_changes(order):
                path = raw["path"].replace(other, order)
                self.run(self.shop.pay.handle_notification(**{**raw, "path": path}))
                self.run(self.shop.pay.idle())
        if self.books.life(order).case.confirms:
            paid_there = any(one.paid_ms is not None for one in self.made(order))
            self.run(cases.control(self.shop, "vkspay/forge", {"out_trade_no": order}))
            self.advance(0)
            assert self.order(order).paid <= paid_there

    @rule(seconds=st.sampled_from(PAUSES_S))
    def advance(self, seconds: int) -> None:
        """With 0, what is on its way arrives."""
        self.run(self.finished(self.simulator.advance(seconds)))
        self.run(self.shop.pay.idle())

    @invariant()
    def ledger_and_provider_agree(self) -> None:
        if hasattr(self, "shop"):
            everything = self.simulator.orders()
            for order in self.run(self.all_orders()):
                self.books.check(order, everything)

    @invariant()
    def every_effect_stands_once(self) -> None:
        if not hasattr(self, "shop"):
            return
        shipped = Counter(self.shop.shipped)
        assert shipped.total() == len(shipped)
        assert len(self.refund_ends) == len(set(self.refund_ends))
        for order in self.run(self.all_orders()):
            assert order.paid or order.out_trade_no not in shipped
            assert not order.user_order_success or order.out_trade_no in shipped


class StoreLife(PaymentLife):
    """Where the provider is the shop, it also gives money back of its own accord, and may think better of it."""

    @rule(
        order=PaymentLife.orders,
        which=st.integers(0, 5),
        how=st.sampled_from(["all", "part", "reversed"]),
        fate=st.sampled_from(NEWS),
    )
    def store_decides(self, order: str, which: int, how: str, fate: str) -> None:
        store = self.books.life(order).store
        assert store is not None
        decides = {"all": store.gives_back, "part": store.gives_back_half, "reversed": store.reverses}[how]
        about = [one for one in self.made(order) if (one.state == GIVEN_BACK) is (how == "reversed")]
        if about and decides is not None:
            self.advance(1)
            with self.on_its_way(order, fate):
                self.run(decides(self.shop, about[which % len(about)].out_trade_no))
                self.advance(0)
