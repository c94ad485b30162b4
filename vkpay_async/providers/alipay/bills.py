"""The trade bill of a day.

Its address is signed; the file behind it is not, and Alipay gives no hash of it.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from vkpay_async.errors import ResourceNotFound
from vkpay_async.models import BillRow
from vkpay_async.money import fen_from_yuan
from vkpay_async.providers.alipay.answer import Call
from vkpay_async.providers.alipay.errors import unusable
from vkpay_async.providers.alipay.gateway import Gateway
from vkpay_async.providers.alipay.models import BillAddress
from vkpay_async.providers.alipay.times import ms_from_beijing
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse
from vkpay_async.providers.bill import (
    ADVICE,
    DOWNLOAD_MS,
    LARGEST_FILE,
    LARGEST_TABLE,
    BillLine,
    bill_rows,
    check_columns,
)

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
DOWNLOAD = "alipay.download_bill"

_NO_BILL = "NO_BILL_DATA"
_EMPTY_BILL = "EMPTY_DATA_WITH_BILL_FILE"
_KINDS = {"交易": "payment", "退款": "refund"}
_SUBJECT, _REFUND_NO, _AMOUNT = "商品名称", "退款批次号/请求号", "订单金额（元）"
_NEEDED = ("支付宝交易号", "商户订单号", "业务类型", "完成时间", _AMOUNT, _REFUND_NO)
_ACCOUNT = re.compile(r"^#账号：\[(\d{16})", re.MULTILINE)
_END = "业务明细列表结束"
_SUMMARY = "汇总"
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NO_ARCHIVE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError)


def bill_content(day: dt.date) -> dict[str, Any]:
    return {"bill_type": "trade", "bill_date": f"{day:%Y-%m-%d}"}


def trade_bill(gateway: Gateway, call: Call, timeout_ms: int | None) -> Flow[tuple[BillRow, ...]]:
    """Asks for the address, downloads, reads."""
    try:
        address = yield from gateway.call(call, partial(msgspec.convert, type=BillAddress))
    except ResourceNotFound as error:
        if error.code == _NO_BILL:
            return ()
        raise
    if address.bill_file_code == _EMPTY_BILL:
        return ()
    response = yield HttpRequest(
        method="GET",
        url=address.bill_download_url,
        operation=DOWNLOAD,
        timeout_ms=max(timeout_ms or 0, DOWNLOAD_MS),
        max_response=LARGEST_FILE,
    )
    return _read(response)


def read_bill(text: str) -> Iterator[BillRow]:
    """The lines of a table of trades. Raises ``ValueError`` that names what it does not understand."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    table = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not table or not any(_END in line for line in lines if line.startswith("#")):
        raise ValueError(f"line {len(lines)}: the table has no beginning or no end, so the bill is not whole")
    names = _stripped(table[0][1].split(","))
    check_columns(names, _NEEDED)
    account = _ACCOUNT.search(text)
    split = partial(_split, names=names)
    return bill_rows(names, table[1:], split, partial(_row, mch_id=account[1] if account else None))


def _read(response: HttpResponse) -> tuple[BillRow, ...]:
    try:
        if response.status != 200:
            raise ValueError(f"HTTP status {response.status}")
        return tuple(read_bill(_unpacked(response.body)))
    except ValueError as error:
        raise unusable(
            "INVALID_BILL",
            f"{DOWNLOAD}: {error}",
            moves_money=False,
            http_status=response.status,
            request_id=None,
            advice=ADVICE,
        ) from error


def _unpacked(archive: bytes) -> str:
    """The table of trades, which stands beside one that sums them up."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="gbk") as opened:
            for member in opened.infolist():
                if _SUMMARY not in member.filename:
                    return _content(opened, member)
    except _NO_ARCHIVE as error:
        raise ValueError(f"no ZIP archive: {error}") from error
    raise ValueError("the archive has no table of trades in it")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    if member.file_size > LARGEST_TABLE:
        raise ValueError(f"the file is larger than {LARGEST_TABLE} bytes when unpacked")
    if member.compress_type not in _PACKINGS:
        raise ValueError("the archive is packed in a way that is not known")
    return archive.read(member).decode("gb18030")


def _stripped(cells: list[str]) -> list[str]:
    """Numbers end in a tab, for the sake of spreadsheets."""
    return [cell.strip() for cell in cells]


def _split(line: str, names: list[str]) -> list[str]:
    """Nothing is quoted. What is too much is taken for commas in the name of the goods, and the time tells if it was."""
    cells = line.split(",")
    surplus = len(cells) - len(names)
    if surplus > 0 and _SUBJECT in names:
        start = names.index(_SUBJECT)
        cells[start : start + surplus + 1] = [",".join(cells[start : start + surplus + 1])]
    return _stripped(cells)


def _row(cells: dict[str, str], line: BillLine, *, mch_id: str | None) -> BillRow:
    word = cells["业务类型"]
    if word not in _KINDS:
        raise ValueError(f"业务类型 {word[:40]!r} is none of {', '.join(_KINDS)}")
    refund = _KINDS[word] == "refund"
    return BillRow(
        kind="refund" if refund else "payment",
        out_trade_no=cells["商户订单号"],
        transaction_id=cells["支付宝交易号"],
        out_refund_no=(cells[_REFUND_NO] or None) if refund else None,
        amount=abs(fen_from_yuan(cells[_AMOUNT])),
        state=word,
        time_ms=_time(cells["完成时间"]),
        mch_id=mch_id,
        raw=line,
    )


def _time(cell: str) -> int:
    ms = ms_from_beijing(cell)
    if ms is None:
        raise ValueError(f"完成时间 {cell[:40]!r} is no time")
    return ms
