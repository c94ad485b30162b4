"""Every code of the specification has an error of its own, and says what to do."""

from __future__ import annotations

import pytest

from vkpay_async.errors import (
    AuthenticationFailed,
    InsufficientFunds,
    OrderStateConflict,
    PaymentRefused,
    PermissionRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ValidationFailed,
)
from vkpay_async.providers.weixin.models import Verdict
from vkpay_async.providers.wxpay_virtual.errors import MEANINGS, Operation, client_failure, refusal_of
from vkpay_async.providers.wxpay_virtual.provider import WxpayVirtualProvider

SERVER: dict[int, type[ProviderError]] = {
    -1: ProviderUnavailable,
    40001: AuthenticationFailed,
    40013: AuthenticationFailed,
    40125: AuthenticationFailed,
    40164: PermissionRefused,
    42001: AuthenticationFailed,
    40014: AuthenticationFailed,
    41001: AuthenticationFailed,
    40029: ValidationFailed,
    40163: ValidationFailed,
    40226: PermissionRefused,
    45011: RateLimited,
    268490001: ValidationFailed,
    268490002: ValidationFailed,
    268490003: AuthenticationFailed,
    268490004: OrderStateConflict,
    268490005: OrderStateConflict,
    268490006: InsufficientFunds,
    268490007: ValidationFailed,
    268490008: PermissionRefused,
    268490009: AuthenticationFailed,
    268490011: ProviderUnavailable,
    268490012: RateLimited,
    268490013: OrderStateConflict,
    268490014: OrderStateConflict,
    268490015: RateLimited,
    268490016: OrderStateConflict,
    268490018: ValidationFailed,
    268490019: OrderStateConflict,
    268490020: ValidationFailed,
    268490021: PermissionRefused,
    268490022: ValidationFailed,
    268490023: InsufficientFunds,
    268490024: ValidationFailed,
}
"""Section 2 and 4.6 of the specification."""

CLIENT: dict[int, type[ProviderError]] = {
    -1: ProviderUnavailable,
    -2: PaymentRefused,
    -4: PaymentRefused,
    -5: ProviderUnavailable,
    1001: ValidationFailed,
    -15001: ValidationFailed,
    -15002: OrderStateConflict,
    -15003: ProviderUnavailable,
    -15004: ValidationFailed,
    -15005: AuthenticationFailed,
    -15006: AuthenticationFailed,
    -15007: AuthenticationFailed,
    -15008: PermissionRefused,
    -15009: PermissionRefused,
    -15010: PermissionRefused,
    -15011: ValidationFailed,
    -15012: OrderStateConflict,
    -15013: ValidationFailed,
    -15014: ProviderUnavailable,
    -15016: ValidationFailed,
    -15017: PermissionRefused,
    -15018: PermissionRefused,
    -15019: PermissionRefused,
    -15020: RateLimited,
    -15021: RateLimited,
    -15025: OrderStateConflict,
    -15026: ValidationFailed,
    -15027: ValidationFailed,
}
"""Section 3.2."""

READS = Operation(name="test")


@pytest.mark.parametrize(("code", "error"), SERVER.items())
def test_codes_of_the_server(code: int, error: type[ProviderError]) -> None:
    refusal = refusal_of(Verdict(errcode=code, errmsg="said"), READS)
    assert type(refusal) is error
    assert (refusal.provider, refusal.code, refusal.message) == ("wxpay-virtual", str(code), "said")
    assert refusal.advice


def test_no_code_stands_in_the_table_that_is_not_listed() -> None:
    assert MEANINGS.keys() - SERVER.keys() == {40002, 41002, 41004, 41008}


@pytest.mark.parametrize("code", [-1, 268490011, 268490012, 268490015])
def test_what_may_be_tried_again(code: int) -> None:
    assert refusal_of(Verdict(errcode=code), READS).retryable


def test_a_code_nobody_knows() -> None:
    refusal = refusal_of(Verdict(errcode=268490099, errmsg="new"), READS)
    assert (type(refusal), refusal.code) == (ProviderError, "268490099")
    assert refusal.advice


@pytest.mark.parametrize(("code", "error"), CLIENT.items())
def test_codes_of_the_client(code: int, error: type[ProviderError]) -> None:
    failure = WxpayVirtualProvider.client_failure(code, "requestVirtualPayment:fail x")
    assert type(failure) is error
    assert (failure.code, failure.message) == (str(code), "requestVirtualPayment:fail x")
    assert failure.advice


def test_a_code_of_the_client_that_nobody_knows() -> None:
    assert type(client_failure(-99)) is ProviderError
    assert client_failure(-99).message == "without a text"
