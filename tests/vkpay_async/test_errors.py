from __future__ import annotations

import inspect
from typing import Any

import pytest

from vkpay_async import errors
from vkpay_async.errors import ProviderError, VKPayError

# name: (parents that callers catch, code, outcome known, retryable)
PLAIN: dict[str, tuple[tuple[type[BaseException], ...], int, bool]] = {
    "VKPayError": ((Exception,), -1, True),
    "ConfigError": ((VKPayError,), -1, True),
    "NotifyUrlMissing": ((errors.ConfigError,), 101, True),
    "InvalidArgument": ((VKPayError, ValueError), -1, True),
    "OrderError": ((VKPayError,), -1, True),
    "OrderNotFound": ((errors.OrderError,), 2001, True),
    "OrderNotPaid": ((errors.OrderError,), 2002, True),
    "OrderNotRefunded": ((errors.OrderError,), 2003, True),
    "RefundTooSoon": ((errors.OrderError,), 2004, True),
    "OrderConflict": ((errors.OrderError,), -1, True),
    "LedgerUnavailable": ((VKPayError,), 3002, True),
    "OutcomeUnknown": ((VKPayError,), -1, False),
    "TransportError": ((VKPayError,), 3001, True),
    "TransportOutcomeUnknown": ((errors.TransportError, errors.OutcomeUnknown), 3001, False),
    "SignatureInvalid": ((VKPayError,), -1, True),
    "SignatureProbe": ((errors.SignatureInvalid,), -1, True),
    "ResponseUnverified": ((errors.SignatureInvalid, errors.OutcomeUnknown), -1, False),
    "NotificationInvalid": ((VKPayError,), -1, True),
    "NotificationUnconfirmed": ((errors.NotificationInvalid,), -1, True),
    "NotificationMismatch": ((VKPayError,), -1, True),
}
PROVIDER: dict[str, tuple[bool, bool]] = {
    "ProviderError": (True, False),
    "AuthenticationFailed": (True, False),
    "PermissionRefused": (True, False),
    "ValidationFailed": (True, False),
    "OrderStateConflict": (True, False),
    "ResourceNotFound": (True, False),
    "InsufficientFunds": (True, False),
    "PaymentRefused": (True, False),
    "RateLimited": (True, True),
    "ProviderUnavailable": (True, True),
    "ProviderOutcomeUnknown": (False, True),
}


def answered(name: str = "ProviderError", **more: Any) -> ProviderError:
    kind: type[ProviderError] = getattr(errors, name)
    return kind(provider="wxpay", code="NOT_ENOUGH", message="基本账户余额不足", **more)


def test_the_two_tables_name_every_error_there_is() -> None:
    classes = {
        name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, VKPayError)
    }
    assert classes == PLAIN.keys() | PROVIDER.keys()


@pytest.mark.parametrize("name", PLAIN)
def test_an_error_of_ours_has_its_code_and_says_whether_money_may_have_moved(name: str) -> None:
    parents, code, known = PLAIN[name]
    error = getattr(errors, name)("what to do next")
    assert isinstance(error, parents)
    assert error.outcome_known is known
    assert isinstance(error, errors.OutcomeUnknown) is not known
    assert str(error) == error.msg == "what to do next"
    assert error.to_client() == {"code": code, "msg": "what to do next"}


@pytest.mark.parametrize("name", PROVIDER)
def test_a_providers_error_keeps_the_providers_words(name: str) -> None:
    known, retryable = PROVIDER[name]
    error = answered(name, http_status=403, request_id="08F7", detail={"field": "/amount"}, retry_after=2.0)
    assert error.outcome_known is known
    assert isinstance(error, errors.OutcomeUnknown) is not known
    assert error.retryable is retryable
    assert (error.provider, error.code, error.message) == ("wxpay", "NOT_ENOUGH", "基本账户余额不足")
    assert (error.http_status, error.request_id, error.detail) == (403, "08F7", {"field": "/amount"})
    assert error.retry_after == 2.0
    assert error.to_client() == {"code": "NOT_ENOUGH", "msg": "基本账户余额不足"}


def test_advice_is_part_of_the_text_but_not_of_what_the_buyer_reads() -> None:
    error = answered(advice="top the account up")
    assert str(error) == "wxpay NOT_ENOUGH: 基本账户余额不足 → top the account up"
    assert str(answered()) == "wxpay NOT_ENOUGH: 基本账户余额不足"
    assert error.to_client()["msg"] == "基本账户余额不足"


def test_a_code_may_be_given_without_changing_the_class() -> None:
    assert errors.InvalidArgument("subject is missing", code=1004).code == 1004
    assert errors.InvalidArgument("something").code == -1


def test_what_a_provider_said_beside_its_message_is_not_shown() -> None:
    error = answered(detail={"app_auth_token": "S3CRET"}, request_id="S3CRET")
    assert "S3CRET" not in repr(error) + str(error)
