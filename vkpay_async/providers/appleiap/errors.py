"""Apple's codes, which error each becomes, and what to do about it.

Two tables: ``errorCode`` of the App Store Server API (its first three digits are the HTTP status), and ``status`` of the old
``verifyReceipt``. https://developer.apple.com/documentation/appstoreserverapi/error_codes
https://developer.apple.com/documentation/appstorereceipts/status
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from vkpay_async.errors import (
    AuthenticationFailed,
    OrderStateConflict,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    ValidationFailed,
)
from vkpay_async.providers.appleiap.models import UNREADABLE
from vkpay_async.providers.base import HttpResponse

PROVIDER = "appleiap"


class Meaning(NamedTuple):
    """The error a code becomes, and the advice that goes with it."""

    error: type[ProviderError]
    advice: str


_ARGUMENT = "correct the argument that the message names"
_PAGE = "begin again without a page: give revision or token back exactly as the page before brought it"
_NUMBER = "give a transactionId as Apple wrote it, digits only"
_ELSEWHERE = "check the environment it was bought in; right after a purchase, ask again in a few seconds"
_AGAIN = "Apple failed; send the identical call again"
_ELIGIBLE = (
    "only active, paid subscriptions are extended, twice in 365 days, and those of a family with its payer"
)

_ROWS: tuple[tuple[type[ProviderError], str, str], ...] = (
    (
        ValidationFailed,
        _ARGUMENT,
        "4000000 4000002 4000009 4000010 4000011 4000013 4000015 4000016 4000018 4000019 4000021 4000022 4000023 4000024 "
        "4000025 4000026 4000027 4000028 4000030 4000031 4000032 4000033 4000034 4000036 4000037 4000038 4000039 4000040 "
        "4000041 4000042 4000043 4000044 4000047 4000183 4000209",
    ),
    (ValidationFailed, _PAGE, "4000005 4000014 4000017"),
    (ValidationFailed, _NUMBER, "4000006 4000008"),
    (ValidationFailed, "production keeps notifications for 180 days, the sandbox for 30", "4000012"),
    (ValidationFailed, "a token is good for six months; request another test notification", "4000020"),
    (ValidationFailed, "send nothing about customers who have not agreed to it", "4000035"),
    (ValidationFailed, "give a transactionId: this one is an appTransactionId", "4000048"),
    (ValidationFailed, "ask the one who paid: this purchase is shared by a family", "4000185"),
    (ValidationFailed, "give the originalTransactionId, which the transaction names", "4000187"),
    (OrderStateConflict, _ELIGIBLE, "4030004 4030005 4030007"),
    (ResourceNotFound, _ELSEWHERE, "4040001 4040005 4040010"),
    (ResourceNotFound, "check bundle_id, and that the key belongs to the app's team", "4040003"),
    (ProviderUnavailable, _AGAIN, "4040002 4040004 4040006 5000000 5000001"),
    (ResourceNotFound, "set the address for this environment in App Store Connect → App Information", "4040007"),
    (ResourceNotFound, "it is not sent yet, or its token is older than six months: ask again in a moment", "4040008"),
    (ResourceNotFound, "check productId and requestIdentifier; they belong together", "4040009"),
    (ResourceNotFound, "the customer has none: it was not bought by this Apple Account", "4040019"),
    (RateLimited, "wait until then; the sandbox takes a tenth of production's calls", "4290000"),
)  # fmt: skip

MEANINGS: Mapping[int, Meaning] = {
    int(code): Meaning(error, advice) for error, advice, codes in _ROWS for code in codes.split()
}

_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning(ValidationFailed, "the body is not what this call takes"),
    401: Meaning(
        AuthenticationFailed,
        "check key_id, issuer_id, bundle_id, the .p8 key and the clock; in production an app is unknown until its first "
        "release: sandbox = true until then",
    ),
    403: Meaning(OrderStateConflict, "the message says why"),
    404: Meaning(ResourceNotFound, _ELSEWHERE),
    415: Meaning(ValidationFailed, "the call wants JSON"),
    429: Meaning(RateLimited, "wait, then send the identical call again"),
}
_OTHER = Meaning(ProviderError, "the message says why; look the code up on the call's page")
_OUTAGE = Meaning(ProviderUnavailable, _AGAIN)

FALLBACK_CODES = frozenset({4040001, 4040005, 4040010})
"""Unknown in production: it may have been bought in the sandbox."""

_RECEIPT_ROWS: tuple[tuple[type[ProviderError], str, str], ...] = (
    (ValidationFailed, "this is a fault of the SDK: report it", "21000"),
    (
        ProviderUnavailable,
        "receipt-data is damaged, or Apple failed: send it once more, and then take it for damaged",
        "21002",
    ),
    (ValidationFailed, "the receipt is not genuine: give nothing for it", "21003"),
    (AuthenticationFailed, "correct password, the app's shared secret in App Store Connect", "21004"),
    (ProviderUnavailable, _AGAIN, "21005 21009"),
    (OrderStateConflict, "the subscription has run out: ask the customer to renew it", "21006"),
    (ValidationFailed, "it was bought in the sandbox: accept_sandbox = true takes it", "21007"),
    (ValidationFailed, "it was bought in production: set sandbox = false", "21008"),
    (ResourceNotFound, "the Apple Account is gone: give nothing for it", "21010"),
)
RECEIPT_STATUSES: Mapping[int, Meaning] = {
    int(code): Meaning(error, advice) for error, advice, codes in _RECEIPT_ROWS for code in codes.split()
}
_RECEIPT_TEXTS = {
    21000: "the request was no POST",
    21002: "the receipt data is malformed, or the service had a temporary problem",
    21003: "the receipt could not be authenticated",
    21004: "the shared secret does not match",
    21005: "the receipt server is not available",
    21006: "the receipt is valid and the subscription expired",
    21007: "a sandbox receipt was sent to production",
    21008: "a production receipt was sent to the sandbox",
    21009: "internal data access error",
    21010: "the account was not found or was deleted",
}


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    error_code: int | None = None
    error_message: str | None = None


_ERROR_BODY = msgspec.json.Decoder(ErrorBody)


def error_of(response: HttpResponse, now_ms: int) -> ProviderError:
    """The error for an answer of the API that is no success."""
    body = _read(response.body)
    meaning = MEANINGS.get(body.error_code or 0)
    if meaning is None:
        meaning = _BY_STATUS.get(response.status, _OUTAGE if response.status >= 500 else _OTHER)
    again = retry_after_s(response.headers, now_ms) if response.status == 429 else None
    return meaning.error(
        provider=PROVIDER,
        code=str(body.error_code or response.status),
        message=body.error_message or f"HTTP {response.status}",
        http_status=response.status,
        request_id=response.headers.get("x-apple-request-uuid") or response.headers.get("x-request-id"),
        advice=meaning.advice,
        retry_after=again,
    )


def code_of(error: ProviderError) -> int:
    """Apple's code as a number."""
    text = str(error.code)
    return int(text) if text.isdigit() else 0


