"""The composition: everything one simulated world holds, without a socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vkpay_simulator.clock import Agenda, Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import KeyRing
from vkpay_simulator.providers.base import Merchant

if TYPE_CHECKING:
    from vkpay_simulator.providers.base import SimProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a world behaves. ``lenient`` tolerates known bugs of published clients (each provider lists its own)."""

    seed: int | None = None
    sign_with_virtual_time: bool = False
    lenient: bool = False
    allow_notify_hosts: frozenset[str] = field(default_factory=frozenset)


class World:
    """One simulated world. Owns time, chance, keys, merchants, the journal, faults and deliveries.

    Providers get the whole world and use: ``clock`` and ``agenda`` (business time and timers), ``ids`` (the only
    chance), ``keys``, ``signing_ms()`` (timestamps of signatures), ``merchants``, ``notify(delivery)``.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or Clock()
        self.agenda = Agenda(self.clock)
        self.ids = Ids(self.settings.seed)
        self.keys = KeyRing()
        self.merchants: dict[str, Merchant] = {}
        self.providers: dict[str, SimProvider] = {}
        self.deliveries: dict[str, Delivery] = {}

    def signing_ms(self) -> int:
        """The time that signatures, HTTP dates and nonces carry; the real one unless settings say otherwise."""
        return self.clock.now() if self.settings.sign_with_virtual_time else self.clock.real_ms()

    def notify(self, delivery: Delivery) -> None:
        """Takes a notification over: first attempt now, then the delivery's own pauses until it is accepted."""
        self.deliveries[delivery.id] = delivery
        raise NotImplementedError
