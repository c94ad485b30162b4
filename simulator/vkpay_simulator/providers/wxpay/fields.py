"""Strict reading of request bodies: the first thing wrong becomes ``PARAM_ERROR`` with a JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay.errors import UNSUPPLIED, WxpayError, param_error

T = TypeVar("T")

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_NAMED = re.compile(r"\AObject (?:missing required|contains unknown) field `(.*)`\Z", re.DOTALL)
_ISSUES = (
    ("missing required", "required field is missing"),
    ("contains unknown", "field is not defined"),
    ("`int` >=", "value is less than the minimum"),
    ("of length >=", "length is less than the minimum"),
    ("of length <=", "length is greater than the maximum"),
    ("matching regex", "value does not match the pattern"),
    ("RFC3339", "value is not an RFC 3339 time"),
    ("with a timezone", "value is not an RFC 3339 time"),
    ("Invalid enum value", "value is not one of the allowed"),
)
UNKNOWN_FIELD = "请求中含有未在API文档中定义的参数"


def read_body(request: Request, model: type[T]) -> T:
    """The body as ``model``. Raises :class:`WxpayError` (``PARAM_ERROR``)."""
    raw = _json(request)
    _refuse_astral(request.body, raw)
    try:
        return msgspec.convert(raw, model)
    except msgspec.ValidationError as error:
        raise _explain(str(error), raw) from error


def read_query(request: Request, name: str) -> str:
    """A query parameter that has to be there."""
    value = request.query.get(name, "")
    if not value:
        raise param_error(name, "required parameter is missing", location="query")
    return value


def _json(request: Request) -> Any:
    media_type = request.headers.get("Content-Type", "")
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise param_error(
            "Content-Type",
            "has to be application/json",
            value=media_type,
            location="header",
            message="Http头Content-Type应为application/json",
        )
    try:
        return msgspec.json.decode(request.body)
    except msgspec.DecodeError as error:
        raise param_error("", "body is not JSON in UTF-8", message="请求体不是合法的JSON") from error


def _refuse_astral(body: bytes, raw: Any) -> None:
    if body.isascii() and b"\\u" not in body:
        return
    for pointer, text in _texts(raw, ""):
        if max(text, default="") > "\uffff":
            raise param_error(pointer, "character takes more than 3 bytes in UTF-8", value=text)


def _texts(raw: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(raw, str):
        yield pointer, raw
    children = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for name, child in children:
        yield from _texts(child, f"{pointer}/{name}")


def _explain(text: str, raw: Any) -> WxpayError:
    what, _, path = text.partition(" - at `$")
    steps = [name or int(at) for name, at in _STEP.findall(path.rstrip("`"))]
    if named := _NAMED.match(what):
        steps.append(named[1])
    pointer = "".join(f"/{step}" for step in steps)
    issue = _issue(what, pointer)
    if issue == "field is not defined":
        return param_error(pointer, issue, value=_value(raw, steps), message=UNKNOWN_FIELD, number=270924358)
    return param_error(pointer, issue, value=_value(raw, steps))


def _issue(what: str, pointer: str) -> str:
    if pointer.endswith("/currency") and "regex" in what:
        return "Currency code is invalid"
    return next((issue for mark, issue in _ISSUES if mark in what), "value type is wrong")


def _value(raw: Any, steps: list[Any]) -> Any:
    for step in steps:
        if isinstance(raw, dict) and step not in raw:
            return UNSUPPLIED
        raw = raw[step]
    return raw
