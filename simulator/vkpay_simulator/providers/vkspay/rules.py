"""What a user of the simulator may set about VksPay's side. All of it is designed: the real rules are not public."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

# Seconds before each repetition of a notification. The first send goes out twice, as observed.
PAUSES = (15, 60, 300, 1800, 7200, 21600)

CODE_OUTCOMES = ("paying", "waiting", "fail", "lost", "error")


def _default_codes() -> dict[str, str]:
    return {f"{head}{number:02d}": kind for head in ("10", "25") for number, kind in enumerate(CODE_OUTCOMES)}


@dataclass(slots=True, kw_only=True)
class Rules:
    """``own_numbers``: a merchant's ``out_trade_no`` and ``out_refund_no`` are taken; otherwise they are ignored, and the
    gateway makes its own. ``double_notify``: the first send of a notification goes out twice. ``single_use_links``: the
    first wallet that opens a pay link has it for itself. ``reject_replays``: a nonce counts once. ``ban_after``: so many
    orders with an unreachable notify address get the merchant banned; ``None`` for never.

    ``codes`` says by a payment code's first digits what happens to it (see ``micropay``); ``pay_delay_s`` is how long the
    payer of a ``paying`` one takes. ``refund_delay_s`` is how long a refund stays ``PROCESSING``: ``None`` for not at all.
    ``life_s`` is how long an order can be paid. ``amount_limit`` is in fen.
    """

    own_numbers: bool = True
    double_notify: bool = True
    single_use_links: bool = False
    reject_replays: bool = False
    ban_after: int | None = None
    pauses: tuple[int, ...] = PAUSES
    codes: dict[str, str] = field(default_factory=_default_codes)
    pay_delay_s: float = 5
    refund_delay_s: float | None = None
    life_s: int = 7200
    amount_limit: int = 50_000_00

    def restore(self) -> None:
        """Everything as it was at first."""
        first = Rules()
        for one in fields(self):
            setattr(self, one.name, getattr(first, one.name))
