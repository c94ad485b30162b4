"""SamplePay's operations: JSON over HTTP, every body signed with HMAC-SHA256 in both directions."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from tests.contract.sample.sdk.about import SampleNode
from vkpay_async.errors import (
    NotificationInvalid,
    OrderStateConflict,
    ProviderError,
    ResourceNotFound,
    ResponseUnverified,
    SignatureInvalid,
)
from vkpay_async.models import (
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
)
from vkpay_async.order_info import CodeUrl, OrderInfo
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse
from vkpay_async.providers.unsupported import Unsupported

A = TypeVar("A")

SIGNATURE = "sample-signature"
STATES = {"WAITING": TradeState.NOTPAY, "PAID": TradeState.SUCCESS, "CLOSED": TradeState.CLOSED}
ERRORS: dict[str, type[ProviderError]] = {"NO_SUCH": ResourceNotFound, "WRONG_STATE": OrderStateConflict}


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An order in SamplePay's spelling. ``total`` in fen, ``paid_at`` in milliseconds."""

    out_trade_no: str
    state: str
    total: int
    shop: str
    number: str | None = None
    code: str | None = None
    paid_at: int | None = None


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    out_refund_no: str
    amount: int
    number: str
    made_at: int


class SampleProvider(Unsupported):
    """One shop of SamplePay."""

    name: ClassVar[str] = "samplepay"
    title: ClassVar[str] = "SamplePay"
    missing: ClassVar[Mapping[str, str]] = {}

    def __init__(self, node: SampleNode) -> None:
        self._node = node
        self._url = (node.base_url or node.default_base_url).rstrip("/")
        if not self._url.startswith(("https://", "http://")):
            raise node.error("base_url", "must start with https:// (http:// for a simulator)")

    @classmethod
    def from_node(cls, node: SampleNode, env: Env, trust: Any = None) -> SampleProvider:
        """Raises :class:`ConfigError`."""
        return cls(node)

    @property
    def trust(self) -> None:
        """There is nothing to learn of a shared key."""

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> str:
        return self._node.mch_id

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """The text of a QR code."""
        body = {"out_trade_no": order.out_trade_no, "total": order.total_fee, "notify_url": order.notify_url}
        answer = yield from self._call("create", "POST", "/sample/orders", body, OrderAnswer)
        return CodeUrl(code_url=answer.code or "")

    def query(self, order: OrderRef) -> Flow[Trade]:
        """Raises :class:`ResourceNotFound`."""
        path = f"/sample/orders/{order.out_trade_no}"
        return self._trade((yield from self._call("query", "GET", path, None, OrderAnswer)))

    def close(self, order: OrderRef) -> Flow[None]:
        """Makes an unpaid order unpayable."""
        path = f"/sample/orders/{order.out_trade_no}/close"
        yield from self._call("close", "POST", path, {}, OrderAnswer)

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back at once; repeating it with its number moves nothing."""
        path = f"/sample/orders/{request.order.out_trade_no}/refunds"
        body = {"out_refund_no": request.out_refund_no, "amount": request.refund_fee}
        answer = yield from self._call("refund", "POST", path, body, RefundAnswer, moves_money=True)
        return _refund(answer, request.order.out_trade_no)

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """Raises :class:`ResourceNotFound`."""
        path = f"/sample/orders/{ref.order.out_trade_no}/refunds/{ref.out_refund_no}"
        return _refund(
            (yield from self._call("query_refund", "GET", path, None, RefundAnswer)), ref.order.out_trade_no
        )

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`."""
        self._verify(raw.headers, raw.body)
        try:
            answer = msgspec.json.decode(raw.body, type=OrderAnswer)
        except (msgspec.MsgspecError, ValueError) as error:
            raise NotificationInvalid(f"the notification cannot be read: {error}") from error
        return Notification(
            kind="payment", id=answer.number or "", event=answer.state, trade=self._trade(answer)
        )
        yield  # a Flow is a generator, and this one has nothing to ask

    @staticmethod
    def accept() -> NotifyReply:
        return NotifyReply(status=200, body=b"ok", content_type="text/plain")

    @staticmethod
    def refuse() -> NotifyReply:
        return NotifyReply(status=500, body=b"no", content_type="text/plain")

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        body: object,
        answer: type[A],
        *,
        moves_money: bool = False,
    ) -> Flow[A]:
        sent = b"" if body is None else msgspec.json.encode(body)
        headers = {
            "sample-shop": self._node.mch_id,
            SIGNATURE: self._sign(f"{method} {path}\n".encode() + sent),
        }
        response = yield HttpRequest(
            method=method,
            url=self._url + path,
            headers=headers,
            body=sent,
            operation=f"samplepay.{operation}",
            moves_money=moves_money,
        )
        try:
            self._verify(response.headers, response.body)
        except SignatureInvalid as error:
            raise (ResponseUnverified(error.msg) if moves_money else error) from error
        if response.status != 200:
            raise _refused(response)
        return msgspec.json.decode(response.body, type=answer)

    def _sign(self, content: bytes) -> str:
        return hmac.new(self._node.key.reveal().encode(), content, hashlib.sha256).hexdigest()

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if not hmac.compare_digest(headers.get(SIGNATURE, "").encode(), self._sign(body).encode()):
            raise SignatureInvalid("the signature does not hold: check that key is the shop's")

    def _trade(self, answer: OrderAnswer) -> Trade:
        return Trade(
            out_trade_no=answer.out_trade_no,
            state=STATES.get(answer.state, TradeState.UNKNOWN),
            raw_state=answer.state,
            transaction_id=answer.number,
            total_fee=answer.total,
            mch_id=answer.shop,
            success_time=answer.paid_at,
            raw=msgspec.to_builtins(answer),
        )


def _refund(answer: RefundAnswer, out_trade_no: str) -> Refund:
    return Refund(
        out_trade_no=out_trade_no,
        out_refund_no=answer.out_refund_no,
        state=RefundState.SUCCESS,
        raw_state="MADE",
        refund_fee=answer.amount,
        refund_id=answer.number,
        success_time=answer.made_at,
        raw=msgspec.to_builtins(answer),
    )


def _refused(response: HttpResponse) -> ProviderError:
    said = msgspec.json.decode(response.body, type=dict[str, str])
    code = said.get("code", "UNKNOWN")
    return ERRORS.get(code, ProviderError)(
        provider="samplepay",
        code=code,
        message=said.get("message", ""),
        http_status=response.status,
        advice="the message says why",
    )
