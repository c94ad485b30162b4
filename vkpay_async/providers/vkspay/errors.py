"""The gateway's answers other than ``SUCCESS``, as our errors.

Of the real gateway only ``SUCCESS`` is known. The other codes are those that the specification of this package designed;
``FAIL`` stands for several things there, so that of ``FAIL``, and of nothing else, the text is looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from vkpay_async.errors import (
    AuthenticationFailed,
    OrderStateConflict,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResourceNotFound,
    ValidationFailed,
)
from vkpay_async.providers.vkspay.models import Answer

PROVIDER = "vkspay"


class Meaning(NamedTuple):
    """What an answer stands for. No class means that the outcome depends on the call."""

    error: type[ProviderError] | None
    advice: str


CODES: dict[str, Meaning] = {
    "SYSTEMERROR": Meaning(None, "VksPay failed inside: query with the same number, then repeat"),
    "ORDERNOTEXIST": Meaning(
        ResourceNotFound, "check that mch_id is the store that the order was made with, and the number"
    ),
    "REFUNDNOTEXIST": Meaning(ResourceNotFound, "check the refund's number; it may be made again"),
    "NOTPAY": Meaning(OrderStateConflict, "the order is not paid: query it"),
    "PAYING": Meaning(OrderStateConflict, "the payer is entering the password: query after some seconds"),
    "CLOSED": Meaning(OrderStateConflict, "the order is closed: take a new out_trade_no"),
    "PROCESSING": Meaning(OrderStateConflict, "the refund is on its way: query it"),
    "REFUNDOVER": Meaning(OrderStateConflict, "ask for no more than what is left of the order"),
}

TEXTS: dict[str, Meaning] = {
    "签名错误": Meaning(AuthenticationFailed, "check that key and mch_id are those of one store"),
    "请求已过期": Meaning(AuthenticationFailed, "set this machine's clock by NTP: ten minutes are accepted"),
    "参数错误": Meaning(ValidationFailed, "correct the field that the message names"),
    "退款失败": Meaning(OrderStateConflict, "the refund failed: make another, with a new out_refund_no"),
}
"""What the text of ``FAIL`` begins with."""

REFUND_FAILED = "退款失败"

_OTHER = Meaning(ProviderError, "the message says why; VksPay's own support knows what is not public")
_UNSURE = Meaning(None, "nothing but SUCCESS is certain here: query with the same number before trying again")


def failure(answer: Answer, *, moves_money: bool, fail_is_no: bool = True) -> ProviderError:
    """The error for an answer that is not the one hoped for.

    ``fail_is_no``: a ``FAIL`` whose text is not known means that nothing was done. A code that nobody has seen leaves the
    outcome of a call that moves money open.
    """
    sure = fail_is_no if answer.code == "FAIL" else not moves_money
    meaning = meaning_of(answer) or (_OTHER if sure else _UNSURE)
    return (meaning.error or _outage(moves_money))(
        provider=PROVIDER,
        code=answer.code or "UNKNOWN",
        message=answer.message,
        http_status=200,
        advice=meaning.advice,
    )


def meaning_of(answer: Answer) -> Meaning | None:
    """What is known of an answer."""
    if answer.code != "FAIL":
        return CODES.get(answer.code)
    return next((meaning for text, meaning in TEXTS.items() if answer.message.startswith(text)), None)


def is_state(answer: Answer) -> bool:
    """Whether it says how an order or a refund stands, and not that the gateway did not look.

    Whatever is not known says that the order is not paid: that is all the vendor's example makes of it.
    """
    meaning = meaning_of(answer)
    return meaning is None or meaning.error is OrderStateConflict


def unusable(operation: str, why: object, *, moves_money: bool, http_status: int) -> ProviderError:
    """The error for an answer that is none."""
    return _outage(moves_money)(
        provider=PROVIDER,
        code="INVALID_ANSWER",
        message=f"{operation}: not an answer of the gateway: {why}",
        http_status=http_status,
        advice="check base_url, and any proxy in between; then query before trying again",
    )


def _outage(moves_money: bool) -> type[ProviderError]:
    return ProviderOutcomeUnknown if moves_money else ProviderUnavailable
