"""A call and what may come back for it: a no, something that is no answer, or something not to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import ProviderError, ResponseUnverified, SignatureInvalid
from vkpay_async.providers.alipay.errors import failure, unusable
from vkpay_async.providers.alipay.models import UNREADABLE, Status
from vkpay_async.providers.alipay.signing import Envelope, open_envelope
from vkpay_async.providers.base import HttpResponse


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One API call. ``top`` are parameters beside ``biz_content``, left out where empty.

    ``success`` are the codes that mean yes; ``None`` stands for an answer without a code, as OAuth gives.
    """

    operation: str
    method: str
    biz_content: Mapping[str, Any] = {}
    top: Mapping[str, str | None] = {}
    moves_money: bool = False
    repeatable: bool = True
    fetches_key: bool = False
    success: frozenset[str | None] = frozenset({"10000"})


def open_answer(response: HttpResponse, method: str) -> Envelope:
    if response.status != 200:
        raise ValueError(f"HTTP status {response.status}")
    return open_envelope(response.body, method)


def claim_of(envelope: Envelope) -> str:
    """What an unbelieved answer says, where that is a failure: it is often the reason."""
    status = _readable_status(envelope)
    return f"; it says {status.sub_code or status.code}" if is_failure(status) else ""


def _readable_status(envelope: Envelope) -> Status:
    try:
        return msgspec.json.decode(envelope.content, type=Status)
    except UNREADABLE:
        return Status()


def is_failure(status: Status) -> bool:
    return status.code is not None and not status.code.startswith("100")


def unsigned(envelope: Envelope, call: Call, response: HttpResponse) -> Exception:
    """Without a signature only a no can be taken: there is nobody to gain from it, and no key to sign it with."""
    status = _readable_status(envelope)
    if is_failure(status):
        return refusal(status, call, response)
    return distrust(call, "the answer is not signed")


def distrust(call: Call, text: str) -> SignatureInvalid:
    text = (
        f"{call.operation}: {text}. Check that the key that verifies Alipay's answers is Alipay's for this app_id "
        "(not the app's own), and that nothing between rewrites the body"
    )
    if call.moves_money:
        return ResponseUnverified(f"{text}. The call may have been carried out: query before trying again")
    return SignatureInvalid(text)


def refusal(status: Status, call: Call, response: HttpResponse) -> ProviderError:
    return failure(
        status,
        moves_money=call.moves_money,
        http_status=response.status,
        request_id=response.headers.get("trace_id"),
    )


def no_answer(call: Call, response: HttpResponse, error: Exception) -> ProviderError:
    return unusable(
        "INVALID_ANSWER",
        f"{call.operation}: not an answer of the gateway: {error}",
        moves_money=call.moves_money,
        http_status=response.status,
        request_id=response.headers.get("trace_id"),
        advice="check base_url, and any proxy in between; then query, or repeat with the same number",
    )
