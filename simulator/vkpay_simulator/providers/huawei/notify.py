"""Callbacks: what they say, and how long Huawei Pay goes on sending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.clock import china_text
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.huawei.accounts import Accounts
from vkpay_simulator.providers.huawei.errors import SUCCESS
from vkpay_simulator.providers.huawei.gate import Gate
from vkpay_simulator.providers.huawei.numbering import callback_id
from vkpay_simulator.providers.huawei.orders import Order
from vkpay_simulator.providers.huawei.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.providers.huawei.refunds import Refund
    from vkpay_simulator.world import World

ANSWER_WITHIN_S = 3.0
HEADERS = {"Content-Type": "application/json;charset=UTF-8"}


class Notifier:
    """Makes deliveries. The content stays the same for every attempt, the signature does not."""

    def __init__(self, world: World, accounts: Accounts, gate: Gate, rules: Rules) -> None:
        self._world = world
        self._accounts = accounts
        self._gate = gate
        self._rules = rules

    def order(self, order: Order) -> None:
        """That an order is paid, or that paying it failed for good."""
        fields = order.transaction()
        if order.state != "SUCCESS":
            fields |= {"payerAmount": 0, "promotionAmount": 0}
        self._send(fields["orderStatus"], fields, order.request.callbackUrl, order.merc_order_no)

    def refund(self, refund: Refund) -> None:
        self._send(refund.state, refund.notified(), refund.request.callbackUrl, refund.order.merc_order_no)

    def _send(self, event: str, fields: dict[str, Any], url: str, subject: str) -> None:
        now = self._world.clock.now()
        content = {
            **fields,
            "callbackId": callback_id(self._world.ids, now),
            "callbackTime": china_text(now),
            "dataType": "plain",
            "signType": "SM2",
        }

        def build(_attempt: int) -> Outgoing:
            certified = content | {"certNo": self._accounts.platform.cert_no}
            return Outgoing(headers=dict(HEADERS), body=self._gate.signed(certified))

        self._world.notify(
            Delivery(
                id=content["callbackId"],
                provider="huawei",
                event=event,
                subject=subject,
                url=url,
                build=build,
                accepts=accepts,
                pauses=self._rules.pauses,
                timeout_s=ANSWER_WITHIN_S,
            )
        )


def accepts(status: int, body: bytes) -> bool:
    """HTTP 200 and a JSON object with the resultCode of success."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return status == 200 and said.get("resultCode") == SUCCESS