def unreadable(operation: str, why: str) -> ProviderError:
    return ProviderUnavailable(
        provider=PROVIDER,
        code="UNREADABLE",
        message=f"the answer to {operation} cannot be read: {why}",
        advice="send the identical call again; report it if it stays",
    )


def limited(operation: str, until_ms: int, now_ms: int) -> RateLimited:
    """What a call is told that would come before the time Apple has named."""
    return RateLimited(
        provider=PROVIDER,
        code="4290000",
        message=f"{operation} was not sent: Apple takes the next one in {(until_ms - now_ms) / 1000:.1f} s",
        http_status=429,
        advice=MEANINGS[4290000].advice,
        retry_after=max(0.0, (until_ms - now_ms) / 1000),
    )


def receipt_error(status: int, *, retryable: bool | None) -> ProviderError:
    """The error for a ``status`` of ``verifyReceipt``. From 21100 to 21199 Apple says itself whether to try again."""
    meaning = RECEIPT_STATUSES.get(status)
    if meaning is None:
        outage = 21100 <= status <= 21199 and retryable is not False
        meaning = _OUTAGE if outage else _OTHER
    return meaning.error(
        provider=PROVIDER,
        code=str(status),
        message=_RECEIPT_TEXTS.get(status, "internal data access error"),
        http_status=200,
        advice=meaning.advice,
    )


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """When the next call is taken: Apple's ``Retry-After`` is a moment in milliseconds since the epoch."""
    text = headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    until = retry_after_ms(headers)
    return None if until is None else max(0.0, (until - now_ms) / 1000)


def _read(body: bytes) -> ErrorBody:
    try:
        return _ERROR_BODY.decode(body)
    except UNREADABLE:
        return ErrorBody()
