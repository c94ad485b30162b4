"""Douyin's codes as our errors.

Guaranteed payment has few, and says most of its "no" by 2010: its texts tell what is meant, and are never looked at.
The trade system has a code for each case.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from vkpay_async.errors import (
    AuthenticationFailed,
    OrderStateConflict,
    PermissionRefused,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    ValidationFailed,
)
from vkpay_async.providers.base import HttpResponse

TOKEN_REFUSED = frozenset({"28001003", "28001008"})
"""The client token is no longer good: nothing was carried out."""

DUPLICATES = frozenset({"22004", "23111"})
"""The number of a refund or settlement was used before, perhaps by the try before this one."""


class Meaning(NamedTuple):
    """What a code stands for. No class means that Douyin failed and the outcome depends on the call."""

    error: type[ProviderError] | None
    advice: str


Rows = tuple[tuple[type[ProviderError] | None, str, str], ...]

_REPEAT = "Douyin failed inside: query, or repeat with the same number and parameters; never start over with a new number"

_ECPAY: Rows = (
    (None, _REPEAT, "1000 -1"),
    (RateLimited, "send fewer calls, then repeat this one with the same number", "1001"),
    (ResourceNotFound, "check the number, and that the node is the one that the order was made with", "2000"),
    (
        AuthenticationFailed,
        "check salt: it is the payment SALT that the console shows for this app (支付设置)",
        "2008",
    ),
    (
        ValidationFailed,
        "the message says why; correct it, and use a new number: one that was refused is used up",
        "2010",
    ),
    (
        ValidationFailed,
        "correct the parameter that the message names; a day's bill is made the day after",
        "1",
    ),
    (AuthenticationFailed, "check app_id, and that sandbox is set exactly for the sandbox", "2020 2042"),
    (
        PermissionRefused,
        "check thirdparty_id, and that the mini program has authorised the service provider in the console",
        "2047 2048",
    ),
    (ValidationFailed, "a return has a number of 1 to 64 characters", "2102"),
    (ResourceNotFound, "check out_refund_no; a refund that was refused does not exist", "3101"),
    (ValidationFailed, "check merchant_id: it is not a merchant of this app", "4000"),
    (ResourceNotFound, "check the return's number", "4408"),
)

_TRADE: Rows = (
    (None, _REPEAT, "13000 23000 10401 28001005 28001006"),
    (RateLimited, "send fewer calls, then repeat this one as it is", "12001 28003017"),
    (
        ValidationFailed,
        "correct the parameter that the message names; goods must fit the mini program's industry",
        "10000",
    ),
    (
        AuthenticationFailed,
        "check app_id, app_private_key and key_version: the version counts the keys uploaded to the console",
        "11004 23001",
    ),
    (
        AuthenticationFailed,
        "check app_id and secret, with which client tokens are fetched",
        "28001003 28001008",
    ),
    (
        PermissionRefused,
        "apply for this call's scope in the console",
        "28001014 28001016 28001018 28001019",
    ),
    (
        ResourceNotFound,
        "check the number; an order exists once the mini program has called tt.requestOrder",
        "20000 23101",
    ),
    (ResourceNotFound, "check item_order_id: the order has no such piece", "23024 23025"),
    (
        OrderStateConflict,
        "query the order and its refunds: it is not paid, or nothing is left to refund",
        "22000 22001 22002 22013",
    ),
    (OrderStateConflict, "query the refund: somebody has decided about it already", "22006"),
    (OrderStateConflict, "query it under this number, or use a new one", "22004 23111"),
    (ValidationFailed, "name fewer than 100 pieces, each with what it cost at most", "22007 22008"),
    (
        ValidationFailed,
        "correct the parameter that the message names",
        "23002 23003 23004 23005 23006 23007 23008 23009 23010",
    ),
    (OrderStateConflict, "settle the order when it is paid and its settlement cycle is over", "23102 23107"),
    (
        OrderStateConflict,
        "query the order's settlements: nothing is left, or it must be settled piece by piece",
        "23112 23113 23118",
    ),
    (PermissionRefused, "Douyin settles this app's orders by itself: leave it to that", "23117"),
)


_LOGIN: Rows = (
    (None, "Douyin failed inside: log the user in again, with a new code", "-1"),
    (ValidationFailed, "the code was not taken: call tt.login again", "40014"),
    (AuthenticationFailed, "no such app: correct app_id", "40015"),
    (AuthenticationFailed, "correct secret: it is the AppSecret of the console", "40017"),
    (
        ValidationFailed,
        "the code is wrong, used or too old, or another app's: call tt.login again, and check app_id",
        "40018 40019",
    ),
)


def _table(rows: Rows) -> dict[str, Meaning]:
    return {code: Meaning(error, advice) for error, advice, codes in rows for code in codes.split()}


ECPAY_CODES = _table(_ECPAY)
TRADE_CODES = _table(_TRADE)
LOGIN_CODES = _table(_LOGIN)
_OTHER = Meaning(ProviderError, "the message says why; look the code up on the call's page")


class Call(NamedTuple):
    """A call, as far as its errors go: what it is called, and whether money moves by it."""

    operation: str
    moves_money: bool = False


def refusal(
    codes: dict[str, Meaning], code: str, message: str, call: Call, response: HttpResponse, detail: Any = None
) -> ProviderError:
    """The error for an answer with a code other than 0."""
    meaning = codes.get(code, _OTHER)
    return (meaning.error or _outage(call))(
        provider="douyin",
        code=code,
        message=f"{call.operation}: {message}" if message else call.operation,
        http_status=response.status,
        request_id=request_id(response),
        detail=detail,
        advice=meaning.advice,
    )


def unusable(call: Call, response: HttpResponse, text: object) -> ProviderError:
    """The error for an answer that is none: no JSON, without a code, or without what the call promises."""
    return _outage(call)(
        provider="douyin",
        code="INVALID_ANSWER",
        message=f"{call.operation}: not an answer of Douyin's: {text}",
        http_status=response.status,
        request_id=request_id(response),
        advice="check base_url and sandbox, and any proxy in between; then query, or repeat with the same number",
    )


def request_id(response: HttpResponse) -> str | None:
    """What Douyin's support asks for."""
    return response.headers.get("x-tt-logid")


def _outage(call: Call) -> type[ProviderError]:
    return ProviderOutcomeUnknown if call.moves_money else ProviderUnavailable
