"""Answers that are a "no", and answers that are none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.providers.douyin.conftest import (
    answer,
    exchange,
    no,
    ok,
    raw_response,
    ref,
    refund,
)
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
from vkpay_async.providers.douyin.errors import ECPAY_CODES, TRADE_CODES
from vkpay_async.providers.douyin.provider import DouyinProvider


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1000, ProviderOutcomeUnknown),
        (-1, ProviderOutcomeUnknown),
        (1001, RateLimited),
        (2000, ResourceNotFound),
        (2008, AuthenticationFailed),
        (2010, ValidationFailed),
        (1, ValidationFailed),
        (2020, AuthenticationFailed),
        (2042, AuthenticationFailed),
        (2047, PermissionRefused),
        (2048, PermissionRefused),
        (2102, ValidationFailed),
        (3101, ResourceNotFound),
        (4000, ValidationFailed),
        (4408, ResourceNotFound),
        (9999, ProviderError),
    ],
)
def test_guaranteed_payment(provider: DouyinProvider, code: int, error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        exchange(no(code, "为什么"))(provider.refund(refund()))
    raised = caught.value
    assert type(raised) is error
    assert (raised.code, raised.provider, raised.http_status) == (str(code), "douyin", 200)
    assert raised.advice
    assert "douyin.refund: 为什么" in str(raised)
    assert raised.retryable is (error in (RateLimited, ProviderOutcomeUnknown))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (13000, ProviderOutcomeUnknown),
        (23000, ProviderOutcomeUnknown),
        (12001, RateLimited),
        (10000, ValidationFailed),
        (20000, ResourceNotFound),
        (22000, OrderStateConflict),
        (22007, ValidationFailed),
        (23101, ResourceNotFound),
        (23112, OrderStateConflict),
        (23117, PermissionRefused),
        (28001014, PermissionRefused),
        (99999, ProviderError),
    ],
)
def test_the_trade_system(trades: DouyinProvider, code: int, error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        exchange(no(code))(trades.settle(out_settle_no="S1", out_trade_no="T1"))
    assert type(caught.value) is error


def test_every_row_advises() -> None:
    assert all(meaning.advice for meaning in (*ECPAY_CODES.values(), *TRADE_CODES.values()))


NO_ANSWERS: dict[str, Any] = {
    "a page": raw_response(b"<html>", 502),
    "nothing": raw_response(b""),
    "a list": raw_response(b"[]"),
    "no code": answer(data={}),
    "a code that is none": answer(err_no="x"),
    "null": answer(err_no=None),
    "0 under another status": answer(500, err_no=0, refund_no="1"),
    "without what was promised": ok(),
    "another kind": ok(refund_no=1),
    "nested without end": raw_response(b'{"err_no":0,"x":' + b"[" * 200_000),
    "half a character": raw_response(b'{"err_no":0,"refund_no":"\xff"}'),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_leaves_the_outcome_of_a_refund_open(provider: DouyinProvider, name: str) -> None:
    with pytest.raises(ProviderOutcomeUnknown) as caught:
        exchange(NO_ANSWERS[name])(provider.refund(refund()))
    assert caught.value.code == "INVALID_ANSWER"
    assert not caught.value.outcome_known


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_and_that_of_a_query_not(provider: DouyinProvider, name: str) -> None:
    with pytest.raises(ProviderUnavailable):
        exchange(NO_ANSWERS[name])(provider.query(ref()))


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_the_trade_system_alike(trades: DouyinProvider, name: str) -> None:
    with pytest.raises(ProviderUnavailable):
        exchange(NO_ANSWERS[name])(trades.query(ref()))


def test_a_code_as_text(provider: DouyinProvider) -> None:
    found = exchange(answer(err_no="0", refund_no="69"))(provider.refund(refund()))
    assert found.refund_id == "69"
    with pytest.raises(ResourceNotFound):
        exchange(answer(err_no="2000"))(provider.query(ref()))


def test_a_balance_without_its_amount(provider: DouyinProvider) -> None:
    with pytest.raises(ProviderUnavailable, match="withdrawable"):
        exchange(ok(account_info={"online_balance": 1}))(provider.account_balance())
