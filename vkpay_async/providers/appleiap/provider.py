"""Apple's operations: https://developer.apple.com/documentation/appstoreserverapi"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import msgspec
from cryptography import x509

from vkpay_async.crypto.pem import load_certificate, load_ec_private_key
from vkpay_async.errors import (
    InvalidArgument,
    NotificationMismatch,
    ResourceNotFound,
)
from vkpay_async.models import (
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    PurchaseProof,
    RawNotification,
    Refund,
    RefundRef,
    RefundState,
    Trade,
    TradeState,
)
from vkpay_async.order_info import AppleOrder, OrderInfo
from vkpay_async.providers.appleiap import notify, purchases, receipts
from vkpay_async.providers.appleiap.about import AppleNode
from vkpay_async.providers.appleiap.api import ServerApi
from vkpay_async.providers.appleiap.gateway import ORDER, Gateway
from vkpay_async.providers.appleiap.models import (
    AppTransaction,
    RealtimeRequest,
    RenewalInfo,
    ServerNotification,
    Transaction,
)
from vkpay_async.providers.appleiap.roots import APPLE_ROOT_CA_G3
from vkpay_async.providers.appleiap.signing import PromotionalOffer, Signer, app_account_token
from vkpay_async.providers.appleiap.verifier import PRODUCTION, SANDBOX, App, Verifier
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.unsupported import Unsupported

MOST_PIECES = 10
FRESH_MS = 10 * 60_000
"""A purchase may be given back after a device was told of it: what was signed longer ago is asked about anew."""


class AppleProvider(ServerApi, Unsupported):
    """One app in the App Store. The key is read when it is built.

    Errors of every call: :class:`ProviderError` (Apple said no), :class:`ProviderUnavailable`, :class:`RateLimited`,
    :class:`SignatureInvalid`, and :class:`NotificationMismatch` for data of another app or environment.
    """

    name: ClassVar[str] = "appleiap"
    title: ClassVar[str] = "Apple in-app purchase"
    missing: ClassVar[Mapping[str, str]] = {
        "refund": "only Apple gives money back, when the customer asks at https://reportaproblem.apple.com or in the app "
        "(beginRefundRequest); its REFUND notification moves the order",
        "trade_bill": "App Store Connect has the reports; notification_history tells what Apple has sent",
    }

    def __init__(self, node: AppleNode, gateway: Gateway, roots: tuple[x509.Certificate, ...]) -> None:
        self._node = node
        self._gateway = gateway
        self._roots = roots

    @classmethod
    def from_node(cls, node: AppleNode, env: Env, trust: Any = None) -> AppleProvider:
        """Loads the node's key. Raises :class:`ConfigError`."""
        if node.bundle_id is not None and not node.sandbox and node.app_apple_id is None:
            raise node.error(
                "app_apple_id", "is not set; it is the Apple ID of App Store Connect → App Information"
            )
        return cls(node, _gateway(node, env), _roots(node))

    @property
    def trust(self) -> None:
        """There is nothing to be learnt."""
        return None

    @property
    def appid(self) -> str:
        return self._node.bundle_id or "appleiap"

    @property
    def mch_id(self) -> str | None:
        return None

    def prepared(self, order: CreateOrder) -> CreateOrder:
        """``options``: ``appleiap`` with ``product_id`` and ``quantity`` (1–10), or vk-uni-pay's ``productid``.

        A product that is in ``products`` says what the order costs; what is bought must then be that product.
        """
        product, quantity = _wanted(order)
        price = self._node.products.get(product or "")
        total = order.total_fee if price is None else price * quantity
        if order.total_fee not in (0, total):
            raise InvalidArgument(
                f"total_fee {order.total_fee} is not {quantity} × {price} fen, the price of {product} in products",
                code=1003,
            )
        kept = {} if product is None else {"product_id": product, "quantity": quantity}
        return msgspec.structs.replace(order, total_fee=total, expand_data={**order.expand_data, **kept})

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Registers an order; nothing is sent. The app hands ``app_account_token`` to StoreKit with the purchase."""
        yield from ()
        return AppleOrder(
            app_account_token=app_account_token(self.appid, order.out_trade_no),
            product_id=purchases.product_of(order.expand_data),
            quantity=order.expand_data.get("quantity", 1),
        )

    def purchase(self, order: OrderRef, proof: PurchaseProof) -> Flow[Trade]:
        """What a customer has bought for an order, by what the device has of it.

        A purchase that Apple has given back is ``CLOSED``, as is an old receipt whose time is over (``RECEIPT_EXPIRED``).
        Raises :class:`NotificationMismatch` for another app's, environment's or customer's, :class:`SignatureInvalid`,
        :class:`InvalidArgument` (1016) for a receipt that is not good, :class:`ResourceNotFound`.
        """
        if proof.signed_transaction is not None:
            transaction = yield from self._verifier.transaction(proof.signed_transaction)
            transaction = yield from self._present(transaction)
        elif proof.transaction_id is not None:
            transaction = yield from self.transaction(proof.transaction_id)
        else:
            return (yield from self._by_receipt(order, proof))
        return purchases.trade_of_order(transaction, self._node, order)

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How a purchase stands. Apple knows no order before it is bought: :class:`ResourceNotFound` until then."""
        number = order.transaction_id or order.expand_data.get("transaction_id")
        if number is None:
            raise ResourceNotFound(
                provider=self.name,
                code="NOT_BOUGHT",
                message="Apple knows no order before it is bought",
                advice="wait for the notification, or let the app call verify_purchase with what it has bought",
            )
        if not self._gateway.can_ask:
            return _as_kept(order, number)
        transaction = yield from self.transaction(number)
        trade = purchases.trade_of(transaction, self._node)
        return msgspec.structs.replace(
            trade, out_trade_no=order.out_trade_no, provider_order_no=order.provider_order_no
        )

    def close(self, order: OrderRef) -> Flow[None]:
        """Nothing is to be closed at Apple; a purchase that comes all the same pays the order."""
        yield from ()

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """Whether what Apple gave back is still given back."""
        number = ref.out_refund_no.partition("-")[0]
        transaction = yield from self.transaction(number)
        refund = purchases.refund_of(transaction, self._node)
        if refund.out_refund_no == ref.out_refund_no:
            share = refund.share or 0
            return msgspec.structs.replace(
                refund,
                out_trade_no=ref.order.out_trade_no,
                provider_order_no=ref.order.provider_order_no,
                refund_fee=ref.order.total_fee * share // purchases.WHOLE,
            )
        return Refund(
            out_trade_no=ref.order.out_trade_no,
            out_refund_no=ref.out_refund_no,
            state=RefundState.CLOSED,
            raw_state=purchases.REVERSED,
            refund_fee=0,
            transaction_id=number,
            appid=self.appid,
        )

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies a notification and what is signed inside it.

        Yields with ``online_checks``, and for news about money that was signed more than ten minutes ago: Apple is asked what
        became of the purchase since, where there is a key.
        """
        return (yield from notify.verified(raw.body, self._verifier, self._node, self._present, self._fresh))

    @staticmethod
    def accept() -> NotifyReply:
        return notify.ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return notify.REFUSED

    def verify_transaction(self, signed: str) -> Flow[Transaction]:
        """What a ``signedTransactionInfo`` or a device's ``jwsRepresentation`` says."""
        return (yield from self._verifier.transaction(signed))

    def verify_renewal_info(self, signed: str) -> Flow[RenewalInfo]:
        return (yield from self._verifier.renewal_info(signed))

    def verify_app_transaction(self, signed: str) -> Flow[AppTransaction]:
        return (yield from self._verifier.app_transaction(signed))

    def verify_notification(self, signed_payload: str) -> Flow[ServerNotification]:
        """What a ``signedPayload`` says. What is signed inside it is not verified by that."""
        return (yield from self._verifier.notification(signed_payload))

    def verify_realtime_request(self, signed_payload: str) -> Flow[RealtimeRequest]:
        """What Apple asks when somebody is about to cancel."""
        return (yield from self._verifier.realtime_request(signed_payload))

    def verify_receipt(self, receipt: str) -> Flow[receipts.VerifiedReceipt]:
        """What Apple says of an old receipt (base64). Raises :class:`ProviderError` by its ``status``."""
        return (yield from receipts.verify(self._gateway, receipt, self._password))

    @staticmethod
    def receipt_transaction_id(receipt: str) -> str | None:
        """The number of a purchase in a receipt, unverified: to ask Apple about it. ``None`` where nothing was bought."""
        return receipts.transaction_id_of(receipt)

    def promotional_offer(
        self, product_id: str, offer_identifier: str, *, app_account_token: str = ""
    ) -> PromotionalOffer:
        """A promotional offer's older signature, valid for 24 hours."""
        return self._gateway.signer.promotional_offer(
            product_id, offer_identifier, app_account_token=app_account_token
        )

    def promotional_offer_jws(
        self, product_id: str, offer_identifier: str, *, transaction_id: str | None = None
    ) -> str:
        """A promotional offer as a JWS (StoreKit 2)."""
        return self._gateway.signer.promotional_offer_jws(
            product_id, offer_identifier, transaction_id=transaction_id
        )

    def introductory_offer_jws(self, product_id: str, transaction_id: str, *, allowed: bool) -> str:
        """Whether a customer is to have the introductory offer, as a JWS."""
        return self._gateway.signer.introductory_offer_jws(product_id, transaction_id, allowed=allowed)

    def advanced_commerce_jws(self, request: Mapping[str, Any]) -> str:
        """An in-app request of Advanced Commerce, as a JWS."""
        return self._gateway.signer.advanced_commerce_jws(request)

    @property
    def _password(self) -> str | None:
        return self._node.password.reveal() if self._node.password else None

    @cached_property
    def _verifier(self) -> Verifier:
        """Raises :class:`ConfigError` for a node that has only what old receipts need."""
        node = self._node
        if node.bundle_id is None:
            raise node.error("bundle_id", "is not set; without it nothing that Apple signs can be taken")
        own = frozenset({node.bundle_id})
        development = own | frozenset({node.dev_bundle_id} if node.dev_bundle_id else ())
        bundles = {PRODUCTION: own, SANDBOX: development}
        return Verifier(
            roots=self._roots,
            app=App(
                bundle_ids={name: bundles[name] for name in _environments(node)},
                app_apple_id=node.app_apple_id,
            ),
            env=self._gateway.env,
            online=node.online_checks,
            local=node.local_testing,
            timeout_ms=node.timeout,
        )

    def _present(self, transaction: Transaction) -> Flow[Transaction]:
        """What was signed a while ago may have been given back since; Apple knows, where we may ask."""
        known = transaction.environment in self._gateway.hosts and transaction.transaction_id is not None
        if self._fresh(transaction) or not known or not self._gateway.can_ask:
            return transaction
        number = str(transaction.transaction_id)
        return (yield from self.transaction(number, environment=transaction.environment))

    def _fresh(self, transaction: Transaction) -> bool:
        return self._gateway.env.now_ms() - int(transaction.signed_date or 0) <= FRESH_MS

    def _by_receipt(self, order: OrderRef, proof: PurchaseProof) -> Flow[Trade]:
        answer = yield from receipts.verify(self._gateway, proof.transaction_receipt or "", self._password)
        self._check_receipt(answer)
        bought = answer.purchase(proof.transaction_identifier or "")
        price = self._node.products.get(bought.product_id)
        if price is None and purchases.product_of(order.expand_data) is None:
            raise NotificationMismatch(
                f"a receipt names no price: say in products what {bought.product_id!r} costs, or which product_id the "
                "order is for when it is created"
            )
        created = int((answer.receipt and answer.receipt.receipt_creation_date_ms) or 0)
        expired = created and self._gateway.env.now_ms() - created > self._node.receipt_expires_in * 1000
        return _trade_of_receipt(bought, order, self._node, answer.environment, expired=bool(expired))

    def _check_receipt(self, answer: receipts.VerifiedReceipt) -> None:
        node = self._node
        if node.bundle_id is not None and answer.bundle_id not in (node.bundle_id, node.dev_bundle_id):
            raise NotificationMismatch(
                f"the receipt is of the app {answer.bundle_id!r}, ours is {node.bundle_id!r}",
                code="INVALID_APP_IDENTIFIER",
            )
        if answer.environment is not None and answer.environment not in _environments(node):
            raise NotificationMismatch(
                f"the receipt is of the environment {answer.environment}; accept_sandbox = true takes the sandbox's",
                code="INVALID_ENVIRONMENT",
            )


