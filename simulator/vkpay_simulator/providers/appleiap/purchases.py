"""The customer buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.providers.appleiap import periods
from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import (
    ACTIVE,
    AUTO_RENEWABLE,
    EXPIRED,
    FAMILY_SHARED,
    NON_CONSUMABLE,
    PURCHASED,
    REVOKED,
    Customer,
    Offer,
    Product,
    Revocation,
    Store,
    Subscription,
    Transaction,
)
from vkpay_simulator.providers.appleiap.notify import Notifier
from vkpay_simulator.providers.appleiap.numbers import Numbers
from vkpay_simulator.providers.appleiap.subscriptions import Subscriptions
from vkpay_simulator.providers.base import SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

STOREFRONTS = {"CHN": "143465", "USA": "143441", "JPN": "143462", "GBR": "143444", "DEU": "143443"}


class Purchases:
    """Makes transactions, and tells the merchant of them."""

    def __init__(
        self, world: World, numbers: Numbers, subscriptions: Subscriptions, notifier: Notifier
    ) -> None:
        self._clock = world.clock
        self._numbers = numbers
        self._subscriptions = subscriptions
        self._notifier = notifier

    def customer(self, store: Store, name: str, storefront: str = "CHN") -> Customer:
        """The customer of that name, new if there is none."""
        if name not in store.customers:
            store.customers[name] = Customer(
                name=name,
                app_transaction_id=self._numbers.app_transaction(),
                storefront=storefront,
                storefront_id=STOREFRONTS.get(storefront, "143441"),
                since_ms=self._clock.now(),
            )
        return store.customers[name]

    def buy(
        self,
        app: App,
        store: Store,
        customer: Customer,
        product: Product,
        *,
        quantity: int = 1,
        token: str | None = None,
        offer: Offer | None = None,
        shared: bool = False,
    ) -> Transaction:
        """Raises :class:`SimulatorError` for what the customer has already."""
        before = self._running(customer, product)
        self._check_new(customer, product, before)
        transaction = self._transaction(store, customer, product, quantity, token)
        transaction.offer = offer
        transaction.ownership = FAMILY_SHARED if shared else PURCHASED
        if product.type == AUTO_RENEWABLE:
            told = self._subscribe(app, store, transaction, before)
        else:
            told = ("ONE_TIME_CHARGE", None)
        store.add(transaction)
        self._notifier.about(app, store, transaction, *told)
        return transaction

    def _transaction(
        self, store: Store, customer: Customer, product: Product, quantity: int, token: str | None
    ) -> Transaction:
        number, now = self._numbers.transaction(store), self._clock.now()
        return Transaction(
            transaction_id=number,
            original_transaction_id=number,
            order_id=self._numbers.order(),
            customer=customer,
            product=product,
            purchase_ms=now,
            original_purchase_ms=now,
            price=product.price * quantity,
            quantity=quantity,
            app_account_token=token,
        )

    @staticmethod
    def _running(customer: Customer, product: Product) -> Subscription | None:
        """The customer's subscription to the product's group, whatever became of it."""
        if product.type != AUTO_RENEWABLE:
            return None
        same = (one for one in customer.subscriptions if one.latest.product.group == product.group)
        return next(same, None)

    @staticmethod
    def _check_new(customer: Customer, product: Product, before: Subscription | None) -> None:
        owned = product.type == NON_CONSUMABLE and any(
            one.product.product_id == product.product_id and one.revocation is None
            for one in customer.transactions
        )
        subscribed = (
            before is not None
            and before.status not in (EXPIRED, REVOKED)
            and before.latest.product.product_id == product.product_id
        )
        if owned or subscribed:
            raise SimulatorError(
                f"{customer.name!r} has {product.product_id} already, and the App Store sells it once: "
                "name another payer, or refund it first.",
                409,
            )

    def _subscribe(
        self, app: App, store: Store, transaction: Transaction, before: Subscription | None
    ) -> tuple[str, str | None]:
        """The first period; gives what the merchant is told."""
        start, product = transaction.purchase_ms, transaction.product
        transaction.expires_ms = periods.after(start, product.period, sandbox=store.sandbox)
        transaction.web_order_line_item_id = self._numbers.line_item()
        told: tuple[str, str | None] = ("SUBSCRIBED", "INITIAL_BUY")
        if before is None:
            subscription = Subscription(latest=transaction, next_product=product, since_ms=start)
        else:
            subscription = before
            told = self._take_over(store, before, transaction)
        transaction.subscription = subscription
        self._subscriptions.begun(app, store, subscription)
        return told

    def _take_over(
        self, store: Store, subscription: Subscription, transaction: Transaction
    ) -> tuple[str, str | None]:
        """The group's subscription goes on with another purchase."""
        old, ended = subscription.latest, subscription.status in (EXPIRED, REVOKED)
        transaction.original_transaction_id = old.original_transaction_id
        transaction.original_purchase_ms = old.original_purchase_ms
        subscription.latest, subscription.next_product = transaction, transaction.product
        subscription.auto_renew, subscription.intent, subscription.grace_until_ms = True, None, None
        subscription.status = ACTIVE
        subscription.turn += 1
        if ended:
            subscription.since_ms, subscription.renewals = transaction.purchase_ms, 0
            return "SUBSCRIBED", "RESUBSCRIBE"
        self._upgraded(store, old)
        redeemed = transaction.offer is not None
        return ("OFFER_REDEEMED" if redeemed else "DID_CHANGE_RENEWAL_PREF"), "UPGRADE"

    def _upgraded(self, store: Store, old: Transaction) -> None:
        """What is left of the old period is given back."""
        now = self._clock.now()
        whole = max(1, (old.expires_ms or now) - old.purchase_ms)
        left = max(0, (old.expires_ms or now) - now)
        old.upgraded = True
        old.revocation = Revocation(
            at_ms=now, type="REFUND_PRORATED", reason=0, percentage=left * 100_000 // whole
        )
        store.touch(old)
