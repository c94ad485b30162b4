"""Bills, tags and the merchant's money, asked for with a client token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.douyin.ecpay.bills import TABLES, Bills
from vkpay_simulator.providers.douyin.ecpay.gate import Call as EcpayCall
from vkpay_simulator.providers.douyin.ecpay.gate import Reply as EcpayReply
from vkpay_simulator.providers.douyin.errors import Refusal
from vkpay_simulator.providers.douyin.trade.gate import Call, Reply, Work, param_error

if TYPE_CHECKING:
    from vkpay_simulator.world import World

DOWNLOAD = "/douyin-bills/{token}"
ADDRESS_LIFE_MS = 3_600_000
TOOLS = "tag_group_7272625659888058380"

Act = Callable[[EcpayCall], EcpayReply]
"""A call of guaranteed payment."""


class BillFiles:
    """Bills behind an address that is good for an hour."""

    def __init__(self, world: World, bills: Bills) -> None:
        self._world = world
        self._bills = bills
        self._files: dict[str, tuple[bytes, int]] = {}

    def clear(self) -> None:
        self._files.clear()

    def trade(self, call: Call) -> Reply:
        """``bill_type`` is ``payment``, ``settle`` or ``refund``."""
        kind = call.fields.required("bill_type")
        if kind not in TABLES:
            raise call.fields.invalid("bill_type", f"it is one of {', '.join(TABLES)}")
        _check_merchant(call)
        day = self._day(call)
        return Reply({"bill_list": [self._kept(call, self._bills.of_day(call.app, kind, day))]})

    def funds(self, call: Call) -> Reply:
        _check_merchant(call)
        self._day(call)
        body = self._bills.funds(EcpayCall(call.app, call.fields))
        return Reply({"fund_bill_list": [self._kept(call, body)]})

    def download(self, request: Request) -> Answer:
        body, until_ms = self._files.get(request.params["token"], (b"", 0))
        if self._world.clock.now() >= until_ms:
            return Answer(status=404, explain="The address of a bill is good for an hour: ask for it again.")
        return Answer(body=body, headers=CIMultiDict({"Content-Type": "text/csv; charset=utf-8"}))

    def _day(self, call: Call) -> dt.date:
        try:
            return self._bills.day(call.values.get("bill_date"))
        except Refusal as no:
            raise param_error(no.tips, no.why) from no

    def _kept(self, call: Call, body: bytes) -> str:
        token = self._world.ids.hex(32)
        self._files[token] = body, self._world.clock.now() + ADDRESS_LIFE_MS
        return call.origin + DOWNLOAD.format(token=token)


def money(act: Act) -> Work:
    """A call about the merchant's money, as in guaranteed payment; its answer stands beside the code there as here."""

    def work(call: Call) -> Reply:
        try:
            reply = act(EcpayCall(call.app, call.fields))
        except Refusal as no:
            raise param_error(no.tips, no.why) from no
        return Reply(beside=reply.payload)

    return work


def tags(call: Call) -> Reply:
    """One tag group: virtual services, which are not given back."""
    call.fields.integer("goods_type", least=1, most=9999)
    rule = {"rule_id": "1", "rule_type": 1, "refund_rule": {"refund_type": 0}}
    return Reply({"tag_detail_list": [{"tag_group_id": TOOLS, "tag_list": [], "rule_list": [rule]}]})


def _check_merchant(call: Call) -> None:
    if call.fields.required("merchant_id") != call.app.mch_id:
        raise call.fields.invalid("merchant_id", f"the app's merchant is {call.app.mch_id}")
