"""Strict reading of request bodies: the first thing wrong becomes ``PARAM_ERROR`` with a JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay.errors import UNSUPPLIED, WxpayError, param_error
from vkpay_simulator.providers.wxpay.models import Model

M = TypeVar("M", bound=Model)

DEEPEST = 32
OUT_OF_RANGE = 268435464
BELOW, ABOVE = "value is less than the minimum", "value is greater than the maximum"
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_NAMED = re.compile(r"\AObject (?:missing required|contains unknown) field `(.*)`\Z", re.DOTALL)
_ISSUES = (
    ("missing required", "required field is missing"),
    ("contains unknown", "field is not defined"),
    ("`int` >=", BELOW),
    ("`int` <=", ABOVE),
    ("out of range", ABOVE),
    ("of length >=", "length is less than the minimum"),
    ("of length <=", "length is greater than the maximum"),
    ("matching regex", "value does not match the pattern"),
    ("RFC3339", "value is not an RFC 3339 time"),
    ("with a timezone", "value is not an RFC 3339 time"),
    ("Invalid enum value", "value is not one of the allowed"),
)
UNKNOWN_FIELD = "请求中含有未在API文档中定义的参数"


def read_body(request: Request, model: type[M], signer: str) -> M:
    """The body as ``model``; the merchant it names has to be the ``signer``. Raises :class:`WxpayError`."""
    raw = _json(request)
    _check_named_merchant(raw, model, signer)
    _refuse_astral(request.body, raw)
    try:
        return msgspec.convert(raw, model)
    except msgspec.ValidationError as error:
        raise _explain(str(error), raw, model) from error


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
        raw = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise param_error("", "body is not JSON in UTF-8", message="请求体不是合法的JSON") from error
    if _too_deep(raw):
        raise param_error("", "body is nested too deeply", message="请求体不是合法的JSON")
    return raw


def _too_deep(raw: Any) -> bool:
    level = [raw]
    for _ in range(DEEPEST):
        level = [child for parent in level for _, child in _children(parent)]
    return bool(level)


def _children(raw: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(raw, dict):
        return raw.items()
    return enumerate(raw) if isinstance(raw, list) else ()


def _check_named_merchant(raw: Any, model: type[Model], signer: str) -> None:
    """Comes before every other field, as its number does not depend on what the rest looks like."""
    fields = model.__struct_fields__
    name = "mchid" if "mchid" in fields else "sp_mchid"
    named = raw.get(name) if isinstance(raw, dict) and name in fields else None
    if isinstance(named, str) and named and named != signer:
        raise foreign_signer(signer, named)


def foreign_signer(signer: str, named: str) -> WxpayError:
    """The number in body or query is not the one that signs."""
    message = "http header中的mchid与post payload中的mchid不匹配"
    advice = f"{signer} signed the request, but it names {named}: give the number that signs in both places."
    return WxpayError("INVALID_REQUEST", message, number=268447843, advice=advice)


def _refuse_astral(body: bytes, raw: Any) -> None:
    if body.isascii() and b"\\u" not in body:
        return
    for pointer, text in _texts(raw, ""):
        if max(text, default="") > "\uffff":
            raise param_error(pointer, "character takes more than 3 bytes in UTF-8", value=text)


def _texts(raw: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(raw, str):
        yield pointer, raw
    for name, child in _children(raw):
        yield from _texts(child, f"{pointer}/{name}")


def _explain(text: str, raw: Any, model: type[Model]) -> WxpayError:
    what, _, path = text.partition(" - at `$")
    steps = [name or int(at) for name, at in _STEP.findall(path.rstrip("`"))]
    if named := _NAMED.match(what):
        steps.append(named[1])
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    issue, value = _issue(what, pointer), _value(raw, steps)
    if issue == "field is not defined":
        return undefined(pointer, value)
    if issue == "required field is missing" and pointer in model.missing:
        number, message = model.missing[pointer]
        return param_error(pointer, issue, value=value, message=message, number=number)
    if issue in (BELOW, ABOVE):
        return param_error(pointer, issue, value=value, number=OUT_OF_RANGE)
    return param_error(pointer, issue, value=value)


def undefined(pointer: str, value: Any) -> WxpayError:
    """A field that the API does not have."""
    return param_error(pointer, "field is not defined", value=value, message=UNKNOWN_FIELD, number=270924358)


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
