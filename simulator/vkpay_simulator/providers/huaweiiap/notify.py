"""Notifications, version 3: one attempt in the sandbox, and until HTTP 200 for what is bought with money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.jws import spoilt
from vkpay_simulator.providers.huaweiiap.accounts import App
from vkpay_simulator.providers.huaweiiap.models import NORMAL, SANDBOX, Purchase, Sent, Wish
from vkpay_simulator.providers.huaweiiap.pki import Authority
from vkpay_simulator.providers.huaweiiap.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World

HEADERS = {"Content-Type": "application/json;charset=UTF-8"}
BOUGHT, REVOKED, WISHED, TEST = "DID_NEW_TRANSACTION", "REVOKE", "REFUND_REQUEST", "TEST"


class Notifier:
    """Signs what happened, and hands it over for delivery."""

    def __init__(self, world: World, authority: Authority, rules: Rules) -> None:
        self._world = world
        self._authority = authority
        self._rules = rules

    def bought(self, app: App, one: Purchase) -> Sent:
        return self._send(app, BOUGHT, None, one)

    def revoked(self, app: App, one: Purchase) -> Sent:
        return self._send(app, REVOKED, "REFUND_TRANSACTION", one)

    def wished(self, app: App, wish: Wish) -> Sent:
        one = wish.purchase
        order = {"purchaseOrderId": one.number, "purchaseToken": one.token, "payAmount": one.price}
        asked = {
            "refundReason": wish.reason,
            "applyAmount": one.price,
            "currency": one.currency,
            "applyType": 1,
            "refundBatchNo": wish.batch,
            "refundOrders": [order],
        }
        return self._send(app, WISHED, None, one, refundRequestData=asked)

    def test(self, app: App) -> Sent:
        return self._send(app, TEST, None, None)

    def _send(self, app: App, kind: str, subtype: str | None, one: Purchase | None, **more: Any) -> Sent:
        now, number = self._world.clock.now(), self._world.ids.uuid()
        about = _about(one) if one else {"environment": NORMAL}
        payload = {
            "notificationType": kind,
            "notificationSubtype": subtype,
            "notificationRequestId": number,
            "notificationMetaData": {"applicationId": app.app_id} | about | more,
            "notificationVersion": "v3",
            "signedTime": now,
        }
        signed = self._authority.sign({name: value for name, value in payload.items() if value is not None})
        sandbox = one is not None and one.environment == SANDBOX
        sent = Sent(
            type=kind,
            purchase=one.number if one else None,
            signed=signed,
            at_ms=now,
            delivery=number,
            sandbox=sandbox,
        )
        app.store.sent.append(sent)
        self._world.notify(self._delivery(app, sent, one))
        return sent

    def _delivery(self, app: App, sent: Sent, one: Purchase | None) -> Delivery:
        body = msgspec.json.encode({"jwsNotification": sent.signed})
        return Delivery(
            id=sent.delivery,
            provider="huaweiiap",
            event=sent.type,
            subject=(one.payload or one.number) if one else sent.type,
            url=app.notify_url,
            build=lambda _attempt: Outgoing(headers=dict(HEADERS), body=body),
            accepts=lambda status, _body: status == 200,
            pauses=() if sent.sandbox else self._rules.pauses,
        )


def _about(one: Purchase) -> dict[str, Any]:
    return {
        "environment": one.environment,
        "currentProductId": one.product_id,
        "purchaseToken": one.token,
        "purchaseOrderId": one.number,
        "type": one.product_type,
    }


def spoil(body: bytes) -> bytes:
    """The same notification under a signature that does not hold."""
    said = msgspec.json.decode(body, type=dict[str, str])
    return msgspec.json.encode({"jwsNotification": spoilt(said["jwsNotification"])})
