"""What the simulated IAP Kit remembers: purchases, wishes for refunds, and notifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NORMAL, SANDBOX = "NORMAL", "SANDBOX"
SHIPPED, NOT_SHIPPED = "1", "2"


@dataclass(slots=True, kw_only=True)
class Purchase:
    """``price`` in fen for all pieces together. ``revoked_ms`` is when the money went back, ``reason`` Huawei's code of why."""

    number: str
    token: str
    product_id: str
    product_type: str
    price: int
    currency: str
    quantity: int
    payload: str | None
    environment: str
    payer: str
    bought_ms: int
    shipped: bool = False
    revoked_ms: int | None = None
    reason: str | None = None

    @property
    def state(self) -> str:
        return "PURCHASED" if self.revoked_ms is None else "REFUNDED"

    @property
    def yuan(self) -> str:
        return f"{self.price // 100}.{self.price % 100:02}"

    def order(self, app_id: str, now_ms: int) -> dict[str, Any]:
        """The purchase as it is signed."""
        order: dict[str, Any] = {
            "environment": self.environment,
            "purchaseOrderId": self.number,
            "purchaseToken": self.token,
            "applicationId": app_id,
            "productId": self.product_id,
            "productType": self.product_type,
            "quantity": self.quantity,
            "purchaseTime": self.bought_ms,
            "finishStatus": SHIPPED if self.shipped else NOT_SHIPPED,
            "needFinish": not self.shipped,
            "price": self.price,
            "currency": self.currency,
            "developerPayload": self.payload,
            "purchaseOrderRevocationReasonCode": self.reason,
            "revocationTime": self.revoked_ms,
            "countryCode": "CN",
            "signedTime": now_ms,
        }
        return {name: value for name, value in order.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A customer's wish for a refund, until the merchant has answered it."""

    batch: str
    purchase: Purchase
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A notification, and under which name its delivery is found."""

    type: str
    purchase: str | None
    signed: str
    at_ms: int
    delivery: str
    sandbox: bool


@dataclass(slots=True, kw_only=True)
class Store:
    """What one app has sold."""

    purchases: dict[str, Purchase] = field(default_factory=dict)
    wishes: dict[str, Wish] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    def clear(self) -> None:
        for kept in (self.purchases, self.wishes, self.sent):
            kept.clear()
