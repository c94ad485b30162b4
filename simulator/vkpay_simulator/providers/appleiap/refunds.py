"""The App Store gives money back, takes that back, or ends what a family shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import FAMILY_SHARED, Revocation, Store, Transaction
from vkpay_simulator.providers.appleiap.notify import Notifier
from vkpay_simulator.providers.appleiap.subscriptions import Subscriptions
from vkpay_simulator.providers.base import SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

WHOLE = 100_000


class Refunds:
    """Decides as Apple would, and tells the merchant."""

    def __init__(self, world: World, subscriptions: Subscriptions, notifier: Notifier) -> None:
        self._clock = world.clock
        self._subscriptions = subscriptions
        self._notifier = notifier

    def refund(
        self, app: App, store: Store, one: Transaction, *, reason: int = 0, percentage: int = WHOLE
    ) -> None:
        """``percentage`` in thousandths of a percent; 100000 is all."""
        if one.revocation is not None:
            raise SimulatorError(f"Transaction {one.transaction_id} was given back already.", 409)
        if one.ownership == FAMILY_SHARED:
            raise SimulatorError(
                f"Transaction {one.transaction_id} is shared by a family and was paid by nobody: revoke it instead.",
                409,
            )
        part = percentage < WHOLE
        one.revocation = Revocation(
            at_ms=self._clock.now(),
            type="REFUND_PRORATED" if part else "REFUND_FULL",
            reason=reason,
            percentage=percentage if part else None,
        )
        self._end(store, one)
        self._notifier.about(app, store, one, "REFUND")

    def reverse(self, app: App, store: Store, one: Transaction) -> None:
        if one.revocation is None or not one.revocation.refund:
            raise SimulatorError(f"Transaction {one.transaction_id} was not refunded: refund it first.", 409)
        one.revocation = None
        store.touch(one)
        if one.subscription is not None and one.subscription.latest is one:
            self._subscriptions.reinstate(app, store, one.subscription)
        self._notifier.about(app, store, one, "REFUND_REVERSED")

    def decline(self, app: App, store: Store, one: Transaction) -> None:
        self._notifier.about(app, store, one, "REFUND_DECLINED")

    def ask(self, app: App, store: Store, one: Transaction, reason: str) -> None:
        """The customer wants money back; the merchant is asked what was used."""
        self._notifier.about(app, store, one, "CONSUMPTION_REQUEST", consumptionRequestReason=reason)

    def revoke(self, app: App, store: Store, one: Transaction) -> None:
        if one.ownership != FAMILY_SHARED:
            raise SimulatorError(
                f"Transaction {one.transaction_id} is not shared by a family: make one with family_shared, or refund it.",
                409,
            )
        one.revocation = Revocation(at_ms=self._clock.now(), type="FAMILY_REVOKE")
        self._end(store, one)
        self._notifier.about(app, store, one, "REVOKE")

    def _end(self, store: Store, one: Transaction) -> None:
        store.touch(one)
        if one.subscription is not None and one.subscription.latest is one:
            self._subscriptions.end(one.subscription)
