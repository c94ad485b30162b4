"""What the simulated App Store keeps: customers, what they bought, what they subscribe to. Times in business milliseconds,
money in milliunits (6000 is 6 yuan)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PRODUCTION, SANDBOX = "Production", "Sandbox"
ENVIRONMENTS = (PRODUCTION, SANDBOX)

CONSUMABLE = "Consumable"
NON_CONSUMABLE = "Non-Consumable"
NON_RENEWING = "Non-Renewing Subscription"
AUTO_RENEWABLE = "Auto-Renewable Subscription"
TYPES = (CONSUMABLE, NON_CONSUMABLE, NON_RENEWING, AUTO_RENEWABLE)

PURCHASED, FAMILY_SHARED = "PURCHASED", "FAMILY_SHARED"

ACTIVE, EXPIRED, IN_RETRY, IN_GRACE, REVOKED = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is on sale. ``price`` is that of one piece."""

    product_id: str
    type: str = CONSUMABLE
    price: int = 6000
    currency: str = "CNY"
    period: str = "P1M"
    group: str = "21000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How a purchase was made cheaper. ``type``: 1 introductory, 2 promotional, 3 code, 4 win-back."""

    type: int
    identifier: str | None = None
    discount: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """``percentage`` in thousandths of a percent, for a refund in part. Without a ``reason`` it is no refund."""

    at_ms: int
    type: str
    reason: int | None = None
    percentage: int | None = None

    @property
    def refund(self) -> bool:
        return self.type != "FAMILY_REVOKE"


@dataclass(slots=True, kw_only=True)
class Customer:
    """One Apple Account in one app and environment."""

    name: str
    app_transaction_id: str
    storefront: str
    storefront_id: str
    since_ms: int
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def subscriptions(self) -> list[Subscription]:
        found = (one.subscription for one in self.transactions)
        return list({id(one): one for one in found if one is not None}.values())


@dataclass(slots=True, kw_only=True)
class Transaction:
    """``changed`` counts the changes of the whole store: it orders the history. ``consumption`` is what the merchant has
    sent about its use."""

    transaction_id: str
    original_transaction_id: str
    order_id: str
    customer: Customer = field(repr=False)
    product: Product
    purchase_ms: int
    original_purchase_ms: int
    price: int
    quantity: int = 1
    app_account_token: str | None = None
    ownership: str = PURCHASED
    reason: str = "PURCHASE"
    offer: Offer | None = None
    expires_ms: int | None = None
    web_order_line_item_id: str | None = None
    revocation: Revocation | None = None
    upgraded: bool = False
    finished: bool = False
    changed: int = 0
    consumption: dict[str, Any] | None = None
    subscription: Subscription | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One customer's subscription to a group. ``latest`` is its newest transaction; ``extensions`` are when it was
    extended; ``turn`` counts its dates, so that one which was moved is not acted upon."""

    latest: Transaction
    next_product: Product
    since_ms: int
    status: int = ACTIVE
    auto_renew: bool = True
    renewals: int = 0
    grace_until_ms: int | None = None
    intent: int | None = None
    price_increase: int | None = None
    extensions: list[int] = field(default_factory=list)
    turn: int = 0

    @property
    def original_transaction_id(self) -> str:
        return self.latest.original_transaction_id

    @property
    def renewal_ms(self) -> int:
        return self.latest.expires_ms or 0


@dataclass(slots=True, kw_only=True)
class Sent:
    """A notification that was made: what its history shows of it. ``delivery`` is the id of its delivery."""

    type: str
    subtype: str | None
    signed_payload: str = field(repr=False)
    at_ms: int
    delivery: str
    customer: Customer | None
    number: int


@dataclass(slots=True, kw_only=True)
class Extension:
    """A renewal date moved for everybody."""

    product_id: str
    identifier: str
    complete_ms: int | None = None
    succeeded: int = 0
    failed: int = 0


@dataclass(slots=True, kw_only=True)
class Store:
    """One app in one environment."""

    environment: str
    customers: dict[str, Customer] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    orders: dict[str, list[Transaction]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    tests: dict[str, Sent] = field(default_factory=dict)
    extensions: dict[tuple[str, str], Extension] = field(default_factory=dict)
    changes: int = 0

    @property
    def sandbox(self) -> bool:
        return self.environment == SANDBOX

    def touch(self, transaction: Transaction) -> None:
        """It is now the last changed of all."""
        self.changes += 1
        transaction.changed = self.changes

    def add(self, transaction: Transaction) -> None:
        self.transactions[transaction.transaction_id] = transaction
        self.orders.setdefault(transaction.order_id, []).append(transaction)
        transaction.customer.transactions.append(transaction)
        self.touch(transaction)

    def customer_of(self, number: str) -> Customer | None:
        """Whose a transaction's, an original transaction's or an app transaction's number is."""
        transaction = self.transactions.get(number)
        if transaction is not None:
            return transaction.customer
        by_app = (one for one in self.customers.values() if one.app_transaction_id == number)
        return next(by_app, None)

    def subscriptions(self) -> list[Subscription]:
        return [one for customer in self.customers.values() for one in customer.subscriptions]

    def clear(self) -> None:
        kept: tuple[Any, ...] = (
            self.customers,
            self.transactions,
            self.orders,
            self.sent,
            self.tests,
            self.extensions,
        )
        for one in kept:
            one.clear()
        self.changes = 0
