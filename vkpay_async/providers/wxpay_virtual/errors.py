"""WeChat's codes of virtual payment, which error each becomes, and what to do about it.

The numbers are those of the server calls; what the client fails with is in :data:`CLIENT_MEANINGS`.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from vkpay_async.providers.weixin import errors as weixin
from vkpay_async.providers.weixin.errors import OTHER, Meaning, request_id_in
from vkpay_async.providers.weixin.models import Verdict

PROVIDER = "wxpay-virtual"
STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The access token is not taken any more. This is said before anything else is looked at."""

BAD_FIELD = 268490002
REPEATED = 268490004
SESSION_ENDED = 268490009
LEFT_FEE_CHANGED = 268490016
_MISSING_DATA = "数据不存在"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure of a call means. ``next_step`` is what to do where its outcome is not known.

    ``fetches_key`` is as in ``HttpRequest``.
    """

    name: str
    moves_money: bool = False
    fetches_key: bool = False
    next_step: str = "query with the same number before anything else"


_LOGIN = "log the user in again: wx.login in the mini program, then code2session with its code"
_AGAIN = "WeChat failed: send the identical call again, with the same number"

MEANINGS: Mapping[int, Meaning] = {
    **weixin.MEANINGS,
    -1: Meaning(ProviderUnavailable, _AGAIN),
    268490001: Meaning(
        ValidationFailed, "correct openid: that of a user of this mini program, who has logged in to it"
    ),
    BAD_FIELD: Meaning(ValidationFailed, "correct the field that the message names"),
    268490003: Meaning(
        AuthenticationFailed,
        "check app_key and sandbox_app_key (each is for its own environment); if the message names signature, "
        f"the session_key is an old one: {_LOGIN}",
    ),
    REPEATED: Meaning(OrderStateConflict, "it was done before under this number: there is nothing to do"),
    268490005: Meaning(OrderStateConflict, "all coins of this payment have gone back already"),
    268490006: Meaning(InsufficientFunds, "there are not enough coins, or not enough of the payment is left"),
    268490007: Meaning(ValidationFailed, "the picture or a text is not allowed: change it"),
    268490008: Meaning(PermissionRefused, "publish the coin in the mini program's console"),
    SESSION_ENDED: Meaning(AuthenticationFailed, _LOGIN),
    268490011: Meaning(ProviderUnavailable, "it is being made: ask again in some seconds"),
    268490012: Meaning(
        RateLimited, "another upload or publication is running: query it, and begin when it is over"
    ),
    268490013: Meaning(OrderStateConflict, "the order has been written off and cannot be refunded"),
    268490014: Meaning(
        OrderStateConflict, "another refund of this order is running: ask for this one when it has ended"
    ),
    268490015: Meaning(RateLimited, "wait, then send the identical call again"),
    LEFT_FEE_CHANGED: Meaning(OrderStateConflict, "what is left of the order has changed: repeat the refund"),
    268490018: Meaning(ValidationFailed, "the industry of the ad account does not fit"),
    268490019: Meaning(OrderStateConflict, "the ad account is bound to another app"),
    268490020: Meaning(ValidationFailed, "the ad account belongs to another company: correct its name"),
    268490021: Meaning(PermissionRefused, "finish the onboarding of the account first"),
    268490022: Meaning(ValidationFailed, "the ad account is not valid"),
    268490023: Meaning(InsufficientFunds, "the ad funds are too low"),
    268490024: Meaning(ValidationFailed, "the amount must be more than nothing"),
}

_NEW_NUMBER = "create the payment again under a new out_trade_no"
CLIENT_MEANINGS: Mapping[int, Meaning] = {
    -1: Meaning(ProviderUnavailable, "ask how the order stands before paying again"),
    -2: Meaning(PaymentRefused, f"the user gave up: to pay after all, {_NEW_NUMBER}"),
    -4: Meaning(PaymentRefused, "WeChat's risk control refused the payment"),
    -5: Meaning(ProviderUnavailable, "it is not known whether the contract was signed: query it"),
    1001: Meaning(ValidationFailed, "pass on order_info as it is"),
    -15001: Meaning(ValidationFailed, "see errMsg; pass on order_info as it is"),
    -15002: Meaning(OrderStateConflict, f"the number was used: {_NEW_NUMBER}"),
    -15003: Meaning(ProviderUnavailable, "ask how the order stands before paying again"),
    -15004: Meaning(ValidationFailed, "currencyType must be CNY: pass on order_info as it is"),
    -15005: Meaning(
        AuthenticationFailed, f"the session_key is an old one: {_LOGIN}, then create the payment again"
    ),
    -15006: Meaning(
        AuthenticationFailed,
        "check app_key, sandbox_app_key and sandbox: each key is for its own environment",
    ),
    -15007: Meaning(AuthenticationFailed, f"the session has ended: {_LOGIN}, then create the payment again"),
    -15008: Meaning(PermissionRefused, "finish the merchant's onboarding in the mini program's console"),
    -15009: Meaning(PermissionRefused, "publish the coin in the mini program's console"),
    -15010: Meaning(
        PermissionRefused, "publish the item: start_publish_goods, or the mini program's console"
    ),
    -15011: Meaning(
        ValidationFailed, "a released mini program pays in production only: set sandbox to false"
    ),
    -15012: Meaning(OrderStateConflict, f"WeChat has closed the order: {_NEW_NUMBER}"),
    -15013: Meaning(ValidationFailed, "goods_price must be the item's price in the console"),
    -15014: Meaning(ProviderUnavailable, "what was published takes effect after about ten minutes: wait"),
    -15016: Meaning(ValidationFailed, "signData must be passed as the text it is, not as an object"),
    -15017: Meaning(
        PermissionRefused, "the merchant may not receive payments: see the mini program's console"
    ),
    -15018: Meaning(PermissionRefused, "the coin or item did not pass the review: see the console"),
    -15019: Meaning(PermissionRefused, "the merchant is restricted: see the mini program's console"),
    -15020: Meaning(RateLimited, "the user is too fast: wait"),
    -15021: Meaning(RateLimited, "too many payments: wait"),
    -15025: Meaning(OrderStateConflict, "the subscription was not announced, or was charged already"),
    -15026: Meaning(ValidationFailed, "the subscription must not be charged at this time"),
    -15027: Meaning(ValidationFailed, "the price of the subscription is wrong"),
}


def refusal_of(verdict: Verdict, operation: Operation, http_status: int | None = None) -> ProviderError:
    """The error that an errcode stands for."""
    meaning = MEANINGS.get(verdict.errcode, OTHER)
    if verdict.errcode == BAD_FIELD and _MISSING_DATA in verdict.errmsg:
        meaning = Meaning(
            ResourceNotFound,
            "no such number for this user in this environment: the client has not asked for it, or sandbox differs",
        )
    unsure = operation.moves_money and meaning.error is ProviderUnavailable
    return (ProviderOutcomeUnknown if unsure else meaning.error)(
        provider=PROVIDER,
        code=str(verdict.errcode),
        message=verdict.errmsg or "without a text",
        http_status=http_status,
        request_id=request_id_in(verdict.errmsg),
        advice=f"the outcome is unknown: {operation.next_step}" if unsure else meaning.advice,
    )


def failed(response: HttpResponse, operation: Operation) -> ProviderError:
    """The error for an answer that is none of virtual payment's: WeChat says no with HTTP 200."""
    kind: type[ProviderError] = ProviderError
    advice = "no such address: check base_url"
    if response.status >= 500 or response.status == 429:
        kind = ProviderOutcomeUnknown if operation.moves_money else ProviderUnavailable
        advice = operation.next_step if operation.moves_money else _AGAIN
    return kind(
        provider=PROVIDER,
        code=f"HTTP_{response.status}",
        message=f"{operation.name} was answered with HTTP {response.status}",
        http_status=response.status,
        advice=advice,
    )


