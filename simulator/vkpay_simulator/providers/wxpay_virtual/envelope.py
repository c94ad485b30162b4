"""Bodies: JSON objects in, ``errcode`` and ``errmsg`` out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer
from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error

DEEPEST = 16


def json_object(body: bytes) -> Mapping[str, Any]:
    """The body, if it is a JSON object that is not nested without end."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise field_error("请求体不是合法的JSON", "The body has to be a JSON object in UTF-8.") from error
    if not isinstance(found, dict) or _too_deep(found):
        raise field_error("请求体不是合法的JSON", "The body has to be a JSON object, and no deep one.")
    return found


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent)]
    return bool(level)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def answer(body: Mapping[str, Any], explain: str = "") -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=UTF-8"})
    return Answer(body=msgspec.json.encode(body), headers=headers, explain=explain)


def refusal(error: XpayError, ids: Ids) -> Answer:
    """HTTP 200 all the same: the code says no."""
    body = {"errcode": error.code, "errmsg": f"{error} rid: {rid(ids)}"}
    return answer(body, f"{error.code}: {error.advice or error}")


def rid(ids: Ids) -> str:
    return "-".join(ids.hex(8) for _ in range(3))
