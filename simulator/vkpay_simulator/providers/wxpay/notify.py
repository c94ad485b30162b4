"""Notifications: the envelope, its encryption, and how long WeChat Pay goes on sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.gate import Gate

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PAUSES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
TRANSFER_PAUSES = (15,) * 10 + (300,) * 10 + (1800,) * 44


class Notifier:
    """Makes deliveries. The body stays the same for every attempt, the signature does not."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    def send(
        self,
        account: Account,
        *,
        event: str,
        original_type: str,
        summary: str,
        resource: dict[str, Any],
        url: str,
        subject: str,
    ) -> None:
        """Hands a notification to the world; a merchant without an APIv3 key gets none."""
        if account.v3_key is None:
            return
        number = self._world.ids.uuid()
        body = envelope(
            number=number,
            created=china_rfc3339(self._world.clock.now()),
            event=event,
            original_type=original_type,
            summary=summary,
            plain=msgspec.json.encode(resource),
            key=account.v3_key,
            nonce=self._world.ids.alnum(12),
        )
        key = account.notifying_key(self._world.ids.chance())

        def build(_attempt: int) -> Outgoing:
            return Outgoing(
                headers=_headers(f"{self._gate.request_id()}-0") | self._gate.sign(key, body), body=body
            )

        self._world.notify(
            Delivery(
                id=number,
                provider="wxpay",
                event=event,
                subject=subject,
                url=url,
                build=build,
                accepts=lambda status, _: status in (200, 204),
                pauses=TRANSFER_PAUSES if event.startswith("MCHTRANSFER.") else PAUSES,
            )
        )


def envelope(
    *,
    number: str,
    created: str,
    event: str,
    original_type: str,
    summary: str,
    plain: bytes,
    key: str,
    nonce: str,
) -> bytes:
    """The body of a notification; ``plain`` is the resource before encryption."""
    resource = {
        "original_type": original_type,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": signing.seal(key, nonce, original_type, plain),
        "associated_data": original_type,
        "nonce": nonce,
    }
    return msgspec.json.encode(
        {
            "id": number,
            "create_time": created,
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": summary,
            "resource": resource,
        }
    )


def _headers(request_id: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "*/*",
        "User-Agent": "Mozilla/4.0",
        "Request-ID": request_id,
    }
