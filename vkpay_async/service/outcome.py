"""What a failed call makes of what was kept before it was sent."""

from __future__ import annotations

from vkpay_async.errors import (
    AuthenticationFailed,
    ConfigError,
    InvalidArgument,
    ProviderError,
    RefundTooSoon,
    TransportError,
    VKPayError,
)


def state_after(error: VKPayError, *, first: bool) -> str | None:
    """``UNKNOWN``, ``REFUSED``, or ``None`` to leave it as it was. ``first``: no earlier try may have been carried out."""
    if not error.outcome_known:
        return "UNKNOWN"
    if isinstance(error, (TransportError, AuthenticationFailed, InvalidArgument, ConfigError, RefundTooSoon)):
        # Nobody looked at it, which says nothing about an earlier attempt.
        return "REFUSED" if first else None
    if isinstance(error, ProviderError):
        return "UNKNOWN" if error.retryable else "REFUSED"
    return None
