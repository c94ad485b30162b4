"""What a settlement may ask for, in both systems."""

from __future__ import annotations

from collections.abc import Sequence

from vkpay_async.errors import InvalidArgument
from vkpay_async.money import is_fen
from vkpay_async.providers.douyin.answer import json_text
from vkpay_async.providers.douyin.results import Receiver

MOST_RECEIVERS = 4
_LONGEST_DESC = 80
_LONGEST_RECEIVERS = 2048
DEFAULT_DESC = "主动结算"


def checked_desc(desc: str) -> str:
    if not desc or len(desc) > _LONGEST_DESC:
        raise InvalidArgument(f"settle_desc has {len(desc)} characters: give 1 to {_LONGEST_DESC}")
    return desc


def receivers_text(receivers: Sequence[Receiver]) -> str | None:
    """``settle_params``: a text of JSON, nothing where the seller gets all. Raises :class:`InvalidArgument`."""
    if not receivers:
        return None
    if len(receivers) > MOST_RECEIVERS:
        raise InvalidArgument(f"{len(receivers)} receivers, and a settlement has {MOST_RECEIVERS} at most: make several")
    for receiver in receivers:
        if not is_fen(receiver.amount):
            raise InvalidArgument(f"the amount of {receiver.merchant_uid} must be a positive integer in fen")
    text = json_text([{"merchant_uid": one.merchant_uid, "amount": one.amount} for one in receivers])
    if len(text) > _LONGEST_RECEIVERS:
        raise InvalidArgument(f"the receivers take {len(text)} characters, and {_LONGEST_RECEIVERS} are allowed")
    return text
