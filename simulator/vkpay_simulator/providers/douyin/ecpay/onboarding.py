"""How merchants come to Douyin: pages that they fill in, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.providers.douyin.ecpay.gate import Call, Reply
from vkpay_simulator.providers.douyin.errors import NOT_THE_APPS_MERCHANT, ecpay_refusal

if TYPE_CHECKING:
    from vkpay_simulator.world import World

OPEN = 1
PAGES = {1: "merchant/apply", 2: "merchant/balance"}


def status(call: Call) -> Reply:
    """Every merchant here is open for both channels."""
    merchant = call.fields.required("merchant_id")
    if merchant != call.app.mch_id:
        why = f"merchant_id is not the app's: that is {call.app.mch_id}."
        raise ecpay_refusal(NOT_THE_APPS_MERCHANT, why=why)
    call.fields.text("sub_merchant_id")
    return Reply({"wx": OPEN, "alipay": OPEN})


class Pages:
    """``add_merchant`` and its kin: an address that is good for two hours."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self, call: Call) -> Reply:
        kind = call.fields.integer("url_type", least=1, most=2) or 1
        merchant = call.fields.text("sub_merchant_id") or call.app.mch_id
        url = f"https://developer.toutiao.com/{PAGES[kind]}?token={self._world.ids.hex(32)}"
        return Reply({"url": url, "merchant_id": merchant})
