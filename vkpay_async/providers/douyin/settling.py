"""What a settlement may ask for in both systems, and what is told of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument, NotificationInvalid
from vkpay_async.money import is_fen
from vkpay_async.providers.douyin.answer import json_text
from vkpay_async.providers.douyin.models import UNREADABLE, SettleMessage
from vkpay_async.providers.douyin.results import Receiver, Settlement, settlement_state
from vkpay_async.providers.douyin.times import ms_from_seconds, ms_or_none

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
        raise InvalidArgument(
            f"{len(receivers)} receivers, and a settlement has {MOST_RECEIVERS} at most: make several"
        )
    for receiver in receivers:
        if not is_fen(receiver.amount):
            raise InvalidArgument(f"the amount of {receiver.merchant_uid} must be a positive integer in fen")
    text = json_text([{"merchant_uid": one.merchant_uid, "amount": one.amount} for one in receivers])
    if len(text) > _LONGEST_RECEIVERS:
        raise InvalidArgument(
            f"the receivers take {len(text)} characters, and {_LONGEST_RECEIVERS} are allowed"
        )
    return text


def settlement_told(raw: Mapping[str, Any]) -> Settlement:
    """What a notification's message says. Raises :class:`NotificationInvalid`."""
    try:
        message = msgspec.convert(dict(raw), SettleMessage, strict=False)
    except UNREADABLE as error:
        raise NotificationInvalid(f"the message about a settlement cannot be read: {error}") from error
    number = message.cp_settle_no or message.out_settle_no
    if not number:
        raise NotificationInvalid("the message names no settlement: it is about something else")
    return Settlement(
        out_settle_no=number,
        out_trade_no=message.out_order_no,
        state=settlement_state(message.status),
        raw_state=message.status,
        settle_id=message.settle_no or message.settle_id,
        settle_amount=message.settle_amount,
        rake=message.rake,
        commission=message.commission,
        detail=message.settle_detail or "",
        settled_time=ms_from_seconds(message.settled_at) or ms_or_none(message.event_time),
        raw=raw,
    )
