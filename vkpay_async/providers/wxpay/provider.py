"""WeChat Pay, API v3: one merchant's node and everything it can be asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import (
    AuthorizationRequest,
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
    TransferAuthorization,
    TransferRef,
    TransferRequest,
)
from vkpay_async.order_info import OrderInfo
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.login import SessionLogin, TokenLogin
from vkpay_async.providers.wxpay import authorizations, bills, login, refunds, transfers
from vkpay_async.providers.wxpay.about import WxpayNode
from vkpay_async.providers.wxpay.bodies import check_number, check_target, encrypt_fields, encrypt_text
from vkpay_async.providers.wxpay.certs import PlatformCertificate, Verifier
from vkpay_async.providers.wxpay.client_forms import FORMS
from vkpay_async.providers.wxpay.errors import Operation, unreadable
from vkpay_async.providers.wxpay.gateway import Gateway, gateway_from
from vkpay_async.providers.wxpay.models import (
    UNREADABLE,
    Echo,
    RefundObject,
    Transaction,
    TransferBill,
    UserAuthorization,
)
from vkpay_async.providers.wxpay.notify import ACCEPTED, REFUSED, notification_from
from vkpay_async.providers.wxpay.orders import code_pay_result, order_body, product_of, trade_from
from vkpay_async.providers.wxpay.parties import Party

CREATE = Operation(name="wxpay.create")
CODE_PAY = Operation(name="wxpay.codepay", moves_money=True, repeatable=False)
QUERY = Operation(name="wxpay.query")
CLOSE = Operation(name="wxpay.close")
REVERSE = Operation(name="wxpay.reverse", moves_money=True)
REFUND = Operation(name="wxpay.refund", moves_money=True, limit_is_unsure=True)
QUERY_REFUND = Operation(name="wxpay.query_refund")
TRANSFER = Operation(name="wxpay.transfer", moves_money=True)
QUERY_TRANSFER = Operation(name="wxpay.query_transfer")
CANCEL_TRANSFER = Operation(name="wxpay.cancel_transfer", moves_money=True)
CREATE_AUTHORIZATION = Operation(name="wxpay.create_authorization", moves_money=True)
QUERY_AUTHORIZATION = Operation(name="wxpay.query_authorization")
CLOSE_AUTHORIZATION = Operation(name="wxpay.close_authorization", moves_money=True)
ECHO = Operation(name="wxpay.echo")

_TRANSACTION = msgspec.json.Decoder(Transaction)
_REFUND = msgspec.json.Decoder(RefundObject)
_TRANSFER = msgspec.json.Decoder(TransferBill)
_AUTHORIZATION = msgspec.json.Decoder(UserAuthorization)
_ECHO = msgspec.json.Decoder(Echo)


class WxpayProvider:
    """A merchant's node of WeChat Pay, keys loaded; built by :meth:`from_node`.

    ``request`` makes any call of API v3 that has no method here.
    """

    name: ClassVar[str] = "wxpay"
    refunds_repeat: ClassVar[bool] = True

    def __init__(self, node: WxpayNode, gateway: Gateway) -> None:
        self._node = node
        self._gateway = gateway

    @classmethod
    def from_node(cls, node: WxpayNode, env: Env, trust: Verifier | None = None) -> WxpayProvider:
        """Loads the node's keys. Nodes of one merchant share a ``trust``, and with it what one of them learns.

        Raises :class:`ConfigError` naming file, node and key.
        """
        if node.version != 3:
            raise node.error("version", f"{node.version} is not spoken here; set it to 3 and give v3_key")
        if node.sandbox:
            raise node.error(
                "sandbox",
                "is set, and API v3 has none: calls would move real money. Remove it, and set base_url to "
                "a simulator's address (vkpay-sim up) to try things out",
            )
        return cls(node, gateway_from(node, env, trust))

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> str:
        return self._node.mch_id

    @property
    def trust(self) -> Verifier:
        """The keys this node believes, to be shared with the merchant's other nodes."""
        return self._gateway.verifier

    def prepared(self, order: CreateOrder) -> CreateOrder:
        return order

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Asks for a payment. Repeating it with the same data gives a fresh one of the same order.

        Raises :class:`InvalidArgument` (code 1006 without openid where it is needed).
        """
        product, party = product_of(order.pay_type), self._party(order)
        body = order_body(order, party, self._node.scene_info)
        target = f"{party.path}/{product}"
        if product == "codepay":
            paid, raw = yield from self._gateway.ask(CODE_PAY, _TRANSACTION, "POST", target, body)
            return code_pay_result(trade_from(paid, raw, order.out_trade_no))
        form = FORMS[product]
        prepay, _ = yield from self._gateway.ask(CREATE, form.decoder, "POST", target, body)
        return form.build(prepay, party, self._gateway.key, self._gateway.env)

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands, by WeChat Pay's number where it is known. Raises :class:`ResourceNotFound`."""
        party = self._party(order)
        target = f"{_order_path(order, party, by_transaction=True)}?{party.query}"
        transaction, raw = yield from self._gateway.ask(QUERY, _TRANSACTION, "GET", target)
        return trade_from(transaction, raw, transaction.out_trade_no or order.out_trade_no)

    def close(self, order: OrderRef) -> Flow[None]:
        """Makes an unpaid order unpayable; closing it again is fine."""
        party = self._party(order)
        yield from self._gateway.call(CLOSE, "POST", f"{_order_path(order, party)}/close", party.merchants)

    def reverse(self, order: OrderRef) -> Flow[None]:
        """Takes a code payment back, paid or not. Wait 15 s after the payment; repeat while the payer is at it."""
        party = self._party(order)
        body = {name: value for name, value in party.names.items() if value}
        yield from self._gateway.call(REVERSE, "POST", f"{_order_path(order, party)}/reverse", body)

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back. Repeat an unsure one with the same ``out_refund_no`` and amounts."""
        body = refunds.refund_body(request)
        refund, raw = yield from self._gateway.ask(REFUND, _REFUND, "POST", refunds.PATH, body)
        return refunds.refund_from(refund, raw)

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands. Raises :class:`ResourceNotFound`."""
        target = f"{refunds.PATH}/{check_number('out_refund_no', ref.out_refund_no)}"
        if ref.order.sub_mchid:
            target += f"?{urlencode({'sub_mchid': ref.order.sub_mchid})}"
        refund, raw = yield from self._gateway.ask(QUERY_REFUND, _REFUND, "GET", target)
        return refunds.refund_from(refund, raw)

    def transfer(self, request: TransferRequest) -> Flow[Transfer]:
        """Sends money to a user, who confirms it with ``options`` within 24 hours, or has agreed beforehand.

        ``user_name`` is encrypted on the way. Raises :class:`InvalidArgument` (code 1012 without openid).
        """
        transfers.check_transfer(request)
        user_name, serial = None, None
        if request.user_name:
            key = yield from self._gateway.encryption_key()
            user_name, serial = encrypt_text("user_name", request.user_name, key), key.serial
        appid = request.appid or self.appid
        body = transfers.transfer_body(request, appid, user_name)
        bill, raw = yield from self._gateway.ask(
            TRANSFER, _TRANSFER, "POST", transfers.transfer_path(request), body, serial=serial
        )
        return transfers.transfer_from(bill, raw, self._confirmation(appid, bill.package_info))

    def query_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        """How a transfer stands, for 30 days. Raises :class:`ResourceNotFound`."""
        bill, raw = yield from self._gateway.ask(QUERY_TRANSFER, _TRANSFER, "GET", transfers.query_path(ref))
        return transfers.transfer_from(bill, raw)

    def cancel_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        """Takes back a transfer the user has not confirmed. ``CANCELING`` means accepted: query until it is done."""
        bill, raw = yield from self._gateway.ask(
            CANCEL_TRANSFER, _TRANSFER, "POST", transfers.cancel_path(ref)
        )
        return transfers.transfer_from(bill, raw)

    def create_authorization(self, request: AuthorizationRequest) -> Flow[TransferAuthorization]:
        """Asks a user, who agrees with ``options`` within 24 hours, to receive transfers without confirming them.

        Raises :class:`InvalidArgument` (code 1012 without openid).
        """
        authorizations.check_authorization(request)
        appid = request.appid or self.appid
        body = authorizations.authorization_body(request, appid)
        found, raw = yield from self._gateway.ask(
            CREATE_AUTHORIZATION, _AUTHORIZATION, "POST", authorizations.PATH, body
        )
        options = self._confirmation(appid, found.package_info)
        return authorizations.authorization_from(found, raw, options)

    def query_authorization(
        self, out_authorization_no: str, *, is_display_authorization: bool = False
    ) -> Flow[TransferAuthorization]:
        """How an authorisation stands. With ``is_display_authorization`` one in effect has ``options`` that show it.

        Raises :class:`ResourceNotFound`, also for one that was not confirmed and is 30 days past its time.
        """
        target = authorizations.query_path(out_authorization_no, display=is_display_authorization)
        found, raw = yield from self._gateway.ask(QUERY_AUTHORIZATION, _AUTHORIZATION, "GET", target)
        options = self._confirmation(found.appid or self.appid, found.package_info)
        return authorizations.authorization_from(found, raw, options)

    def close_authorization(self, out_authorization_no: str) -> Flow[TransferAuthorization]:
        """Ends an authorisation, for good: the user has to give another one, under another number."""
        found, raw = yield from self._gateway.ask(
            CLOSE_AUTHORIZATION, _AUTHORIZATION, "POST", authorizations.close_path(out_authorization_no)
        )
        return authorizations.authorization_from(found, raw)

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        """Every payment and refund of a day in Beijing; empty where nothing happened. A service provider's has those
        of all its sub-merchants.

        Ready at 10:00 of the next day: :class:`ProviderUnavailable` before. Kept for three months; tens of megabytes
        in large shops, which come packed and are held in memory. Raises :class:`ProviderUnavailable` as well for a bill
        that is not the one promised, or that cannot be read, with the line.
        """
        return bills.trade_bill(self._gateway, day)

    def request(
        self,
        method: str,
        path: str,
        json: Mapping[str, Any] | None = None,
        *,
        encrypt: Sequence[str] = (),
        moves_money: bool | None = None,
        repeatable: bool | None = None,
    ) -> Flow[Any]:
        """Any call of API v3, signed and verified; ``json`` is sent as it is. Returns the answer's JSON, or ``None``.

        ``encrypt`` names texts in ``json`` by dotted path. Unless told otherwise, a GET reads and may be repeated,
        anything else may move money and is not repeated.
        """
        reads = method == "GET"
        operation = Operation(
            name=f"wxpay.request {method} {path.partition('?')[0]}",
            moves_money=not reads if moves_money is None else moves_money,
            repeatable=reads if repeatable is None else repeatable,
        )
        check_target(path)
        serial = None
        if encrypt:
            key = yield from self._gateway.encryption_key()
            json, serial = encrypt_fields(json, encrypt, key), key.serial
        response = yield from self._gateway.call(operation, method, path, json, serial=serial)
        if not response.body:
            return None
        try:
            return msgspec.json.decode(response.body)
        except UNREADABLE as error:
            raise unreadable(operation, str(error), response) from error

    def certificates(self) -> Flow[list[PlatformCertificate]]:
        """Fetches the platform certificates, and believes them from now on. Raises :class:`ResourceNotFound`
        for a merchant that has WeChat Pay's public key instead."""
        return self._gateway.download()

    def code2session(self, code: str) -> Flow[SessionLogin | TokenLogin]:
        """Who a login code belongs to: a mini program's user, or under ``h5-weixin`` and ``app-plus`` that of a page or app.

        Raises :class:`InvalidArgument` (1013 without a code), :class:`ProviderError` for one that WeChat does not take.
        """
        return login.code2session(self._node, code, self._gateway.env.now_ms())

    def account_balance(self, account: str | None = None) -> Flow[AccountBalance]:
        """Not to be had: raises :class:`InvalidArgument`."""
        raise InvalidArgument(
            "WeChat Pay tells merchants their balance in the merchant platform only: look it up there"
        )

    def echo(
        self, message: str, *, encrypted: str | None = None, notify_url: str | None = None
    ) -> Flow[Echo]:
        """Tries the connection without any effect; ``encrypted`` tries the encryption there and back as well.

        With ``notify_url`` a ``SECURITY_ECHO.SUCCESS`` notification is sent there.
        """
        body, serial = {"echo_message": message}, None
        if encrypted:
            key = yield from self._gateway.encryption_key()
            body["encrypted_echo_message"] = encrypt_text("encrypted", encrypted, key)
            serial = key.serial
        if notify_url:
            body["notify_url"] = notify_url
        target = "/v3/security/echo"
        echo, _ = yield from self._gateway.ask(ECHO, _ECHO, "POST", target, body, serial=serial)
        if echo.encrypted_echo_message:
            echo = msgspec.structs.replace(echo, encrypted_echo_message=self._decrypted(echo))
        return echo

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies, decrypts and types a notification. Yields only when its certificate has to be fetched.

        Raises :class:`SignatureInvalid` (:class:`SignatureProbe` for WeChat Pay's own test), or
        :class:`NotificationInvalid`.
        """
        unknown = self._gateway.verify(raw.headers, raw.body)
        if unknown is not None:
            yield from self._gateway.introduced(unknown, raw.headers, raw.body, untrusted=True)
        return notification_from(raw.body, self._gateway.gcm)

    @staticmethod
    def accept() -> NotifyReply:
        return ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return REFUSED

    def _party(self, order: CreateOrder | OrderRef) -> Party:
        return Party(
            appid=self.appid, mch_id=self.mch_id, sub_appid=order.sub_appid, sub_mchid=order.sub_mchid
        )

    def _confirmation(self, appid: str, package_info: str | None) -> dict[str, str] | None:
        if not package_info:
            return None
        return {"mchId": self.mch_id, "appId": appid, "package": package_info}

    def _decrypted(self, echo: Echo) -> str:
        try:
            return self._gateway.key.decrypt(echo.encrypted_echo_message or "")
        except ValueError as error:
            raise unreadable(ECHO, "a text encrypted for another certificate; check app_cert") from error


def _order_path(order: OrderRef, party: Party, *, by_transaction: bool = False) -> str:
    if by_transaction and order.transaction_id:
        return f"{party.path}/id/{check_number('transaction_id', order.transaction_id)}"
    return f"{party.path}/out-trade-no/{check_number('out_trade_no', order.out_trade_no, longest=32)}"
