"""A provider with nothing behind it: it believes a header, and says what a test has told its bank to say."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any, ClassVar, Self

import msgspec

from vkpay_async import PaidOrder, Payment, VKPay, config_from_dict
from vkpay_async.config import Node, Secret
from vkpay_async.errors import NotificationInvalid, ResourceNotFound, SignatureInvalid
from vkpay_async.ledger import Event
from vkpay_async.models import (
    AuthorizationRequest,
    AuthorizationState,
    BillRow,
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    RawNotification,
    Refund,
    RefundRef,
    RefundRequest,
    RefundState,
    Trade,
    TradeState,
    Transfer,
    TransferAuthorization,
    TransferRef,
    TransferRequest,
    TransferState,
)
from vkpay_async.notify import NotificationResult
from vkpay_async.notify.routes import authorization_path, payment_path, transfer_path
from vkpay_async.order_info import (
    AppParams,
    CodePayResult,
    CodeUrl,
    H5Url,
    JsapiParams,
    OrderInfo,
    OrderString,
    PageUrl,
    TradeNo,
)
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse
from vkpay_async.providers.login import Login, SessionLogin, TokenLogin
from vkpay_async.service import payments
from vkpay_async.transport import Transport

START_MS = 1_767_196_800_000
_NUMBERS = count(1)
GENUINE = {"X-Signature": "genuine"}
SECRET = "S3CRET-do-not-log"

WXPAY = ("mp-weixin", "app-plus", "h5", "h5-weixin", "mweb", "transfer", "codepay")
ALIPAY = ("mp-alipay", "app-plus", "h5", "page", "wap", "transfer", "codepay")

JSAPI = JsapiParams(
    appId="wx1", timeStamp="1767196800", nonceStr="n", package="prepay_id=p", signType="RSA", paySign="s"
)
APP = AppParams(
    appid="wx1",
    partnerid="1900000001",
    prepayid="p",
    package="Sign=WXPay",
    noncestr="n",
    timestamp="1767196800",
    sign="s",
)
ORDER_INFO: dict[str, OrderInfo] = {
    "wxpay_mp-weixin": JSAPI,
    "wxpay_h5-weixin": JSAPI,
    "wxpay_app-plus": APP,
    "wxpay_h5": CodeUrl(code_url="weixin://wxpay/bizpayurl?pr=p4lpSuKzz"),
    "wxpay_mweb": H5Url(h5_url="https://wx.example/h5?prepay_id=p"),
    "wxpay_codepay": CodePayResult(trade_state=TradeState.SUCCESS, trade_state_desc="ok", transaction_id="t"),
    "alipay_h5": CodeUrl(code_url="https://qr.example/bax03"),
    "alipay_app-plus": OrderString(order_string="app_id=2021&sign=s"),
    "alipay_mp-alipay": TradeNo(trade_no="20260101"),
    "alipay_page": PageUrl(url="https://gateway.example/page"),
    "alipay_wap": PageUrl(url="https://gateway.example/wap"),
    "alipay_codepay": CodePayResult(trade_state=TradeState.USERPAYING, trade_state_desc="password"),
}


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        return self.ms


class Bank:
    """What the fake provider answers. ``calls`` keeps what it was asked; ``fail`` makes the next calls raise."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, Refund] = {}
        self.bills: dict[dt.date, tuple[BillRow, ...]] = {}
        self.refund_state = RefundState.PROCESSING
        self.transfer_mch_id: str | None = None
        self.transfer_state = TransferState.SUCCESS
        self.authorization_mch_id: str | None = None
        self.authorization_state = AuthorizationState.TAKING_EFFECT
        self._errors: dict[str, list[BaseException]] = {}

    def fail(self, operation: str, *errors: BaseException) -> None:
        self._errors.setdefault(operation, []).extend(errors)

    def asked(self, operation: str, argument: Any) -> None:
        self.calls.append((operation, argument))
        if self._errors.get(operation):
            raise self._errors[operation].pop(0)

    def count(self) -> Counter[str]:
        return Counter(operation for operation, _ in self.calls)

    def last(self, operation: str) -> Any:
        return [argument for name, argument in self.calls if name == operation][-1]


