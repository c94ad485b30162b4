"""Payment Kit's codes, which error each becomes, and what to do about it.

Texts are Chinese and change; nothing here looks at them.
https://developer.huawei.com/consumer/cn/doc/harmonyos-references/payment-error-code-rest
"""

from __future__ import annotations

from collections.abc import Mapping
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
    RefundTooSoon,
    ResourceNotFound,
    ValidationFailed,
    VKPayError,
)
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.huawei.models import ErrorBody

PROVIDER = "huawei"
TOO_SOON = "ORDER_CONCURRENT_ERROR"
DUPLICATE = "INVALID_DUPLICATE_REQUEST"
NUMBER_USED = frozenset({"CHECK_TRANSACTION_ORDER_STATUS", "CHECK_ORDER_STATUS"})
"""What a prepayment is answered with under a number that was used before: one page has this, another that."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure of a call means. ``refunds``: the minute between two refunds applies."""

    name: str
    moves_money: bool = False
    repeatable: bool = True
    refunds: bool = False


class Meaning(NamedTuple):
    """The error a code becomes, and the advice that goes with it."""

    error: type[ProviderError]
    advice: str


_QUERY_FIRST = "query with the same number before anything else; never try again with a new number"
_UNAVAILABLE = "Huawei Pay failed; send the identical call again, or query"
_KEYS = "check that mch_private_key, mch_auth_id and mch_id belong together, as the merchant portal shows them under its certificates"
_OPEN_KEYS = "this call signs in another way (PayDevAuth), which is not spoken here"
_NO_ORDER = "check the number and mch_id; a prepayment whose cashier nobody has opened is not found either"
_STATE = "query the order: it is paid, closed, or in the middle of being paid"
_USER = (
    "the payer's account cannot do this: let the payer choose another way to pay, or ask Huawei Pay's support"
)
_RESTRICTED = "Huawei Pay restricts this: ask its merchant support"
_NEW_NUMBER = "query the number first; if nothing came of it, use a new number"
_CONTRACT = "the contract (签约代扣) does not allow it: query the contract"

