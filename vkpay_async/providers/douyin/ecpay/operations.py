"""Guaranteed payment's operations, as Flows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from vkpay_async.errors import SignatureInvalid
from vkpay_async.models import (
    CreateOrder,
    Notification,
    OrderRef,
    RawNotification,
    Refund,
    RefundRef,
    RefundRequest,
    Trade,
)
from vkpay_async.order_info import OrderInfo
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.douyin import bills
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import merged
from vkpay_async.providers.douyin.ecpay import notify, orders, refunds, settlements
from vkpay_async.providers.douyin.ecpay.gateway import EcpayGateway
from vkpay_async.providers.douyin.errors import Call
from vkpay_async.providers.douyin.models import (
    BalanceAnswer,
    CreateOrderAnswer,
    CreateRefundAnswer,
    QueryOrderAnswer,
    QueryRefundAnswer,
    QuerySettleAnswer,
    SettleAnswer,
    UnsettledAnswer,
)
from vkpay_async.providers.douyin.numbers import checked_number
from vkpay_async.providers.douyin.results import Receiver, Settlement, UnsettledAmount
from vkpay_async.providers.douyin.settling import checked_desc, receivers_text

V1 = "api/apps/ecpay/v1"
SAAS = "api/apps/ecpay/saas"

CREATE = Call("douyin.create")
QUERY = Call("douyin.query")
REFUND = Call("douyin.refund", moves_money=True)
QUERY_REFUND = Call("douyin.query_refund")
SETTLE = Call("douyin.settle", moves_money=True)
QUERY_SETTLE = Call("douyin.query_settle")
UNSETTLED = Call("douyin.unsettled_amount")
BALANCE = Call("douyin.account_balance")
BILL = Call("douyin.bill")

_CREATE = msgspec.json.Decoder(CreateOrderAnswer, strict=False)
_QUERY = msgspec.json.Decoder(QueryOrderAnswer, strict=False)
_REFUND = msgspec.json.Decoder(CreateRefundAnswer, strict=False)
_QUERY_REFUND = msgspec.json.Decoder(QueryRefundAnswer, strict=False)
_SETTLE = msgspec.json.Decoder(SettleAnswer, strict=False)
_QUERY_SETTLE = msgspec.json.Decoder(QuerySettleAnswer, strict=False)
_UNSETTLED = msgspec.json.Decoder(UnsettledAnswer, strict=False)
_BALANCE = msgspec.json.Decoder(BalanceAnswer, strict=False)


class Ecpay:
    """One mini program under guaranteed payment."""

    def __init__(self, node: DouyinNode, env: Env) -> None:
        self._node = node
        self._env = env
        self._gateway = EcpayGateway(node, env)
        tokens = ([node.token] if node.token else []) + node.former_tokens
        self._tokens = tuple(token.reveal() for token in tokens)

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        secure = self._gateway.base_url.startswith("https://")
        fields = orders.order_fields(order, self._env.now_ms(), secure=secure)
        answer, _ = yield from self._gateway.call(CREATE, f"{V1}/create_order", fields, _CREATE)
        return orders.client_params(answer, self._node)

    def query(self, order: OrderRef) -> Flow[Trade]:
        fields = {"out_order_no": order.out_trade_no}
        answer, raw = yield from self._gateway.call(QUERY, f"{V1}/query_order", fields, _QUERY)
        return orders.trade_from(answer, raw, order.out_trade_no, self._node)

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        after = yield from self._is_settled(request)
        fields = refunds.refund_fields(request, after_settlement=after)
        answer, raw = yield from self._gateway.call(REFUND, f"{V1}/create_refund", fields, _REFUND)
        return refunds.accepted(answer, raw, request)

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        fields = {"out_refund_no": checked_number("out_refund_no", ref.out_refund_no)}
        answer, raw = yield from self._gateway.call(QUERY_REFUND, f"{V1}/query_refund", fields, _QUERY_REFUND)
        return refunds.refund_from(answer, raw, ref)

    def settle(
        self,
        *,
        out_settle_no: str,
        out_trade_no: str,
        settle_desc: str,
        receivers: Sequence[Receiver],
        finish: bool | None,
        notify_url: str | None,
        other: Mapping[str, Any],
    ) -> Flow[Settlement]:
        fields = {
            "out_settle_no": checked_number("out_settle_no", out_settle_no),
            "out_order_no": checked_number("out_trade_no", out_trade_no),
            "settle_desc": checked_desc(settle_desc),
            "settle_params": receivers_text(receivers),
            "finish": finish,
            "notify_url": notify_url,
        }
        body = merged(fields, other, keep=("out_settle_no", "out_order_no", "settle_params"))
        answer, raw = yield from self._gateway.call(SETTLE, f"{V1}/settle", body, _SETTLE)
        return settlements.accepted(answer, raw, out_settle_no, out_trade_no)

    def query_settle(self, out_settle_no: str) -> Flow[Settlement]:
        fields = {"out_settle_no": checked_number("out_settle_no", out_settle_no)}
        answer, raw = yield from self._gateway.call(QUERY_SETTLE, f"{V1}/query_settle", fields, _QUERY_SETTLE)
        return settlements.settlement_from(answer, raw, out_settle_no)

    def unsettled_amount(self, out_trade_no: str) -> Flow[UnsettledAmount]:
        fields = {"out_order_no": checked_number("out_trade_no", out_trade_no)}
        answer, raw = yield from self._gateway.call(UNSETTLED, f"{V1}/unsettle_amount", fields, _UNSETTLED)
        return settlements.unsettled_from(answer, raw, out_trade_no)

    def account_balance(self, channel: str) -> Flow[AccountBalance]:
        fields = {"merchant_uid": merchant_of(self._node), "channel_type": channel}
        answer, _ = yield from self._gateway.call(BALANCE, f"{SAAS}/query_merchant_balance", fields, _BALANCE)
        return settlements.balance_from(answer)

    def bill_file(self, kind: str, day: dt.date) -> Flow[bytes]:
        params = {
            "merchant_id": merchant_of(self._node),
            "bill_date": bills.day_text(day),
            "bill_type": kind,
        }
        return (yield from self._gateway.file(BILL, "api/apps/bills", params))

    def request(
        self, call: Call, action: str, data: Mapping[str, Any], *, repeatable: bool
    ) -> Flow[dict[str, Any]]:
        return (yield from self._gateway.request(call, action, data, repeatable=repeatable))

    def notification(self, raw: RawNotification) -> Notification:
        if not self._tokens:
            raise SignatureInvalid(
                f"{self._node.where}: token is not set, so that no notification can be verified"
            )
        if raw.method == "GET":
            return notify.url_check(raw, self._tokens)
        return notify.notification_from(raw, self._tokens)

    def _is_settled(self, request: RefundRequest) -> Flow[bool]:
        """Whether the order's own money no longer covers the refund; asked only where the node says so."""
        if not self._node.refund_after_settlement or "all_settle" in request.other:
            return False
        left = yield from self.unsettled_amount(request.order.out_trade_no)
        return left.amount < request.refund_fee


def merchant_of(node: DouyinNode) -> str:
    mch_id: str = node.require("mch_id", "it is the merchant's number (商户号) in the console")
    return mch_id
