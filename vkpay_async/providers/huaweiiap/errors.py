"""IAP Kit's codes, which error each becomes, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vkpay_async.errors import (
    AuthenticationFailed,
    OrderStateConflict,
    PaymentRefused,
    PermissionRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
)
from vkpay_async.providers.base import HttpResponse

PROVIDER = "huaweiiap"


class Meaning(NamedTuple):
    error: type[ProviderError]
    advice: str


_KEY = "check that issuer_id, key_id, private_key and app_id are of one API key in AppGallery Connect, and this machine's clock"
_NOT_FOUND = "check that the number and the token are of one purchase, and the purchase of this app"
_AGAIN = "Huawei failed; send the identical call again"

MEANINGS: Mapping[str, Meaning] = {
    "1001880005": Meaning(PermissionRefused, "activate IAP for the app in AppGallery Connect"),
    "1001880006": Meaning(ProviderUnavailable, _AGAIN),
    "1001880008": Meaning(ResourceNotFound, _NOT_FOUND),
    "1001880009": Meaning(OrderStateConflict, "the delivery was confirmed before: nothing is to be done"),
    "1001880010": Meaning(PaymentRefused, "Huawei's risk control refused it"),
    "1001880011": Meaning(
        PaymentRefused, "the user's account cannot be used: ask the user to contact Huawei"
    ),
    "1001880012": Meaning(ResourceNotFound, _NOT_FOUND),
    "1001880020": Meaning(OrderStateConflict, "the delivery was confirmed before: nothing is to be done"),
}
_BY_STATUS: Mapping[int, Meaning] = {
    401: Meaning(AuthenticationFailed, _KEY),
    403: Meaning(PermissionRefused, _KEY),
    404: Meaning(ProviderError, "no such address: check base_url and the path"),
    429: Meaning(RateLimited, "wait, then send the identical call again"),
}
_OTHER = Meaning(ProviderError, "see the message, and IAP Kit's page of error codes")


def error_from(response: HttpResponse, code: str, message: str) -> ProviderError:
    """The error that a refusal stands for."""
    return _error(MEANINGS.get(code, _OTHER), response, code, message)


def error_of_status(response: HttpResponse, message: str) -> ProviderError:
    """The error of an answer without a code, or of a token that was not accepted."""
    meaning = _BY_STATUS.get(response.status, _OTHER)
    if response.status >= 500:
        meaning = Meaning(ProviderUnavailable, _AGAIN)
    message = message or "no text came with it"
    return _error(meaning, response, f"HTTP_{response.status}", message)


def unreadable(name: str, why: str, response: HttpResponse) -> ProviderUnavailable:
    return ProviderUnavailable(
        provider=PROVIDER,
        code="UNREADABLE",
        message=f"{name} was answered with something unexpected: {why}",
        http_status=response.status,
        advice="check base_url, then try again",
    )


def _error(meaning: Meaning, response: HttpResponse, code: str, message: str) -> ProviderError:
    return meaning.error(
        provider=PROVIDER, code=code, message=message, http_status=response.status, advice=meaning.advice
    )
