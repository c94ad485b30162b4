"""WeChat Pay's codes, which error each becomes, and what to do about it.

Messages are Chinese texts that change; nothing here looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import msgspec

from vkpay_async.errors import (
    AuthenticationFailed,
    InsufficientFunds,
    OrderStateConflict,
    PaymentRefused,
    PermissionRefused,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    ValidationFailed,
)
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.wxpay.models import UNREADABLE, ErrorBody
from vkpay_async.providers.wxpay.times import ms_from_seconds, ms_of

PROVIDER = "wxpay"
SKEW_WORTH_TELLING_S = 60
_ERROR_BODY = msgspec.json.Decoder(ErrorBody)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure of a call means.

    ``limit_is_unsure``: a 429 may come although the call was carried out. ``fetches_key``: as in ``HttpRequest``.
    """

    name: str
    moves_money: bool = False
    repeatable: bool = True
    limit_is_unsure: bool = False
    fetches_key: bool = False


class Meaning(NamedTuple):
    """The error a code becomes, and the advice that goes with it."""

    error: type[ProviderError]
    advice: str


_QUERY_FIRST = "query with the same number before anything else; never try again with a new number"
_TOO_FAST = "wait, then send the identical call again; ask WeChat Pay for a higher limit if it stays"
_UNAVAILABLE = "WeChat Pay failed; send the identical call again, or query"
_PAID = "the order is paid: query it, and refund it if it should not be"
_CLOSED = "the order is closed: create a new one with a new out_trade_no"
_NO_PERMISSION = (
    "open the product in the merchant platform (product center), and check that the app is bound to it"
)
_NO_ORDER = "check out_trade_no and that the order belongs to this mch_id; an order that was never opened may be missing"

MEANINGS: Mapping[str, Meaning] = {
    "USERPAYING": Meaning(
        ProviderOutcomeUnknown,
        "the payer is entering the password: query every 5 to 10 s, and reverse after 45 s without success",
    ),
    "PARAM_ERROR": Meaning(
        ValidationFailed,
        "correct the field named in detail; leave optional fields out instead of sending them empty",
    ),
    "INVALID_REQUEST": Meaning(
        ValidationFailed,
        "a rule of this call was broken; an order, refund or transfer number may only be repeated with the same data",
    ),
    "APPID_MCHID_NOT_MATCH": Meaning(
        AuthenticationFailed,
        "bind the app id to the merchant in the merchant platform, or correct app_id or mch_id",
    ),
    "MCH_NOT_EXISTS": Meaning(ValidationFailed, "no such merchant: correct mch_id, or sub_mchid"),
    "ORDER_CLOSED": Meaning(OrderStateConflict, _CLOSED),
    "ORDERPAID": Meaning(OrderStateConflict, _PAID),
    "NO_STATEMENT_EXIST": Meaning(
        ResourceNotFound, "there were no transactions on that day: no bill will come"
    ),
    "STATEMENT_CREATING": Meaning(
        ProviderUnavailable, "the bill is being made: ask again after 10:00 of the day after"
    ),
    "ALREADY_EXISTS": Meaning(
        OrderStateConflict,
        "the number was used with other data: query it, and use a new number for a new transfer",
    ),
    "SIGN_ERROR": Meaning(
        AuthenticationFailed,
        "check that app_private_key, app_cert (or serial_no) and mch_id belong together and that the certificate is the "
        "merchant's current one; no proxy may change path or body",
    ),
    "NO_AUTH": Meaning(PermissionRefused, _NO_PERMISSION),
    "OUT_TRADE_NO_USED": Meaning(
        OrderStateConflict,
        "the number belongs to another order, maybe of another sub-merchant: use a new one",
    ),
    "RULE_LIMIT": Meaning(
        PermissionRefused,
        "a limit of the merchant or of profit sharing was reached: see the merchant platform",
    ),
    "TRADE_ERROR": Meaning(
        PaymentRefused, "refused by the bank or by risk control: let the payer choose another way to pay"
    ),
    "ACCOUNT_ERROR": Meaning(
        PaymentRefused, "the account is abnormal: let the payer ask WeChat Pay's support"
    ),
    "NOT_ENOUGH": Meaning(
        InsufficientFunds, "top up the account the money is taken from, then repeat with the same number"
    ),
    "USER_ACCOUNT_ABNORMAL": Meaning(
        PaymentRefused, "the payer's account is closed: give the money back in another way"
    ),
    "REQUEST_BLOCKED": Meaning(PermissionRefused, "WeChat Pay blocked the refund: ask its merchant support"),
    "ORDER_NOT_EXIST": Meaning(ResourceNotFound, _NO_ORDER),
    "RESOURCE_NOT_EXISTS": Meaning(
        ResourceNotFound, "no such order or refund, or the order is not paid: check the numbers"
    ),
    "NOT_FOUND": Meaning(
        ResourceNotFound,
        "no such transfer or authorisation: check the number; a transfer can be looked up for 30 days",
    ),
    "FREQUENCY_LIMITED": Meaning(RateLimited, _TOO_FAST),
    "QUOTA_EXCEED": Meaning(RateLimited, "a quota is used up: see the limits in the merchant platform"),
    "SYSTEM_ERROR": Meaning(ProviderUnavailable, _UNAVAILABLE),
    "BANK_ERROR": Meaning(
        ProviderUnavailable, "the bank failed: query, and repeat later with the same number"
    ),
    "INVALID_TRANSACTIONID": Meaning(ValidationFailed, "correct transaction_id, or use out_trade_no instead"),
    "OPENID_MISMATCH": Meaning(
        ValidationFailed,
        "the openid belongs to another app: get it under the app_id that pays (or the sub_appid)",
    ),
    "SERVICE_UNAVAILABLE": Meaning(ProviderUnavailable, _UNAVAILABLE),
}

