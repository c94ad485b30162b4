"""WeChat's codes of logins and of what an app proves itself with, which error each becomes, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vkpay_async.errors import (
    AuthenticationFailed,
    PermissionRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ValidationFailed,
)
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.weixin.models import Verdict


class Meaning(NamedTuple):
    """The error a code becomes, and the advice that goes with it."""

    error: type[ProviderError]
    advice: str


_AGAIN = "WeChat failed: log the user in again, with a new code"
_CREDENTIALS = (
    "check app_id and secret, and that no other program fetches tokens by /cgi-bin/token for this app"
)

MEANINGS: Mapping[int, Meaning] = {
    -1: Meaning(ProviderUnavailable, _AGAIN),
    40001: Meaning(AuthenticationFailed, _CREDENTIALS),
    40002: Meaning(ValidationFailed, "grant_type is not taken: report this text"),
    40013: Meaning(AuthenticationFailed, "no such app: correct app_id"),
    40014: Meaning(AuthenticationFailed, _CREDENTIALS),
    40029: Meaning(
        ValidationFailed,
        "the code is wrong, too old, or another app's: get a new one, and check that app_id is the app that it comes from",
    ),
    40125: Meaning(AuthenticationFailed, "correct secret: the AppSecret of this app_id in the console"),
    40163: Meaning(ValidationFailed, "a code works once: get a new one"),
    40164: Meaning(
        PermissionRefused, "put this machine's public address on the IP allow list of the app's console"
    ),
    40226: Meaning(PermissionRefused, "WeChat holds this user for a risk: do not log them in"),
    41001: Meaning(
        AuthenticationFailed, "the access token was not sent: no proxy may take it out of the query"
    ),
    41002: Meaning(ValidationFailed, "set app_id: it was not sent"),
    41004: Meaning(AuthenticationFailed, "set secret: it was not sent"),
    41008: Meaning(ValidationFailed, "the code was not sent: no proxy may take it out of the query"),
    42001: Meaning(AuthenticationFailed, _CREDENTIALS),
    45011: Meaning(RateLimited, "too many logins in a minute: wait"),
}

OTHER = Meaning(ProviderError, "see the message, and WeChat's list of return codes")


def refusal(verdict: Verdict, provider: str, http_status: int) -> ProviderError:
    """The error that an errcode stands for."""
    meaning = MEANINGS.get(verdict.errcode, OTHER)
    return meaning.error(
        provider=provider,
        code=str(verdict.errcode),
        message=verdict.errmsg or "without a text",
        http_status=http_status,
        request_id=request_id_in(verdict.errmsg),
        advice=meaning.advice,
    )


def no_answer(response: HttpResponse, provider: str, operation: str, why: object) -> ProviderError:
    """The error for an answer that is none of WeChat's: it says no with HTTP 200."""
    failing = response.status == 429 or response.status >= 500
    return (ProviderUnavailable if failing or response.status == 200 else ProviderError)(
        provider=provider,
        code="UNREADABLE" if response.status == 200 else f"HTTP_{response.status}",
        message=f"{operation} was answered with something unexpected: {why}",
        http_status=response.status,
        advice=_AGAIN
        if failing
        else "check the address that stands for api.weixin.qq.com, then use a new code",
    )


def request_id_in(errmsg: str) -> str | None:
    """What WeChat's support asks for."""
    return errmsg.rpartition("rid: ")[2].strip() or None if "rid: " in errmsg else None
