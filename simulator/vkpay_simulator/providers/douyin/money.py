"""Orders as far as money goes: what is still in transit, what was given back, what is left to settle."""

from __future__ import annotations

from dataclasses import dataclass, field

from vkpay_simulator.clock import Due
from vkpay_simulator.providers.base import RefundView
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.states import (
    CREATED,
    FAIL,
    ORDER,
    PROCESSING,
    REFUND,
    SETTLEMENT,
    SUCCESS,
)

FEE_PER_MILLE = 6
DAY_MS = 86_400_000


def fee_of(amount: int) -> int:
    """Douyin's share, 0.6 %, rounded to whole fen."""
    return (amount * FEE_PER_MILLE + 500) // 1000


@dataclass(slots=True, kw_only=True, eq=False)
class Refund:
    """Money on its way back. ``after_settlement``: it comes out of what the merchant could withdraw."""

    order: Order
    number: str
    refund_id: str
    amount: int
    reason: str
    cp_extra: str
    notify_url: str
    created_ms: int
    after_settlement: bool = False
    state: str = PROCESSING
    message: str = ""
    done_ms: int | None = None

    def move(self, state: str) -> None:
        self.state = REFUND.check(self.state, state)

    def view(self) -> RefundView:
        return RefundView(
            out_refund_no=self.number,
            amount=self.amount,
            state=self.state,
            created_ms=self.created_ms,
            ends=(SUCCESS, FAIL) if self.state == PROCESSING else (),
        )


@dataclass(slots=True, kw_only=True, eq=False)
class Settlement:
    """A share for third parties, and with ``finish`` the rest for the seller. ``receivers``: amounts by merchant."""

    order: Order
    number: str
    settle_id: str
    receivers: dict[str, int]
    finish: bool
    desc: str
    cp_extra: str
    notify_url: str
    created_ms: int
    automatic: bool = False
    item_order_id: str = ""
    state: str = PROCESSING
    message: str = ""
    seller_amount: int = 0
    rake: int = 0
    done_ms: int | None = None
    returned: dict[str, int] = field(default_factory=dict)

    @property
    def shared(self) -> int:
        return sum(self.receivers.values())

    @property
    def amount(self) -> int:
        """What was moved, Douyin's share left out."""
        return self.shared + self.seller_amount

    def move(self, state: str) -> None:
        self.state = SETTLEMENT.check(self.state, state)


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """What both systems' orders have. ``token`` is the one that its notifications are signed with."""

    app: App
    number: str
    order_id: str
    total: int
    cp_extra: str
    notify_url: str
    created_ms: int
    expires_ms: int
    state: str = CREATED
    way: int = 0
    channel_no: str = ""
    paid_ms: int | None = None
    fulfilled_ms: int | None = None
    token: str = ""
    deadline: Due | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    settlements: dict[str, Settlement] = field(default_factory=dict)

    @property
    def payable(self) -> bool:
        return self.state in (CREATED, PROCESSING)

    @property
    def paid(self) -> bool:
        return self.state == SUCCESS

    @property
    def refunded(self) -> int:
        """Given back, or promised."""
        return sum(one.amount for one in self.refunds.values() if one.state != FAIL)

    @property
    def standing(self) -> list[Settlement]:
        return [one for one in self.settlements.values() if one.state != FAIL]

    @property
    def finished(self) -> bool:
        return any(one.finish for one in self.standing)

    @property
    def in_transit(self) -> int:
        """What no refund, share or settlement has taken yet."""
        if not self.paid or any(one.finish and one.state == SUCCESS for one in self.standing):
            return 0
        back = sum(
            one.amount for one in self.refunds.values() if one.state != FAIL and not one.after_settlement
        )
        return self.total - back - sum(one.shared for one in self.standing)

    @property
    def fee(self) -> int:
        """What Douyin takes when the order is settled now."""
        return fee_of(self.total - self.refunded)

    def move(self, state: str) -> None:
        self.state = ORDER.check(self.state, state)

    def pay(self, way: int, channel_no: str, now_ms: int) -> None:
        self.move(SUCCESS)
        self.way, self.channel_no, self.paid_ms, self.token = way, channel_no, now_ms, self.app.token
        self.app.purse(way).online += self.total

    def give_back(self, refund: Refund, now_ms: int) -> None:
        """Ends a refund well. Raises nothing: whoever asks looks first if there is enough."""
        purse = self.app.purse(self.way)
        if refund.after_settlement:
            purse.withdrawable -= refund.amount
        else:
            purse.online -= refund.amount
        refund.move(SUCCESS)
        refund.done_ms = now_ms

    def settle(self, settlement: Settlement, now_ms: int) -> None:
        """Ends a settlement well: the receivers' shares leave, with ``finish`` the seller's becomes withdrawable."""
        purse = self.app.purse(self.way)
        if settlement.finish:
            rest = self.in_transit
            settlement.rake = min(self.fee, rest)
            settlement.seller_amount = rest - settlement.rake
            purse.online -= rest
            purse.withdrawable += settlement.seller_amount
        purse.online -= settlement.shared
        settlement.move(SUCCESS)
        settlement.done_ms = now_ms
