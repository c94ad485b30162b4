"""Every code of the specification has a class and says what to do next."""

from __future__ import annotations

import pytest

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
    ValidationFailed,
)
from vkpay_async.providers.alipay.errors import CODES, SUB_CODES, failure, meaning_of, without_signed_text
from vkpay_async.providers.alipay.models import Status


@pytest.mark.parametrize(
    ("code", "sub_code", "error"),
    [
        ("20000", "isp.unknow-error", ProviderOutcomeUnknown),
        ("20000", "aop.unknow-error", ProviderOutcomeUnknown),
        ("20000", None, ProviderOutcomeUnknown),
        ("20001", "aop.invalid-app-auth-token", AuthenticationFailed),
        ("20001", "aop.some-new-token-error", AuthenticationFailed),
        ("40001", "isv.missing-signature", AuthenticationFailed),
        ("40001", "isv.missing-timestamp", ValidationFailed),
        ("40002", "isv.invalid-signature", AuthenticationFailed),
        ("40002", "isv.app-cert-not-exist", AuthenticationFailed),
        ("40002", "isv.code-invalid", ValidationFailed),
        ("40002", "isv.invalid-parameter", ValidationFailed),
        ("40003", "isv.missing-signature-config", AuthenticationFailed),
        ("40003", "isv.decryption-error-unknown", AuthenticationFailed),
        ("40003", "isv.some-new-condition", ValidationFailed),
        ("40004", "ACQ.SYSTEM_ERROR", ProviderOutcomeUnknown),
        ("40004", "AQC.SYSTEM_ERROR", ProviderOutcomeUnknown),
        ("40004", "TRADE_NOT_EXIST", ResourceNotFound),
        ("40004", "ACQ.CONTEXT_INCONSISTENT", OrderStateConflict),
        ("40004", "ACQ.TRADE_HAS_SUCCESS", OrderStateConflict),
        ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", OrderStateConflict),
        ("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", InsufficientFunds),
        ("40004", "PAYER_BALANCE_NOT_ENOUGH", InsufficientFunds),
        ("40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", PaymentRefused),
        ("40004", "PAYEE_NOT_EXIST", PaymentRefused),
        ("40004", "ACQ.ACCESS_FORBIDDEN", PermissionRefused),
        ("40004", "EXCEED_LIMIT_DM_AMOUNT", PermissionRefused),
        ("40004", "TRANSFER_SCENE_NAME_BLANK", ValidationFailed),
        ("40004", "ACQ.SOMETHING_NEW", ProviderError),
        ("40004", "RESOURCE_LIMIT_EXCEED", RateLimited),
        ("40005", "isv.app-call-limited", RateLimited),
        ("40006", "isv.insufficient-isv-permissions", PermissionRefused),
        ("49999", None, ProviderError),
    ],
)
def test_classes(code: str, sub_code: str | None, error: type[ProviderError]) -> None:
    raised = failure(Status(code=code, msg="m", sub_code=sub_code), moves_money=True)
    assert type(raised) is error
    assert raised.code == (sub_code or code)
    assert raised.advice


def test_an_outage_of_a_call_that_only_reads() -> None:
    raised = failure(Status(code="20000", msg="Service Currently Unavailable"), moves_money=False)
    assert type(raised) is ProviderUnavailable


def test_every_row_advises() -> None:
    assert all(meaning.advice for meaning in (*SUB_CODES.values(), *CODES.values()))


def test_an_unknown_code_falls_back() -> None:
    assert meaning_of(None, None).error is ProviderError


def test_texts_are_left_alone_but_for_what_was_signed() -> None:
    assert without_signed_text("交易不存在") == "交易不存在"
    assert without_signed_text("验签出错，网关生成的验签字符串为：a=b") == "验签出错"