def not_found(code: str = "ORDER_NOT_EXIST") -> ResourceNotFound:
    return ResourceNotFound(provider="fake", code=code, message="no such thing", http_status=404)


class Wire(Transport):
    """Leads nowhere: every request is answered at once, with nothing."""

    async def _answer(self, request: HttpRequest, call: object = None) -> HttpResponse:
        return HttpResponse(status=200, headers={}, body=b"")


ASK = HttpRequest(method="POST", url="https://bank.example/", operation="fake")


class FakeProvider:
    """Implements :class:`vkpay_async.providers.base.Provider` over a :class:`Bank`."""

    name: ClassVar[str] = "fake"
    refunds_repeat: ClassVar[bool] = True
    trust: ClassVar[None] = None
    bank: ClassVar[Bank]

    def __init__(self, node: Any) -> None:
        self.node = node
        self.appid: str = node.app_id
        self.mch_id: str | None = node.mch_id

    @classmethod
    def from_node(cls, node: Node, env: Env, trust: Any = None) -> Self:
        return cls(node)

    def prepared(self, order: CreateOrder) -> CreateOrder:
        return order

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        yield ASK
        self.bank.asked("create", order)
        return ORDER_INFO[order.pay_type]

    def query(self, order: OrderRef) -> Flow[Trade]:
        yield ASK
        self.bank.asked("query", order)
        if order.out_trade_no not in self.bank.trades:
            raise not_found()
        return self.bank.trades[order.out_trade_no]

    def close(self, order: OrderRef) -> Flow[None]:
        yield ASK
        self.bank.asked("close", order)

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        yield ASK
        self.bank.asked("refund", request)
        refund = Refund(
            out_trade_no=request.order.out_trade_no,
            out_refund_no=request.out_refund_no,
            state=self.bank.refund_state,
            raw_state=self.bank.refund_state.value,
            refund_fee=request.refund_fee,
            total_fee=request.total_fee,
            refund_id=f"id-{request.out_refund_no}",
            transaction_id="4200",
            mch_id=self.mch_id,
        )
        self.bank.refunds[request.out_refund_no] = refund
        return refund

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        yield ASK
        self.bank.asked("query_refund", ref)
        if ref.out_refund_no not in self.bank.refunds:
            raise not_found("REFUND_NOT_EXIST")
        return self.bank.refunds[ref.out_refund_no]

    def transfer(self, request: TransferRequest) -> Flow[Transfer]:
        yield ASK
        self.bank.asked("transfer", request)
        state = TransferState.SUCCESS if request.authorized else TransferState.WAIT_USER_CONFIRM
        return self._transfer(request.out_bill_no, state)

    def query_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        yield ASK
        self.bank.asked("query_transfer", ref)
        return self._transfer(ref.out_bill_no or "B1", self.bank.transfer_state)

    def cancel_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        yield ASK
        self.bank.asked("cancel_transfer", ref)
        return self._transfer(ref.out_bill_no or "B1", TransferState.CANCELING)

    def create_authorization(self, request: AuthorizationRequest) -> Flow[TransferAuthorization]:
        yield ASK
        self.bank.asked("create_authorization", request)
        return self._authorization(request.out_authorization_no, AuthorizationState.WAIT_USER_CONFIRM)

    def query_authorization(
        self, out_authorization_no: str, *, is_display_authorization: bool = False
    ) -> Flow[TransferAuthorization]:
        yield ASK
        self.bank.asked("query_authorization", (out_authorization_no, is_display_authorization))
        return self._authorization(out_authorization_no, self.bank.authorization_state)

    def close_authorization(self, out_authorization_no: str) -> Flow[TransferAuthorization]:
        yield ASK
        self.bank.asked("close_authorization", out_authorization_no)
        return self._authorization(out_authorization_no, AuthorizationState.CLOSED)

    def code2session(self, code: str) -> Flow[Login]:
        yield ASK
        self.bank.asked("code2session", (self.node.where, code))
        secret = Secret(SECRET)
        if self.node.platform in ("mp-weixin", "mp-toutiao"):
            return SessionLogin(openid="payer", unionid="union", session_key=secret)
        return TokenLogin(openid="payer", access_token=secret, refresh_token=secret, scope="snsapi_base")

    def account_balance(self, account: str | None = None) -> Flow[AccountBalance]:
        yield ASK
        self.bank.asked("account_balance", (self.node.where, account))
        return AccountBalance(available_amount=1234, freeze_amount=0, total_amount=1234)

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        yield ASK
        self.bank.asked("trade_bill", day)
        return self.bank.bills.get(day, ())

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        yield from ()
        self.bank.asked("notification", raw)
        if raw.headers.get("x-signature") != "genuine":
            raise SignatureInvalid("the signature does not hold")
        try:
            return msgspec.json.decode(raw.body, type=Notification)
        except msgspec.DecodeError as error:
            raise NotificationInvalid("the body is not the JSON that was promised") from error

    @staticmethod
    def accept() -> NotifyReply:
        return NotifyReply(status=200, body=b"got it", content_type="text/plain")

    @staticmethod
    def refuse() -> NotifyReply:
        return NotifyReply(status=500, body=b"again", content_type="text/plain")

    def speak(self, words: str) -> Flow[str]:
        """An operation that only this provider has."""
        yield from ()
        return words.upper()

    def _transfer(self, number: str, state: TransferState) -> Transfer:
        return Transfer(
            out_bill_no=number,
            state=state,
            raw_state=state.value,
            mch_id=self.bank.transfer_mch_id or self.mch_id,
            options={"mchId": "1900000001", "appId": "wx1", "package": "p"},
            raw={"out_bill_no": number},
        )

    def _authorization(self, number: str, state: AuthorizationState) -> TransferAuthorization:
        return TransferAuthorization(
            out_authorization_no=number,
            state=state,
            raw_state=state.value,
            authorization_id="201",
            openid="payer",
            mch_id=self.bank.authorization_mch_id or self.mch_id,
            options={"mchId": "1900000001", "appId": "wx1", "package": "p"},
            raw={"out_authorization_no": number},
        )


