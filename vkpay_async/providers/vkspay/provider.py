"""VksPay's operations. The vendor's document is not public; its example is: https://github.com/VksPay/VksPay"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from vkpay_async.errors import (
    NotificationUnconfirmed,
    ProviderOutcomeUnknown,
    ResourceNotFound,
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
    Trade,
)
from vkpay_async.order_info import OrderInfo
from vkpay_async.providers.base import Env, Flow
from vkpay_async.providers.unsupported import Unsupported
from vkpay_async.providers.vkspay import notify, orders, refund
from vkpay_async.providers.vkspay.about import VkspayNode
from vkpay_async.providers.vkspay.errors import PROVIDER
from vkpay_async.providers.vkspay.gateway import Call, Gateway
from vkpay_async.providers.vkspay.models import Answer
from vkpay_async.providers.vkspay.trust import Trust

CODE_PAY = "vkspay_codepay"
EARLIER_ASKED = 3
_SURE = orders.STATES.keys() - {"FAIL"}


class VkspayProvider(Unsupported):
    """One store of VksPay's gateway.

    Errors of every call: :class:`ProviderError` (the gateway said no), :class:`ProviderUnavailable`, and where money moves
    :class:`ProviderOutcomeUnknown` instead. :class:`InvalidArgument` comes before anything is sent.
    """

    name: ClassVar[str] = PROVIDER
    title: ClassVar[str] = "VksPay"
    refunds_repeat: ClassVar[bool] = False
    missing: ClassVar[Mapping[str, str]] = {
        "close": "an order that nobody pays ends by itself; leave it, and do not ship for it"
    }

    def __init__(self, node: VkspayNode, gateway: Gateway, trust: Trust) -> None:
        self._node = node
        self._gateway = gateway
        self._trust = trust

    @classmethod
    def from_node(cls, node: VkspayNode, env: Env, trust: Trust | None = None) -> VkspayProvider:
        """Raises :class:`ConfigError`."""
        return cls(node, Gateway(node, env), trust or Trust())

    @property
    def trust(self) -> Trust:
        """What was learnt of its notifications."""
        return self._trust

    @property
    def appid(self) -> str:
        """VksPay knows no apps."""
        return self._node.app_id

    @property
    def mch_id(self) -> str:
        return self._node.mch_id

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """A pay link (:class:`PayLink`), or for ``vkspay_codepay`` a :class:`CodePayResult`.

        The link is for both wallets unless ``provider_pay_method`` names one. ``provider_order_no`` of the result is the
        gateway's number of the order, which its query and refund go by.
        """
        if order.pay_type == CODE_PAY:
            return (yield from self._code_pay(order))
        call = Call(
            operation="vkspay.create", method="webpay", fields=orders.webpay_fields(order, self._node)
        )
        return (yield from self._gateway.call(call, orders.parse_webpay))

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands: nothing but ``SUCCESS`` is paid. Raises :class:`ResourceNotFound`.

        While it is not paid, the links of earlier attempts are asked after, too. Raises :class:`ProviderOutcomeUnknown` for a
        code payment whose answer was lost, where the gateway does not know it by our number.
        """
        try:
            trade = yield from self._stands(order, _number(order))
        except ResourceNotFound as error:
            paid = yield from self._paid_earlier(order)
            if paid is not None:
                return paid
            if _unnumbered_code_payment(order):
                raise _lost_code_payment(order) from error
            raise
        if _unnumbered_code_payment(order) and trade.raw_state not in _SURE:
            raise _lost_code_payment(order)
        return trade if trade.state.paid else (yield from self._paid_earlier(order)) or trade

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back. ``refund_id`` of the result is the gateway's number of the refund, which its query goes by.

        Whether the gateway knows a repeat by its number is not public: query before trying again.
        """
        call = Call(
            operation="vkspay.refund",
            method="orderrefund",
            fields=refund.refund_fields(request, self._node, _number(request.order)),
            takes=frozenset({"SUCCESS", refund.PROCESSING}),
            moves_money=True,
            repeatable=False,
        )
        return (yield from self._gateway.call(call, partial(refund.parse_refund, request=request)))

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands. Raises :class:`ResourceNotFound` where it is certain that there is none.

        Without the gateway's number of a refund, and unless it is known to take ours, that is not certain:
        :class:`ProviderOutcomeUnknown`.
        """
        call = Call(
            operation="vkspay.query_refund",
            method="orderrefundquery",
            fields={"out_trade_no": _number(ref.order), "out_refund_no": ref.refund_id or ref.out_refund_no},
            asks=True,
        )
        try:
            return (yield from self._gateway.call(call, partial(refund.parse_refund_query, ref=ref)))
        except ResourceNotFound as error:
            if ref.refund_id or ref.order.provider_order_no == ref.order.out_trade_no:
                raise
            raise ProviderOutcomeUnknown(
                provider=PROVIDER,
                code=str(error.code),
                message=error.message,
                advice="the answer to the refund was lost and the gateway has numbers of its own: look in VksPay's "
                "merchant pages whether it was made, before it is made again",
            ) from error

    def request(self, method: str, data: Mapping[str, object] | None = None) -> Flow[dict[str, Any]]:
        """Any call, signed; gives the whole answer to one that succeeded. Amounts go as texts in yuan.

        Other than for a ``…query``, no answer means that the outcome is unknown. Raises :class:`InvalidArgument` for a
        field that is the SDK's to set.
        """
        reads = method.endswith("query")
        call = Call(
            operation=f"vkspay.{method}",
            method=method,
            fields=data or {},
            moves_money=not reads,
            repeatable=reads,
        )
        return (yield from self._gateway.call(call, Answer.decoded))

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Asks the gateway whether the order that a notification names is paid, and believes nothing else.

        Raises :class:`NotificationInvalid`, :class:`SignatureInvalid`, and :class:`NotificationUnconfirmed` where the
        order is not paid: a forgery, which is acknowledged all the same.
        """
        fields = notify.form_fields(raw.body)
        number = notify.order_number(fields)
        signed = self._trust.check(fields, self._gateway.key)
        parse = partial(self._trade, number=number, out_trade_no="", total_fee=None)
        try:
            trade = yield from self._ask("vkspay.confirm", number, parse)
        except ResourceNotFound as error:
            raise NotificationUnconfirmed(
                f"VksPay knows no order {number}: the notification is forged"
            ) from error
        if not trade.state.paid:
            raise NotificationUnconfirmed(
                f"VksPay's order {number} is not paid ({trade.raw_state} {trade.description}): the notification is forged"
            )
        self._trust.signs_notifications = self._trust.signs_notifications or signed
        return Notification(kind="payment", id=number, event=trade.raw_state, trade=trade, raw=fields)

    @staticmethod
    def accept() -> NotifyReply:
        """JSON with the code ``SUCCESS``."""
        return notify.ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return notify.REFUSED

    def _code_pay(self, order: CreateOrder) -> Flow[OrderInfo]:
        call = Call(
            operation="vkspay.create",
            method="micropay",
            fields=orders.micropay_fields(order, self._node),
            takes=frozenset({"SUCCESS", "PAYING"}),
            moves_money=True,
            repeatable=False,
            fail_is_no=False,
        )
        return (yield from self._gateway.call(call, orders.parse_micropay))

    def _stands(self, order: OrderRef, number: str) -> Flow[Trade]:
        parse = partial(
            self._trade, number=number, out_trade_no=order.out_trade_no, total_fee=order.total_fee or None
        )
        return (yield from self._ask("vkspay.query", number, parse))

    def _paid_earlier(self, order: OrderRef) -> Flow[Trade | None]:
        """The payment of a link from an earlier attempt: the payer may have kept it."""
        for number in order.former_order_nos[:EARLIER_ASKED]:
            with suppress(ResourceNotFound):
                trade = yield from self._stands(order, number)
                if trade.state.paid:
                    return trade
        return None

    def _ask(self, operation: str, number: str, parse: Callable[[Answer], Trade]) -> Flow[Trade]:
        call = Call(operation=operation, method="orderquery", fields={"out_trade_no": number}, asks=True)
        return (yield from self._gateway.call(call, parse))

    def _trade(self, answer: Answer, **about: Any) -> Trade:
        return orders.parse_trade(answer, mch_id=self._node.mch_id, **about)


def _number(order: OrderRef) -> str:
    """The gateway's, or ours where it gave none or its answer was lost."""
    return order.provider_order_no or order.out_trade_no


def _unnumbered_code_payment(order: OrderRef) -> bool:
    return order.pay_type == CODE_PAY and not order.provider_order_no


def _lost_code_payment(order: OrderRef) -> ProviderOutcomeUnknown:
    """A buyer's code may have been charged under a number that never reached us."""
    return ProviderOutcomeUnknown(
        provider=PROVIDER,
        code="ORDERNOTEXIST",
        message=f"the gateway does not know order {order.out_trade_no} by our number, and its own did not reach us",
        advice="look in VksPay's merchant pages, or at the buyer's wallet, whether the code was charged",
    )
