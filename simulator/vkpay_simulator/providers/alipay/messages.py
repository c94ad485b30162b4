"""Subscription messages (消息订阅), sent to the app's own gateway address and not to a notify_url."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_text
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.alipay.envelope import compact
from vkpay_simulator.providers.alipay.fields import yuan
from vkpay_simulator.providers.alipay.models import Call, Transfer
from vkpay_simulator.providers.alipay.notify import accepts, form_type, signed_form
from vkpay_simulator.providers.alipay.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World

TRANSFER_CHANGED = "alipay.fund.trans.order.changed"


class Messenger:
    """Tells apps that subscribed, by having a gateway address, of what they did not ask back for."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world = world
        self._rules = rules

    def transferred(self, call: Call, made: Transfer) -> None:
        content = {
            "action_type": "FINISH",
            "biz_scene": made.order.biz_scene,
            "order_id": made.order_id,
            "origin_interface": call.method,
            "out_biz_no": made.order.out_biz_no,
            "pay_date": china_text(made.at_ms),
            "pay_fund_order_id": made.pay_fund_order_id,
            "product_code": made.order.product_code,
            "status": "SUCCESS",
            "trans_amount": yuan(made.order.amount),
        }
        self._send(call, TRANSFER_CHANGED, made.order.out_biz_no, compact(content))

    def _send(self, call: Call, msg_method: str, subject: str, content: str) -> None:
        if call.app.gateway_url is None:
            return
        fields = {
            "app_id": call.app.app_id,
            "biz_content": content,
            "charset": call.params.charset,
            "msg_method": msg_method,
            "notify_id": self._notify_id(),
            "version": "1.1",
        }
        self._world.notify(
            Delivery(
                id=fields["notify_id"],
                provider="alipay",
                event=msg_method,
                subject=subject,
                url=call.app.gateway_url,
                build=lambda _attempt: self._outgoing(call, fields),
                accepts=accepts,
                pauses=self._rules.pauses,
            )
        )

    def _outgoing(self, call: Call, fields: dict[str, str]) -> Outgoing:
        body = signed_form(call, fields | {"utc_timestamp": str(self._world.clock.now())})
        return Outgoing(headers=form_type(call), body=body.encode())

    def _notify_id(self) -> str:
        day, _, clock = china_text(self._world.clock.now()).partition(" ")
        return f"{day.replace('-', '')}00262{clock.replace(':', '')}0{self._world.ids.digits(14)}"
