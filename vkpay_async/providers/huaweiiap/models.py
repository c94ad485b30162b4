"""IAP Kit's objects; on the wire their names are in camelCase. What is left out, or null, is ``None``."""

from __future__ import annotations

from typing import Any

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise; the last one for JSON nested without end."""


AUTO_RENEWING = "2"


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is read; unknown fields are left alone."""


class Answer(Wire, frozen=True, kw_only=True):
    """What every answer has: ``return_code`` is refunds' name of the code."""

    response_code: str | int | None = None
    response_message: str | None = None
    return_code: str | int | None = None

    @property
    def code(self) -> str:
        """Empty where there is none."""
        code = self.return_code if self.response_code is None else self.response_code
        return "" if code is None else str(code)


class SignedPurchase(Wire, frozen=True, kw_only=True):
    jws_purchase_order: str


class SignedGroup(Wire, frozen=True, kw_only=True):
    jws_sub_group_status: str


class Group(Wire, frozen=True, kw_only=True):
    """Whose a subscription group's state is; the rest of it is in no document that we have."""

    application_id: str | int | None = None
    environment: str | None = None


class TradeOrders(Wire, frozen=True, kw_only=True):
    order_info_list: list[dict[str, Any]] = []
    continuation_token: str | None = None


class HistoryEntry(Wire, frozen=True, kw_only=True):
    jws_notification: str


class History(Wire, frozen=True, kw_only=True):
    notification_history: list[HistoryEntry] = []
    continuation_token: str | None = None


class PurchaseOrder(Wire, frozen=True, kw_only=True):
    """A purchase, verified. ``price`` is in fen for the quantity, times are milliseconds since the epoch.

    ``product_type``: 0 consumable, 1 non-consumable, 2 auto-renewing, 3 non-renewing. ``purchase_token`` is for one delivery.
    ``developer_payload`` is what the app gave with the purchase. The last five are a subscription's.
    https://developer.huawei.com/consumer/cn/doc/harmonyos-references/iap-data-model
    """

    environment: str
    purchase_order_id: str
    purchase_token: str
    application_id: str | int
    product_id: str
    product_type: str | int
    price: int
    currency: str
    quantity: int = 1
    purchase_time: int | None = None
    finish_status: str | int | None = None
    need_finish: bool | None = None
    developer_payload: str | None = None
    purchase_order_revocation_reason_code: str | int | None = None
    revocation_time: int | None = None
    offer_type_code: str | int | None = None
    offer_id: str | None = None
    country_code: str | None = None
    signed_time: int | None = None
    subscription_id: str | None = None
    sub_group_id: str | None = None
    sub_group_generation_id: str | None = None
    duration: str | None = None
    duration_type_code: str | int | None = None

    def __repr__(self) -> str:
        return f"PurchaseOrder({self.purchase_order_id}: {self.product_id}, {self.price} fen)"

    @property
    def shipped(self) -> bool:
        """The delivery was confirmed."""
        return str(self.finish_status) == "1"

    @property
    def renews(self) -> bool:
        """It is a subscription's."""
        return str(self.product_type) == AUTO_RENEWING

    @property
    def revoked(self) -> bool:
        """The money went back."""
        return self.revocation_time is not None or self.purchase_order_revocation_reason_code is not None


class MetaData(Wire, frozen=True, kw_only=True):
    """What a notification is about. ``refund_request_data`` comes with a user's wish for a refund, to be answered."""

    environment: str | None = None
    application_id: str | int | None = None
    package_name: str | None = None
    type: str | int | None = None
    current_product_id: str | None = None
    sub_group_id: str | None = None
    subscription_id: str | None = None
    purchase_token: str | None = None
    purchase_order_id: str | None = None
    refund_request_data: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"MetaData(purchase_order_id={self.purchase_order_id!r}, environment={self.environment!r})"


class IapNotification(Wire, frozen=True, kw_only=True):
    """Something that happened, verified. A re-sent one has the same ``notification_request_id``.

    ``notification_type`` is ``DID_NEW_TRANSACTION``, ``DID_CHANGE_RENEWAL_STATUS``, ``REVOKE``, ``RENEWAL_TIME_MODIFIED``, ``EXPIRE``,
    ``REFUND_REQUEST``, ``TEST``, or one that is newer than this text.
    """

    notification_type: str
    notification_request_id: str
    notification_subtype: str | None = None
    notification_meta_data: MetaData = MetaData()
    notification_version: str | None = None
    signed_time: int | None = None

    @property
    def event(self) -> str:
        """Type and subtype, in Huawei's words."""
        return ".".join(word for word in (self.notification_type, self.notification_subtype) if word)


class Posted(Wire, frozen=True, kw_only=True):
    """A notification's body."""

    jws_notification: str
