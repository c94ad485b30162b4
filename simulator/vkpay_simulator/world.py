"""The composition: everything one simulated world holds, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vkpay_simulator.clock import Agenda, Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.faults import Faults
from vkpay_simulator.ids import Ids
from vkpay_simulator.journal import Journal
from vkpay_simulator.keys import KeyRing
from vkpay_simulator.providers import load
from vkpay_simulator.providers.base import Merchant, SimProvider, SimulatorError
from vkpay_simulator.sender import Sender

KINDS = ("default", "certs", "partner")
LONGEST_STEP_S = 10 * 366 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a world behaves. ``lenient`` tolerates known bugs of published clients (each provider lists its own).
    ``notify_url`` is the base notify address of merchants that name none."""

    seed: int | None = None
    sign_with_virtual_time: bool = False
    lenient: bool = False
    allow_notify_hosts: frozenset[str] = field(default_factory=frozenset)
    notify_url: str = "http://127.0.0.1:8000/pay"


class World:
    """One simulated world. Owns time, chance, keys, merchants, the journal, faults and deliveries.

    Providers get the whole world and use: ``clock`` and ``agenda`` (business time and timers), ``ids`` (the only
    chance), ``keys``, ``signing_ms()`` (timestamps of signatures), ``merchants``, ``notify(delivery)``.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        providers: Mapping[str, Callable[[World], SimProvider]] | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.clock = clock or Clock()
        self.agenda = Agenda(self.clock)
        self.ids = Ids(self.settings.seed)
        self.keys = KeyRing()
        self.journal = Journal()
        self.providers: dict[str, SimProvider] = {}
        self.faults = Faults(self.providers)
        self.deliveries: dict[str, Delivery] = {}
        self.sender = Sender(self)
        self.agenda.settled = self.sender.settled
        self._moving = asyncio.Lock()
        for name, make in (load() if providers is None else providers).items():
            self.providers[name] = make(self)
        self.merchants: dict[str, Merchant] = {}
        for kind in KINDS:
            self.add_merchant(pid=kind, kind=kind)

    def signing_ms(self) -> int:
        """The time that signatures, HTTP dates and nonces carry; the real one unless settings say otherwise."""
        return self.clock.now() if self.settings.sign_with_virtual_time else self.clock.real_ms()

    def notify(self, delivery: Delivery) -> None:
        """Takes a notification over: first attempt now, then the delivery's own pauses until it is accepted."""
        self.deliveries[delivery.id] = delivery
        self.sender.take(delivery)

    def add_merchant(
        self, *, pid: str | None = None, kind: str = "default", notify_url: str | None = None
    ) -> Merchant:
        """Opens a merchant with an account at every provider. What it draws depends on the seed and ``pid`` only.

        Raises :class:`SimulatorError` for a ``pid`` that is taken and for an unknown ``kind``.
        """
        pid = pid or f"shop-{len(self.merchants) + 1}"
        if pid in self.merchants:
            raise SimulatorError(
                f"There is a merchant {pid!r} already: choose another pid, or leave it out.", 409
            )
        if kind not in KINDS:
            raise SimulatorError(f"There is no kind {kind!r} of merchant: choose one of {', '.join(KINDS)}.")
        with self.ids.stream(f"merchant {pid}"):
            merchant = Merchant(
                pid=pid,
                kind=kind,
                name=self.ids.faker.company(),
                notify_url=notify_url or self.settings.notify_url,
            )
            for provider in self.providers.values():
                provider.open_account(merchant)
        self.merchants[pid] = merchant
        return merchant

    def merchant(self, pid: str) -> Merchant:
        """Raises :class:`SimulatorError` (404) that names those there are."""
        if pid not in self.merchants:
            raise SimulatorError(f"There is no merchant {pid!r}: there are {', '.join(self.merchants)}.", 404)
        return self.merchants[pid]

    async def advance(self, seconds: float) -> None:
        """Moves business time forward; whatever is due on the way is done, and every due notification answered
        or given up, before this returns. Raises :class:`SimulatorError` for a step back or over ten years."""
        if not 0 <= seconds <= LONGEST_STEP_S:
            raise SimulatorError("Time goes forward only, by ten years at most: give seconds, or 24h4m.")
        async with self._moving:
            await self.agenda.advance(seconds)

    def reset(self) -> None:
        """Back to the start: no orders, deliveries, journal, faults or moved clock, and chance back at its seed.
        Merchants and keys stay."""
        self.sender.cancel()
        self.agenda.clear()
        self.clock.reset()
        self.ids.reset()
        self.journal.reset()
        self.faults.reset()
        self.deliveries.clear()
        for provider in self.providers.values():
            provider.reset()
