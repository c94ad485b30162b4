"""Alipay's codes as our errors: https://opendocs.alipay.com/common/02km9f and each call's own page.

A ``sub_code`` decides where there is one, else the gateway's ``code``. Texts are never looked at: they change.
"""

from __future__ import annotations

from typing import NamedTuple

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
from vkpay_async.providers.alipay.models import Status


class Meaning(NamedTuple):
    """What a code stands for. No class means that Alipay failed and the outcome depends on the call."""

    error: type[ProviderError] | None
    advice: str


_OUTAGE = Meaning(
    None, "Alipay failed inside: query, or repeat with the same number; never start over with a new number"
)

_ROWS: tuple[tuple[type[ProviderError] | None, str, str], ...] = (
    (
        None,
        _OUTAGE.advice,
        "isp.unknow-error aop.unknow-error SYSTEM_ERROR UNKNOWN_ERROR",
    ),
    (
        None,
        "Alipay is still working on this number: query it after some seconds, don't send it under a new one",
        "REQUEST_PROCESSING TRANS_ORDER_DEALING",
    ),
    (
        AuthenticationFailed,
        "check that private_key is the other half of the application public key uploaded for this app_id in the "
        "console, and that sign_type there is the config's",
        "isv.invalid-signature isv.missing-signature isv.missing-signature-type isv.missing-signature-key "
        "isv.invalid-signature-type isv.missing-signature-config",
    ),
    (
        AuthenticationFailed,
        "check app_id, and that sandbox is set exactly when the app is a sandbox app",
        "isv.missing-app-id isv.invalid-app-id PARTNER_ERROR",
    ),
    (
        AuthenticationFailed,
        "download app_cert and alipay_root_cert for this app_id again from the console",
        "isv.app-cert-not-exist isv.app-cert-expired isv.missing-app-cert-sn isv.alipay-cert-not-exist "
        "isv.invalid-alipay-root-cert-sn isv.missing-alipay-root-cert-sn",
    ),
    (
        ValidationFailed,
        "get a new code: one works once and for minutes, and only for the app (app_id) that it was given to",
        "isv.code-invalid isv.unmatched-app-id",
    ),
    (
        AuthenticationFailed,
        "ask the merchant or user to authorise again: the token is wrong or has run out",
        "aop.invalid-auth-token aop.auth-token-time-out aop.invalid-app-auth-token aop.app-auth-token-time-out "
        "isv.refresh-token-invalid isv.refresh-token-time-out isv.refreshed-token-invalid "
        "AUTH_CODE_ERROR AUTH_CODE_NOT_EXIST AUTH_CODE_NOT_VALID REFRESH_TOKEN_NOT_EXIST REFRESH_TOKEN_NOT_VALID "
        "REFRESH_TOKEN_TIME_OUT",
    ),
    (
        AuthenticationFailed,
        "check that encrypt_key is the key shown as 接口内容加密方式 for this app in the console",
        "isv.decryption-error-missing-encrypt-type isv.decryption-error-not-valid-encrypt-type "
        "isv.decryption-error-not-valid-encrypt-key isv.decryption-error-unknown isv.invalid-encrypt-type "
        "isv.invalid-encrypt isv.missing-encrypt-type isv.missing-encrypt-key",
    ),
    (
        PermissionRefused,
        "sign up for the product in the merchant console, add it to the app and put the app online",
        "isv.insufficient-isv-permissions isv.insufficient-user-permissions isv.invalid-cloud-app-permission "
        "aop.no-product-reg-by-partner aop.invalid-app-auth-token-no-api isv.not-support-app-auth ACCESS_FORBIDDEN "
        "PRODUCT_NOT_SIGN NO_PERMISSION NO_PERMISSION_ACCOUNT NO_ACCOUNT_PAYMENT_PERMISSION NO_ORDER_PERMISSION "
        "HAS_NO_PRIVILEGE AUTHOREE_IS_NOT_MATCH USER_AGREEMENT_VERIFY_FAIL AUTH_INFO_NOT_EXISTS UNBOUND_APPLICATION "
        "PRODUCT_NOT_SUPPORT_IN_TINY_APP",
    ),
    (
        PermissionRefused,
        "the merchant is restricted or over its limit: see the notices in the merchant console",
        "isv.app-api-punished SELLER_BEEN_BLOCKED BEYOND_PAY_RESTRICTION BEYOND_PER_RECEIPT_RESTRICTION "
        "PERMIT_CHECK_PERM_LIMITED PERMIT_NON_BANK_LIMIT_PAYEE EXCEED_LIMIT_SM_AMOUNT EXCEED_LIMIT_DM_AMOUNT "
        "EXCEED_LIMIT_DM_MAX_AMOUNT EXCEED_LIMIT_MM_AMOUNT EXCEED_LIMIT_PERSONAL_SM_AMOUNT EXCEED_LIMIT_ENT_SM_AMOUNT "
        "REFUNDALLOC_UNAUTH_LIMIT",
    ),
    (
        RateLimited,
        "send fewer calls, then repeat this one as it is",
        "isv.app-call-limited isv.method-call-limited FREQUENCY_LIMITED RESOURCE_LIMIT_EXCEED",
    ),
    (
        ResourceNotFound,
        "check the number; an order made by precreate, page, wap or app pay exists only once the buyer has opened it",
        "TRADE_NOT_EXIST",
    ),
    (
        ResourceNotFound,
        "check the number; a transfer that Alipay does not know may be sent again under the same number",
        "ORDER_NOT_EXIST",
    ),
    (
        ResourceNotFound,
        "a day's bill is made the day after, by 10:00: ask then; a day without any trade may have none at all",
        "NO_BILL_DATA BILL_NOT_EXIST",
    ),
    (
        OrderStateConflict,
        "query the order: it has been paid, closed, refunded or finished",
        "TRADE_HAS_SUCCESS TRADE_HAS_CLOSE TRADE_HAS_FINISHED TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID "
        "REASON_ILLEGAL_STATUS REASON_TRADE_BEEN_FREEZEN TRADE_NOT_ALLOW_REFUND TRADE_CANCEL_TIME_OUT "
        "CANCEL_NOT_ALLOWED TRADE_SETTLE_ERROR NOT_ALLOW_PARTIAL_REFUND ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND "
        "ORDER_ALREADY_CLOSED ORDER_ALREADY_FINISH",
    ),
    (
        OrderStateConflict,
        "the number was used before with other data: repeat with the same data, or take a new number",
        "CONTEXT_INCONSISTENT TRADE_BUYER_NOT_MATCH DISCORDANT_REPEAT_REQUEST PAYMENT_INFO_INCONSISTENCY",
    ),
    (
        OrderStateConflict,
        "ask for no more than what is left of the order after earlier refunds",
        "REFUND_AMT_NOT_EQUAL_TOTAL REASON_TRADE_REFUND_FEE_ERR REFUND_FEE_ERROR REFUND_TRADE_FEE_ERROR",
    ),
    (
        InsufficientFunds,
        "put money into the merchant's Alipay account, then repeat with the same number",
        "SELLER_BALANCE_NOT_ENOUGH PAYER_BALANCE_NOT_ENOUGH BALANCE_IS_NOT_ENOUGH PAYMENT_MONEY_NOT_ENOUGH "
        "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH",
    ),
    (
        InsufficientFunds,
        "ask the buyer to pay another way; a new payment needs a new out_trade_no and auth_code",
        "BUYER_BALANCE_NOT_ENOUGH BUYER_BANKCARD_BALANCE_NOT_ENOUGH MONEY_NOT_ENOUGH",
    ),
    (
        PaymentRefused,
        "ask the buyer for a fresh payment code and use a new out_trade_no",
        "PAYMENT_AUTH_CODE_INVALID PULL_MOBILE_CASHIER_FAIL",
    ),
    (
        PaymentRefused,
        "ask the buyer to pay another way; Alipay shows the buyer why",
        "PAYMENT_FAIL PAYMENT_REQUEST_HAS_RISK NO_PAYMENT_INSTRUMENTS_AVAILABLE ERROR_BALANCE_PAYMENT_DISABLE "
        "MOBILE_PAYMENT_SWITCH_OFF USER_FACE_PAYMENT_SWITCH_OFF BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR "
        "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR ERROR_BUYER_CERTIFY_LEVEL_LIMIT BUYER_ENABLE_STATUS_FORBID "
        "BUYER_ERROR ENTERPRISE_PAY_BIZ_ERROR AGREEMENT_NOT_EXIST AGREEMENT_INVALID AGREEMENT_STATUS_NOT_NORMAL "
        "AUTH_NO_ERROR AUTH_AMOUNT_NOT_ENOUGH AUTH_ORDER_HAS_CLOSED AUTH_ORDER_HAS_FINISHED AUTH_TOKEN_IS_NOT_EXIST",
    ),
    (
        PaymentRefused,
        "check the receiver: the account must exist, be verified, and belong to the name given",
        "PAYEE_NOT_EXIST PAYEE_USERINFO_ERROR PAYEE_USERINFO_STATUS_ERROR PAYEE_ACCOUNT_STATUS_ERROR PAYEE_ACC_OCUPIED "
        "PAYEE_NOT_RELNAME_CERTIFY PERM_AML_NOT_REALNAME_REV SECURITY_CHECK_FAILED",
    ),
    (
        ValidationFailed,
        "buyer and seller, or payer and receiver, must be different accounts",
        "BUYER_SELLER_EQUAL PAYER_PAYEE_CANNOT_SAME",
    ),
    (
        ValidationFailed,
        "pass the buyer's id as this very app got it: openid belongs to one app, 2088… is the user id",
        "BUYER_NOT_EXIST OPEN_ID_NOT_TINY_APP USER_NOT_MATCH_ERR",
    ),
    (
        ValidationFailed,
        "set time_expire to a time ahead, and check the host's clock",
        "NOW_TIME_AFTER_EXPIRE_TIME_ERROR isv.invalid-timestamp isv.missing-timestamp",
    ),
    (
        ValidationFailed,
        "add transfer_scene_name and transfer_scene_report_infos of the scene the account has signed up for",
        "TRANSFER_SCENE_NAME_BLANK TRANSFER_SCENE_NAME_ILLEGAL TRANSFER_SCENE_REPORT_INFO_ILLEGAL",
    ),
    (
        ValidationFailed,
        "change transfer_remark: it is required from 50000 yuan on, and some words are not allowed",
        "MEMO_REQUIRED_IN_TRANSFER_ERROR REMARK_HAS_SENSITIVE_WORD",
    ),
    (
        ValidationFailed,
        "change subject or body: some words, and the signs / = &, are not allowed",
        "EXIST_FORBIDDEN_WORD",
    ),
    (
        ValidationFailed,
        "correct the parameter that the message names",
        "INVALID_PARAMETER PARAM_ILLEGAL INVAILID_ARGUMENTS ILLEGAL_ARGUMENT isv.invalid-parameter "
        "isv.missing-method isv.invalid-method isv.invalid-format isv.missing-version isv.invalid-charset "
        "isv.invalid-digest isv.grant-type-invalid TOTAL_FEE_EXCEED EXCEED_LIMIT_SM_MIN_AMOUNT "
        "INVALID_STORE_ID SELLER_NOT_EXIST CURRENCY_NOT_SUPPORT ALLOC_AMOUNT_VALIDATE_ERROR "
        "ALIPAY_ACCOUNT_NOT_EXIST TRUSTEESHIP_ACCOUNT_NOT_EXIST BILL_DATE_BEFORE_REGISTRATION TYPE_NOT_SUPPORTED",
    ),
)

