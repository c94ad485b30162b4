"""For the journal: why WeChat Pay refuses a request, and what to do about it, in plain English."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.providers.wxpay.errors import WxpayError

_DO = {
    "required field is missing": "send it",
    "required parameter is missing": "send it",
    "field is not defined": "leave it out (the API refuses unknown fields, empty ones too)",
    "value type is wrong": "send the type that is documented; null is a wrong value: leave the field out",
    "length is less than the minimum": "leave it out if it is optional, or send more characters",
    "length is greater than the maximum": "shorten it",
    "value is less than the minimum": "send a larger whole number (amounts are in fen)",
    "value is greater than the maximum": "send a smaller whole number (amounts are in fen)",
    "value is not an RFC 3339 time": "write it as 2026-01-01T12:00:00+08:00",
    "Currency code is invalid": "send CNY",
    "character takes more than 3 bytes in UTF-8": "leave out emoji and the like",
    "body is not JSON in UTF-8": "send a JSON object",
}
_RULES = {
    "out_trade_no": "6 to 32 of the characters 0-9 A-Z a-z _ - | *",
    "out_refund_no": "1 to 64 of the characters 0-9 A-Z a-z _ - | * @",
    "out_bill_no": "1 to 32 letters and digits",
    "out_authorization_no": "5 to 32 of the characters 0-9 A-Z a-z _ - | * @",
    "notify_url": "http or https, with a path, without a query",
    "authorization_notify_url": "http or https, with a path, without a query",
    "merchant_goods_id": "1 to 32 of the characters 0-9 A-Z a-z _ -",
}


def explain(error: WxpayError) -> str:
    """One line. Without advice of its own an error has its code and text."""
    if error.advice:
        return f"{error.code}: {error.advice}"
    detail = error.detail or {}
    if error.code == "PARAM_ERROR" and "issue" in detail:
        return f"PARAM_ERROR: {_where(detail)}: {detail['issue']}{_what_to_do(detail)}."
    return f"{error.code}: {error}"


def _where(detail: dict[str, Any]) -> str:
    return f"{detail['field'] or 'the whole'} ({detail['location']})"


def _what_to_do(detail: dict[str, Any]) -> str:
    advice = _DO.get(detail["issue"], "")
    rule = _RULES.get(detail["field"].rpartition("/")[2], "")
    return "".join(f"; {part}" for part in (advice, rule and f"it is {rule}") if part)
