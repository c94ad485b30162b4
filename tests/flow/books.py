"""What was ordered in a run of the state machine, and whether ledger and simulator say the same of it."""

from __future__ import annotations

from tests.flow.lives import GIVEN_BACK, Life
from vkpay_async import Payment
from vkpay_async.order import Order
from vkpay_simulator.actions import DeliveryView
from vkpay_simulator.providers.base import OrderView
from vkpay_simulator.running import RunningSimulator

SETTLED = ("PROCESSING", "SUCCESS", "ABNORMAL")


class Books:
    """The payments by number, each with what its provider can do."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self._simulator = simulator
        self._payments: dict[str, tuple[Life, Payment]] = {}
        self._numbers = 0

    @property
    def numbers(self) -> list[str]:
        return list(self._payments)

    def new_number(self) -> str:
        self._numbers += 1
        return f"T20261121{self._numbers:08d}"

    def keep(self, life: Life, payment: Payment) -> None:
        self._payments[payment.out_trade_no] = (life, payment)

    def life(self, number: str) -> Life:
        return self._payments[number][0]

    def payment(self, number: str) -> Payment:
        return self._payments[number][1]

    def subject(self, number: str) -> str:
        return self.life(number).subject(self.payment(number))

    def made(self, number: str, everything: list[OrderView]) -> list[OrderView]:
        return self.life(number).made(self.payment(number), everything)

    def deliveries(self, number: str) -> list[DeliveryView]:
        subject = self.subject(number)
        return [one for one in self._simulator.deliveries() if one.subject == subject]

    def check(self, ours: Order, everything: list[OrderView]) -> None:
        """Raises :class:`AssertionError` for an order of which ledger and provider do not say the same."""
        number = ours.out_trade_no
        theirs = [one for one in self.made(number, everything) if one.paid_ms is not None]
        paid = next((one for one in theirs if one.transaction_id == ours.transaction_id), None)
        assert paid is not None or not ours.paid
        if not ours.paid:
            assert ours.refund_fee == 0
            standing = any(one.state != GIVEN_BACK for one in theirs)
            assert not standing or self._unheard(number) or self._undone(number)
        elif paid is not None:
            self._check_refunds(ours, paid)

    def check_asked(self, ours: Order, everything: list[OrderView]) -> None:
        """When all of it has just been asked after: nothing is left open that the provider could tell."""
        if self.life(ours.out_trade_no).case.can_ask:
            theirs = [one for one in self.made(ours.out_trade_no, everything) if one.paid_ms is not None]
            assert ours.status != 0 or not theirs
            settled = sum(entry.refund_fee for entry in ours.refund_list if entry.state in SETTLED)
            assert not ours.paid or settled == sum(one.refunded_fee for one in theirs)

    def _check_refunds(self, ours: Order, paid: OrderView) -> None:
        states = {entry.state for entry in ours.refund_list}
        settled = sum(entry.refund_fee for entry in ours.refund_list if entry.state in SETTLED)
        assert settled <= ours.refund_fee <= ours.total_fee
        assert ours.status == (1 if settled == 0 else 2 if settled < ours.total_fee else 3)
        if self.life(ours.out_trade_no).store is not None:
            assert ours.refund_fee == paid.refunded_fee or self._unheard(ours.out_trade_no)
            return
        assert settled <= paid.refunded_fee <= ours.refund_fee
        if "UNKNOWN" not in states:
            assert paid.refunded_fee == ours.refund_fee

    def _unheard(self, number: str) -> bool:
        """Something that the provider told of the order has not been taken in."""
        return any(one.state in ("pending", "exhausted") for one in self.deliveries(number))

    def _undone(self, number: str) -> bool:
        """A purchase that was given back before it was heard of, and then not: the ledger says so to a person."""
        return any(one.event == "REFUND_REVERSED" for one in self.deliveries(number))
