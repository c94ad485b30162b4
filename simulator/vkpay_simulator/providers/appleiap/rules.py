"""What may be changed of how the simulated App Store behaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

HOUR, DAY = 3600, 86400

# Requests a second for each app, by operation; the sandbox takes a tenth of it.
RATES: dict[str, float] = {
    "transaction": 50,
    "app_transaction": 50,
    "history": 50,
    "history_v1": 50,
    "statuses": 50,
    "lookup": 10,
    "refund_history": 10,
    "refund_history_v1": 10,
    "consumption": 50,
    "consumption_v1": 50,
    "finish": 50,
    "set_token": 20,
    "extend": 20,
    "extend_mass": 1,
    "notification_history": 50,
    "test_notification": 1,
    "test_notification_status": 1,
}


@dataclass(slots=True)
class Rules:
    """``rates`` in requests a second, enforced over ``rate_window_s``. ``pauses`` are the seconds before each re-send
    in production; the sandbox sends once. ``ocsp`` is what the responder says."""

    rates: dict[str, float] = field(default_factory=RATES.copy)
    rate_window_s: int = HOUR
    pauses: Sequence[float] = (HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR)
    ocsp: Literal["good", "revoked", "unavailable"] = "good"
    renew_automatically: bool = True
    sandbox_renewals: int = 12

    def restore(self) -> None:
        fresh = Rules()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))
