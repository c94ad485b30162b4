"""What a front end posts: ``{"action": …, "data": …}``, perhaps inside a cloud gateway's event, perhaps in base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from vkpay_async.errors import InvalidArgument


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An action and its arguments: the query string's among them, and the ``uniIdToken`` that vk's clients send along."""

    action: str
    data: dict[str, Any]


def read_call(body: bytes, query: str) -> Call:
    """Raises :class:`InvalidArgument` for what is no call, with vk-uni-pay's words for a missing action."""
    posted = _unwrapped(_decoded(body))
    action = posted.get("action") or posted.get("$url")
    if not isinstance(action, str) or not action.strip("/ "):
        raise InvalidArgument("action不能为空")
    data = posted.get("data") or {}
    if not isinstance(data, dict):
        raise InvalidArgument("data must be a JSON object")
    token = {"uniIdToken": posted["uniIdToken"]} if posted.get("uniIdToken") else {}
    return Call(action=action.strip("/ "), data={**dict(parse_qsl(query)), **data, **token})


def _decoded(body: bytes) -> dict[str, Any]:
    text = body.strip()
    if not text:
        return {}
    try:
        if not text.startswith(b"{"):
            text = base64.b64decode(text, validate=True)
        return msgspec.json.decode(text, type=dict[str, Any])
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(
            'the body must be JSON: {"action": "pay/createPayment", "data": {…}}'
        ) from error


def _unwrapped(posted: dict[str, Any]) -> Mapping[str, Any]:
    """A gateway's event carries the body as text. Its other members are the client's word and are not used."""
    inner = posted.get("body")
    if "isBase64Encoded" not in posted or not isinstance(inner, str):
        return posted
    if posted["isBase64Encoded"] and inner.lstrip().startswith("{"):
        raise InvalidArgument("isBase64Encoded is true, and the body is not base64")
    return _decoded(inner.encode("utf-8", "surrogatepass"))
