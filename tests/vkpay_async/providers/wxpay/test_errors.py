"""Refusals: which error each becomes, and what it tells the caller to do."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async import errors
from vkpay_async.models import (
    AuthorizationRequest,
    CreateOrder,
    OrderRef,
    RefundRequest,
    TransferRef,
    TransferRequest,
)
from vkpay_async.providers.base import HttpResponse

REF = OrderRef(pay_type="wxpay_h5", out_trade_no="T1")
REFUND = RefundRequest(order=REF, out_refund_no="R1", refund_fee=1, total_fee=1)
AUTHORIZATION = AuthorizationRequest(
    out_authorization_no="AUTH1",
    openid="o",
    transfer_scene_id="1000",
    user_display_name="u",
    authorization_notify_url="https://shop.example/n",
)
TRANSFER = TransferRequest(
    out_bill_no="B1",
    transfer_amount=10,
    openid="o",
    transfer_scene_id="1000",
    transfer_scene_report_infos=[{"info_type": "a", "info_content": "b"}],
)
CODE_PAY = CreateOrder(
    pay_type="wxpay_codepay",
    out_trade_no="T1",
    total_fee=1,
    subject="Tea",
    notify_url="https://shop.example/n",
    auth_code="134567890123456789",
    store_id="1",
)

READS = [
    (400, "PARAM_ERROR", errors.ValidationFailed),
    (400, "INVALID_REQUEST", errors.ValidationFailed),
    (400, "APPID_MCHID_NOT_MATCH", errors.AuthenticationFailed),
    (400, "MCH_NOT_EXISTS", errors.ValidationFailed),
    (404, "MCH_NOT_EXISTS", errors.ValidationFailed),
    (400, "ORDER_CLOSED", errors.OrderStateConflict),
    (400, "ORDERCLOSED", errors.OrderStateConflict),
    (400, "ORDERPAID", errors.OrderStateConflict),
    (400, "ORDER_PAID", errors.OrderStateConflict),
    (400, "NO_STATEMENT_EXIST", errors.ResourceNotFound),
    (400, "STATEMENT_CREATING", errors.ProviderUnavailable),
    (400, "ALREADY_EXISTS", errors.OrderStateConflict),
    (401, "SIGN_ERROR", errors.AuthenticationFailed),
    (403, "NO_AUTH", errors.PermissionRefused),
    (403, "NOAUTH", errors.PermissionRefused),
    (403, "OUT_TRADE_NO_USED", errors.OrderStateConflict),
    (403, "RULE_LIMIT", errors.PermissionRefused),
    (403, "RULELIMIT", errors.PermissionRefused),
    (403, "TRADE_ERROR", errors.PaymentRefused),
    (403, "ACCOUNT_ERROR", errors.PaymentRefused),
    (403, "ACCOUNTERROR", errors.PaymentRefused),
    (403, "NOT_ENOUGH", errors.InsufficientFunds),
    (403, "NOTENOUGH", errors.InsufficientFunds),
    (403, "USER_ACCOUNT_ABNORMAL", errors.PaymentRefused),
    (403, "REQUEST_BLOCKED", errors.PermissionRefused),
    (404, "ORDER_NOT_EXIST", errors.ResourceNotFound),
    (404, "ORDERNOTEXIST", errors.ResourceNotFound),
    (404, "RESOURCE_NOT_EXISTS", errors.ResourceNotFound),
    (404, "NOT_FOUND", errors.ResourceNotFound),
    (429, "FREQUENCY_LIMITED", errors.RateLimited),
    (429, "RATELIMIT_EXCEEDED", errors.RateLimited),
    (429, "RATELIMIT_EXCEED", errors.RateLimited),
    (429, "FREQUENCY_LIMIT", errors.RateLimited),
    (429, "FREQUENCY_LIMIT_EXCEED", errors.RateLimited),
    (429, "QUOTA_EXCEED", errors.RateLimited),
    (500, "SYSTEM_ERROR", errors.ProviderUnavailable),
    (500, "SYSTEMERROR", errors.ProviderUnavailable),
    (500, "BANK_ERROR", errors.ProviderUnavailable),
    (500, "BANKERROR", errors.ProviderUnavailable),
    (500, "INVALID_TRANSACTIONID", errors.ValidationFailed),
    (500, "OPENID_MISMATCH", errors.ValidationFailed),
    (503, "SERVICE_UNAVAILABLE", errors.ProviderUnavailable),
    (403, "USERPAYING", errors.OrderStateConflict),
    (403, "USER_PAYING", errors.OrderStateConflict),
    # codes nobody has heard of
    (400, "NEW_400", errors.ValidationFailed),
    (401, "NEW_401", errors.AuthenticationFailed),
    (403, "NEW_403", errors.PermissionRefused),
    (404, "NEW_404", errors.ResourceNotFound),
    (405, "NEW_405", errors.ValidationFailed),
    (409, "NEW_409", errors.ProviderError),
    (429, "NEW_429", errors.RateLimited),
    (502, "NEW_502", errors.ProviderUnavailable),
]


@pytest.mark.parametrize(("status", "code", "kind"), READS)
def test_every_code_of_a_call_that_reads(
    provider: Any, platform: Any, run: Any, status: int, code: str, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        run(provider.query(REF), platform.refusal(status, code, "说明", "08F2E9-123"))
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.message, error.http_status) == (code, "说明", status)
    assert (error.provider, error.request_id) == ("wxpay", "08F2E9-123")
    assert error.outcome_known
    assert len(error.advice) > 10
    assert error.advice in error.msg
    assert error.to_client() == {"code": code, "msg": "说明"}


@pytest.mark.parametrize(
    "operation", ["refund", "transfer", "reverse", "cancel", "codepay", "authorize", "close"]
)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "SYSTEM_ERROR"),
        (500, "SYSTEMERROR"),
        (400, "SYSTEM_ERROR"),
        (500, "BANK_ERROR"),
        (500, "OPENID_MISMATCH"),
        (502, "NEW"),
        (403, "USERPAYING"),
    ],
)
def test_a_failure_in_the_middle_leaves_the_outcome_open(
    provider: Any, platform: Any, run: Any, operation: str, status: int, code: str
) -> None:
    flows = {
        "refund": lambda: provider.refund(REFUND),
        "transfer": lambda: provider.transfer(TRANSFER),
        "reverse": lambda: provider.reverse(REF),
        "cancel": lambda: provider.cancel_transfer(TransferRef(out_bill_no="B1")),
        "codepay": lambda: provider.create(CODE_PAY),
        "authorize": lambda: provider.create_authorization(AUTHORIZATION),
        "close": lambda: provider.close_authorization("AUTH1"),
    }
    with pytest.raises(errors.ProviderOutcomeUnknown, match="query") as caught:
        run(flows[operation](), platform.refusal(status, code))
    assert not caught.value.outcome_known
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "kind"),
    [("NOT_ENOUGH", errors.InsufficientFunds), ("PARAM_ERROR", errors.ValidationFailed)],
)
def test_a_clear_no_is_a_known_outcome(
    provider: Any, platform: Any, run: Any, code: str, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(kind) as caught:
        run(provider.refund(REFUND), platform.refusal(403, code))
    assert caught.value.outcome_known


def test_too_many_refunds_may_have_been_accepted(provider: Any, platform: Any, run: Any) -> None:
    answer = platform.refusal(429, "FREQUENCY_LIMITED", **{"retry-after": "7"})
    with pytest.raises(errors.ProviderOutcomeUnknown) as refund:
        run(provider.refund(REFUND), answer)
    assert refund.value.retry_after == 7
    with pytest.raises(errors.RateLimited) as transfer:
        run(provider.transfer(TRANSFER), answer)
    assert (transfer.value.retry_after, transfer.value.retryable) == (7, True)
    assert transfer.value.outcome_known


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "²"])
def test_a_retry_after_that_is_no_number(provider: Any, platform: Any, run: Any, value: str) -> None:
    with pytest.raises(errors.RateLimited) as caught:
        run(provider.query(REF), platform.refusal(429, "FREQUENCY_LIMITED", **{"retry-after": value}))
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html><h1>502 Bad Gateway</h1></html>", errors.ProviderUnavailable),
        (503, b"\xff\xfe", errors.ProviderUnavailable),
        (500, b"", errors.ProviderUnavailable),
        (500, b"[]", errors.ProviderUnavailable),
        (403, b"blocked", errors.PermissionRefused),
        (302, b"", errors.ProviderError),
        (404, b"", errors.ProviderError),
        (404, b'{"code":null,"message":null}', errors.ProviderError),
    ],
)
def test_an_answer_without_a_code(
    provider: Any, run: Any, status: int, body: bytes, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        run(provider.query(REF), HttpResponse(status=status, headers={}, body=body))
    assert type(caught.value) is kind
    assert caught.value.code == f"HTTP_{status}"
    assert f"HTTP {status}" in caught.value.message
    assert caught.value.request_id is None


def test_an_unknown_address_is_not_an_unknown_order(provider: Any, run: Any) -> None:
    with pytest.raises(errors.ProviderError, match="check base_url") as caught:
        run(provider.query(REF), HttpResponse(status=404, headers={}, body=b""))
    assert not isinstance(caught.value, errors.ResourceNotFound)


def test_the_detail_is_kept(provider: Any, run: Any) -> None:
    body = b'{"code":"PARAM_ERROR","message":"m","detail":{"field":"/amount/total","value":[0],"location":"body"}}'
    with pytest.raises(errors.ValidationFailed) as caught:
        run(provider.query(REF), HttpResponse(status=400, headers={}, body=body))
    assert caught.value.detail == {"field": "/amount/total", "value": [0], "location": "body"}


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        ("268498688", errors.OrderStateConflict, "used before with other data"),
        ("268449538", errors.OrderStateConflict, "paid"),
        ("268447914", errors.OrderStateConflict, "closed"),
        ("268449641", errors.OrderStateConflict, "call reverse"),
        ("268443701", errors.PermissionRefused, "no sub-merchant"),
        ("1", errors.ValidationFailed, "a rule of this call was broken"),
    ],
)
def test_the_number_of_the_request_id_says_what_an_invalid_request_is(
    provider: Any, platform: Any, run: Any, number: str, kind: type[errors.ProviderError], advice: str
) -> None:
    with pytest.raises(kind, match=advice):
        run(provider.close(REF), platform.refusal(400, "INVALID_REQUEST", "说明", f"08F2E9-{number}"))


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        ({"wechatpay-timestamp": "1767196402"}, "400 s ahead"),
        ({"wechatpay-timestamp": "1767200402"}, "3600 s behind"),
        ({"date": "Wed, 31 Dec 2025 15:00:02 GMT"}, "3600 s ahead"),
        ({"wechatpay-timestamp": "1767196800"}, "check that app_private_key"),
        ({"wechatpay-timestamp": "soon"}, "check that app_private_key"),
        ({"date": "some day"}, "check that app_private_key"),
        ({}, "check that app_private_key"),
    ],
)
def test_a_wrong_clock_is_measured(
    provider: Any, platform: Any, run: Any, headers: dict[str, str], advice: str
) -> None:
    with pytest.raises(errors.AuthenticationFailed, match=advice):
        run(provider.query(REF), platform.refusal(401, "SIGN_ERROR", **headers))


def test_the_clock_is_no_matter_where_the_signature_was_accepted(
    provider: Any, platform: Any, run: Any
) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        run(provider.query(REF), platform.refusal(400, "PARAM_ERROR", **{"wechatpay-timestamp": "1"}))
    assert "clock" not in caught.value.advice