def _trade_of_receipt(
    bought: receipts.InApp, order: OrderRef, node: AppleNode, environment: str | None, *, expired: bool
) -> Trade:
    """A receipt carries no token, so that its caller is believed which order it is for."""
    gone = bought.cancellation_date_ms is not None
    quantity = int(bought.quantity or 1)
    price = node.products.get(bought.product_id)
    state = TradeState.CLOSED if gone or expired else TradeState.SUCCESS
    return Trade(
        out_trade_no=order.out_trade_no,
        state=state,
        raw_state="REFUND_FULL" if gone else "RECEIPT_EXPIRED" if expired else "PURCHASE",
        description="订单已退款" if gone else "凭证已过期" if expired else "",
        transaction_id=bought.transaction_id,
        environment=environment,
        total_fee=None if price is None else price * quantity,
        product_id=bought.product_id,
        quantity=quantity,
        appid=node.bundle_id or "appleiap",
        success_time=int(bought.purchase_date_ms or 0) or None,
        raw=msgspec.to_builtins(bought),
    )


def _as_kept(order: OrderRef, number: str) -> Trade:
    """Without a key Apple cannot be asked: a purchase that was verified once is believed."""
    return Trade(
        out_trade_no=order.out_trade_no,
        state=TradeState.SUCCESS,
        raw_state="PURCHASE",
        transaction_id=number,
        provider_order_no=order.provider_order_no,
        total_fee=order.total_fee,
    )


