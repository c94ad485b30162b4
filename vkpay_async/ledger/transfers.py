"""Transfers to users, as the ledger keeps them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from vkpay_async.errors import OrderConflict
from vkpay_async.ledger.schema import transfers
from vkpay_async.models import Transfer, TransferState, Value
from vkpay_async.money import Fen

DEFAULT_PID = "default"
FINAL = frozenset({TransferState.SUCCESS, TransferState.FAIL, TransferState.CANCELLED})


class TransferRecord(Value, frozen=True, kw_only=True):
    """A row of ``vk_pay_transfers``. ``state`` is ``PENDING`` from the moment before it is sent, ``REFUSED`` after a no."""

    out_bill_no: str
    pid: str
    pay_type: str
    state: str = "PENDING"
    transfer_amount: Fen | None = None
    raw_state: str | None = None
    transfer_bill_no: str | None = None
    mch_id: str | None = None
    openid: str | None = None
    transfer_remark: str | None = None
    fail_reason: str | None = None
    create_date: int = 0
    update_date: int = 0
    user_order_success: bool | None = None
    handler_error: str | None = None


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


def record_of(transfer: Transfer, *, pid: str | None, pay_type: str, now: int) -> TransferRecord:
    """A transfer as the provider has it, as a row."""
    return TransferRecord(
        out_bill_no=transfer.out_bill_no,
        pid=pid or DEFAULT_PID,
        pay_type=pay_type,
        state=transfer.state.value,
        raw_state=transfer.raw_state,
        transfer_amount=transfer.transfer_amount,
        transfer_bill_no=transfer.transfer_bill_no,
        mch_id=transfer.mch_id,
        openid=transfer.openid,
        fail_reason=transfer.fail_reason,
        create_date=now,
        update_date=now,
    )


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
