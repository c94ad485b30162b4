from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from tests.vkpay_async.observed import Observed
from vkpay_async import (
    InvalidArgument,
    OutcomeUnknown,
    ProviderOutcomeUnknown,
    RateLimited,
    ResponseUnverified,
    SignatureInvalid,
    TransportError,
    TransportOutcomeUnknown,
)
from vkpay_async.telemetry import ProviderCall, provider_call

ANSWER: dict[str, Any] = {"provider": "wxpay", "code": "BUSY", "message": "openid oUpF8 is busy"}


def watched(operation: str = "wxpay.refund", **more: bool) -> ProviderCall:
    call = provider_call(operation, **more)
    assert call is not None
    return call


def test_a_call_is_a_client_span_with_names_and_numbers(observed: Observed) -> None:
    with watched() as call:
        assert get_current_span().get_span_context().is_valid
        call.tried(503)
        call.tried(200)
    span = observed.span()
    assert (span.name, span.kind, span.status.status_code) == (
        "wxpay.refund",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert dict(span.attributes or {}) == {
        "vkpay.provider": "wxpay",
        "vkpay.operation": "wxpay.refund",
        "vkpay.outcome": "ok",
        "vkpay.attempts": 2,
        "http.response.status_code": 200,
    }
    assert not get_current_span().get_span_context().is_valid


def test_an_earlier_attempts_status_is_not_the_lost_ones(observed: Observed) -> None:
    with watched() as call:
        call.tried(503)
        call.tried(None)
    attributes = observed.span().attributes or {}
    assert attributes["vkpay.attempts"] == 2
    assert "http.response.status_code" not in attributes


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RateLimited(**ANSWER), "refused"),
        (ProviderOutcomeUnknown(**ANSWER), "unknown"),
        (TransportError("no answer in time"), "no_answer"),
        (TransportOutcomeUnknown("no answer in time"), "unknown"),
        (ResponseUnverified("forged"), "unknown"),
        (OutcomeUnknown("?"), "unknown"),
        (SignatureInvalid("forged"), "unknown"),
        (InvalidArgument("too long"), "unknown"),
        (asyncio.CancelledError(), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_error_is_an_outcome_and_not_a_text(
    error: BaseException, outcome: str, observed: Observed
) -> None:
    with pytest.raises(type(error)), watched():
        raise error
    span = observed.span()
    assert span.attributes is not None
    assert (span.attributes["vkpay.outcome"], span.attributes["error.type"]) == (
        outcome,
        type(error).__name__,
    )
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())


def test_calls_and_their_duration_are_measured_by_provider_operation_and_outcome(observed: Observed) -> None:
    for _ in range(2):
        with watched():
            pass
    with pytest.raises(RateLimited), watched("alipay.query"):
        raise RateLimited(**ANSWER)
    refund = {"vkpay.provider": "wxpay", "vkpay.operation": "wxpay.refund", "vkpay.outcome": "ok"}
    query = {"vkpay.provider": "alipay", "vkpay.operation": "alipay.query", "vkpay.outcome": "refused"}
    assert observed.points("vkpay.calls") == [(refund, 2), (query, 1)]
    durations = observed.points("vkpay.call.duration")
    assert [labels for labels, _ in durations] == [refund, query]
    assert all(0 < seconds < 60 for _, seconds in durations)


@pytest.mark.parametrize(
    ("requests", "name"),
    [
        ([("wxpay.certificates", True)], "wxpay.certificates"),
        ([("wxpay.certificates", True), ("wxpay.transfer", False)], "wxpay.transfer"),
        ([("wxpay.query", False), ("wxpay.certificates", True)], "wxpay.query"),
        ([("wxpay.trade_bill", False), ("wxpay.download", False)], "wxpay.trade_bill"),
    ],
)
def test_a_call_is_named_after_what_was_asked_for_and_not_after_the_keys(
    requests: list[tuple[str, bool]], name: str, observed: Observed
) -> None:
    (first, fetches_key), *rest = requests
    with watched(first, fetches_key=fetches_key) as call:
        for operation, fetches in rest:
            call.goes_on(operation, fetches)
    assert observed.span().name == name
    assert [labels["vkpay.operation"] for labels, _ in observed.points("vkpay.calls")] == [name]


def test_nothing_is_watched_when_nobody_listens() -> None:
    assert provider_call("wxpay.refund") is None
