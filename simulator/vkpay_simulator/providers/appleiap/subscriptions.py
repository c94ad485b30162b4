"""Subscriptions in the course of time: renewals, failed ones, grace, expiry, changes, extensions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vkpay_simulator.providers.appleiap import periods
from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import (
    ACTIVE,
    EXPIRED,
    IN_GRACE,
    IN_RETRY,
    REVOKED,
    Product,
    Store,
    Subscription,
    Transaction,
)
from vkpay_simulator.providers.appleiap.notify import Notifier
from vkpay_simulator.providers.appleiap.numbers import Numbers
from vkpay_simulator.providers.appleiap.rules import Rules
from vkpay_simulator.providers.base import SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

GRACE_DAYS, RETRY_DAYS = 16, 60
SANDBOX_GRACE_MS = SANDBOX_RETRY_MS = 5 * periods.MINUTE_MS

INTENTS = {"VOLUNTARY": 1, "BILLING_RETRY": 2, "PRICE_INCREASE": 3, "PRODUCT_NOT_FOR_SALE": 4, None: 5}


class Subscriptions:
    """Moves subscriptions on, when their time comes or when it is asked for, and tells the merchant."""

    def __init__(self, world: World, rules: Rules, numbers: Numbers, notifier: Notifier) -> None:
        self._world = world
        self._rules = rules
        self._numbers = numbers
        self._notifier = notifier

    def begun(self, app: App, store: Store, subscription: Subscription) -> None:
        """A new period runs."""
        self._due(subscription.renewal_ms, app, store, subscription)

    def renew(self, app: App, store: Store, subscription: Subscription) -> Transaction:
        """The next period begins where the last one ended, or now after a failure of billing."""
        if subscription.status in (EXPIRED, REVOKED):
            raise _over(subscription)
        recovered = subscription.status != ACTIVE
        start = self._world.clock.now() if recovered else subscription.renewal_ms
        transaction = self._next(store, subscription, start)
        self._moved(subscription, ACTIVE)
        subscription.latest, subscription.grace_until_ms = transaction, None
        subscription.renewals += 1
        store.add(transaction)
        self.begun(app, store, subscription)
        self._notifier.about(app, store, transaction, "DID_RENEW", "BILLING_RECOVERY" if recovered else None)
        return transaction

    def fail(self, app: App, store: Store, subscription: Subscription, *, grace: bool) -> None:
        """The card was refused; the App Store goes on trying, with ``grace`` while the service goes on."""
        if subscription.status != ACTIVE:
            raise _over(subscription)
        now = self._world.clock.now()
        subscription.intent = INTENTS["BILLING_RETRY"]
        if grace:
            until = now + (SANDBOX_GRACE_MS if store.sandbox else GRACE_DAYS * periods.DAY_MS)
            self._moved(subscription, IN_GRACE)
            subscription.grace_until_ms = until
        else:
            self._moved(subscription, IN_RETRY)
            until = self._retry_until(store, now)
        self._due(until, app, store, subscription)
        self._notifier.about(
            app, store, subscription.latest, "DID_FAIL_TO_RENEW", "GRACE_PERIOD" if grace else None
        )

    def expire(self, app: App, store: Store, subscription: Subscription, reason: str | None) -> None:
        if subscription.status in (EXPIRED, REVOKED):
            raise _over(subscription)
        now, latest = self._world.clock.now(), subscription.latest
        self._moved(subscription, EXPIRED)
        subscription.auto_renew, subscription.intent = False, INTENTS[reason]
        subscription.grace_until_ms = None
        if subscription.renewal_ms > now:
            latest.expires_ms = now
        store.touch(latest)
        self._notifier.about(app, store, latest, "EXPIRED", reason)

    def set_auto_renew(self, app: App, store: Store, subscription: Subscription, on: bool) -> None:
        if subscription.status in (EXPIRED, REVOKED):
            raise _over(subscription)
        subscription.auto_renew = on
        subscription.intent = None if on else INTENTS["VOLUNTARY"]
        subtype = "AUTO_RENEW_ENABLED" if on else "AUTO_RENEW_DISABLED"
        self._notifier.about(app, store, subscription.latest, "DID_CHANGE_RENEWAL_STATUS", subtype)

    def choose(self, app: App, store: Store, subscription: Subscription, product: Product) -> None:
        """Another product from the next period on; the present one takes an earlier choice back."""
        if subscription.status in (EXPIRED, REVOKED):
            raise _over(subscription)
        subscription.next_product = product
        undone = product.product_id == subscription.latest.product.product_id
        self._notifier.about(
            app, store, subscription.latest, "DID_CHANGE_RENEWAL_PREF", None if undone else "DOWNGRADE"
        )

    def raise_price(
        self, app: App, store: Store, subscription: Subscription, price: int, *, accepted: bool
    ) -> None:
        subscription.next_product = replace(subscription.next_product, price=price)
        subscription.price_increase = int(accepted)
        self._notifier.about(
            app, store, subscription.latest, "PRICE_INCREASE", "ACCEPTED" if accepted else "PENDING"
        )

    def extend(self, app: App, store: Store, subscription: Subscription, days: int) -> int:
        """Moves the renewal date; gives the new one."""
        latest = subscription.latest
        latest.expires_ms = subscription.renewal_ms + days * periods.DAY_MS
        subscription.extensions.append(self._world.clock.now())
        subscription.turn += 1
        store.touch(latest)
        self.begun(app, store, subscription)
        self._notifier.about(app, store, latest, "RENEWAL_EXTENDED")
        return latest.expires_ms

    def end(self, subscription: Subscription) -> None:
        """It was refunded or revoked: nothing comes of it any more."""
        self._moved(subscription, REVOKED)
        subscription.auto_renew = False

    def reinstate(self, app: App, store: Store, subscription: Subscription) -> None:
        """A refund was taken back; the dates stay what they were."""
        running = subscription.renewal_ms > self._world.clock.now()
        self._moved(subscription, ACTIVE if running else EXPIRED)
        if running:
            subscription.auto_renew = True
            self.begun(app, store, subscription)

    @staticmethod
    def _moved(subscription: Subscription, status: int) -> None:
        subscription.status = status
        subscription.turn += 1

    def _due(self, at_ms: int, app: App, store: Store, subscription: Subscription) -> None:
        turn = subscription.turn

        def act() -> None:
            if subscription.turn == turn and self._rules.renew_automatically:
                self._time_has_come(app, store, subscription)

        self._world.agenda.at(at_ms, act)

    def _time_has_come(self, app: App, store: Store, subscription: Subscription) -> None:
        if subscription.status == IN_GRACE:
            self._moved(subscription, IN_RETRY)
            self._due(self._retry_until(store, self._world.clock.now()), app, store, subscription)
            self._notifier.about(app, store, subscription.latest, "GRACE_PERIOD_EXPIRED")
        elif subscription.status == IN_RETRY:
            self.expire(app, store, subscription, "BILLING_RETRY")
        elif subscription.auto_renew and not self._worn_out(store, subscription):
            self.renew(app, store, subscription)
        else:
            self.expire(app, store, subscription, "VOLUNTARY")

    def _worn_out(self, store: Store, subscription: Subscription) -> bool:
        return store.sandbox and subscription.renewals >= self._rules.sandbox_renewals

    @staticmethod
    def _retry_until(store: Store, now: int) -> int:
        return now + (SANDBOX_RETRY_MS if store.sandbox else RETRY_DAYS * periods.DAY_MS)

    def _next(self, store: Store, subscription: Subscription, start: int) -> Transaction:
        before, product = subscription.latest, subscription.next_product
        return Transaction(
            transaction_id=self._numbers.transaction(store),
            original_transaction_id=before.original_transaction_id,
            order_id=self._numbers.order(),
            customer=before.customer,
            product=product,
            purchase_ms=start,
            original_purchase_ms=before.original_purchase_ms,
            price=product.price,
            app_account_token=before.app_account_token,
            ownership=before.ownership,
            reason="RENEWAL",
            expires_ms=periods.after(start, product.period, sandbox=store.sandbox),
            web_order_line_item_id=self._numbers.line_item(),
            subscription=subscription,
        )


def _over(subscription: Subscription) -> SimulatorError:
    status = {ACTIVE: "active", IN_RETRY: "in billing retry", IN_GRACE: "in its grace period"}.get(
        subscription.status, "over"
    )
    return SimulatorError(
        f"Subscription {subscription.original_transaction_id} is {status}: buy it again with "
        "POST /_sim/appleiap/purchase, or look at it in GET /_sim/orders.",
        409,
    )
