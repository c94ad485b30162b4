"""The trade bill of a day.

Its address is signed and carries the bill's SHA-1; the file itself is not signed.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from hashlib import sha1

import msgspec

from vkpay_async.errors import ResourceNotFound
from vkpay_async.models import BillRow
from vkpay_async.money import fen_from_yuan
from vkpay_async.providers.base import Flow
from vkpay_async.providers.bill import ADVICE, LARGEST_TABLE, BillLine, bill_rows, check_columns
from vkpay_async.providers.wxpay.errors import Operation, unreadable
from vkpay_async.providers.wxpay.gateway import Gateway
from vkpay_async.providers.wxpay.models import BillAddress
from vkpay_async.providers.wxpay.times import ms_from_rfc3339

TRADE_BILL = Operation(name="wxpay.trade_bill")
DOWNLOAD = Operation(name="wxpay.download_bill")

_ADDRESS = msgspec.json.Decoder(BillAddress)
_NO_BILL = "NO_STATEMENT_EXIST"
_GZIP = 31
_KINDS = {"SUCCESS": "payment", "REFUND": "refund", "REVOKED": "refund"}
_TOTALS = "总交易单数"
_NEEDED = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "微信订单号",
    "商户订单号",
    "交易状态",
    "微信退款单号",
    "商户退款单号",
    "退款状态",
    "订单金额",
    "申请退款金额",
)


def trade_bill(gateway: Gateway, day: dt.date) -> Flow[tuple[BillRow, ...]]:
    """Asks for the address, downloads, compares the hash, reads."""
    target = f"/v3/bill/tradebill?bill_date={day:%Y-%m-%d}&bill_type=ALL&tar_type=GZIP"
    try:
        address, _ = yield from gateway.ask(TRADE_BILL, _ADDRESS, "GET", target)
    except ResourceNotFound as error:
        if error.code == _NO_BILL:
            return ()
        raise
    response = yield from gateway.fetch(DOWNLOAD, address.download_url)
    try:
        return tuple(read_bill(_genuine(_unpacked(response.body), address)))
    except ValueError as error:
        raise unreadable(DOWNLOAD, str(error), response, advice=ADVICE) from error


def read_bill(text: str) -> Iterator[BillRow]:
    """The lines of a bill of type ALL. Raises ``ValueError`` that names what it does not understand."""
    lines = [line.removesuffix("\r") for line in text.rstrip("\r\n").split("\n")]
    names = lines[0].split(",")
    check_columns(names, _NEEDED)
    if len(lines) < 3 or not lines[-2].startswith(_TOTALS):
        raise ValueError(f"line {len(lines)}: the totals are missing, so the bill is not whole")
    return bill_rows(names, enumerate(lines[1:-2], 2), _split, _row)


def _split(line: str) -> list[str]:
    """Every value has a back-tick before it, so that a comma inside a text does no harm."""
    return line.removeprefix("`").split(",`")


def _row(cells: dict[str, str], line: BillLine) -> BillRow:
    word = cells["交易状态"]
    if word not in _KINDS:
        raise ValueError(f"交易状态 {word[:40]!r} is none of {', '.join(_KINDS)}")
    refund, numbered = _KINDS[word] == "refund", word == "REFUND"
    return BillRow(
        kind="refund" if refund else "payment",
        out_trade_no=cells["商户订单号"],
        transaction_id=cells["微信订单号"],
        out_refund_no=_number(cells["商户退款单号"]) if numbered else None,
        refund_id=_number(cells["微信退款单号"]),
        amount=fen_from_yuan(cells["申请退款金额" if refund else "订单金额"]),
        state=(numbered and cells["退款状态"]) or word,
        time_ms=_time(cells["交易时间"]),
        appid=cells["公众账号ID"] or None,
        mch_id=cells["商户号"] or None,
        raw=line,
    )


def _number(cell: str) -> str | None:
    """A payment's line has a 0 where a refund's has a number."""
    return None if cell in ("", "0") else cell


def _time(cell: str) -> int:
    ms = ms_from_rfc3339(cell)
    if ms is None:
        raise ValueError(f"交易时间 {cell[:40]!r} is no time")
    return ms


def _unpacked(body: bytes) -> bytes:
    """A file that came as plain text stays as it is: the hash tells whether it is right."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    stream = zlib.decompressobj(_GZIP)
    try:
        table = stream.decompress(body, LARGEST_TABLE)
    except zlib.error as error:
        raise ValueError(f"the file cannot be unpacked: {error}") from error
    if not stream.eof:
        raise ValueError(f"the file is cut off, or larger than {LARGEST_TABLE} bytes when unpacked")
    return table


def _genuine(table: bytes, address: BillAddress) -> str:
    """The text of the file whose hash was signed."""
    if address.hash_type != "SHA1":
        raise ValueError(f"its hash is of the kind {address.hash_type[:40]!r}, only SHA1 is known")
    if sha1(table).hexdigest() != address.hash_value.lower():
        raise ValueError("the file is not the one that was promised: its SHA-1 differs")
    return table.decode("utf-8-sig")
