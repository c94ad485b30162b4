"""Orders, refunds and transfers as this side keeps them. Amounts in fen, times in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vkpay_simulator.clock import Due
from vkpay_simulator.providers.alipay.accounts import App, Seller
from vkpay_simulator.providers.alipay.parameters import Parameters
from vkpay_simulator.providers.alipay.states import TRADE_SUCCESS, UNOPENED, WAIT_BUYER_PAY


@dataclass(slots=True, kw_only=True)
class Buyer:
    """An Alipay user who pays. ``logon_id`` is already masked; ``open_ids`` by app id."""

    user_id: str
    logon_id: str
    open_ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that passed the gateway: who asks, for which seller, and what. ``origin`` is where it came in."""

    method: str
    app: App
    seller: Seller
    auth_app_id: str
    params: Parameters
    biz: dict[str, Any]
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order asks for. The fields up to ``product_code`` may not change on a repeat."""

    out_trade_no: str
    total: int
    subject: str
    product_code: str
    body: str | None = field(default=None, compare=False)
    passback_params: str | None = field(default=None, compare=False)
    store_id: str | None = field(default=None, compare=False)
    terminal_id: str | None = field(default=None, compare=False)
    time_expire: int | None = field(default=None, compare=False)
    timeout_express: str | None = field(default=None, compare=False)
    qr_code_timeout: str | None = field(default=None, compare=False)
    quit_url: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund; money moves back at once."""

    out_request_no: str
    amount: int
    reason: str | None
    at_ms: int


@dataclass(slots=True, kw_only=True, eq=False)
class Trade:
    """An order from the merchant's first call on. It has a ``trade_no`` once the buyer opened the cashier."""

    call: Call
    terms: Terms
    family: str
    submitted_ms: int
    state: str = UNOPENED
    trade_no: str = ""
    buyer: Buyer | None = None
    channel: str = "ALIPAYACCOUNT"
    qr_code: str | None = None
    created_ms: int = 0
    paid_ms: int | None = None
    closed_ms: int | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    deadline: Due | None = None
    qr_deadline: Due | None = None
    pending: Due | None = None

    @property
    def exists(self) -> bool:
        """Whether Alipay knows a trade: only then does a query find it."""
        return bool(self.trade_no)

    @property
    def payer(self) -> Buyer:
        """The buyer of an opened trade."""
        if self.buyer is None:
            raise AssertionError("nobody opened this trade")
        return self.buyer

    @property
    def payable(self) -> bool:
        return self.state in (UNOPENED, WAIT_BUYER_PAY)

    @property
    def paid(self) -> bool:
        return self.paid_ms is not None

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds.values())

    @property
    def remaining(self) -> int:
        return self.terms.total - self.refunded if self.state == TRADE_SUCCESS else 0

    @property
    def seller(self) -> Seller:
        return self.call.seller

    @property
    def notify_url(self) -> str | None:
        return self.call.params.get("notify_url") or None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """What the merchant asked for."""

    out_biz_no: str
    amount: int
    product_code: str
    biz_scene: str
    identity_type: str
    identity: str
    name: str | None
    title: str | None
    remark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A transfer to an account or a red packet, final when made. ``order`` is what a repeat must equal."""

    order: TransferOrder
    order_id: str
    pay_fund_order_id: str
    at_ms: int