SUB_CODES: dict[str, Meaning] = {
    code: Meaning(error, advice) for error, advice, codes in _ROWS for code in codes.split()
}

CODES: dict[str, Meaning] = {
    "20000": _OUTAGE,
    "20001": Meaning(
        AuthenticationFailed, "get a new token: the user's or merchant's authorisation does not hold"
    ),
    "40001": Meaning(ValidationFailed, "add the parameter that the message names"),
    "40002": Meaning(ValidationFailed, "correct the parameter that the message names"),
    "40003": Meaning(ValidationFailed, "meet the condition that the message names"),
    "40004": Meaning(ProviderError, "the message says why; look the sub_code up on the call's page"),
    "40005": Meaning(RateLimited, "send fewer calls, then repeat this one as it is"),
    "40006": Meaning(
        PermissionRefused, "sign up for the product in the merchant console and add it to the app"
    ),
}

_OTHER = Meaning(ProviderError, "the message says why; look the code up on the call's page")


def failure(
    status: Status, *, moves_money: bool, http_status: int | None = None, request_id: str | None = None
) -> ProviderError:
    """The error for an answer that is not a success."""
    code = status.sub_code or status.code or "UNKNOWN"
    meaning = meaning_of(status.code, status.sub_code)
    return (meaning.error or _outage(moves_money))(
        provider="alipay",
        code=code,
        message=without_signed_text(status.sub_msg or status.msg),
        http_status=http_status,
        request_id=request_id,
        detail={
            "code": status.code,
            "msg": status.msg,
            "sub_code": status.sub_code,
            "sub_msg": without_signed_text(status.sub_msg or ""),
        },
        advice=meaning.advice,
    )


def unusable(
    code: str, message: str, *, moves_money: bool, http_status: int, request_id: str | None, advice: str
) -> ProviderError:
    """The error for an answer that is none: not HTTP 200, not JSON, or without what the call promises."""
    return _outage(moves_money)(
        provider="alipay",
        code=code,
        message=message,
        http_status=http_status,
        request_id=request_id,
        advice=advice,
    )


def meaning_of(code: str | None, sub_code: str | None) -> Meaning:
    """Trade calls prefix their codes with ``ACQ.`` (``AQC.`` in one place), transfers don't."""
    bare = (sub_code or "").removeprefix("ACQ.").removeprefix("AQC.")
    return SUB_CODES.get(bare) or CODES.get(code or "", _OTHER)


def without_signed_text(message: str) -> str:
    """Cuts off the text that Alipay says it verified: it repeats every parameter, tokens and names among them."""
    return message.partition("网关生成的验签字符串为")[0].rstrip("，, ")


def _outage(moves_money: bool) -> type[ProviderError]:
    return ProviderOutcomeUnknown if moves_money else ProviderUnavailable
