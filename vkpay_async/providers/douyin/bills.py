"""A day's bills: CSV, one file for each kind of thing that happened to money."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from vkpay_async.models import BillRow
from vkpay_async.money import Fen, fen_from_yuan
from vkpay_async.providers.bill import BillLine, bill_rows, check_columns
from vkpay_async.providers.douyin.times import ms_from_beijing

BillKind = Literal["payment", "refund", "settle"]

_NEEDED: dict[str, tuple[str, ...]] = {
    "payment": ("支付时间", "商户号", "订单号", "平台订单号", "订单金额", "支付状态"),
    "refund": (
        "商户号",
        "订单号",
        "平台订单号",
        "退款单号",
        "平台退款单号",
        "退款状态",
        "退款完成时间",
        "退款金额",
    ),
}
_AMOUNTS = {"payment": "订单金额", "refund": "退款金额"}


def day_text(day: dt.date) -> str:
    return f"{day:%Y%m%d}"


def lines_of(file: bytes) -> tuple[BillLine, ...]:
    """Every line by the names of its columns. Raises ``ValueError``."""
    names, lines = _table(file)
    return tuple(BillLine(names, text, _split) for _, text in lines)


def rows_of(file: bytes, kind: Literal["payment", "refund"]) -> Iterator[BillRow]:
    """The lines of a bill, typed. Raises ``ValueError`` that names what it does not understand.

    The documents do not say whether amounts are fen or yuan: a file with a decimal point in an amount is taken for yuan,
    and then as a whole.
    """
    names, lines = _table(file)
    check_columns(names, _NEEDED[kind])
    place = names.index(_AMOUNTS[kind])
    in_yuan = any("." in cell for _, text in lines for cell in _split(text)[place : place + 1])
    read = _payment if kind == "payment" else _refund
    return bill_rows(names, lines, _split, partial(read, in_yuan=in_yuan))


def _table(file: bytes) -> tuple[list[str], list[tuple[int, str]]]:
    text = file.decode("utf-8-sig")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise ValueError("the bill is empty: it has not even a line of headings")
    return _split(lines[0][1]), lines[1:]


def _split(line: str) -> list[str]:
    """Numbers may stand behind a mark that keeps spreadsheets from taking them for numbers."""
    cells = next(csv.reader([line]), [])
    return [cell.strip().strip("`'\t") for cell in cells]


def _payment(cells: dict[str, str], line: BillLine, *, in_yuan: bool) -> BillRow:
    return BillRow(
        kind="payment",
        out_trade_no=cells["订单号"],
        transaction_id=cells["平台订单号"],
        amount=_fen(cells["订单金额"], in_yuan=in_yuan),
        state=cells["支付状态"],
        time_ms=_time("支付时间", cells["支付时间"]),
        mch_id=cells["商户号"] or None,
        raw=line,
    )


def _refund(cells: dict[str, str], line: BillLine, *, in_yuan: bool) -> BillRow:
    return BillRow(
        kind="refund",
        out_trade_no=cells["订单号"],
        transaction_id=cells["平台订单号"],
        out_refund_no=cells["退款单号"] or None,
        refund_id=cells["平台退款单号"] or None,
        amount=_fen(cells["退款金额"], in_yuan=in_yuan),
        state=cells["退款状态"],
        time_ms=_time("退款完成时间", cells["退款完成时间"]),
        mch_id=cells["商户号"] or None,
        raw=line,
    )


def _fen(cell: str, *, in_yuan: bool) -> Fen:
    if in_yuan:
        return abs(fen_from_yuan(cell))
    if not cell.removeprefix("-").isdecimal():
        raise ValueError(f"{cell[:40]!r} is no amount")
    return abs(int(cell))


def _time(name: str, cell: str) -> int:
    ms = ms_from_beijing(cell)
    if ms is None:
        raise ValueError(f"{name} {cell[:40]!r} is no time")
    return ms


def joined(parts: Sequence[Iterator[BillRow]]) -> tuple[BillRow, ...]:
    """The rows of several files, in the order of what happened."""
    return tuple(sorted((row for part in parts for row in part), key=lambda row: row.time_ms))