MEANINGS: Mapping[str, Meaning] = {
    "INSUFFICIENT_PERMISSION": Meaning(
        PermissionRefused, "open the product for this merchant in the merchant portal"
    ),
    "MISSING_AUTH_HEADER": Meaning(
        AuthenticationFailed, "a proxy took the PayMercAuth header away: let it through"
    ),
    "MISSING_TRACER_ID": Meaning(
        AuthenticationFailed, "PayMercAuth came without traceId: let no proxy change it"
    ),
    "MISSING_HEADER_SIGN": Meaning(
        AuthenticationFailed, "PayMercAuth came without headerSign: let no proxy change it"
    ),
    "MISSING_CALLER_ID": Meaning(AuthenticationFailed, "set mch_id, the merchant number"),
    "MISSING_BODY_SIGN": Meaning(
        AuthenticationFailed, "PayMercAuth came without bodySign: let no proxy change it"
    ),
    "MISSING_AUTH_ID": Meaning(
        AuthenticationFailed, "set mch_auth_id, the number of the merchant certificate"
    ),
    "MISSING_TIME": Meaning(AuthenticationFailed, "PayMercAuth came without time: let no proxy change it"),
    "MISS_ACCESS_TOKEN": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "MISS_PETAL_PAY_SIGN_KEY_ID": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "MISS_PETAL_PAY_ENC_KEY_ID": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "MISS_DEVELOPER_SIGN_KEY_ID": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "INVALID_AUTH_HEADER": Meaning(
        AuthenticationFailed, "a proxy changed the PayMercAuth header: let it through as it is"
    ),
    "INVALID_TRACER_ID": Meaning(
        AuthenticationFailed, "a proxy changed the PayMercAuth header: let it through as it is"
    ),
    "INVALID_AUTH_ID": Meaning(AuthenticationFailed, _KEYS),
    "INVALID_TIME": Meaning(AuthenticationFailed, "set this machine's clock by NTP"),
    "INVALID_SESSION_KEY": Meaning(
        ValidationFailed,
        "encrypted fields need a session key, which is not made here: leave them out of other",
    ),
    "INVALID_PUB_KEY": Meaning(
        AuthenticationFailed, "upload the public key that belongs to mch_private_key under mch_auth_id"
    ),
    DUPLICATE: Meaning(
        ProviderUnavailable, "the request arrived twice: send the call again, it gets a number of its own"
    ),
    "INVALID_PARAMETER": Meaning(ValidationFailed, "correct what other or json add to the request"),
    "INVALID_CALLER_ID": Meaning(AuthenticationFailed, _KEYS),
    "INVALID_PAY_DEV_AUTH": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "UNSUPPORTED_PETAL_PAY_ENC_KEY_ID": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "UNSUPPORTED_PETAL_PAY_SIGN_KEY_ID": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "UNSUPPORTED_DEVELOPER_SIGN_KEY_ID": Meaning(AuthenticationFailed, _OPEN_KEYS),
    "INVALID_SIGNATURE": Meaning(AuthenticationFailed, f"{_KEYS}; no proxy may change path or body"),
    "CALL_FREQUENCY_LIMITED": Meaning(RateLimited, "wait, then send the identical call again"),
    "UNKNOW_ERROR": Meaning(ProviderUnavailable, _UNAVAILABLE),
    "INVALID_ARGUMENTS": Meaning(
        ValidationFailed, "correct the field that the message names, in other as well"
    ),
    "PAY_ORDER_NOT_EXIST": Meaning(ResourceNotFound, _NO_ORDER),
    "MERC_ORDER_NOT_EXIST": Meaning(ResourceNotFound, _NO_ORDER),
    "INVALID_MERCNO": Meaning(ValidationFailed, "correct mch_id: it is the merchant number of the portal"),
    "INVALID_MERC_NO": Meaning(ValidationFailed, "correct mch_id: it is the merchant number of the portal"),
    "REJECTED_BY_RISK_CONTROL": Meaning(
        PaymentRefused, "refused by risk control: let the payer try later or in another way"
    ),
    "NO_MATCH_MATCHING_PRODUCT": Meaning(
        PermissionRefused, "the merchant has no product for this: open it in the merchant portal"
    ),
    "CHECK_ORDER_STATUS": Meaning(OrderStateConflict, _STATE),
    "CHECK_TRANSACTION_ORDER_STATUS": Meaning(
        OrderStateConflict,
        "a number is used once: create a new order with a new out_trade_no, after a query of this one",
    ),
    "BANK_CARD_NOT_SUPPORT": Meaning(
        PaymentRefused, "the bank card is not taken: let the payer choose another"
    ),
    "CHECK_ACCOUNT_STATUS": Meaning(PaymentRefused, _USER),
    "CHECK_MERC_STATUS": Meaning(PermissionRefused, _RESTRICTED),
    "MERC_NOT_SUPPORT_REFUND": Meaning(
        PermissionRefused, "refunds are not open for this merchant: ask Huawei Pay's merchant support"
    ),
    "MERC_NOT_SUPPORT_ALLOCATION": Meaning(
        PermissionRefused, "profit sharing is not open for this merchant: leave profit_sharing out"
    ),
    "CHECK_AMOUNT_INVALID": Meaning(
        ValidationFailed, "more than is left of the order: see what was refunded before"
    ),
    "CHECK_ACCOUNT_BALANCE": Meaning(
        InsufficientFunds, "top up the merchant's account, then repeat with the same number"
    ),
    "RETRY_TOO_MANY": Meaning(OrderStateConflict, _NEW_NUMBER),
    "NEED_CHANGE_ORDER": Meaning(OrderStateConflict, _NEW_NUMBER),
    "NOT_SETTLEMENT_DATE": Meaning(
        ProviderUnavailable,
        "nothing is settled on that day, or its bill is not made yet: ask again after 15:00 of the day after",
    ),
    "INVALID_APPID": Meaning(
        ValidationFailed,
        "bind the app to the merchant in the merchant portal, or correct app_id: app and meta-service have each their own",
    ),
    "BILL_SWITCH_NOT_TURN_ON": Meaning(
        PermissionRefused, "switch settlement bills on in the merchant portal"
    ),
    "INVALID_SUB_MERCNO": Meaning(
        PermissionRefused, "sub_mchid is no sub-merchant of this merchant, or not the order's"
    ),
    TOO_SOON: Meaning(
        OrderStateConflict,
        "another call about this order is under way: try again in a minute with the same number",
    ),
    "NOT_SUPPORTED_OPERATION": Meaning(ValidationFailed, "Huawei Pay does not do this for such an order"),
    "RESTRICTED_USER_ACCOUNT": Meaning(PaymentRefused, _USER),
    "RESTRICTED_USER_TRANSACTION": Meaning(PaymentRefused, _USER),
    "RESTRICTED_MERCHANT_TRANSACTION": Meaning(PermissionRefused, _RESTRICTED),
    "RESTRICTED_TRANSACTION": Meaning(PermissionRefused, _RESTRICTED),
    "CHECK_CONTRACT_STATUS": Meaning(OrderStateConflict, _CONTRACT),
    "NOT_IN_VALIDITY_PERIOD": Meaning(
        OrderStateConflict, "too late: an order is refunded within 180 days of its payment"
    ),
    "PAYMENT_ACCOUNT_NOT_ENABLE": Meaning(PaymentRefused, _USER),
    "CUST_NOT_EXIST": Meaning(
        PaymentRefused, "the payer's account is closed: give the money back in another way"
    ),
    "OPERATION_NOT_AUTHORIZED": Meaning(
        PermissionRefused,
        "the sub-merchant has not allowed it, or the merchant is of another kind: give sub_mchid, or leave it out",
    ),
    "WITHHOLD_OVER_TIMES": Meaning(RateLimited, "too many tries of this contract: wait four hours"),
    "INVALID_PAYMENT_TYPE": Meaning(
        PaymentRefused, "the payer has no way to pay set up: ask the payer to add one"
    ),
    "ORDER_NOT_SUPPORT": Meaning(ValidationFailed, "Huawei Pay does not do this for such an order"),
}

