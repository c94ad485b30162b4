"""The bills of a day: a signed answer tells where the file is and with which headers it is fetched; it is a zip with one CSV.

https://developer.huawei.com/consumer/cn/doc/harmonyos-references/payment-query-trade-bill
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeVar

from vkpay_async.errors import ProviderUnavailable
from vkpay_async.models import BillRow
from vkpay_async.money import fen_from_yuan
from vkpay_async.providers.base import Flow, HttpResponse, off_loop
from vkpay_async.providers.bill import ADVICE, LARGEST_TABLE, BillLine, bill_rows, check_columns
from vkpay_async.providers.huawei.errors import PROVIDER, Operation, unreadable
from vkpay_async.providers.huawei.gateway import Gateway
from vkpay_async.providers.huawei.models import BillAddress
from vkpay_async.providers.huawei.times import BEIJING, ms_from_bill, ms_of

T = TypeVar("T")

TRADE_BILL = Operation(name="huawei.trade_bill")
SETTLE_BILL = Operation(name="huawei.settle_bill")
DOWNLOAD = Operation(name="huawei.download_bill")

HOUR_MS = 3_600_000
READY_HOUR = {"trade-bill": 9, "settle-bill": 15}
_KINDS: Mapping[str, Literal["payment", "refund"]] = {
    "收单": "payment",
    "商户收单": "payment",
    "退款": "refund",
}
"""交易类型 of what is paid and given back. The others are money that moves between the merchant's accounts."""

_DONE = "成功"
_NEEDED = (
    "商户号",
    "交易完成时间",
    "系统交易订单号",
    "商户订单号",
    "交易状态",
    "交易类型",
    "交易金额(元)",
    "订单金额(元)",
    "原系统交易订单号",
    "原商户订单号",
    "AppID",
)


def trade_bill(gateway: Gateway, day: dt.date, *, partner: bool = False) -> Flow[tuple[BillRow, ...]]:
    """Every payment and refund of the day that succeeded."""
    response = yield from _file(gateway, TRADE_BILL, "trade-bill", day, partner=partner)
    if response is None:
        return ()
    return (yield from off_loop(lambda: _read(response, read_bill)))


def settle_bill(
    gateway: Gateway, day: dt.date, *, partner: bool = False
) -> Flow[tuple[Mapping[str, str], ...]]:
    """The lines of the day's settlement, by the bill's own column names."""
    response = yield from _file(gateway, SETTLE_BILL, "settle-bill", day, partner=partner)
    if response is None:
        return ()
    return (yield from off_loop(lambda: _read(response, _settled)))


def read_bill(table: str) -> Iterator[BillRow]:
    """The payments and refunds of a trade bill. Raises ``ValueError`` that names what it does not understand."""
    names, lines = _lines(table)
    check_columns(names, _NEEDED)
    kind, state = names.index("交易类型"), names.index("交易状态")
    counted = ((number, line) for number, line in lines if _counts(_split(line), kind, state))
    return bill_rows(names, counted, _split, _row)


def _settled(table: str) -> Iterator[BillLine]:
    names, lines = _lines(table)
    return (BillLine(names, line, _split) for _, line in lines)


def _file(
    gateway: Gateway, operation: Operation, kind: str, day: dt.date, *, partner: bool
) -> Flow[HttpResponse | None]:
    """The file as it came; ``None`` where nothing happened on the day."""
    base = f"/api/v1{'/partner' if partner else ''}/bill/{kind}/downloadInfo"
    address, _ = yield from gateway.ask(operation, BillAddress, "GET", f"{base}?billDate={day:%Y%m%d}")
    param = address.bill_download_param
    if param is None:
        _check_ready(kind, day, gateway.env.now_ms())
        return None
    return (yield from gateway.fetch(DOWNLOAD, param))


def _read(response: HttpResponse, rows: Callable[[str], Iterator[T]]) -> tuple[T, ...]:
    """Unpacked and read. Raises :class:`ProviderUnavailable` that names what is not understood."""
    try:
        return tuple(rows(_unpacked(response.body)))
    except ValueError as error:
        raise unreadable(DOWNLOAD, str(error), response, advice=ADVICE) from error


def _check_ready(kind: str, day: dt.date, now_ms: int) -> None:
    """No bill is answered with the same words before it is made and for ever after a day without business."""
    over = ms_of(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), BEIJING))
    if over <= now_ms < over + READY_HOUR[kind] * HOUR_MS:
        raise ProviderUnavailable(
            provider=PROVIDER,
            code="NO_BILL_YET",
            message=f"the bill of {day} is made at {READY_HOUR[kind]:02d}:00 of the day after",
            advice="ask again then",
        )


def _unpacked(body: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise ValueError(f"{len(names)} tables in the file, and not one")
            with archive.open(names[0]) as file:
                table = file.read(LARGEST_TABLE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"the file cannot be unpacked: {error}") from error
    if len(table) > LARGEST_TABLE:
        raise ValueError(f"the table is larger than {LARGEST_TABLE} bytes")
    try:
        return table.decode("utf-8-sig")
    except UnicodeDecodeError:
        return table.decode("gb18030")


def _lines(table: str) -> tuple[list[str], Iterator[tuple[int, str]]]:
    """The columns' names, and the numbered lines below them."""
    lines = [line.removesuffix("\r") for line in table.rstrip("\r\n").split("\n")]
    names = _split(lines[0])
    return names, ((number, line) for number, line in enumerate(lines[1:], 2) if line)


def _split(line: str) -> list[str]:
    """A line of CSV. What keeps spreadsheets from rounding numbers, a tab or a back-tick, is taken off."""
    try:
        return [cell.strip("\t` ") for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _counts(values: list[str], kind: int, state: int) -> bool:
    """What failed moved no money. A line that is too short is left for the row to complain of."""
    if len(values) <= max(kind, state):
        return True
    return values[kind] in _KINDS and values[state] == _DONE


def _row(cells: dict[str, str], line: BillLine) -> BillRow:
    """A refund's own numbers stand where a payment's do, and the order's beside them."""
    kind = _KINDS[cells["交易类型"]]
    refund = kind == "refund"
    return BillRow(
        kind=kind,
        out_trade_no=cells["原商户订单号" if refund else "商户订单号"],
        transaction_id=cells["原系统交易订单号" if refund else "系统交易订单号"],
        out_refund_no=cells["商户订单号"] or None if refund else None,
        refund_id=cells["系统交易订单号"] or None if refund else None,
        amount=abs(fen_from_yuan(cells["交易金额(元)" if refund else "订单金额(元)"])),
        state="SUCCESS",
        time_ms=ms_from_bill(cells["交易完成时间"]),
        appid=cells["AppID"] or None,
        mch_id=cells["商户号"] or None,
        raw=line,
    )