SPELLINGS: Mapping[str, str] = {
    "USER_PAYING": "USERPAYING",
    "ORDERCLOSED": "ORDER_CLOSED",
    "ORDER_PAID": "ORDERPAID",
    "NOAUTH": "NO_AUTH",
    "RULELIMIT": "RULE_LIMIT",
    "ACCOUNTERROR": "ACCOUNT_ERROR",
    "NOTENOUGH": "NOT_ENOUGH",
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "RATELIMIT_EXCEEDED": "FREQUENCY_LIMITED",
    "RATELIMIT_EXCEED": "FREQUENCY_LIMITED",
    "FREQUENCY_LIMIT": "FREQUENCY_LIMITED",
    "FREQUENCY_LIMIT_EXCEED": "FREQUENCY_LIMITED",
    "SYSTEMERROR": "SYSTEM_ERROR",
    "BANKERROR": "BANK_ERROR",
}
"""Other spellings that are in use, older pages' above all."""

NUMBERS: Mapping[str, Meaning] = {
    "268498688": Meaning(
        OrderStateConflict,
        "the number was used before with other data: repeat it unchanged, or use a new number",
    ),
    "268449538": Meaning(OrderStateConflict, _PAID),
    "268498689": Meaning(OrderStateConflict, _PAID),
    "268447914": Meaning(OrderStateConflict, _CLOSED),
    "268449641": Meaning(OrderStateConflict, "a code payment is not closed but reversed: call reverse"),
    "268447843": Meaning(ResourceNotFound, "the order belongs to another merchant: check mch_id"),
    "268447845": Meaning(ValidationFailed, "the order belongs to another sub-merchant: check sub_mchid"),
    "268448010": Meaning(PermissionRefused, "WeChat Pay restricts this merchant's receipts: ask its support"),
    "268443715": Meaning(PermissionRefused, "the merchant is closed: ask WeChat Pay's support"),
    "268443701": Meaning(PermissionRefused, "sub_mchid is no sub-merchant of this service provider"),
    "268443704": Meaning(ValidationFailed, "a service provider must name the sub-merchant: set sub_mchid"),
    "268443705": Meaning(ValidationFailed, "sub_mchid must not be the service provider's own mch_id"),
    "268445527": Meaning(
        AuthenticationFailed, "bind the app id to the merchant, or correct app_id or mch_id"
    ),
    "268501013": Meaning(ValidationFailed, "JSAPI needs the payer's openid"),
    "270924358": Meaning(
        ValidationFailed, "take out the parameter that the API does not know (or that is empty)"
    ),
}
"""The number at the end of ``Request-ID``: what an INVALID_REQUEST is really about."""

