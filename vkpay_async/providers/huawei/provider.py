"""Huawei Pay (Payment Kit): one merchant's node and everything it can be asked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

from vkpay_async.errors import InvalidArgument, LedgerUnavailable, OrderStateConflict
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
)
from vkpay_async.order_info import OrderInfo, OrderString
from vkpay_async.providers.base import Env, Flow, SharedValue, keep, kept, off_loop
from vkpay_async.providers.huawei import bills, orders, refunds
from vkpay_async.providers.huawei.about import HuaweiNode
from vkpay_async.providers.huawei.errors import NUMBER_USED, Operation
from vkpay_async.providers.huawei.gateway import Gateway, gateway_from
from vkpay_async.providers.huawei.models import (
    AcceptedRefund,
    Nothing,
    Prepayment,
    RefundStatus,
    Transaction,
)
from vkpay_async.providers.huawei.notify import ACCEPTED, REFUSED, notification_from
from vkpay_async.providers.unsupported import Unsupported

CREATE = Operation(name="huawei.create")
QUERY = Operation(name="huawei.query")
CLOSE = Operation(name="huawei.close")
REFUND = Operation(name="huawei.refund", moves_money=True, refunds=True)
QUERY_REFUND = Operation(name="huawei.query_refund")

PREPAY_LIFE_MS = 9 * 60_000
"""A prepayment is good for ten minutes; the buyer needs some of them."""

_TARGET = re.compile(r"/api/[-!$&'()*+,./0-9:;=?@A-Z_a-z~%]+", re.ASCII)


class HuaweiProvider(Unsupported):
    """A merchant's node of Huawei Pay, keys loaded; built by :meth:`from_node`.

    ``request`` makes any call of Payment Kit that has no method here.
    """

    name: ClassVar[str] = "huawei"
    title: ClassVar[str] = "Huawei Pay"
    missing: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("transfer", "query_transfer", "cancel_transfer"),
        "its interface for transfers is not public; send money by wxpay or alipay, or in the merchant portal",
    )

    def __init__(self, node: HuaweiNode, gateway: Gateway) -> None:
        self._node = node
        self._gateway = gateway

    @classmethod
    def from_node(cls, node: HuaweiNode, env: Env, trust: None = None) -> HuaweiProvider:
        """Loads the node's keys. Raises :class:`ConfigError` naming file, node and key, and where the extra is missing."""
        return cls(node, gateway_from(node, env))

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> str:
        return self._node.mch_id

    @property
    def trust(self) -> None:
        """Nothing is learnt of Huawei Pay's keys: they stand in the config."""

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Asks for a payment: the text that ``requestPayment`` takes as ``orderStr``, ten minutes good.

        Asked for again within these, an unchanged order gets a fresh text for the same prepayment: Huawei Pay takes a number
        once, and has no call that tells what came of it. Raises :class:`OrderStateConflict` afterwards.
        """
        path = orders.prepay_path(order)
        body = orders.prepay_body(order, self.appid, self.mch_id, self._gateway.env.now_ms())
        name = orders.prepayment_name(path, body)
        try:
            prepaid, _ = yield from self._gateway.ask(CREATE, Prepayment, "POST", path, body)
        except OrderStateConflict as error:
            prepay_id = yield from self._kept(name, error)
        else:
            prepay_id = prepaid.prepay_id
            yield from self._keep(name, prepay_id)
        return (yield from self._order_string(order, prepay_id))

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands. Raises :class:`ResourceNotFound`, also while nobody has opened its cashier."""
        found, raw = yield from self._gateway.ask(QUERY, Transaction, "GET", orders.query_path(order))
        return orders.trade_from(found, raw)

    def close(self, order: OrderRef) -> Flow[None]:
        """Makes an unpaid order unpayable; closing it again is fine."""
        body = orders.close_body(order)
        yield from self._gateway.ask(CLOSE, Nothing, "POST", orders.close_path(order), body)

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back, within 180 days. Accepted means ``PROCESSING``: a callback or a query tells its end.

        Raises :class:`RefundTooSoon` (code 2004) within a minute of the order's last refund.
        """
        path, body = refunds.refund_path(request), refunds.refund_body(request)
        accepted, raw = yield from self._gateway.ask(REFUND, AcceptedRefund, "POST", path, body)
        return refunds.accepted_refund(accepted, request, raw)

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands. Raises :class:`ResourceNotFound`."""
        path = refunds.query_path(ref)
        found, raw = yield from self._gateway.ask(QUERY_REFUND, RefundStatus, "GET", path)
        return refunds.queried_refund(found, ref, raw)

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        """Every payment and refund of a day in Beijing that succeeded; empty where nothing happened. A service provider's
        has those of all its sub-merchants.

        Ready at 9:00 of the next day: :class:`ProviderUnavailable` before, and for a bill that cannot be read, with the line.
        Kept for 90 days.
        """
        return bills.trade_bill(self._gateway, day, partner=self._is_partner)

    def settle_bill(self, day: dt.date) -> Flow[tuple[Mapping[str, str], ...]]:
        """What was settled of a day, line by line under the bill's own column names; ready at 15:00 of the next day.

        Raises :class:`PermissionRefused` until settlement bills are switched on in the merchant portal.
        """
        return bills.settle_bill(self._gateway, day, partner=self._is_partner)

    def request(
        self,
        method: str,
        path: str,
        json: Mapping[str, Any] | None = None,
        *,
        moves_money: bool | None = None,
        repeatable: bool | None = None,
    ) -> Flow[dict[str, Any]]:
        """Any call of Payment Kit, signed and verified; ``json`` is sent as it is. Returns the answer's JSON.

        Unless told otherwise, a GET reads and may be repeated, anything else may move money and is not repeated.
        """
        reads = method == "GET"
        if not _TARGET.fullmatch(path):
            raise InvalidArgument(
                f"path {path[:80]!r} cannot be sent: start it with /api/, and percent-encode what is not plain ASCII"
            )
        operation = Operation(
            name=f"huawei.request {method} {path.partition('?')[0]}",
            moves_money=not reads if moves_money is None else moves_money,
            repeatable=reads if repeatable is None else repeatable,
        )
        _, raw = yield from self._gateway.ask(operation, Nothing, method, path, json)
        return raw.copy()

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies and types a callback. Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`."""
        fields = yield from self._gateway.verified(raw.body)
        return notification_from(fields, raw)

    @staticmethod
    def accept() -> NotifyReply:
        return ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return REFUSED

    @property
    def _is_partner(self) -> bool:
        return bool(self._node.sub_merchants)

    def _keep(self, name: str, prepay_id: str) -> Flow[None]:
        """Losing it costs a second try of the buyer, and is no reason to lose the payment."""
        expires = self._gateway.env.now_ms() + PREPAY_LIFE_MS
        with suppress(LedgerUnavailable):
            yield from keep(name, SharedValue(value=f"{expires} {prepay_id}", expires=expires))

    def _kept(self, name: str, error: OrderStateConflict) -> Flow[str]:
        found = (yield from kept(name)) if error.code in NUMBER_USED else None
        expires, _, prepay_id = (found or "0").partition(" ")
        if int(expires) <= self._gateway.env.now_ms():
            raise error
        return prepay_id

    def _order_string(self, order: CreateOrder, prepay_id: str) -> Flow[OrderInfo]:
        gateway = self._gateway
        text = yield from off_loop(
            lambda: gateway.key.order_string(
                app_id=order.sub_appid or self.appid,
                prepay_id=prepay_id,
                sandbox=self._node.sandbox,
                env=gateway.env,
            )
        )
        return OrderString(order_string=text)
