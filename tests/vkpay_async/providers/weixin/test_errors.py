"""The codes that WeChat's pages list for logins and credentials."""

from __future__ import annotations

import pytest

from vkpay_async.errors import (
    AuthenticationFailed,
    PermissionRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ValidationFailed,
)
from vkpay_async.providers.weixin.errors import MEANINGS, refusal
from vkpay_async.providers.weixin.models import Verdict

LISTED = {
    -1: ProviderUnavailable,
    40001: AuthenticationFailed,
    40002: ValidationFailed,
    40013: AuthenticationFailed,
    40014: AuthenticationFailed,
    40029: ValidationFailed,
    40125: AuthenticationFailed,
    40163: ValidationFailed,
    40164: PermissionRefused,
    40226: PermissionRefused,
    41001: AuthenticationFailed,
    41002: ValidationFailed,
    41004: AuthenticationFailed,
    41008: ValidationFailed,
    42001: AuthenticationFailed,
    45011: RateLimited,
}


@pytest.mark.parametrize(("code", "error"), [*LISTED.items(), (99999, ProviderError)])
def test_classes(code: int, error: type[ProviderError]) -> None:
    raised = refusal(Verdict(errcode=code, errmsg="m"), "wxpay", 200)
    assert type(raised) is error
    assert raised.advice
    assert raised.code == str(code)


def test_the_table_has_what_is_listed_and_nothing_else() -> None:
    assert MEANINGS.keys() == LISTED.keys()


def test_a_refusal_without_a_text() -> None:
    raised = refusal(Verdict(errcode=-1), "wxpay", 200)
    assert raised.message == "without a text"
    assert raised.request_id is None