def settings(**top: Any) -> dict[str, Any]:
    """Two merchants, every node of both providers."""
    return {
        "notify_url": "https://shop.example/pay/",
        "wxpay": {name: {"appId": "wx1", "mchId": "1900000001"} for name in WXPAY},
        "alipay": {name: {"appId": "2021", "mchId": "2088"} for name in ALIPAY},
        "merchants": {
            "shop7": {
                "notifyUrl": "https://seven.example",
                "alipayAppPayToH5Pay": True,
                "wxpay": {name: {"appId": "wx7", "mchId": "1900000007"} for name in WXPAY},
                "alipay": {"h5": {"appId": "2027", "mchId": "2087"}},
            }
        },
        **top,
    }


class Shop:
    """A user's application: ``runs`` lists the orders its handler was told of."""

    def __init__(self, pay: VKPay, bank: Bank, clock: Clock) -> None:
        self.pay = pay
        self.bank = bank
        self.clock = clock
        self.runs: list[PaidOrder] = []

    async def order(self, out_trade_no: str = "order_0001", **more: Any) -> Payment:
        arguments: dict[str, Any] = {
            "provider": "wxpay",
            "platform": "h5",
            "is_pc": True,
            "total_fee": 19900,
            "subject": "Tea",
            "type": "goods",
        }
        return await self.pay.create_payment(out_trade_no=out_trade_no, **{**arguments, **more})

    def listen(self, order_type: str = "goods") -> None:
        @self.pay.on_paid(order_type)
        async def ship(order: PaidOrder) -> None:
            self.runs.append(order)

    def trade(self, out_trade_no: str = "order_0001", **fields: Any) -> Trade:
        known: dict[str, Any] = {
            "state": TradeState.SUCCESS,
            "raw_state": "SUCCESS",
            "transaction_id": f"4200-{out_trade_no}",
            "total_fee": 19900,
            "appid": "wx1",
            "mch_id": "1900000001",
            "openid": "payer",
            "raw": {"trade_state": "SUCCESS"},
        }
        return Trade(out_trade_no=out_trade_no, **{**known, **fields})

    def paid_at_bank(self, out_trade_no: str = "order_0001", **fields: Any) -> None:
        self.bank.trades[out_trade_no] = self.trade(out_trade_no, **fields)

    async def notify(
        self, out_trade_no: str = "order_0001", *, pay_type: str = "wxpay_h5", **fields: Any
    ) -> NotificationResult:
        """A genuine notification of a payment."""
        event = Notification(kind="payment", id="1", event="PAID", trade=self.trade(out_trade_no, **fields))
        return await self.deliver(payment_path(pay_type, out_trade_no), event)

    async def notify_transfer(
        self, out_bill_no: str = "B1", *, pid: str | None = None, **fields: Any
    ) -> NotificationResult:
        known: dict[str, Any] = {"state": TransferState.SUCCESS, "raw_state": "SUCCESS", **fields}
        event = Notification(
            kind="transfer",
            id="1",
            event="MCHTRANSFER",
            transfer=Transfer(**{"out_bill_no": out_bill_no, **known}),
        )
        return await self.deliver(transfer_path("wxpay_transfer", "B1", pid), event)

    async def notify_authorization(
        self, number: str = "AUTH1", *, pid: str | None = None, **fields: Any
    ) -> NotificationResult:
        state = fields.setdefault("state", AuthorizationState.TAKING_EFFECT)
        known: dict[str, Any] = {"out_authorization_no": number, "raw_state": state.value, "openid": "payer"}
        event = Notification(
            kind="transfer_auth",
            id="1",
            event="MCHTRANSFER.AUTHORIZATION",
            authorization=TransferAuthorization(**{**known, **fields}),
        )
        return await self.deliver(authorization_path("wxpay_transfer", "AUTH1", pid), event)

    async def deliver(
        self, path: str, event: Notification | bytes, headers: dict[str, str] = GENUINE
    ) -> NotificationResult:
        body = event if isinstance(event, bytes) else msgspec.json.encode(event)
        return await self.pay.handle_notification(path="/pay" + path, headers=headers, body=body)

    async def events(self, number: str = "order_0001") -> Sequence[Event]:
        """What the ledger keeps of an order or a transfer, when no handler runs any more."""
        await self.pay.idle()
        return await self.pay.orders.events(number)

    async def event(self, number: str = "order_0001") -> Event:
        (event,) = await self.events(number)
        return event

    async def redeliver(self, after_ms: int = 0) -> int:
        """Time goes on, and the job that runs what is due has its turn; how many handlers it ran."""
        self.clock.ms += after_ms
        return await self.pay._pipeline.redeliver()

    async def paid(self, out_trade_no: str = "order_0001", **more: Any) -> None:
        """An order that the provider has told us is paid."""
        await self.order(out_trade_no, **more)
        result = await self.notify(out_trade_no, total_fee=more.get("total_fee", 19900))
        result.raise_for_error()


def nonce() -> str:
    """Another one each time, whatever number of shops there are."""
    return f"{next(_NUMBERS):020x}{0:012x}"


def open_shop(bank: Bank, clock: Clock, database: str, **top: Any) -> Shop:
    env = Env(now_ms=clock, nonce=nonce)
    config = config_from_dict(settings(**top))
    return Shop(VKPay(config, database=database, env=env, transport=Wire(config.http)), bank, clock)


def hasten(monkeypatch: Any) -> None:
    """Lets ``await_notify`` look every moment instead of every half second."""
    monkeypatch.setattr(payments, "NOTIFY_GRACE_S", 0.001)
    monkeypatch.setattr(payments, "POLL_S", 0.001)
