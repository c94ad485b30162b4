"""The trade bill of a day: asked for at one address, downloaded from another."""

from __future__ import annotations

import datetime as dt
import gzip
from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple

from vkpay_simulator.clock import CHINA, china_rfc3339
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_query
from vkpay_simulator.providers.wxpay.gate import File, Reply
from vkpay_simulator.providers.wxpay.orders import DAY_MS, OrderBook
from vkpay_simulator.providers.wxpay.relations import check_sub
from vkpay_simulator.providers.wxpay.statement import BILL_TYPES, lines_of, statement

if TYPE_CHECKING:
    from vkpay_simulator.world import World

DOWNLOAD = "/v3/billdownload/file"
MADE_AFTER_MS = 10 * 3_600_000
KEPT = dt.timedelta(days=92)
ADDRESS_LIFE_MS = 5 * 60_000


class Wanted(NamedTuple):
    """Which bill. Without ``sub_mchid`` a partner's has every sub-merchant in it."""

    mchid: str
    day: dt.date
    bill_type: str
    sub_mchid: str | None


class Ticket(NamedTuple):
    """What an address leads to, for whom and until when."""

    mchid: str
    bill: bytes
    until_ms: int


class Bills:
    """``/v3/bill/tradebill`` and the download. A bill is made once, and stays as it was made."""

    def __init__(self, world: World, book: OrderBook) -> None:
        self._world = world
        self._book = book
        self._made: dict[Wanted, bytes] = {}
        self._tickets: dict[str, Ticket] = {}

    def clear(self) -> None:
        self._made.clear()
        self._tickets.clear()

    def apply(self, account: Account, request: Request) -> Reply:
        wanted = _wanted(account, request)
        packed = _choice(request, "tar_type", ("GZIP",)) is not None
        _check_day(wanted.day, self._world.clock.now())
        if wanted not in self._made:
            self._made[wanted] = self._make(wanted)
        bill, token = self._made[wanted], self._world.ids.hex(64)
        self._tickets[token] = Ticket(account.mchid, bill, self._world.clock.now() + ADDRESS_LIFE_MS)
        address = f"{request.origin}{DOWNLOAD}?token={token}{'&tartype=gzip' if packed else ''}"
        return Reply({"hash_type": "SHA1", "hash_value": sha1(bill).hexdigest(), "download_url": address})

    def download(self, account: Account, request: Request) -> File:
        ticket = self._tickets.get(read_query(request, "token"))
        if ticket is None:
            advice = "No bill is behind this token: call the download_url as it was given."
            raise WxpayError("INVALID_REQUEST", "下载链接无效", advice=advice)
        if ticket.mchid != account.mchid:
            advice = f"{ticket.mchid} asked for this bill, and {account.mchid} signed the download."
            raise WxpayError("NO_AUTH", advice=advice)
        if self._world.clock.now() > ticket.until_ms:
            advice = "A download_url is good for 5 minutes: ask for the bill again."
            raise WxpayError("INVALID_REQUEST", "下载链接已过期", advice=advice)
        if request.query.get("tartype") == "gzip":
            return File(gzip.compress(ticket.bill, mtime=0), "application/x-gzip")
        return File(ticket.bill, "text/plain; charset=utf-8")

    def _make(self, wanted: Wanted) -> bytes:
        start_ms = _start_ms(wanted.day)
        lines = [
            line
            for order in self._book.all()
            if order.account.mchid == wanted.mchid and wanted.sub_mchid in (None, order.party.sub_mchid)
            for line in lines_of(order)
            if start_ms <= line.at_ms < start_ms + DAY_MS
            if wanted.bill_type == "ALL" or (wanted.bill_type == "SUCCESS") == bool(line.paid)
        ]
        if not lines:
            advice = f"Nothing was paid or refunded at {wanted.mchid} on {wanted.day}: no bill of that day will come."
            raise WxpayError("NO_STATEMENT_EXIST", "请求的账单文件不存在", advice=advice)
        return statement(wanted.bill_type, sorted(lines, key=lambda line: line.at_ms))


def _wanted(account: Account, request: Request) -> Wanted:
    sub_mchid = request.query.get("sub_mchid")
    if sub_mchid is not None:
        check_sub(account, sub_mchid)
    bill_type = _choice(request, "bill_type", BILL_TYPES) or "ALL"
    return Wanted(account.mchid, _day(read_query(request, "bill_date")), bill_type, sub_mchid)


def _choice(request: Request, name: str, allowed: tuple[str, ...]) -> str | None:
    value = request.query.get(name)
    if value is None or value in allowed:
        return value
    advice = f"{name} is one of {', '.join(allowed)} here, or is left out."
    raise param_error(name, "value is not one of the allowed", value=value, location="query", advice=advice)


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        advice = "bill_date is a day such as 2026-01-31."
        raise param_error("bill_date", "value is not a day", value=text, location="query", advice=advice)
    return day


def _check_day(day: dt.date, now_ms: int) -> None:
    today = dt.datetime.fromtimestamp(now_ms // 1000, CHINA).date()
    it_is = f"it is {china_rfc3339(now_ms)}"
    if day >= today:
        advice = f"{day} is not over: {it_is}. Move the clock (POST /_sim/clock) to 10:00 of the day after."
        raise WxpayError("INVALID_REQUEST", "账单日期须早于当天", advice=advice)
    if day < today - KEPT:
        advice = f"Bills are kept for three months: {it_is}."
        raise WxpayError("INVALID_REQUEST", "账单日期超出可下载的范围", advice=advice)
    if now_ms < _start_ms(day) + DAY_MS + MADE_AFTER_MS:
        advice = f"The bill of {day} is ready at 10:00 of the day after: {it_is}."
        raise WxpayError("STATEMENT_CREATING", advice=advice)


def _start_ms(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 1000
