"""Notifications of payments. The form body, ``out_trade_no`` and the double send are observed; the other fields, the
signature and the schedule are designed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from vkpay_simulator.clock import china_text
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.vkspay.accounts import Account
from vkpay_simulator.providers.vkspay.fields import yuan
from vkpay_simulator.providers.vkspay.models import Order
from vkpay_simulator.providers.vkspay.rules import Rules
from vkpay_simulator.providers.vkspay.signing import sign, spoilt

if TYPE_CHECKING:
    from vkpay_simulator.world import World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Reply(msgspec.Struct):
    code: str = ""


def accepts(status: int, body: bytes) -> bool:
    """HTTP 200 and ``{"code": "SUCCESS"}``."""
    try:
        return status == 200 and msgspec.json.decode(body, type=_Reply).code == "SUCCESS"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def spoil(body: bytes) -> bytes:
    head, mark, signature = body.rpartition(b"&sign=")
    return head + mark + spoilt(signature.decode()).encode()


class Notifier:
    """Composes what the merchant is told, and counts the orders whose address cannot be reached."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world = world
        self._rules = rules

    def paid(self, order: Order) -> None:
        if order.notify_url is not None:
            self._send(order, "PAID", order.number, order.notify_url)

    def forge(self, order: Order, number: str) -> str:
        """Sends what nobody paid for, naming ``number``, to the order's address; gives the delivery's id."""
        return self._send(order, "FORGED", number, order.notify_url or "")

    def _send(self, order: Order, event: str, number: str, url: str) -> str:
        delivery = Delivery(
            id=f"vkspay-{self._world.ids.hex(16)}",
            provider="vkspay",
            event=event,
            subject=order.number,
            url=url,
            build=lambda _attempt: self._outgoing(order, number),
            accepts=accepts,
            pauses=self._rules.pauses,
            first_copies=2 if self._rules.double_notify else 1,
            missed=lambda: self._missed(order),
        )
        self._world.notify(delivery)
        return delivery.id

    def _outgoing(self, order: Order, number: str) -> Outgoing:
        fields = self._fields(order, number)
        body = urlencode({**fields, "sign": sign(fields, order.account.key)})
        return Outgoing(headers=dict(FORM), body=body.encode())

    def _fields(self, order: Order, number: str) -> dict[str, str]:
        ids = self._world.ids
        fields = {
            "out_trade_no": number,
            "total_fee": yuan(order.total),
            "transaction_id": order.transaction_id or f"4200{ids.digits(24)}",
            "pay_chnl": order.wallet or "wxpay",
            "pay_time": china_text(order.paid_ms or self._world.clock.now()),
            "merchantno": order.account.merchantno,
            "signaturenonce": ids.digits(8).replace("0", "1"),
            "timestamp": str(self._world.signing_ms() // 1000),
        }
        return fields | ({"attach": order.attach} if order.attach else {})

    def _missed(self, order: Order) -> None:
        """Nobody took a notification in. Observed is only that a notify address that is often unreachable gets the
        merchant banned."""
        account: Account = order.account
        account.unreachable.add(order.number)
        limit = self._rules.ban_after
        if limit is not None and len(account.unreachable) >= limit:
            account.banned = True
