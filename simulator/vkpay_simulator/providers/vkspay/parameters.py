"""From a request's bytes to the fields that are signed: every value as the text that JavaScript makes of it."""

from __future__ import annotations

import json
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.vkspay.errors import parameter

FORM = "application/x-www-form-urlencoded"
_LARGEST_PLAIN, _SMALLEST_PLAIN = Decimal("1e21"), Decimal("1e-6")
_CONSTANTS = {True: "true", False: "false", None: "null"}
NOT_READABLE = (
    "The body is neither a JSON object of texts and numbers nor a form: send JSON with "
    "content-type application/json; charset=utf-8."
)


def parse_fields(request: Request) -> dict[str, str]:
    """The request's fields as texts. Raises :class:`Refusal` for a body that holds none."""
    content_type = request.headers.get("Content-Type", "")
    try:
        text = request.body.decode()
        if content_type.partition(";")[0].strip().lower() == FORM:
            return dict(parse_qsl(text, keep_blank_values=True))
        return _from_json(text)
    except (ValueError, RecursionError):
        raise parameter("请求体格式错误", NOT_READABLE) from None


def _from_json(text: str) -> dict[str, str]:
    value = json.loads(text, parse_float=number_text, parse_int=number_text, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    fields = {name: _text(part) for name, part in value.items()}
    "".join([*fields, *fields.values()]).encode()  # half a character cannot be signed
    return fields


def number_text(literal: str) -> str:
    """The text JavaScript makes of a number: ``1.0`` → ``1``, ``0.10`` → ``0.1``, ``1e-7`` → ``1e-7``.

    JavaScript reads every number as a double and writes the shortest digits that lead back to it; Python's
    ``repr`` finds the same digits. Nothing is calculated with them.
    """
    double = float(literal)
    if not isfinite(double):
        return "Infinity" if double > 0 else "-Infinity"
    digits = Decimal(repr(double)).normalize()
    if digits == 0:
        return "0"
    if _SMALLEST_PLAIN <= abs(digits) < _LARGEST_PLAIN:
        return f"{digits:f}"
    mantissa, _, exponent = f"{digits:e}".partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def _text(value: Any) -> str:
    """Texts and numbers are texts by now. Neither an object nor an array has a text that could be signed."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        raise ValueError("not a text and not a number")
    return _CONSTANTS[value]


def _no_constant(name: str) -> str:
    raise ValueError(name)
