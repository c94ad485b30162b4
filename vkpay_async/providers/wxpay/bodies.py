"""Request bodies: what is left out, what a caller may add, what is encrypted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vkpay_async.crypto.rsa import encrypt_oaep
from vkpay_async.errors import InvalidArgument
from vkpay_async.providers.wxpay.certs import NamedKey

_TARGET = re.compile(r"/v3/[-!$%&'()*+,./0-9:;=?@A-Z_a-z~]+")
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}", re.ASCII)

PROTECTED = frozenset(
    {
        "appid",
        "mchid",
        "sp_appid",
        "sp_mchid",
        "sub_appid",
        "sub_mchid",
        "out_trade_no",
        "transaction_id",
        "out_refund_no",
        "out_bill_no",
        "amount.total",
        "amount.refund",
        "transfer_amount",
        "openid",
        "user_name",
        "out_authorization_no",
        "authorization_id",
        "authorization_info.out_authorization_no",
        "sponsor_mchid",
    }
)
"""What an order, refund, transfer or authorisation is known by. ``other`` may not touch it."""


def body_from(fields: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` with ``other`` merged in and everything empty left out: WeChat Pay refuses null and ``""``.

    Raises :class:`InvalidArgument` when ``other`` touches what identifies the order.
    """
    body: dict[str, Any] = _without_empty(_merged(fields, other, "") if other else fields)
    return body


def check_number(name: str, value: str, *, longest: int = 64) -> str:
    """``value`` if it may stand in a path as it is. Raises :class:`InvalidArgument`."""
    if len(value) > longest or not _NUMBER.fullmatch(value):
        raise InvalidArgument(
            f"{name} {value[:70]!r} cannot be sent: use 1 to {longest} letters, digits, _ - | * only"
        )
    return value.replace("|", "%7C")


def check_target(target: str) -> None:
    """Raises :class:`InvalidArgument` unless ``target`` can stand on the request line as it is: it is signed so."""
    if not _TARGET.fullmatch(target):
        raise InvalidArgument(
            f"path {target[:80]!r} cannot be sent: start it with /v3/, and percent-encode what is not plain ASCII"
        )


def encrypt_fields(json: Any, fields: Sequence[str], key: NamedKey) -> Any:
    """A copy of ``json`` with the texts at these dotted paths encrypted (``payer.identity.number``, ``list.0.name``)."""
    for field in fields:
        json = _encrypted_at(json, field.split("."), field, key)
    return json


def encrypt_text(name: str, text: str, key: NamedKey) -> str:
    """A sensitive text for WeChat Pay's eyes only. Raises :class:`InvalidArgument` above 214 bytes."""
    try:
        return encrypt_oaep(key.key, text)
    except ValueError as error:
        raise InvalidArgument(
            f"{name} is too long to be encrypted: send at most 214 bytes of UTF-8"
        ) from error


_PLAIN = frozenset({str, int, bool})
_EMPTY: tuple[Any, ...] = (None, "", {}, [])


def _merged(fields: Mapping[str, Any], other: Mapping[str, Any], path: str) -> dict[str, Any]:
    body = dict(fields)
    for key, value in other.items():
        where = f"{path}{key}"
        nested = isinstance(value, Mapping) and isinstance(body.get(key), Mapping)
        if where in PROTECTED or (not nested and _holds_protected(body.get(key), where)):
            raise InvalidArgument(
                f"other.{where} would change what identifies the order: leave it out of other"
            )
        body[key] = _merged(body[key], value, f"{where}.") if nested else value
    return body


def _holds_protected(current: Any, where: str) -> bool:
    return isinstance(current, Mapping) and any(f"{where}.{key}" in PROTECTED for key in current)


def _without_empty(value: Any) -> Any:
    if type(value) is dict or isinstance(value, Mapping):
        kept = {}
        for key, member in value.items():
            # Most members are plain, and most calls have a dozen of them.
            if member is None or member == "":
                continue
            if type(member) not in _PLAIN:
                member = _without_empty(member)
                if not member and member in _EMPTY:
                    continue
            kept[key] = member
        return kept
    if isinstance(value, (list, tuple)):
        return [_without_empty(member) for member in value]
    return value


def _encrypted_at(value: Any, path: list[str], field: str, key: NamedKey) -> Any:
    if not path:
        if not isinstance(value, str):
            raise InvalidArgument(f"encrypt: {field} is not a text in json; name the text itself")
        return encrypt_text(field, value, key)
    step: Any = path[0]
    if isinstance(value, list) and step.isdecimal():
        step = int(step)
    try:
        member = value[step]
    except (KeyError, IndexError, TypeError) as error:
        raise InvalidArgument(f"encrypt: {field} is not in json; correct the path") from error
    copy = value.copy()
    copy[step] = _encrypted_at(member, path[1:], field, key)
    return copy
