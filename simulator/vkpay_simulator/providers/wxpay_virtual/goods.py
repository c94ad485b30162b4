"""Items (道具): uploading and publishing them, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.wxpay_virtual.accounts import App, Goods
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error
from vkpay_simulator.providers.wxpay_virtual.gate import Call
from vkpay_simulator.providers.wxpay_virtual.models import Model, PublishGoods, UploadGoods, UploadItem

if TYPE_CHECKING:
    from vkpay_simulator.world import World

TASK_MS = 3_000
EFFECTIVE_MS = 600_000
RUNNING, TAKEN, DONE, FAILED = 0, 1, 2, 3
"""Of one item: 1 is an id that exists (when uploading) or does not (when publishing)."""


@dataclass(slots=True, kw_only=True)
class Task:
    """A running upload or publication. ``status`` is what becomes of its item when the time is over."""

    item: dict[str, Any]
    ends_ms: int
    status: int
    errmsg: str = ""


class Shelf:
    """The four calls about items."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[tuple[str, int, str], Task] = {}

    def clear(self) -> None:
        self._tasks.clear()

    def upload(self, call: Call, wanted: UploadGoods) -> dict[str, Any]:
        item = wanted.upload_item[0]
        fields = {name: getattr(item, name) for name in UploadItem.__struct_fields__}
        task = Task(item=fields, ends_ms=self._now + TASK_MS, status=DONE)
        if not item.item_url.startswith(("https://", "http://")):
            raise field_error("item_url字段错误", "item_url has to be an http address of a jpg or png.")
        if item.id in call.app.goods:
            task.status, task.errmsg = TAKEN, "道具id已存在"
        elif not item.item_url.lower().endswith((".jpg", ".jpeg", ".png")):
            task.status, task.errmsg = FAILED, "图片格式错误"
        self._start(call, "upload", task)
        if task.status == DONE:
            call.app.goods[item.id] = Goods(**fields)
        return {}

    def publish(self, call: Call, wanted: PublishGoods) -> dict[str, Any]:
        item = wanted.publish_item[0]
        known = call.app.goods.get(item.id)
        task = Task(item={"id": item.id}, ends_ms=self._now + TASK_MS, status=DONE if known else TAKEN)
        task.errmsg = "" if known else "道具id不存在"
        self._start(call, "publish", task)
        if known:
            known.effective_ms.setdefault(call.env, task.ends_ms + EFFECTIVE_MS)
        return {}

    def uploading(self, call: Call, _wanted: Model) -> dict[str, Any]:
        return self._shown(call, "upload")

    def publishing(self, call: Call, _wanted: Model) -> dict[str, Any]:
        return self._shown(call, "publish")

    @property
    def _now(self) -> int:
        return self._world.clock.now()

    def _start(self, call: Call, kind: str, task: Task) -> None:
        key = (call.app.appid, call.env, kind)
        running = self._tasks.get(key)
        if running is not None and running.ends_ms > self._now:
            raise XpayError(268490012, advice=f"An {kind} is running for {TASK_MS // 1000} s: wait for it.")
        self._tasks[key] = task

    def _shown(self, call: Call, kind: str) -> dict[str, Any]:
        task = self._tasks.get((call.app.appid, call.env, kind))
        if task is None:
            return {"status": 0, f"{kind}_item": []}
        over = task.ends_ms <= self._now
        status = task.status if over else RUNNING
        item = task.item | {f"{kind}_status": status, "errmsg": task.errmsg if over else ""}
        whole = (3 if task.status == DONE else 2) if over else 1
        return {"status": whole, f"{kind}_item": [item]}


def state_of(app: App, product_id: str, env: int, now: int) -> str:
    """``unknown``, ``unpublished``, ``soon`` (published, not effective yet), or ``published``."""
    goods = app.goods.get(product_id)
    if goods is None:
        return "unknown"
    effective = goods.effective_ms.get(env)
    if effective is None:
        return "unpublished"
    return "published" if effective <= now else "soon"