def _wanted(order: CreateOrder) -> tuple[str | None, int]:
    """Product and quantity. Raises :class:`InvalidArgument`."""
    own = order.options.get("appleiap") or {}
    if not isinstance(own, Mapping) or own.keys() - {"product_id", "quantity"}:
        raise InvalidArgument("appleiap takes product_id and quantity")
    product, quantity = own.get("product_id", order.options.get("productid")), own.get("quantity", 1)
    if product is not None and (not isinstance(product, str) or not product):
        raise InvalidArgument("appleiap: product_id must be a non-empty string")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= MOST_PIECES:
        raise InvalidArgument(f"appleiap: quantity is 1 to {MOST_PIECES}")
    return product, quantity


def _environments(node: AppleNode) -> tuple[str, ...]:
    """Whose purchases are taken."""
    if node.sandbox:
        return (SANDBOX,)
    return ORDER if node.accept_sandbox else (PRODUCTION,)


def _gateway(node: AppleNode, env: Env) -> Gateway:
    hosts = {
        PRODUCTION: node.base_url or node.default_base_url,
        SANDBOX: node.sandbox_base_url or node.default_sandbox_base_url,
    }
    urls = {
        PRODUCTION: node.receipt_url or node.default_receipt_url,
        SANDBOX: node.sandbox_receipt_url or node.default_sandbox_receipt_url,
    }
    for key, url in (("base_url", hosts[PRODUCTION]), ("sandbox_base_url", hosts[SANDBOX])):
        if not url.startswith(("https://", "http://")):
            raise node.error(key, "must start with https:// (http:// for a simulator)")
    names = _environments(node)
    return Gateway(
        hosts={name: hosts[name] for name in names},
        receipt_urls={name: urls[name] for name in names},
        signer=_signer(node, env),
        env=env,
        timeout_ms=node.timeout,
    )


def _signer(node: AppleNode, env: Env) -> Signer | None:
    name = "private_key" if node.private_key else "app_cert"
    if getattr(node, name) is None:
        return None
    key_id = node.key_id or node.app_id
    if not key_id:
        raise node.error("key_id", "is not set; it stands in App Store Connect beside the key")
    return Signer(
        key=node.load(name, load_ec_private_key, "it is the .p8 file of App Store Connect"),
        key_id=key_id,
        issuer_id=node.require("issuer_id", "it stands above the keys in App Store Connect"),
        bundle_id=node.require("bundle_id", "it is the app's"),
        env=env,
    )


def _roots(node: AppleNode) -> tuple[x509.Certificate, ...]:
    if node.root_cert:
        return (node.load("root_cert", load_certificate, "the root of a simulator"),)
    return (load_certificate(APPLE_ROOT_CA_G3),)
