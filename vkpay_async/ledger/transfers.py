"""Transfers to users, as the ledger keeps them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from vkpay_async.errors import OrderConflict
from vkpay_async.happenings import DEFAULT_PID, TransferRecord
from vkpay_async.ledger.schema import transfers
from vkpay_async.models import TransferState

FINAL = frozenset({TransferState.SUCCESS, TransferState.FAIL, TransferState.CANCELLED})


_FIELDS = TransferRecord.__struct_fields__
_COLUMNS = [transfers.c[name] for name in _FIELDS]
_KEY = (transfers.c.out_bill_no == bindparam("number"), transfers.c.pid == bindparam("merchant"))
_ONE = select(*_COLUMNS).where(*_KEY)
_ANSWERED = (
    update(transfers)
    .where(*_KEY)
    .values(user_order_success=bindparam("success"), handler_error=bindparam("error"))
)


def find(connection: Connection, out_bill_no: str, pid: str | None) -> TransferRecord | None:
    row = connection.execute(_ONE, {"number": out_bill_no, "merchant": pid or DEFAULT_PID}).first()
    return None if row is None else _record(row)


def lock_all(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], TransferRecord]:
    if not keys:
        return {}
    key = tuple_(transfers.c.out_bill_no, transfers.c.pid)
    statement = select(*_COLUMNS).where(key.in_(sorted(keys))).order_by(*key).with_for_update()
    return {
        (record.out_bill_no, record.pid): record for record in map(_record, connection.execute(statement))
    }


def reserve(connection: Connection, record: TransferRecord, check_due: int) -> TransferRecord:
    """Keeps a transfer before it is sent; a repeat finds it, a first try is given ``record`` itself. Raises :class:`OrderConflict` for another amount."""
    key = (record.out_bill_no, record.pid)
    known = lock_all(connection, [key]).get(key)
    if known is None:
        try:
            with connection.begin_nested():
                connection.execute(
                    insert(transfers), {**msgspec.structs.asdict(record), "check_due": check_due}
                )
            return record
        except IntegrityError:
            known = lock_all(connection, [key]).get(key)
            if known is None:
                raise
    if known.transfer_amount not in (None, record.transfer_amount):
        raise OrderConflict(
            f"transfer {record.out_bill_no!r} was asked for {known.transfer_amount} fen before; a repeat must keep the "
            "amount, another transfer needs another out_bill_no"
        )
    if known.state == "REFUSED":
        # Nobody made it, and this is a first try again: its outcome is as open as any.
        said = {"state": record.state, "fail_reason": None, "update_date": record.update_date}
        key_is = (transfers.c.out_bill_no == record.out_bill_no, transfers.c.pid == record.pid)
        connection.execute(update(transfers).where(*key_is).values(**said, check_due=check_due))
        return record
    return known


def change(
    connection: Connection, known: TransferRecord | None, record: TransferRecord, check_due: int | None
) -> TransferRecord:
    """Stores how a transfer that is locked stands. A final state stays; a failed call does not undo an answer."""
    if known is None:
        connection.execute(insert(transfers), {**msgspec.structs.asdict(record), "check_due": check_due})
        return record
    if known.state in FINAL or (
        record.state in ("UNKNOWN", "REFUSED") and known.state not in ("PENDING", "UNKNOWN")
    ):
        return known
    said = {name: getattr(record, name) for name in _SAID if getattr(record, name) is not None}
    changed = msgspec.structs.replace(known, **said)
    values: dict[str, Any] = {
        **said,
        "check_due": None if changed.state in (*FINAL, "REFUSED") else check_due,
    }
    key = (transfers.c.out_bill_no == known.out_bill_no, transfers.c.pid == known.pid)
    connection.execute(update(transfers).where(*key).values(**values))
    return changed


def mark_answered(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """What the handler of finished transfers said."""
    if rows:
        connection.execute(_ANSWERED, rows)


_SAID = (
    "state",
    "raw_state",
    "transfer_amount",
    "transfer_bill_no",
    "mch_id",
    "openid",
    "fail_reason",
    "update_date",
)


def _record(row: Any) -> TransferRecord:
    return TransferRecord(**dict(zip(_FIELDS, row, strict=True)))
