"""Signs what the App Store gives out."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.clock import Clock
from vkpay_simulator.jws import sign
from vkpay_simulator.providers.appleiap import payloads
from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import Customer, Store, Subscription, Transaction
from vkpay_simulator.providers.appleiap.pki import Authority

UNCALLED = "http://127.0.0.1:9200"


class Signer:
    """Everything carries the business time of its signing. ``origin`` is the address that the simulator was last called
    under: its certificates name it as the place to ask for their state."""

    def __init__(self, clock: Clock, authority: Authority) -> None:
        self._clock = clock
        self._authority = authority
        self.origin = UNCALLED

    def sign(self, payload: dict[str, Any]) -> str:
        return sign(payload, self._authority.leaf_key, self._authority.chain(self.origin).x5c)

    def transaction(self, app: App, store: Store, one: Transaction, **device: Any) -> str:
        return self.sign(payloads.transaction(app, store, one, self._clock.now()) | device)

    def renewal(self, store: Store, one: Subscription) -> str:
        return self.sign(payloads.renewal(store, one, self._clock.now()))

    def app_transaction(self, app: App, store: Store, customer: Customer, **device: Any) -> str:
        return self.sign(payloads.app_transaction(app, store, customer, self._clock.now()) | device)
