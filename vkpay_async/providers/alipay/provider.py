"""Alipay's operations: https://opendocs.alipay.com/open/00a0ut"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import (
    BillRow,
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    RawNotification,
    Refund,
    RefundRef,
    RefundRequest,
    Trade,
    Transfer,
    TransferRef,
    TransferRequest,
)
from vkpay_async.order_info import OrderInfo, OrderString, PageUrl
from vkpay_async.providers.alipay import bills, login, notify, refund, trade, transfer
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.answer import Call
from vkpay_async.providers.alipay.certs import Certificates
from vkpay_async.providers.alipay.encoding import encoded
from vkpay_async.providers.alipay.gateway import OUR_PARAMETERS, Gateway
from vkpay_async.providers.alipay.models import Cancelled
from vkpay_async.providers.alipay.page import form_html
from vkpay_async.providers.alipay.signing import verify_fields
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.login import TokenLogin, using_up
from vkpay_async.providers.unsupported import Unsupported

T = TypeVar("T")

_PAGES = {
    "alipay_page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "alipay_wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}


class AlipayProvider(Unsupported):
    """One app of Alipay's gateway. Keys are read when it is built; calls only sign and verify.

    Errors of every call: :class:`ProviderError` (Alipay said no), :class:`ProviderUnavailable`, and
    :class:`SignatureInvalid`; where money moves :class:`ProviderOutcomeUnknown` and :class:`ResponseUnverified`
    instead of the last two. :class:`InvalidArgument` comes before anything is sent.
    """

    name: ClassVar[str] = "alipay"
    title: ClassVar[str] = "Alipay"
    missing: ClassVar[Mapping[str, str]] = {
        "cancel_transfer": "its transfers are final at once; ask the receiver to send the money back",
        **dict.fromkeys(
            ("create_authorization", "query_authorization", "close_authorization"), transfer.NOBODY_CONFIRMS
        ),
    }

    def __init__(self, node: AlipayNode, gateway: Gateway) -> None:
        self._node = node
        self._gateway = gateway

    @classmethod
    def from_node(cls, node: AlipayNode, env: Env, trust: Certificates | None = None) -> AlipayProvider:
        """Loads the node's keys. Nodes of one merchant share a ``trust``, and with it what one of them downloads.

        Raises :class:`ConfigError`.
        """
        return cls(node, Gateway(node, env, trust))

    @property
    def trust(self) -> Certificates:
        """The downloaded certificates, to be shared with the merchant's other nodes."""
        return self._gateway.keyring.downloaded

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> str | None:
        """The 2088… number of the merchant, where the config has one."""
        return self._node.mch_id

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Asks for a payment by ``order.pay_type``.

        ``alipay_h5`` gives :class:`CodeUrl`, ``alipay_mp-alipay`` :class:`TradeNo`, ``alipay_codepay``
        :class:`CodePayResult`; ``alipay_app-plus`` (:class:`OrderString`), ``alipay_page`` and ``alipay_wap``
        (:class:`PageUrl`) only sign and send nothing. ``order.other`` may replace the ``product_code``.
        """
        match order.pay_type:
            case "alipay_h5":
                content = self._content(order, "FACE_TO_FACE_PAYMENT")
                return (
                    yield from self._create("alipay.trade.precreate", order, content, trade.parse_precreate)
                )
            case "alipay_mp-alipay":
                content = self._content(order, "JSAPI_PAY", **trade.buyer_content(order, self._node))
                return (yield from self._create("alipay.trade.create", order, content, trade.parse_create))
            case "alipay_codepay":
                return (yield from self._code_pay(order))
            case "alipay_app-plus":
                content = self._content(order, "QUICK_MSECURITY_PAY")
                signed = self._gateway.signed("alipay.trade.app.pay", content, self._order_top(order))
                return OrderString(order_string=encoded(signed))
            case "alipay_page" | "alipay_wap":
                return PageUrl(url=f"{self._gateway.url}?{encoded(self._page_params(order))}")
        raise InvalidArgument(
            f"Alipay has no {order.pay_type!r}: use one of its platforms, such as alipay_h5"
        )

    def page_form(self, order: CreateOrder) -> str:
        """The HTML form that takes a browser to a page or wap payment: for orders too long for a URL."""
        return form_html(self._gateway.url, self._page_params(order))

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands. Raises :class:`ResourceNotFound`, also until the buyer has opened the cashier.

        A trade that was paid and given back in full is ``CLOSED`` with a ``success_time``.
        """
        call = self._call("query", "alipay.trade.query", trade.order_reference(order), order.app_auth_token)
        return (yield from self._gateway.call(call, partial(trade.parse_trade, node=self._node)))

    def close(self, order: OrderRef) -> Flow[None]:
        """Makes an unpaid order unpayable. Raises :class:`ResourceNotFound` before the buyer has opened the cashier."""
        call = self._call("close", "alipay.trade.close", trade.order_reference(order), order.app_auth_token)
        yield from self._gateway.call(call, dict)

    def cancel(self, order: OrderRef) -> Flow[Cancelled]:
        """Takes an order of the last 24 hours back: closed if unpaid, given back if paid, fine if there is none.

        The right end of a code payment whose outcome is unknown. ``retry_flag`` ``Y``: call again.
        """
        call = self._call(
            "cancel",
            "alipay.trade.cancel",
            trade.order_reference(order),
            order.app_auth_token,
            moves_money=True,
        )
        return (yield from self._gateway.call(call, trade.parse_cancel))

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back at once. Asking again with the same ``out_refund_no`` and amount moves nothing.

        Its notification goes to the order's ``notify_url``: Alipay takes none here.
        """
        call = self._call(
            "refund",
            "alipay.trade.refund",
            refund.refund_content(request),
            request.order.app_auth_token,
            moves_money=True,
        )
        return (yield from self._gateway.call(call, partial(refund.parse_refund, request=request)))

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands, some ten seconds after it was asked for. Raises :class:`ResourceNotFound`."""
        call = self._call(
            "query_refund",
            "alipay.trade.fastpay.refund.query",
            refund.refund_query_content(ref),
            ref.order.app_auth_token,
        )
        return (yield from self._gateway.call(call, partial(refund.parse_refund_query, ref=ref)))

    def transfer(self, request: TransferRequest) -> Flow[Transfer]:
        """Sends money to a user, final at once. Repeat with the same ``out_bill_no`` when in doubt.

        Raises :class:`ConfigError` without certificates, :class:`InvalidArgument` with codes 1008, 1009, 1010.
        """
        content = transfer.transfer_content(request)
        self._require_certificates()
        call = self._call(
            "transfer",
            "alipay.fund.trans.uni.transfer",
            content,
            request.app_auth_token,
            moves_money=True,
        )
        parse = partial(
            transfer.parse_transfer,
            node=self._node,
            out_bill_no=request.out_bill_no,
            amount=request.transfer_amount,
        )
        return (yield from self._gateway.call(call, parse))

    def query_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        """How a transfer stands. Raises :class:`ResourceNotFound`; it may then be sent again under its number."""
        content = transfer.transfer_query_content(ref)
        call = self._call("query_transfer", "alipay.fund.trans.common.query", content, ref.app_auth_token)
        parse = partial(
            transfer.parse_transfer, node=self._node, out_bill_no=ref.out_bill_no or "", amount=None
        )
        return (yield from self._gateway.call(call, parse))

    def account_balance(self, account: str | None = None) -> Flow[AccountBalance]:
        """What an account holds: ``account`` is a 2088… number or the merchant's openid, by default the node's ``mch_id``.

        Raises :class:`ConfigError` without either.
        """
        content = transfer.balance_content(account, self._node)
        call = self._call("account_balance", "alipay.fund.account.query", content)
        return (yield from self._gateway.call(call, transfer.parse_balance))

    def code2session(self, code: str, *, app_auth_token: str | None = None) -> Flow[TokenLogin]:
        """Whose code ``my.getAuthCode`` or the authorisation page gave; ``openid`` is a 2088… number in older apps.

        Raises :class:`InvalidArgument` (1013 without a code), :class:`AuthenticationFailed` for one that Alipay does not take.
        """
        call = login.login_call(code, self._token(app_auth_token))
        parse = partial(login.parse_login, now_ms=self._gateway.now_ms())
        return (yield from using_up(self._gateway.call(call, parse)))

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        """Every payment and refund of a day in Beijing; empty where nothing happened.

        It is the account's bill, of all its apps. Ready at 10:00 of the next day: :class:`ResourceNotFound` before. Tens
        of megabytes in large shops, which come packed and are held in memory. Raises :class:`ProviderUnavailable` for a
        bill that cannot be read, with the line. Alipay signs the bill's address and not the bill.
        """
        call = self._call("trade_bill", bills.METHOD, bills.bill_content(day))
        return bills.trade_bill(self._gateway, call, self._node.timeout)

    def request(
        self, method: str, biz_content: Mapping[str, Any] | None = None, **top_level: str | None
    ) -> Flow[dict[str, Any]]:
        """Any API call, signed and verified; gives the answer's content.

        Other than for a ``….query``, no answer means that the outcome is unknown. Raises :class:`InvalidArgument`
        for a parameter that is the SDK's to set.
        """
        clash = OUR_PARAMETERS & top_level.keys()
        if clash:
            raise InvalidArgument(f"{', '.join(sorted(clash))} is set by the SDK: leave it out")
        reads = method.endswith("query")
        call = Call(
            operation=method,
            method=method,
            biz_content=biz_content or {},
            top={"app_auth_token": self._token(None), **top_level},
            moves_money=not reads,
            repeatable=reads,
            success=frozenset({"10000", "10003", None}),
        )
        return (yield from self._gateway.call(call, dict))

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies and types a notification. Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`.

        ``refund_fee`` of a refund is that refund's amount where Alipay sends ``send_back_fee``, else the sum of all
        refunds of the trade so far. A yield happens only for a certificate not seen before.
        """
        return notify.typed((yield from self._verified(notify.form_fields(raw.body))))

    def verify_return(self, query: str) -> Flow[dict[str, str]]:
        """The signed parameters of a browser that comes back to ``return_url``; the address's own are left out.

        They name an order and say nothing of its state: query it. Raises :class:`SignatureInvalid`,
        :class:`NotificationInvalid`.
        """
        fields = notify.form_fields(query.encode(errors="replace"))
        return (yield from self._verified(notify.return_fields(fields)))

    def verify_result(self, text: str) -> Flow[dict[str, Any]]:
        """The content of a signed JSON text from the buyer's device, decrypted where it is encrypted.

        That is ``result`` of the phone SDK, or what ``my.getPhoneNumber`` gives. A hint for a payment: query it.
        Raises :class:`SignatureInvalid`, :class:`InvalidArgument`.
        """
        return (yield from self._gateway.device_content(text))

    @staticmethod
    def accept() -> NotifyReply:
        """The seven bytes ``success``: anything else makes Alipay send again."""
        return notify.ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return notify.REFUSED

    def _verified(self, fields: dict[bytes, bytes]) -> Flow[dict[str, str]]:
        sign = notify.take_signature(fields, self._node.sign_type)
        named = fields.get(b"alipay_cert_sn")
        sn = named.decode("ascii", "replace") if named else None
        key = self._gateway.keyring.configured(sn)
        if key is None:
            key = yield from self._gateway.announced_key(sn)
        verify_fields(key, self._node.sign_type, sign, fields)
        notify.check_unambiguous(fields)
        return notify.decoded(fields)

    def _content(self, order: CreateOrder, product_code: str, **own: str) -> dict[str, Any]:
        return trade.order_content(order, self._node, product_code, **own)

    def _create(
        self, method: str, order: CreateOrder, content: dict[str, Any], parse: Callable[[dict[str, Any]], T]
    ) -> Flow[T]:
        call = Call(operation="alipay.create", method=method, biz_content=content, top=self._order_top(order))
        return (yield from self._gateway.call(call, parse))

    def _code_pay(self, order: CreateOrder) -> Flow[OrderInfo]:
        if not order.auth_code:
            raise InvalidArgument("auth_code is missing: pass the number behind the buyer's payment code")
        call = Call(
            operation="alipay.create",
            method="alipay.trade.pay",
            biz_content=self._content(
                order, "FACE_TO_FACE_PAYMENT", scene="bar_code", auth_code=order.auth_code
            ),
            top=self._order_top(order),
            moves_money=True,
            repeatable=False,
            success=frozenset({"10000", "10003"}),
        )
        return (yield from self._gateway.call(call, trade.parse_code_pay))

    def _page_params(self, order: CreateOrder) -> dict[str, str]:
        if order.pay_type not in _PAGES:
            raise InvalidArgument(f"{order.pay_type!r} has no page: use alipay_page or alipay_wap")
        method, product_code = _PAGES[order.pay_type]
        top = {**self._order_top(order), "return_url": order.return_url}
        return self._gateway.signed(method, self._content(order, product_code), top)

    def _call(
        self,
        operation: str,
        method: str,
        content: Mapping[str, Any],
        app_auth_token: str | None = None,
        *,
        moves_money: bool = False,
    ) -> Call:
        return Call(
            operation=f"alipay.{operation}",
            method=method,
            biz_content=content,
            top={"app_auth_token": self._token(app_auth_token)},
            moves_money=moves_money,
        )

    def _order_top(self, order: CreateOrder) -> dict[str, str | None]:
        return {"notify_url": order.notify_url, "app_auth_token": self._token(order.app_auth_token)}

    def _token(self, given: str | None) -> str | None:
        fallback = self._node.app_auth_token
        return given or (fallback.reveal() if fallback else None)

    def _require_certificates(self) -> None:
        if not self._gateway.credentials.app_cert_sn:
            raise self._node.error(
                "app_cert",
                "is not set: Alipay only transfers in certificate mode; create certificates for the app in the "
                "console and set app_cert, alipay_public_cert and alipay_root_cert",
            )
