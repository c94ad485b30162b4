"""WeChat's virtual payment: one mini program's node and everything it can be asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from vkpay_async.errors import InvalidArgument, OrderStateConflict, ProviderError
from vkpay_async.models import (
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    RawNotification,
    Refund,
    RefundRef,
    RefundRequest,
    Trade,
)
from vkpay_async.money import Fen
from vkpay_async.order_info import OrderInfo, VirtualPaymentParams
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.login import SessionLogin, checked_code
from vkpay_async.providers.unsupported import Unsupported
from vkpay_async.providers.wxpay_virtual import coins, incoming, notify, orders, shop
from vkpay_async.providers.wxpay_virtual.about import WxpayVirtualNode
from vkpay_async.providers.wxpay_virtual.cipher import PushCipher
from vkpay_async.providers.wxpay_virtual.errors import REPEATED, Operation, client_failure
from vkpay_async.providers.wxpay_virtual.gateway import Gateway
from vkpay_async.providers.wxpay_virtual.models import (
    CoinBalance,
    CoinGift,
    CoinPayment,
    CoinRefund,
    Download,
    GoodsTask,
    Withdrawal,
)
from vkpay_async.providers.wxpay_virtual.signing import CLIENT_URI, pay_sig, user_signature
from vkpay_async.providers.wxpay_virtual.terms import checked_total, env_of, kept_terms, sign_data, terms_of

PROVIDE = Operation(name="wxpay-virtual.notify_provide_goods")


class WxpayVirtualProvider(Unsupported):
    """A mini program's virtual payment, keys loaded; built by :meth:`from_node`.

    Environment: orders are asked after in the one they were made in; what names no order is for the node's own
    (``sandbox``). ``request`` makes any call under ``/xpay/`` that has no method here.
    """

    name: ClassVar[str] = "wxpay-virtual"
    title: ClassVar[str] = "WeChat virtual payment"
    missing: ClassVar[Mapping[str, str]] = {
        "close": "an order closes itself when the user gives up, or 30 minutes after the client asked for it; take a new "
        "out_trade_no for another payment",
        "trade_bill": "its columns were never published; download_bill gives the file's address",
    }

    def __init__(self, node: WxpayVirtualNode, gateway: Gateway, cipher: PushCipher | None) -> None:
        self._node = node
        self._gateway = gateway
        self._cipher = cipher

    @classmethod
    def from_node(cls, node: WxpayVirtualNode, env: Env, trust: Any = None) -> WxpayVirtualProvider:
        """Loads the node's keys. Raises :class:`ConfigError` naming file, node and key."""
        return cls(node, Gateway(node, env), _cipher(node))

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> str | None:
        return self._node.mch_id

    @property
    def trust(self) -> None:
        return None

    def prepared(self, order: CreateOrder) -> CreateOrder:
        """The order with its price and terms. Raises :class:`InvalidArgument` (1017, 1018, 1019, 1003)."""
        terms = terms_of(order.options, self._node)
        sign_data(order, terms, self._node.offer_id)
        return msgspec.structs.replace(
            order, total_fee=checked_total(order.total_fee, terms), expand_data=terms.kept()
        )

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """The arguments of ``wx.requestVirtualPayment``. Nothing is sent: WeChat hears of the order from the client.

        Raises :class:`InvalidArgument`, with code 268490009 where the user has to be logged in again.
        """
        terms = kept_terms(order.expand_data)
        signed = sign_data(order, terms, self._node.offer_id)
        app_key = self._gateway.app_key(int(terms.sandbox))
        session_key = yield from self._gateway.session_key(order.openid or "")
        return VirtualPaymentParams(
            mode=terms.mode,
            signData=signed.decode(),
            paySig=pay_sig(app_key, CLIENT_URI, signed),
            signature=user_signature(session_key, signed),
        )

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands. Raises :class:`ResourceNotFound` until the client has asked for it."""
        return orders.trade(self._gateway, self._node, orders.QUERY, order, self._env_of(order))

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back; a refund is on its way until query or push tells its end. Coins that were bought stay with the
        user: take them by :meth:`currency_pay`.

        ``other`` may hold ``refund_reason`` ("0" to "5"), ``req_from`` ("1" to "3") and ``biz_meta``.
        """
        return orders.refund(self._gateway, request, self._env_of(request.order))

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands. Raises :class:`ResourceNotFound`."""
        return orders.query_refund(self._gateway, ref, self._env_of(ref.order))

    def provide_goods(self, order: OrderRef) -> Flow[None]:
        """Tells WeChat that what was paid is delivered. A push that was acknowledged has said so; this is for lost ones."""
        env = self._env_of(order)
        body = {"order_id": order.out_trade_no, "env": env}
        try:
            yield from self._gateway.call(PROVIDE, "/xpay/notify_provide_goods", body, env=env)
        except OrderStateConflict as error:
            if error.code != str(REPEATED):
                raise

    def code2session(self, code: str) -> Flow[SessionLogin]:
        """Who a ``wx.login`` code belongs to. The session_key is kept for payments and coins of this user.

        Raises :class:`InvalidArgument` (code 1013 without a code).
        """
        return self._gateway.login(checked_code(code, "wx.login"))

    def get_session_key(self, openid: str) -> Flow[str]:
        """The user's session_key. Raises :class:`InvalidArgument` with code 268490009 where there is none."""
        return self._gateway.session_key(openid)

    def query_user_balance(self, openid: str, user_ip: str) -> Flow[CoinBalance]:
        """The user's coins."""
        return coins.balance(self._gateway, openid, user_ip, self._env)

    def currency_pay(
        self,
        openid: str,
        user_ip: str,
        amount: int,
        out_trade_no: str,
        *,
        payitem: str = "[]",
        remark: str = "",
        device_type: int = 1,
    ) -> Flow[CoinPayment]:
        """Spends ``amount`` coins once under ``out_trade_no``, however often it is called.

        ``payitem`` is a JSON text: ``[{"productid": …, "unit_price": …, "quantity": …}]``.
        """
        return coins.pay(
            self._gateway,
            openid,
            user_ip,
            amount,
            out_trade_no,
            self._env,
            payitem=payitem,
            remark=remark,
            device_type=device_type,
        )

    def cancel_currency_pay(
        self,
        openid: str,
        user_ip: str,
        amount: int,
        out_trade_no: str,
        out_refund_no: str,
        *,
        device_type: int = 1,
    ) -> Flow[CoinRefund]:
        """Gives ``amount`` coins of the coin payment ``out_trade_no`` back to the user, once under ``out_refund_no``."""
        return coins.cancel(
            self._gateway,
            openid,
            user_ip,
            amount,
            out_trade_no,
            out_refund_no,
            self._env,
            device_type=device_type,
        )

    def present_currency(
        self, openid: str, amount: int, out_trade_no: str, *, device_type: int = 1
    ) -> Flow[CoinGift]:
        """Presents ``amount`` coins once under ``out_trade_no``; there is no query for it: repeat it when unsure."""
        return coins.present(self._gateway, openid, amount, out_trade_no, self._env, device_type=device_type)

    def query_biz_balance(self) -> Flow[Fen]:
        """What the merchant may withdraw, in fen."""
        return shop.biz_balance(self._gateway, self._env)

    def withdraw(self, withdraw_no: str, amount: Fen | None = None) -> Flow[Withdrawal]:
        """Pays ``amount`` fen, or all there is, to the merchant's bank account."""
        return shop.withdraw(self._gateway, withdraw_no, amount, self._env)

    def query_withdrawal(self, withdraw_no: str) -> Flow[Withdrawal]:
        """How a withdrawal stands. Raises :class:`ResourceNotFound`."""
        return shop.query_withdrawal(self._gateway, withdraw_no, self._env)

    def download_bill(self, begin: dt.date, end: dt.date) -> Flow[str]:
        """The address of a bill of production, good for half an hour.

        The first call begins to make it: :class:`ProviderUnavailable` (code 268490011) until it is there.
        """
        return shop.bill_url(self._gateway, begin, end)

    def start_download_order(
        self, begin: dt.date, end: dt.date, order_type: Literal[1, 2, 3, 4] = 1
    ) -> Flow[str]:
        """Begins a list of orders of at most 31 days; the number to ask for it with."""
        return shop.start_download(self._gateway, begin, end, order_type, self._env)

    def query_download_order(self, task_id: str) -> Flow[Download]:
        """How far a list of orders is."""
        return shop.query_download(self._gateway, task_id, self._env)

    def start_upload_goods(
        self, product_id: str, *, name: str, price: Fen, item_url: str, remark: str
    ) -> Flow[None]:
        """Begins to upload one item; ``price`` in fen, ``item_url`` of a jpg or png. :class:`RateLimited` while one is running."""
        return shop.upload(self._gateway, product_id, name, price, item_url, remark, self._env)

    def query_upload_goods(self) -> Flow[GoodsTask]:
        """How the last upload stands."""
        return shop.uploading(self._gateway, self._env)

    def start_publish_goods(self, product_id: str) -> Flow[None]:
        """Begins to publish one item, which can be bought about ten minutes later. :class:`RateLimited` while one is running."""
        return shop.publish(self._gateway, product_id, self._env)

    def query_publish_goods(self) -> Flow[GoodsTask]:
        """How the last publication stands."""
        return shop.publishing(self._gateway, self._env)

    def request(
        self,
        path: str,
        json: Mapping[str, Any],
        *,
        user: str | None = None,
        moves_money: bool = True,
    ) -> Flow[Any]:
        """Any call under ``/xpay/``; ``json`` is sent as it is, signed for the environment that its ``env`` names.

        ``user`` is an openid whose session_key signs as well. Returns the answer's JSON.
        """
        if not path.startswith("/xpay/") or "?" in path:
            raise InvalidArgument(f"path {path[:80]!r} must start with /xpay/ and have no query")
        operation = Operation(name=f"wxpay-virtual.request {path}", moves_money=moves_money)
        env = 1 if json.get("env") == 1 else 0
        response = yield from self._gateway.call(operation, path, json, env=env, user=user)
        return msgspec.json.decode(response.body)

    @staticmethod
    def client_failure(err_code: int, err_msg: str = "") -> ProviderError:
        """What a mini program's ``fail`` was called with, as an error that says what to do."""
        return client_failure(err_code, err_msg)

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies, decrypts and types a push, or answers the console's check of the address.

        A payment is confirmed by a query unless it was encrypted and its price leaves no doubt. Raises
        :class:`SignatureInvalid`, :class:`NotificationInvalid`, :class:`NotificationMismatch`.
        """
        return incoming.notification(self._gateway, self._node, self._cipher, raw)

    @staticmethod
    def accept() -> NotifyReply:
        return notify.ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return notify.REFUSED

    @property
    def _env(self) -> int:
        return int(self._node.sandbox)

    def _env_of(self, order: OrderRef) -> int:
        return env_of(order.expand_data, self._node)


def _cipher(node: WxpayVirtualNode) -> PushCipher | None:
    if node.encoding_aes_key is None:
        return None
    try:
        return PushCipher(node.encoding_aes_key.reveal(), node.app_id)
    except ValueError as error:
        raise node.error("encoding_aes_key", f"{error}: copy it from where it was set") from error
