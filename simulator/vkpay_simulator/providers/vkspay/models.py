"""Orders and refunds as the gateway keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vkpay_simulator.clock import Due
from vkpay_simulator.providers.base import OrderView, RefundView
from vkpay_simulator.providers.vkspay import states
from vkpay_simulator.providers.vkspay.accounts import Account
from vkpay_simulator.providers.vkspay.fields import Fields

WALLETS = ("wxpay", "alipay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that was let in."""

    account: Account
    fields: Fields
    values: Mapping[str, str] = field(repr=False)
    origin: str


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money given back. ``amount`` in fen."""

    number: str
    amount: int
    created_ms: int
    state: str = states.PROCESSING
    done_ms: int | None = None

    def move(self, state: str, now: int) -> None:
        self.state, self.done_ms = states.REFUND.check(self.state, state), now

    def view(self) -> RefundView:
        return RefundView(
            out_refund_no=self.number,
            amount=self.amount,
            state=self.state,
            created_ms=self.created_ms,
            ends=tuple(sorted(states.REFUND.steps[self.state])),
        )


@dataclass(slots=True, kw_only=True)
class Order:
    """An order. ``number`` is what the gateway calls it, ``merchant_number`` what the merchant sent and the gateway
    ignored. ``only`` restricts the wallets, ``wallet`` is the one that paid; ``claimed`` the one that has the link."""

    account: Account
    number: str
    product: str
    total: int
    created_ms: int
    merchant_number: str | None = None
    only: str | None = None
    subject: str | None = None
    notify_url: str | None = None
    return_url: str | None = None
    attach: str | None = None
    state: str = states.NOTPAY
    link: str = ""
    claimed: str | None = None
    wallet: str | None = None
    transaction_id: str | None = None
    paid_ms: int | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    deadline: Due | None = None
    pending: Due | None = None

    @property
    def payable(self) -> bool:
        return self.state in states.PAYABLE

    @property
    def refunded(self) -> int:
        """What was given back or is on its way."""
        return sum(refund.amount for refund in self.refunds.values() if refund.state != states.FAIL)

    def move(self, state: str) -> None:
        """Also takes what was due for an unpaid order off the agenda."""
        self.state = states.ORDER.check(self.state, state)
        for due in (self.deadline, self.pending):
            if due is not None:
                due.cancel()

    def view(self) -> OrderView:
        return OrderView(
            provider="vkspay",
            pid=self.account.pid,
            out_trade_no=self.number,
            transaction_id=self.transaction_id,
            product=self.product,
            state=self.state,
            total_fee=self.total,
            refunded_fee=self.refunded,
            created_ms=self.created_ms,
            paid_ms=self.paid_ms,
            notify_url=self.notify_url,
            payer=None,
            alias=self.merchant_number,
            refunds=tuple(refund.view() for refund in self.refunds.values()),
            detail={
                "pay_chnl": self.wallet,
                "refunds": {number: refund.state for number, refund in self.refunds.items()},
            },
        )
