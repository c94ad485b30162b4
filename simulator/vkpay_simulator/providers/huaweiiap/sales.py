"""Customers buy, Huawei gives money back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.huaweiiap.accounts import App, Apps
from vkpay_simulator.providers.huaweiiap.models import Purchase, Wish
from vkpay_simulator.providers.huaweiiap.notify import Notifier

if TYPE_CHECKING:
    from vkpay_simulator.world import World

BY_USER, BY_HUAWEI = "1", "0"


class Sales:
    """What happens to purchases, whoever starts it."""

    def __init__(self, world: World, apps: Apps, notifier: Notifier) -> None:
        self._world = world
        self._apps = apps
        self._notifier = notifier

    def buy(
        self,
        app: App,
        *,
        product_id: str,
        product_type: str,
        price: int,
        quantity: int,
        payload: str | None,
        environment: str,
        payer: str,
    ) -> Purchase:
        """Raises :class:`SimulatorError` for a product that can be had once, and was."""
        if not app.activated:
            raise SimulatorError(
                f"IAP is switched off for the app of {app.pid}: set activated with account.", 409
            )
        same = [
            one
            for one in app.store.purchases.values()
            if (one.product_id, one.payer, one.environment) == (product_id, payer, environment)
        ]
        if product_type == "0" and any(one.revoked_ms is None and not one.shipped for one in same):
            raise SimulatorError(
                f"{payer} has a {product_id} that was not delivered: confirm it, or buy as another payer.",
                409,
            )
        if product_type == "1" and any(one.revoked_ms is None for one in same):
            raise SimulatorError(f"{payer} owns {product_id} already, and it can be bought once.", 409)
        now, ids = self._world.clock.now(), self._world.ids
        one = Purchase(
            number=f"{now}.{ids.hex(8).upper()}.{ids.digits(4)}",
            token=ids.hex(64),
            product_id=product_id,
            product_type=product_type,
            price=price,
            currency="CNY",
            quantity=quantity,
            payload=payload,
            environment=environment,
            payer=payer,
            bought_ms=now,
        )
        app.store.purchases[one.number] = one
        self._notifier.bought(app, one)
        return one

    def give_back(self, app: App, one: Purchase, reason: str) -> None:
        """Raises :class:`SimulatorError` for one that was given back before."""
        if one.revoked_ms is not None:
            raise SimulatorError(f"Purchase {one.number} was given back before.", 409)
        one.revoked_ms, one.reason = self._world.clock.now(), reason
        self._notifier.revoked(app, one)

    def wish(self, app: App, one: Purchase, reason: str) -> Wish:
        """The customer wants the money back; the merchant's server is asked."""
        if one.revoked_ms is not None:
            raise SimulatorError(f"Purchase {one.number} was given back before.", 409)
        wish = Wish(batch=self._world.ids.digits(20), purchase=one, reason=reason)
        app.store.wishes[wish.batch] = wish
        self._notifier.wished(app, wish)
        return wish

    def find(self, number: str, pid: str | None = None) -> tuple[App, Purchase]:
        """By ``purchaseOrderId``, or the newest with that ``developerPayload``. Raises :class:`SimulatorError` (404)."""
        found = [(app, one) for app, one in self.every() if number in (one.number, one.payload)]
        found = [place for place in found if pid in (None, place[0].pid)]
        if not found:
            raise SimulatorError(
                f"Huawei knows no purchase {number!r}: POST /_sim/huaweiiap/purchase makes one.", 404
            )
        return found[-1]

    def every(self) -> list[tuple[App, Purchase]]:
        return [(app, one) for app in self._apps.by_pid.values() for one in app.store.purchases.values()]