def unreadable(operation: Operation, why: str, response: HttpResponse | None = None) -> ProviderError:
    """The error for a success that is not what this call answers. Where money moves, the outcome is unknown."""
    kind = ProviderOutcomeUnknown if operation.moves_money else ProviderUnavailable
    return kind(
        provider=PROVIDER,
        code="UNREADABLE",
        message=f"{operation.name} was answered with something unexpected: {why}",
        http_status=response.status if response else None,
        advice=operation.next_step if operation.moves_money else "check base_url, then try again",
    )


def left_open(error: ProviderError, operation: Operation) -> ProviderOutcomeUnknown:
    """A refusal that cannot be told from "it was done before"."""
    return ProviderOutcomeUnknown(
        provider=error.provider,
        code=str(error.code),
        message=error.message,
        http_status=error.http_status,
        request_id=error.request_id,
        advice=f"the outcome is unknown: {operation.next_step}",
    )


def client_failure(err_code: int, err_msg: str = "") -> ProviderError:
    """What ``wx.requestVirtualPayment`` failed with, as an error with advice: for what a mini program reports."""
    meaning = CLIENT_MEANINGS.get(err_code, OTHER)
    return meaning.error(
        provider=PROVIDER, code=str(err_code), message=err_msg or "without a text", advice=meaning.advice
    )
