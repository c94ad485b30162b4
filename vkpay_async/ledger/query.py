"""vk-uni-pay's list query: filters and ordering by field name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, or_

from vkpay_async.errors import InvalidArgument
from vkpay_async.ledger.schema import orders
from vkpay_async.order import ORDER_FIELDS

STATUS_WORDS: dict[str, tuple[int, ...]] = {
    "NOTPAY": (0,),
    "SUCCESS": (1,),
    "PAID": (1, 2, 3),
    "REFUND": (2, 3),
    "CLOSED": (-1,),
}
"""Words that may stand for status numbers in a filter."""

_OPERATORS = {
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "ne": lambda column, value: column != value,
}


def conditions(where: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """``{"status": "SUCCESS", "total_fee": {"gte": 100}, "type": ["goods", "vip"]}`` as SQL conditions."""
    return [part for name, value in where.items() for part in _condition(name, value)]


def ordering(order_by: str) -> list[ColumnElement[Any]]:
    """``"create_date desc, total_fee"`` as SQL; the number breaks ties so that pages never overlap."""
    parts = [_order(part) for part in order_by.split(",")]
    return [*parts, orders.c.out_trade_no.asc()]


def _condition(name: str, value: Any) -> list[ColumnElement[bool]]:
    column = _column(name)
    if name == "status":
        value = _status(value)
    if isinstance(value, Mapping):
        return [_compare(column, name, operator, operand) for operator, operand in value.items()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_any_of(column, value)]
    return [column.is_(value) if value is None or isinstance(value, bool) else column == value]


def _any_of(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """``None`` among them stands for rows without a value, which SQL's ``IN`` never finds."""
    listed: ColumnElement[bool] = column.in_([value for value in values if value is not None])
    return or_(listed, column.is_(None)) if None in values else listed


def _compare(column: Any, name: str, operator: str, operand: Any) -> ColumnElement[bool]:
    if operator not in _OPERATORS:
        raise InvalidArgument(f"{name}: unknown comparison {operator!r}; use {', '.join(_OPERATORS)}")
    result: ColumnElement[bool] = _OPERATORS[operator](column, operand)
    return result


def _status(value: Any) -> Any:
    if isinstance(value, str):
        if value not in STATUS_WORDS:
            raise InvalidArgument(f"unknown status {value!r}; use a number −1…3 or {', '.join(STATUS_WORDS)}")
        return STATUS_WORDS[value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [number for word in value for number in (_status(word) if isinstance(word, str) else (word,))]
    return value


def _order(part: str) -> ColumnElement[Any]:
    name, _, direction = part.strip().partition(" ")
    column = _column(name)
    direction = direction.strip().lower()
    if direction not in ("", "asc", "desc"):
        raise InvalidArgument(f"order_by: {part.strip()!r} is not '<field> asc' or '<field> desc'")
    ordered: ColumnElement[Any] = column.desc() if direction == "desc" else column.asc()
    return ordered


def _column(name: str) -> Any:
    if name not in ORDER_FIELDS:
        raise InvalidArgument(f"orders have no field {name!r}")
    return orders.c[name]
