"""How a call that moves money may fail."""

from __future__ import annotations

from vkpay_async import (
    AuthenticationFailed,
    ConfigError,
    InsufficientFunds,
    InvalidArgument,
    PaymentRefused,
    ProviderError,
    ProviderOutcomeUnknown,
    RateLimited,
    ResponseUnverified,
    TransportError,
    TransportOutcomeUnknown,
    VKPayError,
)


def said(kind: type[ProviderError]) -> ProviderError:
    return kind(provider="wxpay", code="X", message="no")


REFUSALS: list[VKPayError] = [said(InsufficientFunds), said(PaymentRefused), said(ProviderError)]
NEVER_SENT: list[VKPayError] = [
    TransportError("cannot connect"),
    said(AuthenticationFailed),
    InvalidArgument("reason"),
    ConfigError("key"),
]
OPEN: list[VKPayError] = [
    TransportOutcomeUnknown("no answer"),
    said(ProviderOutcomeUnknown),
    ResponseUnverified("signature"),
    said(RateLimited),
]
