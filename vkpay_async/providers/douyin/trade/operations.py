"""The general trade system's operations, as Flows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from vkpay_async.crypto.pem import load_private_key, load_public_key
from vkpay_async.errors import (
    OrderStateConflict,
    ProviderError,
    ProviderOutcomeUnknown,
    ResourceNotFound,
    TransportError,
)
from vkpay_async.models import (
    CreateOrder,
    JsonObject,
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
from vkpay_async.providers.douyin.ecpay.operations import merchant_of
from vkpay_async.providers.douyin.ecpay.settlements import balance_from
from vkpay_async.providers.douyin.errors import DUPLICATES, Call
from vkpay_async.providers.douyin.models import (
    BalanceAnswer,
    BillAddressesAnswer,
    TradeOrder,
    TradeOrderAnswer,
    TradeRefund,
    TradeRefundAnswer,
    TradeRefundsAnswer,
    TradeSettleAnswer,
    TradeSettlementsAnswer,
)
from vkpay_async.providers.douyin.numbers import checked_number
from vkpay_async.providers.douyin.results import Receiver, Settlement
from vkpay_async.providers.douyin.settling import checked_desc, receivers_text
from vkpay_async.providers.douyin.signing import verify_callback
from vkpay_async.providers.douyin.trade import notify, orders, refunds, settlements
from vkpay_async.providers.douyin.trade.gateway import TradeGateway

T = TypeVar("T")

V1 = "api/trade_basic/v1/developer"

QUERY = Call("douyin.query")
REFUND = Call("douyin.refund", moves_money=True)
QUERY_REFUND = Call("douyin.query_refund")
SETTLE = Call("douyin.settle", moves_money=True)
QUERY_SETTLE = Call("douyin.query_settle")
BALANCE = Call("douyin.account_balance")
BILL = Call("douyin.bill")

_QUERY = msgspec.json.Decoder(TradeOrderAnswer, strict=False)
_REFUND = msgspec.json.Decoder(TradeRefundAnswer, strict=False)
_REFUNDS = msgspec.json.Decoder(TradeRefundsAnswer, strict=False)
_SETTLE = msgspec.json.Decoder(TradeSettleAnswer, strict=False)
_SETTLEMENTS = msgspec.json.Decoder(TradeSettlementsAnswer, strict=False)
_BALANCE = msgspec.json.Decoder(BalanceAnswer, strict=False)
_ADDRESSES = msgspec.json.Decoder(BillAddressesAnswer, strict=False)


class Trades:
    """One mini program in the general trade system."""

    def __init__(self, node: DouyinNode, env: Env) -> None:
        self._node = node
        self._env = env
        self._gateway = TradeGateway(node, env)
        self._key = node.load(
            "app_private_key", load_private_key, "it is the other half of the key uploaded to the console"
        )
        self._platform_key = node.load(
            "douyin_public_key", load_public_key, "it is the platform's key that the console shows"
        )
        if self._platform_key.public_numbers() == self._key.public_key().public_numbers():
            raise node.error(
                "douyin_public_key",
                "is the app's own half of app_private_key; take the platform's (平台公钥), which the console shows next to it",
            )

    def create(self, order: CreateOrder) -> OrderInfo:
        """Only signs: the mini program makes the order with it."""
        secure = self._gateway.base_url.startswith("https://")
        data = orders.order_data(order, self._node, self._env.now_ms(), secure=secure)
        return orders.signed_params(data, self._node, self._key, self._env)

    def query(self, order: OrderRef) -> Flow[Trade]:
        found, raw = yield from self._order({"out_order_no": order.out_trade_no})
        return orders.trade_from(found, raw, self._node)

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """A part is taken from the order's pieces, one after the other. A number that was used tells what became of it."""
        order_id = request.order.transaction_id
        items = None
        if order_id is None or request.refund_fee != request.total_fee:
            found, _ = yield from self._order({"out_order_no": request.order.out_trade_no})
            order_id = found.order_id
            items = yield from self._pieces(request, found)
        body = refunds.refund_body(request, self._node, order_id, items)
        try:
            answer, raw = yield from self._gateway.call(REFUND, f"{V1}/refund_create/", body, _REFUND)
        except OrderStateConflict as error:
            if error.code not in DUPLICATES:
                raise
            return (yield from self._same_refund(request, error))
        return refunds.accepted(answer, raw, request, order_id)

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        found, raw = yield from self._refunds({"out_refund_no": ref.out_refund_no})
        return refunds.refund_from(found, raw, ref)

    def settle(
        self,
        *,
        out_settle_no: str,
        out_trade_no: str,
        settle_desc: str,
        receivers: Sequence[Receiver],
        notify_url: str | None,
        other: Mapping[str, Any],
    ) -> Flow[Settlement]:
        fields = {
            "out_settle_no": checked_number("out_settle_no", out_settle_no),
            "out_order_no": checked_number("out_trade_no", out_trade_no),
            "settle_desc": checked_desc(settle_desc),
            "settle_params": receivers_text(receivers),
            "notify_url": notify_url,
        }
        body = merged(fields, other, keep=("out_settle_no", "out_order_no", "settle_params"))
        body["app_id"] = self._node.app_id
        try:
            answer, raw = yield from self._gateway.call(SETTLE, f"{V1}/settle_create/", body, _SETTLE)
        except OrderStateConflict as error:
            if error.code not in DUPLICATES:
                raise
            return (yield from _used_before(self.query_settle(out_settle_no), error))
        return settlements.accepted(answer, raw, out_settle_no, out_trade_no)

    def query_settle(self, out_settle_no: str) -> Flow[Settlement]:
        body = {
            "app_id": self._node.app_id,
            "out_settle_no": checked_number("out_settle_no", out_settle_no),
        }
        answer, raw = yield from self._gateway.call(QUERY_SETTLE, f"{V1}/settle_query/", body, _SETTLEMENTS)
        return settlements.settlement_from(answer.data, raw, out_settle_no)

    def account_balance(self, channel: str) -> Flow[AccountBalance]:
        body = {
            "app_id": self._node.app_id,
            "merchant_uid": merchant_of(self._node),
            "channel_type": channel,
        }
        path = "api/apps/ecpay/saas/query_merchant_balance/"
        answer, _ = yield from self._gateway.call(BALANCE, path, body, _BALANCE)
        return balance_from(answer)

    def bill_files(self, kind: str, day: dt.date) -> Flow[list[bytes]]:
        """A bill may come in several files."""
        body = {
            "app_id": self._node.app_id,
            "merchant_id": merchant_of(self._node),
            "bill_type": kind,
            "bill_date": bills.day_text(day),
        }
        answer, _ = yield from self._gateway.call(BILL, "api/apps/v3/bills/", body, _ADDRESSES)
        files: list[bytes] = []
        for url in answer.data.bill_list:
            file = yield from self._gateway.download(BILL, url)
            files.append(file)
        return files

    def request(
        self, call: Call, action: str, data: Mapping[str, Any], *, repeatable: bool
    ) -> Flow[dict[str, Any]]:
        return (yield from self._gateway.request(call, action, data, repeatable=repeatable))

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """A refund's names Douyin's number of the order alone, which is looked up."""
        verify_callback(self._platform_key, raw.headers, raw.body)
        message = notify.told(raw)
        if message.event == "payment":
            return notify.payment_from(message)
        if message.event == "refund":
            refund = notify.refund_message(message)
            order, _ = yield from self._order({"order_id": refund.order_id})
            return notify.refund_from(message, refund, order.out_order_no)
        return notify.other_from(message)

    def _order(self, body: Mapping[str, str]) -> Flow[tuple[TradeOrder, JsonObject]]:
        answer, raw = yield from self._gateway.call(QUERY, f"{V1}/order_query/", body, _QUERY)
        return answer.data, raw

    def _refunds(self, body: Mapping[str, str]) -> Flow[tuple[list[TradeRefund], JsonObject]]:
        answer, raw = yield from self._gateway.call(QUERY_REFUND, f"{V1}/refund_query/", body, _REFUNDS)
        return answer.data.refund_list, raw

    def _pieces(self, request: RefundRequest, order: TradeOrder) -> Flow[list[dict[str, Any]] | None]:
        if request.refund_fee == request.total_fee:
            return None
        before, _ = yield from self._refunds({"order_id": order.order_id})
        others = [one for one in before if one.out_refund_no != request.out_refund_no]
        return refunds.pieces(order, others, request.refund_fee)

    def _same_refund(self, request: RefundRequest, error: OrderStateConflict) -> Flow[Refund]:
        """Of the try before this one, if it asked for the same. Raises the refusal if not."""
        ref = RefundRef(order=request.order, out_refund_no=request.out_refund_no)
        refund = yield from _used_before(self.query_refund(ref), error)
        if refund.refund_fee != request.refund_fee:
            raise error
        return refund


def _used_before(query: Flow[T], refusal: OrderStateConflict) -> Flow[T]:
    """What a number was used for. Raises the refusal where Douyin knows nothing under it, and where it cannot be found out
    :class:`ProviderOutcomeUnknown`: money may have moved under that number.
    """
    try:
        return (yield from query)
    except ResourceNotFound as error:
        raise refusal from error
    except (ProviderError, TransportError) as error:
        raise ProviderOutcomeUnknown(
            provider="douyin",
            code=str(refusal.code),
            message=refusal.message,
            http_status=refusal.http_status,
            request_id=refusal.request_id,
            advice="the number was used before, and what for could not be found out: query with the same number",
        ) from error
