"""Payments through WeChat Pay, Alipay, Douyin, Huawei, Apple and VksPay behind one asyncio API, shaped after vk-uni-pay.

A name is loaded when it is first asked for, so that a program which wants one error does not wait for the providers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_async.version import VERSION

if TYPE_CHECKING:
    from vkpay_async.client import VKPay
    from vkpay_async.config import Config, config_from_dict, config_from_env, config_from_file
    from vkpay_async.errors import (
        AuthenticationFailed,
        ConfigError,
        InsufficientFunds,
        InvalidArgument,
        LedgerUnavailable,
        NotificationInvalid,
        NotificationMismatch,
        NotificationUnconfirmed,
        NotifyUrlMissing,
        OrderConflict,
        OrderError,
        OrderNotFound,
        OrderNotPaid,
        OrderNotRefunded,
        OrderStateConflict,
        OutcomeUnknown,
        PaymentRefused,
        PermissionRefused,
        ProviderError,
        ProviderOutcomeUnknown,
        ProviderUnavailable,
        RateLimited,
        RefundTooSoon,
        ResourceNotFound,
        ResponseUnverified,
        SignatureInvalid,
        SignatureProbe,
        TransportError,
        TransportOutcomeUnknown,
        ValidationFailed,
        VKPayError,
    )
    from vkpay_async.jobs import JobCounts
    from vkpay_async.ledger import Transaction
    from vkpay_async.models import (
        AuthorizationInfo,
        AuthorizationState,
        BillRow,
        ChangedAuthorization,
        FinishedTransfer,
        Notification,
        NotifyReply,
        PayeeInfo,
        ProviderEvent,
        Refund,
        RefundState,
        Trade,
        TradeState,
        Transfer,
        TransferAuthorization,
        TransferState,
    )
    from vkpay_async.money import fen_from_yuan, yuan_from_fen
    from vkpay_async.notify import NotificationResult
    from vkpay_async.order import Order, PaidOrder, RefundedOrder, RefundEntry
    from vkpay_async.order_info import (
        AppleOrder,
        AppParams,
        CodePayResult,
        CodeUrl,
        H5Url,
        JsapiParams,
        OrderInfo,
        OrderString,
        PageUrl,
        PayLink,
        TradeNo,
        VirtualPaymentParams,
    )
    from vkpay_async.providers.balance import AccountBalance
    from vkpay_async.providers.login import SessionLogin, TokenLogin
    from vkpay_async.service.results import Payment, PaymentStatus, PurchaseStatus, RefundStatus

__version__ = VERSION

__all__ = [
    "AccountBalance",
    "AppParams",
    "AppleOrder",
    "AuthenticationFailed",
    "AuthorizationInfo",
    "AuthorizationState",
    "BillRow",
    "ChangedAuthorization",
    "CodePayResult",
    "CodeUrl",
    "Config",
    "ConfigError",
    "FinishedTransfer",
    "H5Url",
    "InsufficientFunds",
    "InvalidArgument",
    "JobCounts",
    "JsapiParams",
    "LedgerUnavailable",
    "Notification",
    "NotificationInvalid",
    "NotificationMismatch",
    "NotificationResult",
    "NotificationUnconfirmed",
    "NotifyReply",
    "NotifyUrlMissing",
    "Order",
    "OrderConflict",
    "OrderError",
    "OrderInfo",
    "OrderNotFound",
    "OrderNotPaid",
    "OrderNotRefunded",
    "OrderStateConflict",
    "OrderString",
    "OutcomeUnknown",
    "PageUrl",
    "PaidOrder",
    "PayLink",
    "PayeeInfo",
    "Payment",
    "PaymentRefused",
    "PaymentStatus",
    "PermissionRefused",
    "ProviderError",
    "ProviderEvent",
    "ProviderOutcomeUnknown",
    "ProviderUnavailable",
    "PurchaseStatus",
    "RateLimited",
    "Refund",
    "RefundEntry",
    "RefundState",
    "RefundStatus",
    "RefundTooSoon",
    "RefundedOrder",
    "ResourceNotFound",
    "ResponseUnverified",
    "SessionLogin",
    "SignatureInvalid",
    "SignatureProbe",
    "TokenLogin",
    "Trade",
    "TradeNo",
    "TradeState",
    "Transaction",
    "Transfer",
    "TransferAuthorization",
    "TransferState",
    "TransportError",
    "TransportOutcomeUnknown",
    "VKPay",
    "VKPayError",
    "ValidationFailed",
    "VirtualPaymentParams",
    "__version__",
    "config_from_dict",
    "config_from_env",
    "config_from_file",
    "fen_from_yuan",
    "yuan_from_fen",
]

_NAMES = {
    "vkpay_async.client": "VKPay",
    "vkpay_async.config": "Config config_from_dict config_from_env config_from_file",
    "vkpay_async.errors": (
        "AuthenticationFailed ConfigError InsufficientFunds InvalidArgument LedgerUnavailable NotificationInvalid "
        "NotificationMismatch NotificationUnconfirmed NotifyUrlMissing OrderConflict OrderError OrderNotFound "
        "OrderNotPaid OrderNotRefunded OrderStateConflict OutcomeUnknown PaymentRefused "
        "PermissionRefused ProviderError ProviderOutcomeUnknown ProviderUnavailable RateLimited "
        "RefundTooSoon ResourceNotFound ResponseUnverified SignatureInvalid SignatureProbe "
        "TransportError TransportOutcomeUnknown ValidationFailed VKPayError"
    ),
    "vkpay_async.jobs": "JobCounts",
    "vkpay_async.ledger": "Transaction",
    "vkpay_async.models": (
        "AuthorizationInfo AuthorizationState BillRow ChangedAuthorization FinishedTransfer Notification NotifyReply "
        "PayeeInfo ProviderEvent Refund RefundState Trade TradeState Transfer TransferAuthorization TransferState"
    ),
    "vkpay_async.money": "fen_from_yuan yuan_from_fen",
    "vkpay_async.notify": "NotificationResult",
    "vkpay_async.order": "Order PaidOrder RefundEntry RefundedOrder",
    "vkpay_async.order_info": (
        "AppParams AppleOrder CodePayResult CodeUrl H5Url JsapiParams OrderInfo OrderString PageUrl "
        "PayLink TradeNo VirtualPaymentParams"
    ),
    "vkpay_async.providers.balance": "AccountBalance",
    "vkpay_async.providers.login": "SessionLogin TokenLogin",
    "vkpay_async.service.results": "Payment PaymentStatus PurchaseStatus RefundStatus",
}
"""Where each public name lives: the same as the imports above, for the running program."""

_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

if not TYPE_CHECKING:  # a checker that saw it would take every misspelt name for an Any

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOME[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
