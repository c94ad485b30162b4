"""What may be set about the simulated IAP Kit."""

from __future__ import annotations

from dataclasses import dataclass

# "Periodically" is all that is published.
PAUSES = (60.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0)


@dataclass(slots=True, kw_only=True)
class Rules:
    """``pauses`` are the seconds before each re-send of a notification; the sandbox sends once."""

    pauses: tuple[float, ...] = PAUSES

    def restore(self) -> None:
        self.pauses = PAUSES
