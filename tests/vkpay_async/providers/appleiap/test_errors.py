"""Apple's codes, every one of the list."""

from __future__ import annotations

import json

import pytest

from tests.vkpay_async.providers.appleiap.conftest import NOW_MS, json_answer
from vkpay_async.errors import (
    AuthenticationFailed,
    OrderStateConflict,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    ValidationFailed,
)
from vkpay_async.providers.appleiap.errors import (
    MEANINGS,
    RECEIPT_STATUSES,
    error_of,
    receipt_error,
    retry_after_ms,
)
from vkpay_async.providers.base import HttpResponse

# Section 7.1 of Apple's error codes as they are documented, with what becomes of each.
DOCUMENTED = {
    ValidationFailed: (
        "4000000 4000002 4000005 4000006 4000008 4000009 4000010 4000011 4000012 4000013 4000014 4000015 4000016 4000017 "
        "4000018 4000019 4000020 4000021 4000022 4000023 4000024 4000025 4000026 4000027 4000028 4000030 4000031 4000032 "
        "4000033 4000034 4000035 4000036 4000037 4000038 4000039 4000040 4000041 4000042 4000043 4000044 4000047 4000048 "
        "4000183 4000185 4000187 4000209"
    ),
    OrderStateConflict: "4030004 4030005 4030007",
    ResourceNotFound: "4040001 4040003 4040005 4040007 4040008 4040009 4040010 4040019",
    RateLimited: "4290000",
    ProviderUnavailable: "4040002 4040004 4040006 5000000 5000001",
}
RETRYABLE = {4040002, 4040004, 4040006, 4290000, 5000000, 5000001}


def said(code: int, status: int | None = None, **headers: str) -> HttpResponse:
    body = json.dumps({"errorCode": code, "errorMessage": "Apple's own words."}).encode()
    return json_answer(body, status or code // 10000, **headers)


@pytest.mark.parametrize(
    ("code", "kind"), [(int(code), kind) for kind, codes in DOCUMENTED.items() for code in codes.split()]
)
def test_every_code(code: int, kind: type[ProviderError]) -> None:
    error = error_of(said(code), NOW_MS)
    assert type(error) is kind
    assert (error.code, error.message, error.http_status) == (str(code), "Apple's own words.", code // 10000)
    assert error.advice
    assert error.retryable is (code in RETRYABLE)
    assert error.outcome_known


def test_no_other_code_is_known() -> None:
    assert MEANINGS.keys() == {int(code) for codes in DOCUMENTED.values() for code in codes.split()}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationFailed),
        (401, AuthenticationFailed),
        (403, OrderStateConflict),
        (404, ResourceNotFound),
        (415, ValidationFailed),
        (418, ProviderError),
        (429, RateLimited),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"Unauthenticated", b"[]", b'{"errorCode":"x"}', b"[" * 100_000], ids=range(5)
)
def test_an_answer_without_a_code(status: int, kind: type[ProviderError], body: bytes) -> None:
    error = error_of(json_answer(body, status), NOW_MS)
    assert type(error) is kind
    assert error.code == str(status)


def test_a_code_that_is_new() -> None:
    error = error_of(said(4009999), NOW_MS)
    assert (type(error), error.code) == (ValidationFailed, "4009999")


class TestWhenToComeAgain:
    def test_a_moment_in_milliseconds(self) -> None:
        """Not seconds, and not a span of time."""
        error = error_of(said(4290000, **{"retry-after": str(NOW_MS + 1500)}), NOW_MS)
        assert error.retry_after == 1.5
        assert error_of(said(4290000, **{"retry-after": str(NOW_MS - 1)}), NOW_MS).retry_after == 0

    @pytest.mark.parametrize("text", ["", "soon", "1.5", "٣", "9" * 40, "-5"])
    def test_nonsense(self, text: str) -> None:
        assert retry_after_ms({"retry-after": text}) is None
        assert error_of(said(4290000, **{"retry-after": text}), NOW_MS).retry_after is None

    def test_it_counts_for_limits_only(self) -> None:
        assert error_of(said(5000001, **{"retry-after": str(NOW_MS)}), NOW_MS).retry_after is None


class TestReceipts:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (21000, ValidationFailed),
            (21002, ProviderUnavailable),
            (21003, ValidationFailed),
            (21004, AuthenticationFailed),
            (21005, ProviderUnavailable),
            (21006, OrderStateConflict),
            (21007, ValidationFailed),
            (21008, ValidationFailed),
            (21009, ProviderUnavailable),
            (21010, ResourceNotFound),
        ],
    )
    def test_every_status(self, status: int, kind: type[ProviderError]) -> None:
        error = receipt_error(status, retryable=None)
        assert type(error) is kind
        assert (error.code, error.http_status) == (str(status), 200)
        assert error.message != "internal data access error" or status == 21009

    def test_the_table_is_complete(self) -> None:
        assert set(RECEIPT_STATUSES) == {21000, *range(21002, 21011)}

    @pytest.mark.parametrize("status", [21100, 21150, 21199])
    def test_internal_errors_say_themselves_whether_to_repeat(self, status: int) -> None:
        assert receipt_error(status, retryable=True).retryable
        assert receipt_error(status, retryable=None).retryable
        assert not receipt_error(status, retryable=False).retryable

    def test_a_status_that_is_new(self) -> None:
        assert type(receipt_error(21999, retryable=None)) is ProviderError