BY_RESULT: Mapping[str, Meaning] = {
    "100000": MEANINGS["INSUFFICIENT_PERMISSION"],
    "200000": Meaning(
        AuthenticationFailed, "a required part of the request is missing: let no proxy change it"
    ),
    "200001": Meaning(ValidationFailed, "a parameter of the request is wrong: see the message"),
    "200002": MEANINGS["INVALID_SIGNATURE"],
    "300000": MEANINGS["CALL_FREQUENCY_LIMITED"],
    "400000": Meaning(ProviderError, "see the message, and Payment Kit's page of error codes"),
    "500000": MEANINGS["UNKNOW_ERROR"],
}
"""What a resultCode means where its subCode is missing or not known."""

_BY_STATUS: Mapping[int, Meaning] = {
    404: Meaning(ProviderError, "no such address: check base_url and the path"),
    405: Meaning(ValidationFailed, "this address wants another HTTP method"),
    429: MEANINGS["CALL_FREQUENCY_LIMITED"],
}
_OTHER = Meaning(ProviderError, "see the status; check base_url and what stands between")


def error_from(response: HttpResponse, body: ErrorBody, operation: Operation) -> VKPayError:
    """The error that a refusal stands for: :class:`RefundTooSoon` where a refund came within the minute."""
    if body.sub_code == TOO_SOON and operation.refunds and not response.repeated:
        return RefundTooSoon(
            f"{PROVIDER} {TOO_SOON}: {body.sub_desc or body.result_desc or ''} → refunds of one order are a minute apart, and "
            "one at a time: try again in a minute"
        )
    meaning = MEANINGS.get(body.sub_code or "") or BY_RESULT.get(body.result_code, BY_RESULT["400000"])
    if body.result_code == "500000":
        meaning = BY_RESULT["500000"]
    text = " ".join(filter(None, (body.sub_desc or body.result_desc,)))
    return _error(
        meaning,
        operation,
        response,
        code=body.sub_code or body.result_code,
        message=text or f"resultCode {body.result_code} without a text",
        detail={"resultCode": body.result_code, "resultDesc": body.result_desc},
    )


def error_of_status(response: HttpResponse, operation: Operation) -> ProviderError:
    """The error for an answer that is none of Payment Kit's: a gateway's, a proxy's."""
    meaning = _BY_STATUS.get(response.status, _OTHER)
    if response.status >= 500:
        meaning = Meaning(ProviderUnavailable, _UNAVAILABLE)
    return _error(
        meaning,
        operation,
        response,
        code=f"HTTP_{response.status}",
        message=f"HTTP {response.status} without a readable text",
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
        advice=_QUERY_FIRST if operation.moves_money else advice,
    )


def _error(
    meaning: Meaning,
    operation: Operation,
    response: HttpResponse,
    *,
    code: str,
    message: str,
    detail: object = None,
) -> ProviderError:
    unsure = operation.moves_money and issubclass(meaning.error, ProviderUnavailable)
    kind = ProviderOutcomeUnknown if unsure else meaning.error
    return kind(
        provider=PROVIDER,
        code=code,
        message=message,
        http_status=response.status,
        detail=detail,
        advice=f"the outcome is unknown: {_QUERY_FIRST}" if unsure else meaning.advice,
        retry_after=_retry_after(response.headers),
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
