"""What a user of the simulator may set about Alipay's side; the defaults are the most documented ones."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from vkpay_simulator.providers.alipay.states import TRADE_CLOSED, TRADE_FINISHED, TRADE_SUCCESS

# The classic schedule: seconds before each repetition of a notification, 24 h 22 m in all.
PAUSES = (240, 600, 600, 3600, 7200, 21600, 54000)


def _default_matrix() -> dict[str, frozenset[str]]:
    every = frozenset({TRADE_SUCCESS, TRADE_CLOSED, TRADE_FINISHED})
    return {
        "face_to_face": frozenset({TRADE_SUCCESS}),
        "jsapi": every,
        "app": every,
        "wap": every,
        # One published table has TRADE_CLOSED for page.pay, another does not.
        "page": frozenset({TRADE_SUCCESS, TRADE_FINISHED}),
    }


@dataclass(slots=True, kw_only=True)
class Rules:
    """``notify`` says by product family which states are told to the merchant (refunds always are).
    ``pay_delay_s`` is how long the buyer of a 10003 answer takes, ``refund_window_days`` when a trade is finished,
    ``close_voids_unopened`` whether closing a code nobody scanned makes it unpayable."""

    notify: dict[str, frozenset[str]] = field(default_factory=_default_matrix)
    pauses: tuple[int, ...] = PAUSES
    pay_delay_s: float = 5
    refund_window_days: int = 365
    close_voids_unopened: bool = True

    def restore(self) -> None:
        """Everything as it was at first."""
        first = Rules()
        for one in fields(self):
            setattr(self, one.name, getattr(first, one.name))
