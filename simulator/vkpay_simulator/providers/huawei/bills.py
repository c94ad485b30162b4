"""Bills: the address of a day's file is asked for with one call, the file is fetched with the headers of its answer."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from multidict import CIMultiDict

from vkpay_simulator.clock import CHINA, china_text
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.huawei.accounts import Account
from vkpay_simulator.providers.huawei.errors import HuaweiError, printable
from vkpay_simulator.providers.huawei.fields import invalid
from vkpay_simulator.providers.huawei.gate import Call, Work
from vkpay_simulator.providers.huawei.orders import DAY_MS, OrderBook
from vkpay_simulator.providers.huawei.statement import COLUMNS, lines_of, statement

if TYPE_CHECKING:
    from vkpay_simulator.world import World

DOWNLOAD = "/payment-bill/{name}"
READY_AFTER_MS = {"trade-bill": 9 * 3_600_000, "settle-bill": 15 * 3_600_000}
KEPT = dt.timedelta(days=90)
ADDRESS_LIFE_MS = 5 * 60_000


class Ticket(NamedTuple):
    """What an address leads to, with which headers, and until when."""

    headers: dict[str, str]
    file: bytes
    until_ms: int


class Bills:
    """The two ``downloadInfo`` endpoints and the download. A bill is made once, and stays as it was made."""

    def __init__(self, world: World, book: OrderBook) -> None:
        self._world = world
        self._book = book
        self._made: dict[tuple[str, str, dt.date], bytes | None] = {}
        self._tickets: dict[str, Ticket] = {}

    def clear(self) -> None:
        self._made.clear()
        self._tickets.clear()

    def apply(self, kind: str) -> Work:
        """The endpoint of one kind, ``trade-bill`` or ``settle-bill``."""

        def work(call: Call) -> dict[str, Any]:
            if kind == "settle-bill" and not call.account.settle_bill:
                advice = "Settlement bills are switched off: POST /_sim/huawei/account with settle_bill true."
                raise HuaweiError("BILL_SWITCH_NOT_TURN_ON", advice)
            day = self._day(call.request)
            key = (call.account.merc_no, kind, day)
            if not self._ready(kind, day):
                return {"resultDesc": "Success"}
            if key not in self._made:
                self._made[key] = self._make(call.account, kind, day)
            file = self._made[key]
            if file is None:
                return {"resultDesc": "Success"}
            return {"resultDesc": "Success", "billDownloadParam": self._ticket(call.request, file)}

        return work

    def download(self, request: Request) -> Answer:
        """The object store's side: no envelope, and nothing is signed."""
        ticket = self._tickets.get(request.params["name"])
        if ticket is None:
            return Answer(status=404, explain="No bill is behind this address: ask for it again.")
        if self._world.clock.now() > ticket.until_ms:
            return Answer(status=403, explain="The address is good for 5 minutes: ask for the bill again.")
        for name, value in ticket.headers.items():
            if request.headers.get(name) != value:
                advice = f"Send the header {name} as it stands in billDownloadParam.headers."
                return Answer(status=403, explain=advice)
        return Answer(body=ticket.file, headers=CIMultiDict({"Content-Type": "application/zip"}))

    def _day(self, request: Request) -> dt.date:
        text = request.query.get("billDate", "")
        try:
            day = dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=CHINA).date()
        except ValueError:
            raise invalid(f"billDate is {printable(text)}: give a day such as 20260131.") from None
        today = dt.datetime.fromtimestamp(self._world.clock.now() // 1000, CHINA).date()
        if not today - KEPT <= day < today:
            it_is = china_text(self._world.clock.now())
            raise invalid(f"billDate {text} is not one of the 90 days before today; it is {it_is}.")
        return day

    def _ready(self, kind: str, day: dt.date) -> bool:
        return self._world.clock.now() >= _start_ms(day) + DAY_MS + READY_AFTER_MS[kind]

    def _make(self, account: Account, kind: str, day: dt.date) -> bytes | None:
        start_ms = _start_ms(day)
        lines = [
            line
            for order in self._book.all()
            if order.account is account
            for line in lines_of(order)
            if start_ms <= line.at_ms < start_ms + DAY_MS
        ]
        if not lines:
            return None
        table = statement(COLUMNS[kind], sorted(lines, key=lambda line: line.at_ms), day)
        packed = io.BytesIO()
        name = zipfile.ZipInfo(f"{account.merc_no}_{day:%Y%m%d}.csv", (1980, 1, 1, 0, 0, 0))
        name.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, table)
        return packed.getvalue()

    def _ticket(self, request: Request, file: bytes) -> dict[str, Any]:
        ids, now = self._world.ids, self._world.clock.now()
        name = f"{ids.hex(32)}.zip"
        stamp = dt.datetime.fromtimestamp(now // 1000, dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "Authorization": (
                f"AWS4-HMAC-SHA256 Credential={ids.alnum(20)}/{stamp[:8]}/region/s3/aws4_request,"
                f"SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature={ids.hex(64)}"
            ),
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
            "x-amz-client-request-id": ids.uuid(),
            "x-amz-date": stamp,
            "connection": "keep-alive",
            "Host": urlsplit(request.origin).netloc,
            "user-agent": "pay-java",
            "Content-Type": "application/octet-stream",
        }
        self._tickets[name] = Ticket(headers, file, now + ADDRESS_LIFE_MS)
        address = request.origin + DOWNLOAD.format(name=name)
        return {"headers": headers, "method": "GET", "downloadUrl": address}


def _start_ms(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 1000
