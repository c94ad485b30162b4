"""What the simulator asks of a provider. Providers are synchronous and hold no sockets: requests come in as
values, answers go out as values, notifications and timers are handed to the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from msgspec import Struct

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route


class SimulatorError(Exception):
    """A wrong use of the control API: ``status`` and a text that says what to do."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Merchant:
    """One merchant of the simulated world. ``accounts`` holds each provider's own account object.

    ``kind`` is one of ``default`` (WeChat public-key mode, Alipay key mode), ``certs`` (platform
    certificates, Alipay certificate mode) and ``partner`` (service provider with two sub-merchants).
    """

    pid: str
    kind: str
    name: str
    notify_url: str
    accounts: dict[str, Any] = field(default_factory=dict)


class RefundView(Struct, frozen=True, kw_only=True):
    """A refund as the control API shows it: ``amount`` in fen, ``state`` the provider's own.

    ``ends`` are what :meth:`SimProvider.settle_refund` takes now; none when it is over.
    """

    out_refund_no: str
    amount: int
    state: str
    created_ms: int
    ends: tuple[str, ...] = ()


class OrderView(Struct, frozen=True, kw_only=True):
    """An order as the control API shows it. Amounts in fen, times in milliseconds, ``state`` the provider's own.

    ``refunded_fee`` is what was given back or is on its way; ``alias`` is the merchant's number where the
    provider goes by one of its own: the control API takes either.
    """

    provider: str
    pid: str
    out_trade_no: str
    transaction_id: str | None
    product: str
    state: str
    total_fee: int
    refunded_fee: int
    created_ms: int
    paid_ms: int | None
    notify_url: str | None
    payer: str | None
    alias: str | None = None
    refunds: tuple[RefundView, ...] = ()
    detail: dict[str, Any] = {}


class Numbered(NamedTuple):
    """An order that goes by a number: whose it is, and ``view`` for who wants to see it."""

    pid: str
    out_trade_no: str
    view: Callable[[], OrderView]


@runtime_checkable
class NamesErrorCodes(Protocol):
    """A provider that can say beforehand which codes :meth:`SimProvider.business_error` takes."""

    def error_codes(self) -> frozenset[str]:
        """Every code there is."""


@runtime_checkable
class HasAddresses(Protocol):
    """A provider with more hosts than one: what its nodes hold beside ``baseUrl``."""

    def addresses(self, origin: str) -> dict[str, str]:
        """Where the others are, under the simulator's own address."""


@runtime_checkable
class FindsOrders(Protocol):
    """A provider that need not look through all of its orders for one."""

    def numbered(self, out_trade_no: str, pid: str | None) -> list[Numbered]:
        """The order of that number at this merchant, or at each that has one."""


@runtime_checkable
class TakesAuthorizations(Protocol):
    """A provider whose users can authorise transfers once for all."""

    def settle_authorization(
        self, out_authorization_no: str, outcome: str, *, pid: str | None = None
    ) -> dict[str, Any]:
        """What becomes of an authorisation: ``confirm`` (the user agrees), ``close`` or ``expire``."""


@runtime_checkable
class LogsUsersIn(Protocol):
    """A provider under whose apps users log in."""

    def login(self, appid: str, openid: str | None) -> dict[str, str]:
        """A user, new unless named, opens an app: ``code`` for the merchant's server, and whose it is (``openid``)."""


class SimProvider(Protocol):
    """One provider's half of the simulator. Made with the world: ``WxpaySim(world)``."""

    name: ClassVar[str]

    def routes(self) -> Sequence[Route]:
        """Every endpoint under its real path. A handler does authentication, checks and state, and signs."""

    def open_account(self, merchant: Merchant) -> None:
        """Gives a new merchant its account, keys and numbers (``merchant.accounts[self.name] = …``)."""

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        """The provider's part of the merchant's vk-pay-config row, e.g. ``{"wxpay": {"mp-weixin": {…}, …}}``."""

    def subject_of(self, request: Request, operation: str) -> str | None:
        """The merchant's number a request is about (order, refund's order, transfer), for faults and journal."""

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        """The answer the real provider gives for ``code``, signed as it would be."""

    def spoil_signature(self, answer: Answer) -> Answer:
        """The same answer with a signature that does not hold."""

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        """The same notification with a signature that does not hold."""

    def orders(self) -> list[OrderView]:
        """Every order, oldest first."""

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        """Pays as the buyer would, opening the cashier first where the real provider needs it, and hands
        the notification to ``world.notify``. Raises :class:`SimulatorError` when it cannot be paid."""

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        """The buyer scans the code or opens the cashier, and does not pay yet."""

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        """The buyer gives up: the attempt fails, an unpaid order stays payable where the real one does."""

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        """Ends a refund in a chosen way (``SUCCESS``, ``ABNORMAL``, ``CLOSED`` …)."""

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        """Ends a transfer: ``confirm`` (the receiver accepts), ``fail`` or ``expire``."""

    def reset(self) -> None:
        """Forgets orders, refunds, transfers and nonces; accounts stay."""
