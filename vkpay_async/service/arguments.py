"""Checks of what callers hand in, with vk-uni-pay's numbers. Everything is refused before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.money import Fen, is_fen
from vkpay_async.order import ORDER_FIELDS
from vkpay_async.registry import about

_REFUND_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_BILL_NUMBER = re.compile(r"[0-9A-Za-z]{1,64}")
_LATEST_EXPIRY_MS = 366 * 86_400_000
MIN_TRANSFER: Fen = 10
MAX_TOTAL: Fen = 10_000_000_000


def required_text(value: object, name: str, code: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgument(f"{name} must be a non-empty string", code=code)
    return _sendable(value, name, code)


def optional_text(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a string, not {type(value).__name__}")
    return _sendable(value, name, -1)


def checked_total(total_fee: object) -> Fen:
    if not is_fen(total_fee):
        raise InvalidArgument("total_fee must be a positive integer in fen (1 yuan = 100)", code=1003)
    assert isinstance(total_fee, int)  # noqa: S101 - is_fen has just said so
    if total_fee > MAX_TOTAL:
        raise InvalidArgument(f"total_fee must be at most {MAX_TOTAL} fen (100 million yuan)", code=1003)
    return total_fee


def checked_trade_no(out_trade_no: object, provider: str) -> str:
    number = required_text(out_trade_no, "out_trade_no", 1001)
    pattern, rule = about(provider).number
    if not pattern.fullmatch(number):
        raise InvalidArgument(f"out_trade_no {number!r} does not fit {provider}: it takes {rule}", code=1001)
    return number


def checked_custom(
    custom: Mapping[str, Any] | None, *, user_id: str | None = None, nickname: str | None = None
) -> dict[str, Any]:
    """Refuses keys that the order has itself: a handler would not know which is meant.

    ``user_id`` and ``nickname`` may stand in ``custom`` unless the arguments of that name say something else.
    """
    custom = dict(custom or {})
    same = {"user_id": user_id, "nickname": nickname}
    free = {name for name, value in same.items() if value is None or custom.get(name) == value}
    taken = sorted((ORDER_FIELDS - free) & custom.keys())
    if taken:
        raise InvalidArgument(f"custom must not use the order's own names: {', '.join(taken)}")
    try:
        msgspec.json.encode(custom)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"custom must be plain JSON, as it is kept with the order: {error}") from error
    return custom


def checked_expiry(time_expire: object, pay_type: str, provider: str, now: int) -> int | None:
    """``time_expire`` in milliseconds; WeChat wants a minute ahead for QR codes and five otherwise."""
    if time_expire is None:
        return None
    if not isinstance(time_expire, int) or isinstance(time_expire, bool):
        raise InvalidArgument("time_expire must be an integer: milliseconds since the epoch")
    earliest = about(provider).earliest_expiry_ms
    if not earliest:
        raise InvalidArgument(f"time_expire: {provider} takes none; close the payment when its time is over")
    ahead = earliest.get(pay_type, earliest[""])
    if time_expire < now + ahead:
        raise InvalidArgument(f"time_expire must be at least {ahead // 1000} s ahead for {pay_type}")
    if time_expire > now + _LATEST_EXPIRY_MS:
        raise InvalidArgument("time_expire is more than a year ahead: it is in milliseconds since the epoch")
    return time_expire


def checked_refund_no(out_refund_no: str) -> str:
    if not _REFUND_NUMBER.fullmatch(out_refund_no):
        raise InvalidArgument(f"out_refund_no {out_refund_no!r} takes 1–64 letters, digits or _ - | * @")
    return out_refund_no


def checked_refund_fee(refund_fee: object) -> Fen | None:
    """``None`` means all that is left; 0, negative, text and fractions are refused."""
    if refund_fee is None:
        return None
    if not is_fen(refund_fee):
        raise InvalidArgument(
            "refund_fee must be a positive integer in fen; leave it out to refund all that is left"
        )
    assert isinstance(refund_fee, int)  # noqa: S101 - is_fen has just said so
    return refund_fee


def checked_transfer_amount(amount: object) -> Fen:
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidArgument("transfer_amount must be an integer in fen", code=1007)
    if amount < MIN_TRANSFER:
        raise InvalidArgument(f"transfer_amount must be at least {MIN_TRANSFER} fen", code=1008)
    return amount


def checked_bill_no(out_bill_no: object) -> str:
    number = required_text(out_bill_no, "out_bill_no", -1)
    if not _BILL_NUMBER.fullmatch(number):
        raise InvalidArgument(f"out_bill_no {number!r} takes letters and digits only")
    return number


def _sendable(text: str, name: str, code: int) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{name} holds half a character, which cannot be sent", code=code) from error
    return text


def one_of(name: str, value: Any, aliases: Mapping[str, Any]) -> Any:
    """``value``, or that of an older spelling; two different ones are refused."""
    given = {key: v for key, v in {name: value, **aliases}.items() if v is not None}
    if len(set(map(repr, given.values()))) > 1:
        raise InvalidArgument(f"{' and '.join(given)} mean the same and differ; give {name} only")
    return next(iter(given.values()), None)
