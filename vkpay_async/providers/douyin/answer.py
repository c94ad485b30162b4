"""An answer's bytes → what it says. Douyin signs none: what is believed here came over TLS from its host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import JsonObject
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.errors import Call, Meaning, refusal, unusable
from vkpay_async.providers.douyin.models import UNREADABLE, Status

T = TypeVar("T")

_STATUS = msgspec.json.Decoder(Status, strict=False)


def read(
    codes: dict[str, Meaning], call: Call, response: HttpResponse, decoder: msgspec.json.Decoder[T]
) -> tuple[T, JsonObject]:
    """A success typed, with the object it was read from. Raises :class:`ProviderError` for anything else."""
    check(codes, call, response)
    try:
        return decoder.decode(response.body), JsonObject(response.body)
    except UNREADABLE as error:
        raise unusable(call, response, error) from error


def check(codes: dict[str, Meaning], call: Call, response: HttpResponse) -> None:
    """Raises :class:`ProviderError` unless the answer says 0."""
    try:
        status = _STATUS.decode(response.body)
    except UNREADABLE as error:
        text = error if response.status == 200 else f"HTTP status {response.status}"
        raise unusable(call, response, text) from error
    if status.err_no != 0:
        detail = {"err_no": status.err_no, "message": status.message}
        raise refusal(codes, str(status.err_no), status.message, call, response, detail)
    if response.status != 200:
        raise unusable(call, response, f"HTTP status {response.status}")


def base_url(node: DouyinNode, default: str) -> str:
    """Where calls go. Raises :class:`ConfigError` for what is no address."""
    url = node.base_url or (node.sandbox_base_url if node.sandbox else default)
    if not url.startswith(("https://", "http://")):
        raise node.error("base_url", "must start with https:// (http:// for a simulator)")
    return url.rstrip("/")


def merged(fields: Mapping[str, Any], other: Mapping[str, Any], *, keep: tuple[str, ...]) -> dict[str, Any]:
    """``fields`` without its blanks, under ``other``. Raises :class:`InvalidArgument` for a name in ``keep``."""
    clash = [name for name in (*keep, "app_id", "thirdparty_id", "sign") if name in other]
    if clash:
        raise InvalidArgument(f"`other` must not set {', '.join(clash)}: the SDK does")
    return {**{name: value for name, value in fields.items() if value not in (None, "")}, **other}


def json_text(value: object) -> str:
    """``value`` as JSON. Raises :class:`InvalidArgument` for what cannot be."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"cannot be written as JSON, change it in `other`: {error}") from error
