"""What Douyin's own operations give: settlements, and what is left to settle. Amounts are fen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from vkpay_async.models import Value
from vkpay_async.money import Fen


class SettlementState(StrEnum):
    """Where a settlement stands. ``FAIL``: nothing was settled, try again under another number."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Receiver(Value, frozen=True, kw_only=True):
    """Somebody besides the seller who gets a share of an order (分账方)."""

    merchant_uid: str
    amount: Fen


class Settlement(Value, frozen=True, kw_only=True):
    """A settlement as Douyin has it. ``settled_time`` is in milliseconds; ``rake`` is Douyin's own share."""

    out_settle_no: str
    state: SettlementState
    raw_state: str
    settle_id: str | None = None
    out_trade_no: str | None = None
    settle_amount: Fen | None = None
    rake: Fen | None = None
    commission: Fen | None = None
    detail: str = ""
    settled_time: int | None = None
    raw: Mapping[str, Any] = {}


class UnsettledAmount(Value, frozen=True, kw_only=True):
    """What a settlement of an order would bring now, after Douyin's shares."""

    out_trade_no: str
    amount: Fen
    payment_rake: Fen | None = None
    life_rake: Fen | None = None
    commission: Fen | None = None
    raw: Mapping[str, Any] = {}


def settlement_state(word: str) -> SettlementState:
    return SettlementState(word) if word in SettlementState.__members__ else SettlementState.UNKNOWN
