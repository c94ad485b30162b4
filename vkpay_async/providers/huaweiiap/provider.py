"""IAP Kit's operations: https://developer.huawei.com/consumer/cn/doc/harmonyos-references/iap-rest-api"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from vkpay_async.errors import (
    InvalidArgument,
    NotificationInvalid,
    NotificationMismatch,
    OrderStateConflict,
    ResourceNotFound,
)
from vkpay_async.models import (
    CreateOrder,
    JsonObject,
    Notification,
    NotifyReply,
    OrderRef,
    PurchaseProof,
    RawNotification,
    Trade,
    TradeState,
)
from vkpay_async.order_info import HarmonyOrder, OrderInfo
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.huaweiiap.about import ABOUT, HuaweiIapNode
from vkpay_async.providers.huaweiiap.errors import PROVIDER
from vkpay_async.providers.huaweiiap.gateway import Gateway, gateway_from
from vkpay_async.providers.huaweiiap.models import (
    UNREADABLE,
    Answer,
    Group,
    History,
    IapNotification,
    Posted,
    PurchaseOrder,
    SignedGroup,
    SignedPurchase,
    TradeOrders,
)
from vkpay_async.providers.huaweiiap.purchases import refund_of, trade_of
from vkpay_async.providers.unsupported import Unsupported

P = TypeVar("P", TradeOrders, History)

ORDER = "/order/harmony/v1/application"
SUBSCRIPTION = "/subscription/harmony/v1/application"
NOTIFICATIONS = "/harmony/v1/application/notifications"
SANDBOX, TEST = "SANDBOX", "TEST"
HOUR_MS = 3_600_000
LONGEST_SPAN_MS = 48 * HOUR_MS
LONGEST_HISTORY_MS = 30 * 24 * HOUR_MS
MOST_PAGES = 1000
FRESH_MS = 10 * 60_000
"""A purchase may be given back after a device was told of it: what was signed longer ago is asked about anew."""

ABOUT_PURCHASES = frozenset({"DID_NEW_TRANSACTION", "REVOKE"})
ACCEPTED = NotifyReply(status=200, body=b"{}", content_type="application/json")
REFUSED = NotifyReply(status=500, body=b"{}", content_type="application/json")
_PATH = re.compile(r"/[A-Za-z0-9/_\-]+", re.ASCII)


class HuaweiIapProvider(Unsupported):
    """One app in AppGallery. The key is read when it is built.

    Errors of every call: :class:`ProviderError` (Huawei said no), :class:`ProviderUnavailable`, :class:`RateLimited`,
    :class:`SignatureInvalid`, and :class:`NotificationMismatch` for data of another app, or of the sandbox.
    """

    name: ClassVar[str] = PROVIDER
    title: ClassVar[str] = "Huawei in-app purchase"
    missing: ClassVar[Mapping[str, str]] = {
        "refund": "Huawei gives money back; it asks you first with REFUND_REQUEST",
        "query_refund": "look at order_status: it says whether the money went back",
        "trade_bill": "trade_orders has the purchases and refunds of two days",
    }

    def __init__(self, node: HuaweiIapNode, gateway: Gateway) -> None:
        self._node = node
        self._gateway = gateway

    @classmethod
    def from_node(cls, node: HuaweiIapNode, env: Env, trust: Any = None) -> HuaweiIapProvider:
        """Loads the node's key and root. Raises :class:`ConfigError` naming file, node and key."""
        return cls(node, gateway_from(node, env))

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> None:
        """An app is all that Huawei knows here."""

    @property
    def trust(self) -> None:
        """The root stands in the config."""

    def prepared(self, order: CreateOrder) -> CreateOrder:
        """With ``productid`` it is that product, one piece of it, that pays the order; without, anything of that price."""
        product = order.options.get("productid")
        if product is None:
            return order
        if not isinstance(product, str) or not product:
            raise InvalidArgument("productid must be a non-empty string")
        return msgspec.structs.replace(
            order, expand_data={**order.expand_data, "product_id": product, "quantity": 1}
        )

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Registers an order; nothing is sent. The app hands ``developerPayload`` to ``createPurchase``."""
        yield from ()
        return HarmonyOrder(
            developer_payload=order.out_trade_no, product_id=order.expand_data.get("product_id")
        )

    def purchase(self, order: OrderRef, proof: PurchaseProof) -> Flow[Trade]:
        """What a customer has bought for an order, by the device's ``jwsPurchaseOrder``."""
        if proof.signed_transaction is None:
            raise InvalidArgument(
                "Huawei's devices have a jwsPurchaseOrder: hand it over as signed_transaction"
            )
        bought = yield from self.verify_purchase(proof.signed_transaction)
        if self._gateway.env.now_ms() - (bought.signed_time or 0) > FRESH_MS:
            bought = yield from self.order_status(bought.purchase_order_id, bought.purchase_token)
        return trade_of(bought)

    def query(self, order: OrderRef) -> Flow[Trade]:
        """A purchase that was verified once is believed: Huawei tells how one stands to who has its token (:meth:`order_status`).

        Raises :class:`ResourceNotFound` before that.
        """
        yield from ()
        if order.transaction_id is None:
            raise ResourceNotFound(
                provider=PROVIDER,
                code="NOT_BOUGHT",
                message="Huawei knows no order before it is bought",
                advice="wait for the notification, or let the app call verify_purchase with what it has bought",
            )
        return Trade(
            out_trade_no=order.out_trade_no,
            state=TradeState.SUCCESS,
            raw_state="PURCHASED",
            transaction_id=order.transaction_id,
            total_fee=order.total_fee,
        )

    def close(self, order: OrderRef) -> Flow[None]:
        """Nothing is to be closed at Huawei; a purchase that comes all the same pays the order."""
        yield from ()

    def verify_purchase(self, jws_purchase_order: str) -> Flow[PurchaseOrder]:
        """What a ``jwsPurchaseOrder`` says. Raises :class:`SignatureInvalid`, :class:`NotificationMismatch`."""
        found, _ = yield from self._gateway.verified(jws_purchase_order, PurchaseOrder)
        self._check(found.application_id, found.environment)
        return found

    def order_status(self, purchase_order_id: str, purchase_token: str) -> Flow[PurchaseOrder]:
        """How a purchase stands with Huawei, verified. Raises :class:`ResourceNotFound`."""
        asked = {"purchaseOrderId": purchase_order_id, "purchaseToken": purchase_token}
        path = f"{ORDER}/order/status/query"
        answer = yield from self._gateway.ask("huaweiiap.order_status", SignedPurchase, path, asked)
        found = yield from self.verify_purchase(answer.jws_purchase_order)
        if found.purchase_order_id != purchase_order_id:
            raise NotificationMismatch(
                f"Huawei answered with purchase {found.purchase_order_id!r} instead of {purchase_order_id!r}"
            )
        return found

    def confirm(
        self, purchase_order_id: str, purchase_token: str, *, subscription: bool = False
    ) -> Flow[bool]:
        """Tells Huawei that it was delivered. ``False``: it had been told before."""
        asked = {"purchaseOrderId": purchase_order_id, "purchaseToken": purchase_token}
        path = f"{SUBSCRIPTION if subscription else ORDER}/purchase/shipped/confirm"
        try:
            yield from self._gateway.ask("huaweiiap.confirm", Answer, path, asked)
        except OrderStateConflict:
            return False
        return True

    def subscription_status(self, purchase_order_id: str, purchase_token: str) -> Flow[JsonObject]:
        """The state of a subscription's group, verified, as Huawei words it."""
        asked = {"purchaseOrderId": purchase_order_id, "purchaseToken": purchase_token}
        path = f"{SUBSCRIPTION}/subscription/status/query"
        answer = yield from self._gateway.ask("huaweiiap.subscription_status", SignedGroup, path, asked)
        group, payload = yield from self._gateway.verified(answer.jws_sub_group_status, Group)
        self._check(group.application_id, group.environment)
        return JsonObject(payload)

    def trade_orders(self, start_ms: int, end_ms: int) -> Flow[tuple[dict[str, Any], ...]]:
        """Purchases and refunds of at most 48 hours within the last 180 days, as Huawei words them; ``payMoney`` is in yuan."""
        pages = yield from self._pages(
            "huaweiiap.trade_orders",
            f"{ORDER}/trade/orders/query",
            TradeOrders,
            {"startTime": start_ms, "endTime": end_ms},
            LONGEST_SPAN_MS,
        )
        return tuple(order for page in pages for order in page.order_info_list)

    def notification_history(
        self, start_ms: int, end_ms: int, *, failed: bool | None = None
    ) -> Flow[tuple[IapNotification, ...]]:
        """The notifications of at most 30 days, verified; with ``failed`` those that did (not) arrive.

        Huawei takes one such call a second, and keeps none of the sandbox.
        """
        asked: dict[str, Any] = {"startTime": start_ms, "endTime": end_ms}
        if failed is not None:
            asked["sendResult"] = 0 if failed else 1
        pages = yield from self._pages(
            "huaweiiap.notification_history", f"{NOTIFICATIONS}/query", History, asked, LONGEST_HISTORY_MS
        )
        texts = [entry.jws_notification for page in pages for entry in page.notification_history]
        return tuple((yield from self._gateway.all_verified(texts, IapNotification)))

    def test_notification(self) -> Flow[None]:
        """Asks Huawei to send a ``TEST`` notification."""
        yield from self._gateway.ask("huaweiiap.test_notification", Answer, f"{NOTIFICATIONS}/test", {})

    def request(self, path: str, json: Mapping[str, Any]) -> Flow[dict[str, Any]]:
        """Any call of IAP Kit: a POST with its token. Returns the answer's JSON, whose signed texts nobody has verified."""
        if not _PATH.fullmatch(path):
            raise InvalidArgument(f"path {path[:80]!r} cannot be sent: letters, digits, / _ - only")
        return (yield from self._gateway.ask(f"huaweiiap.request {path}", dict[str, Any], path, json))

    def verify_notification(self, body: bytes) -> Flow[IapNotification]:
        """What a notification's body says. Raises :class:`NotificationInvalid`, :class:`SignatureInvalid`."""
        found, _ = yield from self._read(body)
        return found

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies a notification. Huawei is asked how its purchase stands: that decides whether it is a payment or a refund."""
        told, payload = yield from self._read(raw.body)
        heard = Notification(
            kind="other",
            id=told.notification_request_id,
            event=told.event,
            raw=JsonObject(payload),
        )
        about = told.notification_meta_data
        if told.notification_type not in ABOUT_PURCHASES or about.subscription_id:
            return heard
        if not about.purchase_order_id or not about.purchase_token:
            return heard
        bought = yield from self.order_status(about.purchase_order_id, about.purchase_token)
        if bought.renews or not ABOUT.number[0].fullmatch(bought.developer_payload or ""):
            return heard
        if bought.revoked:
            return msgspec.structs.replace(heard, kind="refund", refund=refund_of(bought))
        return msgspec.structs.replace(heard, kind="payment", trade=trade_of(bought))

    @staticmethod
    def accept() -> NotifyReply:
        return ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        """Huawei comes again after anything but HTTP 200."""
        return REFUSED

    def _read(self, body: bytes) -> Flow[tuple[IapNotification, bytes]]:
        try:
            posted = msgspec.json.decode(body, type=Posted)
        except UNREADABLE as error:
            raise NotificationInvalid(f"not a notification of IAP Kit: {error}") from error
        found, payload = yield from self._gateway.verified(posted.jws_notification, IapNotification)
        about = found.notification_meta_data
        if found.notification_type != TEST or about.application_id is not None:
            self._check(about.application_id, about.environment)
        return found, payload

    def _pages(
        self, name: str, path: str, model: type[P], asked: dict[str, Any], longest_ms: int
    ) -> Flow[list[P]]:
        if not 0 < asked["endTime"] - asked["startTime"] <= longest_ms:
            raise InvalidArgument(f"end_ms must be after start_ms, by {longest_ms // HOUR_MS} hours at most")
        pages: list[P] = []
        while len(pages) < MOST_PAGES:
            page = yield from self._gateway.ask(name, model, path, asked)
            pages.append(page)
            if not page.continuation_token:
                break
            asked = {**asked, "continuationToken": page.continuation_token}
        return pages

    def _check(self, application_id: str | int | None, environment: str | None) -> None:
        """Raises :class:`NotificationMismatch`."""
        if application_id is None or str(application_id) != self.appid:
            raise NotificationMismatch(
                f"signed for the app {str(application_id)[:40]!r}, ours is {self.appid!r}; nothing was changed",
                code="INVALID_APP_IDENTIFIER",
            )
        if environment == SANDBOX and not self._node.accept_sandbox:
            raise NotificationMismatch(
                "signed in the sandbox, where nobody pays; accept_sandbox = true takes it, and delivers for nothing",
                code="INVALID_ENVIRONMENT",
            )
