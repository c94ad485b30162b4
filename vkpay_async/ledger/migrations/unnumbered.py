"""What revision 0001 does with the one table that version 0.1.0 made, in SQLite.

The table is put aside and its rows are copied: every SQLite can do that, and the result is what an empty database gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    func,
    insert,
    inspect,
    null,
    select,
)

_ASIDE = "vk_pay_orders_0000"
_NOT_COPIED = frozenset({"refund_list", "handler_lease", "version"})
_UNSETTLED = frozenset({"PENDING", "UNKNOWN", "PROCESSING"})
_ASK_AFTER_MS = 60_000
_ASKED_ABOUT_MS = 7 * 86_400_000
"""Unpaid orders of the last week are asked about once more; older ones cannot be paid any longer."""


def put_aside(connection: Connection) -> None:
    for index in inspect(connection).get_indexes("vk_pay_orders"):
        connection.exec_driver_sql(f'DROP INDEX "{index["name"]}"')
    connection.exec_driver_sql(f"ALTER TABLE vk_pay_orders RENAME TO {_ASIDE}")


def take_over(connection: Connection, orders: Table, refunds: Table) -> None:
    """Copies the orders and their refunds, then drops the table that was put aside."""
    names = [column["name"] for column in inspect(connection).get_columns(_ASIDE)]
    old = _old(names)
    kept = [name for name in names if name not in _NOT_COPIED]
    rows = select(*(old.c[name] for name in kept), _repair_due(old))
    connection.execute(insert(orders).from_select([*kept, "repair_due"], rows, include_defaults=False))
    _copy_refunds(connection, old, refunds)
    old.drop(connection)


def _copy_refunds(connection: Connection, old: Table, refunds: Table) -> None:
    wanted = select(old.c.out_trade_no, old.c.refund_list).where(old.c.refund_num > 0)
    for number, entries in connection.execute(wanted).all():
        rows = list(_refund_rows(number, entries))
        if rows:
            connection.execute(insert(refunds), rows)


def _refund_rows(out_trade_no: str, entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The list had the newest first."""
    for position, entry in enumerate(reversed(entries), start=1):
        unsettled = entry["state"] in _UNSETTLED
        yield {
            **entry,
            "out_trade_no": out_trade_no,
            "position": position,
            "check_due": entry["refund_date"] + _ASK_AFTER_MS if unsettled else None,
            "checks": 0,
        }


def _repair_due(old: Table) -> Any:
    newest = select(func.max(old.c.create_date)).scalar_subquery()
    fresh = and_(old.c.status == 0, old.c.create_date >= newest - _ASKED_ABOUT_MS)
    return case((fresh, old.c.create_date + _ASK_AFTER_MS), else_=null())


def _old(names: list[str]) -> Table:
    types: dict[str, Any] = {
        "refund_list": JSON,
        "refund_num": Integer,
        "status": Integer,
        "create_date": BigInteger,
    }
    return Table(_ASIDE, MetaData(), *(Column(name, types.get(name, String)) for name in names))