_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning(ValidationFailed, "see the message"),
    401: MEANINGS["SIGN_ERROR"],
    403: Meaning(PermissionRefused, _NO_PERMISSION),
    405: Meaning(ValidationFailed, "this address wants another HTTP method"),
    429: MEANINGS["FREQUENCY_LIMITED"],
}
_UNNAMED_404 = Meaning(ProviderError, "no such address: check base_url and the path")
_OTHER = Meaning(ProviderError, "see the message, and WeChat Pay's page of this call")


def error_from(
    response: HttpResponse, operation: Operation, now_ms: int, *, advice: str | None = None
) -> ProviderError:
    """The error that an answer other than 2xx stands for. ``advice`` takes the place of the table's."""
    body = _error_body(response.body)
    code = body.code or f"HTTP_{response.status}"
    request_id = response.headers.get("request-id")
    meaning = _meaning(response.status, body.code, request_id)
    unsure = _outcome_unknown(response.status, meaning, operation)
    return (ProviderOutcomeUnknown if unsure else _settled(meaning.error))(
        provider=PROVIDER,
        code=code,
        message=body.message or f"HTTP {response.status} without a readable text",
        http_status=response.status,
        request_id=request_id,
        detail=body.detail,
        advice=advice or _advice(meaning, response, now_ms, unsure=unsure),
        retry_after=_retry_after(response.headers),
    )


def unreadable(
    operation: Operation,
    why: str,
    response: HttpResponse | None = None,
    *,
    advice: str = "check base_url, then try again",
) -> ProviderError:
    """The error for a success that is not what this call answers. Where money moves, the advice is to query."""
    kind = ProviderOutcomeUnknown if operation.moves_money else ProviderUnavailable
    return kind(
        provider=PROVIDER,
        code="UNREADABLE",
        message=f"{operation.name} was answered with something unexpected: {why}",
        http_status=response.status if response else None,
        request_id=response.headers.get("request-id") if response else None,
        advice=_QUERY_FIRST if operation.moves_money else advice,
    )


def _error_body(body: bytes) -> ErrorBody:
    try:
        return _ERROR_BODY.decode(body)
    except UNREADABLE:
        return ErrorBody()


def _meaning(status: int, code: str | None, request_id: str | None) -> Meaning:
    number = (request_id or "").rpartition("-")[2]
    if code == "INVALID_REQUEST" and number in NUMBERS:
        return NUMBERS[number]
    known = MEANINGS.get(SPELLINGS.get(code, code)) if code else None
    return known or _meaning_of_status(status, code)


def _meaning_of_status(status: int, code: str | None) -> Meaning:
    if status >= 500:
        return MEANINGS["SERVICE_UNAVAILABLE"]
    if status == 404:
        return MEANINGS["RESOURCE_NOT_EXISTS"] if code else _UNNAMED_404
    return _BY_STATUS.get(status, _OTHER)


def _outcome_unknown(status: int, meaning: Meaning, operation: Operation) -> bool:
    if not operation.moves_money:
        return False
    failed = status >= 500 or issubclass(meaning.error, (ProviderUnavailable, ProviderOutcomeUnknown))
    return failed or (operation.limit_is_unsure and status == 429)


def _settled(error: type[ProviderError]) -> type[ProviderError]:
    """Where no money moves, a payer at the password is a state of the order, and no open question."""
    return OrderStateConflict if issubclass(error, ProviderOutcomeUnknown) else error


def _advice(meaning: Meaning, response: HttpResponse, now_ms: int, *, unsure: bool) -> str:
    skew = _skew_s(response.headers, now_ms) if response.status == 401 else None
    if skew is not None and abs(skew) >= SKEW_WORTH_TELLING_S:
        return (
            f"this machine's clock is {abs(skew)} s {'ahead' if skew > 0 else 'behind'} of WeChat Pay's, at most "
            "300 s are accepted: set it by NTP"
        )
    if unsure and not issubclass(meaning.error, ProviderOutcomeUnknown):
        return f"the outcome is unknown: {_QUERY_FIRST}"
    return meaning.advice


def _skew_s(headers: Mapping[str, str], now_ms: int) -> int | None:
    """Seconds by which our clock is ahead of the answer's."""
    try:
        if "wechatpay-timestamp" in headers:
            theirs = ms_from_seconds(headers["wechatpay-timestamp"])
        else:
            theirs = ms_of(parsedate_to_datetime(headers.get("date", "")))
    except (ValueError, TypeError):
        return None
    return (now_ms - theirs) // 1000


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
