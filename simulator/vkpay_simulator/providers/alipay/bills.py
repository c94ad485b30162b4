"""``alipay.data.dataservice.bill.downloadurl.query`` and the address it gives."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from urllib.parse import urlencode

from multidict import CIMultiDict

from vkpay_simulator.clock import CHINA, Clock, china_text
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.models import Call
from vkpay_simulator.providers.alipay.orders import Content, success
from vkpay_simulator.providers.alipay.statement import Line, Period, lines_of, packed
from vkpay_simulator.providers.alipay.trades import Trades

DOWNLOAD = "/downloadBillFile.resource"
BILL_TYPES = ("trade",)
MADE_AFTER_MS = 10 * 3_600_000
DAY_MS = 86_400_000
KEPT = dt.timedelta(days=6 * 365)
ADDRESS_LIFE_MS = 30_000


class File(NamedTuple):
    """What an address leads to, and until when."""

    archive: bytes
    name: str
    until_ms: int


class Bills:
    """Trade bills of a day, for whoever holds the address."""

    def __init__(self, clock: Clock, ids: Ids, trades: Trades) -> None:
        self._clock = clock
        self._ids = ids
        self._trades = trades
        self._files: dict[str, File] = {}

    def clear(self) -> None:
        self._files.clear()

    def query(self, call: Call) -> Content:
        """The address of the day's bill. A day on which nothing happened has an empty one, and the answer says so."""
        now_ms = self._clock.now()
        period = Period(seller_pid=call.seller.pid, day=_day(call, now_ms), made_ms=now_ms)
        lines = self._lines(period)
        name = f"{period.seller_pid}_{period.day:%Y%m%d}.csv.zip"
        token = self._ids.hex(32)
        self._files[token] = File(packed(period, lines), name, now_ms + ADDRESS_LIFE_MS)
        return success(
            bill_download_url=f"{call.origin}{DOWNLOAD}?{_address(period, name, token)}",
            bill_file_code=None if lines else "EMPTY_DATA_WITH_BILL_FILE",
        )

    def download(self, request: Request) -> Answer:
        """Nothing is signed here: the token is all there is."""
        file = self._files.get(request.query.get("token", ""))
        if file is None:
            return Answer(
                status=403, explain="No bill is behind this token: call bill_download_url as it is."
            )
        if self._clock.now() > file.until_ms:
            return Answer(status=403, explain="A bill_download_url is good for 30 s: ask for it again.")
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{file.name}"',
        }
        return Answer(body=file.archive, headers=CIMultiDict(headers))

    def _lines(self, period: Period) -> list[Line]:
        start_ms = _start_ms(period.day)
        lines = [
            line
            for trade in self._trades.all()
            if trade.seller.pid == period.seller_pid
            for line in lines_of(trade)
            if start_ms <= line.at_ms < start_ms + DAY_MS
        ]
        return sorted(lines, key=lambda line: line.at_ms)


def _address(period: Period, name: str, token: str) -> str:
    return urlencode(
        {
            "bizType": "trade",
            "userId": period.account,
            "fileType": "csv.zip",
            "bizDates": f"{period.day:%Y%m%d}",
            "downloadFileName": name,
            "fileId": f"/trade/{period.account}/{period.day:%Y%m%d}.csv.zip",
            "timestamp": period.made_ms,
            "token": token,
        }
    )


def _day(call: Call, now_ms: int) -> dt.date:
    bill_type, text = call.biz.get("bill_type"), call.biz.get("bill_date")
    if not bill_type:
        raise _invalid("bill_type is missing: send trade.")
    if bill_type not in BILL_TYPES:
        raise Refusal("TYPE_NOT_SUPPORTED", why=f"The simulator has no {bill_type} bills, only trade.")
    day = _parsed(text)
    today, it_is = dt.datetime.fromtimestamp(now_ms // 1000, CHINA).date(), f"it is {china_text(now_ms)}"
    if day >= today:
        raise _invalid(f"{day} is not over: {it_is}. Move the clock (POST /_sim/clock).")
    if day < today - KEPT:
        raise _invalid(f"Bills are kept for six years: {it_is}.")
    if now_ms < _start_ms(day) + DAY_MS + MADE_AFTER_MS:
        why = f"The bill of {day} is ready at 10:00 of the day after: {it_is}. Move the clock (POST /_sim/clock)."
        raise Refusal("BILL_NOT_EXIST", why=why)
    return day


def _parsed(text: object) -> dt.date:
    try:
        day = dt.date.fromisoformat(str(text))
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise _invalid("bill_date is a day such as 2026-01-31; bills of a month are not simulated.")
    return day


def _invalid(why: str) -> Refusal:
    return Refusal("INVAILID_ARGUMENTS", why=why)


def _start_ms(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 1000
