"""Notifications that the merchant asks for: one to test with, and those that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.huaweiiap.accounts import App
from vkpay_simulator.providers.huaweiiap.errors import FAILED, IapError
from vkpay_simulator.providers.huaweiiap.models import Sent
from vkpay_simulator.providers.huaweiiap.notify import Notifier
from vkpay_simulator.providers.huaweiiap.orders import DAY_MS, Camel, Span, page_of

if TYPE_CHECKING:
    from vkpay_simulator.world import World


class Nothing(Camel):
    """An empty body, or an empty object."""


class Asked(Span):
    notification_type: str | None = None
    send_result: int | None = None
    purchase_order_id_list: list[str] | None = None


class History:
    """The calls about notifications."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._notifier = notifier

    def test(self, app: App, _asked: Nothing) -> dict[str, Any]:
        self._notifier.test(app)
        return {}

    def query(self, app: App, asked: Asked) -> dict[str, Any]:
        if not 0 < asked.end_time - asked.start_time <= 30 * DAY_MS:
            raise IapError(FAILED, "startTime and endTime are at most 30 days apart.")
        rows = [
            {"jwsNotification": sent.signed, "sendResult": self._result(sent)}
            for sent in app.store.sent
            if not sent.sandbox and asked.start_time <= sent.at_ms < asked.end_time
            if asked.notification_type in (None, sent.type)
            if asked.send_result in (None, self._result(sent))
            if not asked.purchase_order_id_list or sent.purchase in asked.purchase_order_id_list
        ]
        return page_of(rows, asked.continuation_token, "notificationHistory")

    def _result(self, sent: Sent) -> int:
        """1 where it was accepted."""
        delivery = self._world.deliveries.get(sent.delivery)
        return int(delivery is not None and delivery.state == "delivered")
