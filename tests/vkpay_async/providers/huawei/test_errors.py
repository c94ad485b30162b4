"""Every published code has an error of ours and says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vkpay_async.providers.huawei.conftest import PAYMENT, Exchange, Platform
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
    ResourceNotFound,
    SignatureInvalid,
    ValidationFailed,
)
from vkpay_async.models import OrderRef, RefundRequest
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.huawei.errors import BY_RESULT, MEANINGS

ORDER = OrderRef(pay_type="huawei_mp-harmony", out_trade_no="T1")
REFUND = RefundRequest(
    order=ORDER, out_refund_no="R1", refund_fee=1, total_fee=2, notify_url="https://m.example/n"
)

# resultCode → subCodes, as they are published.
PUBLISHED = {
    "100000": "INSUFFICIENT_PERMISSION",
    "200000": "MISSING_AUTH_HEADER MISSING_TRACER_ID MISSING_HEADER_SIGN MISSING_CALLER_ID MISSING_BODY_SIGN MISSING_AUTH_ID "
    "MISSING_TIME MISS_ACCESS_TOKEN MISS_PETAL_PAY_SIGN_KEY_ID MISS_PETAL_PAY_ENC_KEY_ID MISS_DEVELOPER_SIGN_KEY_ID",
    "200001": "INVALID_AUTH_HEADER INVALID_TRACER_ID INVALID_AUTH_ID INVALID_TIME INVALID_SESSION_KEY INVALID_PUB_KEY "
    "INVALID_DUPLICATE_REQUEST INVALID_PARAMETER INVALID_CALLER_ID INVALID_PAY_DEV_AUTH UNSUPPORTED_PETAL_PAY_ENC_KEY_ID "
    "UNSUPPORTED_PETAL_PAY_SIGN_KEY_ID UNSUPPORTED_DEVELOPER_SIGN_KEY_ID",
    "200002": "INVALID_SIGNATURE",
    "300000": "CALL_FREQUENCY_LIMITED",
    "400000": "UNKNOW_ERROR INVALID_ARGUMENTS PAY_ORDER_NOT_EXIST MERC_ORDER_NOT_EXIST INVALID_MERCNO INVALID_MERC_NO "
    "REJECTED_BY_RISK_CONTROL NO_MATCH_MATCHING_PRODUCT CHECK_ORDER_STATUS CHECK_TRANSACTION_ORDER_STATUS "
    "BANK_CARD_NOT_SUPPORT CHECK_ACCOUNT_STATUS CHECK_MERC_STATUS MERC_NOT_SUPPORT_REFUND MERC_NOT_SUPPORT_ALLOCATION "
    "CHECK_AMOUNT_INVALID CHECK_ACCOUNT_BALANCE RETRY_TOO_MANY NEED_CHANGE_ORDER NOT_SETTLEMENT_DATE INVALID_APPID "
    "BILL_SWITCH_NOT_TURN_ON INVALID_SUB_MERCNO ORDER_CONCURRENT_ERROR NOT_SUPPORTED_OPERATION RESTRICTED_USER_ACCOUNT "
    "RESTRICTED_USER_TRANSACTION RESTRICTED_MERCHANT_TRANSACTION RESTRICTED_TRANSACTION CHECK_CONTRACT_STATUS "
    "NOT_IN_VALIDITY_PERIOD PAYMENT_ACCOUNT_NOT_ENABLE CUST_NOT_EXIST OPERATION_NOT_AUTHORIZED WITHHOLD_OVER_TIMES "
    "INVALID_PAYMENT_TYPE ORDER_NOT_SUPPORT",
    "500000": "UNKNOW_ERROR",
}
CODES = [(result_code, code) for result_code, listed in PUBLISHED.items() for code in listed.split()]
KINDS: dict[str, type[ProviderError]] = {
    "INSUFFICIENT_PERMISSION": PermissionRefused,
    "MISSING_AUTH_HEADER": AuthenticationFailed,
    "INVALID_TIME": AuthenticationFailed,
    "INVALID_SIGNATURE": AuthenticationFailed,
    "INVALID_PARAMETER": ValidationFailed,
    "CALL_FREQUENCY_LIMITED": RateLimited,
    "UNKNOW_ERROR": ProviderUnavailable,
    "INVALID_ARGUMENTS": ValidationFailed,
    "PAY_ORDER_NOT_EXIST": ResourceNotFound,
    "MERC_ORDER_NOT_EXIST": ResourceNotFound,
    "REJECTED_BY_RISK_CONTROL": PaymentRefused,
    "CHECK_ORDER_STATUS": OrderStateConflict,
    "CHECK_TRANSACTION_ORDER_STATUS": OrderStateConflict,
    "CHECK_ACCOUNT_BALANCE": InsufficientFunds,
    "NOT_IN_VALIDITY_PERIOD": OrderStateConflict,
    "MERC_NOT_SUPPORT_REFUND": PermissionRefused,
    "WITHHOLD_OVER_TIMES": RateLimited,
}


@pytest.mark.parametrize(("result_code", "code"), CODES)
def test_a_published_code(
    provider: Any, platform: Platform, run: Exchange, result_code: str, code: str
) -> None:
    with pytest.raises(ProviderError) as refused:
        run(provider.query(ORDER), platform.refusal(code, result_code))
    error = refused.value
    assert type(error) is KINDS.get(code, type(error))
    assert type(error) is not ProviderError
    assert (error.provider, error.code, error.message) == ("huawei", code, "说明")
    assert error.advice
    assert error.detail == {"resultCode": result_code, "resultDesc": "业务处理失败"}
    assert error.outcome_known


def test_no_code_more_than_is_published() -> None:
    assert {code for _, code in CODES} == set(MEANINGS)
    assert set(PUBLISHED) == set(BY_RESULT)


@pytest.mark.parametrize(
    ("result_code", "kind"),
    [
        ("100000", PermissionRefused),
        ("200000", AuthenticationFailed),
        ("200001", ValidationFailed),
        ("200002", AuthenticationFailed),
        ("300000", RateLimited),
        ("400000", ProviderError),
        ("500000", ProviderUnavailable),
        ("987654", ProviderError),
    ],
)
def test_a_code_that_is_new(
    provider: Any, platform: Platform, run: Exchange, result_code: str, kind: type[ProviderError]
) -> None:
    for code in ("SOMETHING_NEW", None):
        with pytest.raises(ProviderError) as refused:
            run(provider.query(ORDER), platform.refusal(code, result_code))
        assert type(refused.value) is kind
        assert refused.value.code == (code or result_code)
        assert refused.value.advice


@pytest.mark.parametrize(
    "code", ["CHECK_ACCOUNT_BALANCE", "CALL_FREQUENCY_LIMITED", "INVALID_SIGNATURE", "RETRY_TOO_MANY"]
)
def test_a_refund_that_is_refused_is_refused(
    provider: Any, platform: Platform, run: Exchange, code: str
) -> None:
    with pytest.raises(ProviderError, match=code) as refused:
        run(provider.refund(REFUND), platform.refusal(code))
    assert refused.value.outcome_known


def test_retries(provider: Any, platform: Platform, run: Exchange) -> None:
    for code, result_code, again in (
        ("UNKNOW_ERROR", "400000", True),
        ("UNKNOW_ERROR", "500000", True),
        ("CALL_FREQUENCY_LIMITED", "300000", True),
        ("INVALID_ARGUMENTS", "400000", False),
        ("INVALID_SIGNATURE", "200002", False),
    ):
        with pytest.raises(ProviderError) as refused:
            run(provider.query(ORDER), platform.refusal(code, result_code))
        assert refused.value.retryable is again


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_the_status_of_a_refusal_does_not_count(
    provider: Any, platform: Platform, run: Exchange, status: int
) -> None:
    with pytest.raises(ResourceNotFound) as refused:
        run(provider.query(ORDER), platform.refusal("MERC_ORDER_NOT_EXIST", status=status))
    assert refused.value.http_status == status


def test_a_refusal_without_a_signature_is_believed(provider: Any, platform: Platform, run: Exchange) -> None:
    with pytest.raises(AuthenticationFailed):
        run(provider.query(ORDER), platform.refusal("INVALID_SIGNATURE", "200002", signed=False))


def test_a_refusal_with_a_wrong_one_is_not(provider: Any, platform: Platform, run: Exchange) -> None:
    answer = platform.refusal("MERC_ORDER_NOT_EXIST")
    forged = answer.body.replace(b"MERC_ORDER", b"XERC_ORDER")
    with pytest.raises(SignatureInvalid, match="check that platform_public_key is the current"):
        run(provider.query(ORDER), HttpResponse(status=200, headers={}, body=forged))


def test_a_success_without_a_signature_is_not_believed(provider: Any, run: Exchange) -> None:
    body = json.dumps({"resultCode": "000000", **PAYMENT}).encode()
    with pytest.raises(SignatureInvalid, match="no signature"):
        run(provider.query(ORDER), HttpResponse(status=200, headers={}, body=body))


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (502, ProviderUnavailable, "HTTP_502"),
        (429, RateLimited, "HTTP_429"),
        (404, ProviderError, "check base_url"),
        (405, ValidationFailed, "another HTTP method"),
        (302, ProviderError, "HTTP_302"),
        (200, ProviderUnavailable, "something unexpected"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"resultCode":null}'])
def test_what_is_no_answer_of_payment_kit(
    provider: Any, run: Exchange, status: int, kind: type[ProviderError], text: str, body: bytes
) -> None:
    response = HttpResponse(status=status, headers={"retry-after": "7"}, body=body)
    with pytest.raises(ProviderError, match=text) as refused:
        run(provider.query(ORDER), response)
    assert type(refused.value) is kind
    assert refused.value.retry_after == (None if status == 200 else 7)


@pytest.mark.parametrize("status", [200, 500, 504])
def test_a_refund_without_a_readable_answer_is_open(provider: Any, run: Exchange, status: int) -> None:
    with pytest.raises(ProviderOutcomeUnknown, match="query with the same number"):
        run(provider.refund(REFUND), HttpResponse(status=status, headers={}, body=b"<html>"))


@pytest.mark.parametrize("header", ["soon", "-1", "", "7.5"])
def test_a_strange_retry_after(provider: Any, run: Exchange, header: str) -> None:
    with pytest.raises(ProviderError) as refused:
        run(provider.query(ORDER), HttpResponse(status=503, headers={"retry-after": header}, body=b""))
    assert refused.value.retry_after is None


def test_a_success_without_its_fields(provider: Any, platform: Platform, run: Exchange) -> None:
    with pytest.raises(ProviderUnavailable, match="mercOrderNo"):
        run(provider.query(ORDER), platform.answer(orderStatus="TRX_SUCCESS"))
