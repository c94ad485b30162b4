"""Every error the SDK raises.

``code`` is the number that vk-uni-pay front ends know, or the provider's own code where a provider answered;
``msg`` says what happened and what to do next. ``outcome_known`` is ``False`` when money may have moved although
the call failed: query before trying again.
"""

from __future__ import annotations

from typing import Any, ClassVar


class VKPayError(Exception):
    """Root of all errors."""

    code: int | str = -1
    outcome_known: bool = True
    acknowledged: ClassVar[bool] = False
    """Whether the provider is told all the same that a notification refused with it was taken in."""

    def __init__(self, msg: str, *, code: int | str | None = None) -> None:
        super().__init__(msg)
        self.msg = msg
        if code is not None:
            self.code = code

    def to_client(self) -> dict[str, Any]:
        """``{"code", "msg"}``, as a uni-app front end reads an error."""
        return {"code": self.code, "msg": self.msg}


class ConfigError(VKPayError):
    """A setting is missing or wrong. The text names file, node and key."""


class NotifyUrlMissing(ConfigError):
    """``notify_url`` is not set, or does not start with http. Code 101."""

    code = 101


class InvalidArgument(VKPayError, ValueError):
    """An argument was refused before anything was sent. Codes 1001–1019, or −1 where vk-uni-pay has no number."""


class OrderError(VKPayError):
    """The order is not in a state that allows the call."""


class OrderNotFound(OrderError):
    """No such order in the ledger. Code 2001."""

    code = 2001


class OrderNotPaid(OrderError):
    """The order has not been paid. Code 2002."""

    code = 2002


class OrderNotRefunded(OrderError):
    """The order has no refund to look up. Code 2003."""

    code = 2003


class RefundTooSoon(OrderError):
    """The provider wants a minute between two refunds of an order. Code 2004.

    Huawei Pay refuses it for certain: try again in a minute. WeChat Pay says so by ``FREQUENCY_LIMITED``, after which the
    refund may stand: that is :class:`OutcomeUnknown`.
    """

    code = 2004


class OrderConflict(OrderError):
    """The order exists with other data, or moved meanwhile."""


class LedgerUnavailable(VKPayError):
    """The database cannot be used now: gone, locked, full. What was being written was rolled back; try again."""

    code = 3002


class OutcomeUnknown(VKPayError):
    """The provider may or may not have done it. Query with the same number before trying again."""

    outcome_known = False


class TransportError(VKPayError):
    """No answer came. On its own it means that nothing was sent, or that the call moved no money."""

    code = 3001


class TransportOutcomeUnknown(TransportError, OutcomeUnknown):
    """A call that moves money was sent and no answer came."""


class ProviderError(VKPayError):
    """The provider answered and said no.

    ``code`` and ``message`` are the provider's own; ``detail`` is what else it said. ``retryable`` tells that the
    identical call may be sent again.
    """

    retryable_by_default: ClassVar[bool] = False

    def __init__(
        self,
        *,
        provider: str,
        code: str,
        message: str,
        http_status: int | None = None,
        request_id: str | None = None,
        detail: Any = None,
        advice: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{provider} {code}: {message}{f' → {advice}' if advice else ''}", code=code)
        self.provider = provider
        self.message = message
        self.http_status = http_status
        self.request_id = request_id
        self.detail = detail
        self.advice = advice
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        return self.retryable_by_default

    def to_client(self) -> dict[str, Any]:
        return {"code": self.code, "msg": self.message}


class AuthenticationFailed(ProviderError):
    """The provider did not accept our signature, certificate or app id."""


class PermissionRefused(ProviderError):
    """The product is not open for this merchant, or the merchant is restricted."""


class ValidationFailed(ProviderError):
    """The provider refused a parameter."""


class OrderStateConflict(ProviderError):
    """Paid, closed, or created before with other data."""


class ResourceNotFound(ProviderError):
    """The provider knows no such order, refund or transfer."""


class InsufficientFunds(ProviderError):
    """The merchant's balance, or the payer's, is too low."""


class PaymentRefused(ProviderError):
    """The payer's bank or the provider's risk control refused the payment."""


class RateLimited(ProviderError):
    """Too many calls. Wait ``retry_after`` seconds where it is given."""

    retryable_by_default = True


class ProviderUnavailable(ProviderError):
    """The provider failed on a call that moves no money."""

    retryable_by_default = True


class ProviderOutcomeUnknown(ProviderError, OutcomeUnknown):
    """The provider failed in the middle: repeat with the same number and parameters, or query."""

    retryable_by_default = True


class SignatureInvalid(VKPayError):
    """A signature does not hold, its key is unknown, or its time is too far off. Nothing was believed."""


class SignatureProbe(SignatureInvalid):
    """WeChat Pay's own test of our verification (``WECHATPAY/SIGNTEST/``). Refusing it is right."""


class ResponseUnverified(SignatureInvalid, OutcomeUnknown):
    """A success answer whose signature does not hold: the call may have been carried out."""


class NotificationInvalid(VKPayError):
    """A notification that cannot be read: too large, not the promised encoding, not decryptable, wrong fields."""


class NotificationUnconfirmed(NotificationInvalid):
    """What a notification says was not so when the provider was asked: it is forged. It changes nothing, and is answered with
    the provider's success, since it is none of the provider's to send again."""

    acknowledged = True


class NotificationMismatch(VKPayError):
    """A genuine notification that does not fit the order: app, merchant or amount differ, or there is no order."""
