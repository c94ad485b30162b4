"""Bills (账单): asked for, made, and then at an address for half an hour.

What stands in the files was never published: here it is the orders, under the names of query_order.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from vkpay_simulator.clock import china_text
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error, no_such
from vkpay_simulator.providers.wxpay_virtual.gate import Call
from vkpay_simulator.providers.wxpay_virtual.models import BillDays, Download, StartDownload
from vkpay_simulator.providers.wxpay_virtual.orders import AnyOrder, CashOrder, OrderBook

if TYPE_CHECKING:
    from vkpay_simulator.world import World

FILE = "/_xpay/bill/{token}"
MAKING_MS = 3_000
LINK_MS = 1_800_000
COLUMNS = (
    "order_type", "order_id", "wx_order_id", "wxpay_order_id", "status", "order_fee", "paid_fee", "refund_fee",
    "create_time", "paid_time",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Task:
    """A bill that was asked for, and when it is ready."""

    app: App
    env: int
    days: tuple[int, int]
    ready_ms: int


@dataclass(slots=True, kw_only=True)
class Link:
    body: bytes
    ends_ms: int


class Bills:
    """The three calls about bills, and the files."""

    def __init__(self, world: World, book: OrderBook) -> None:
        self._world = world
        self._book = book
        self._tasks: dict[str, Task] = {}
        self._links: dict[str, Link] = {}

    def clear(self) -> None:
        self._tasks.clear()
        self._links.clear()

    def download(self, call: Call, wanted: BillDays) -> dict[str, str]:
        """The first call begins to make the bill of a span; later ones give its address."""
        days = _span(wanted.begin_ds, wanted.end_ds)
        task = self._task(f"{call.app.appid} {days}", call.app, 0, days)
        if task.ready_ms > self._world.clock.now():
            raise XpayError(268490011, advice="The bill is being made: ask again in 3 s (business time).")
        return {"url": self._link(call.origin, task)}

    def start(self, call: Call, wanted: StartDownload) -> dict[str, str]:
        task_id = self._world.ids.uuid()
        self._task(task_id, call.app, call.env, _span(wanted.begin_ds, wanted.end_ds))
        return {"task_id": task_id}

    def query(self, call: Call, wanted: Download) -> dict[str, Any]:
        task = self._tasks.get(wanted.task_id)
        if task is None or task.app is not call.app or task.env != call.env:
            raise no_such(f"download {wanted.task_id!r}", "start_download_order gives the number")
        now = self._world.clock.now()
        if task.ready_ms > now:
            return {"status": 1, "download_url": "", "expire_at": 0}
        return {
            "status": 2,
            "download_url": self._link(call.origin, task),
            "expire_at": (now + LINK_MS) // 1000,
        }

    def file(self, request: Request) -> Answer:
        link = self._links.get(request.params["token"])
        if link is None or link.ends_ms <= self._world.clock.now():
            return Answer(
                status=404, explain="The address of a bill is good for half an hour: ask for the bill again."
            )
        return Answer(body=link.body, headers=CIMultiDict({"Content-Type": "text/csv; charset=utf-8"}))

    def _task(self, name: str, app: App, env: int, days: tuple[int, int]) -> Task:
        ready = self._world.clock.now() + MAKING_MS
        return self._tasks.setdefault(name, Task(app=app, env=env, days=days, ready_ms=ready))

    def _link(self, origin: str, task: Task) -> str:
        token = self._world.ids.alnum(32)
        self._links[token] = Link(body=self._table(task), ends_ms=self._world.clock.now() + LINK_MS)
        return origin + FILE.format(token=token)

    def _table(self, task: Task) -> bytes:
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(COLUMNS)
        orders: list[AnyOrder] = [*self._book.payments(), *self._book.refunds()]
        for order in orders:
            if _belongs(order, task):
                table.writerow([order.object()[name] for name in COLUMNS])
        return text.getvalue().encode()


def _belongs(order: AnyOrder, task: Task) -> bool:
    moment = order.paid_ms if isinstance(order, CashOrder) else order.done_ms
    if order.app is not task.app or order.env != task.env or moment is None:
        return False
    return task.days[0] <= int(china_text(moment)[:10].replace("-", "")) <= task.days[1]


def _span(begin: int, end: int) -> tuple[int, int]:
    if begin > end:
        raise field_error("begin_ds字段错误", "begin_ds has to be the earlier day.")
    return begin, end
