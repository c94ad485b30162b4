"""The order as our own ledger keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from vkpay_async.models import OrderRef, Refund, Value
from vkpay_async.money import Fen

FORMER = "former_order_nos"
"""Where ``expand_data`` has the provider's numbers of earlier attempts."""

FORMER_WAYS = "former_ways"
"""Where ``expand_data`` has the ways in which the order was begun before."""

BEGUN = "begun_date"
"""Where ``expand_data`` has the time at which an order was begun once more, in ms."""

WAY = (
    "pay_type",
    "platform",
    "uni_platform",
    "client_ip",
    "openid",
    "app_auth_token",
    "sub_mchid",
    "sub_appid",
    "notify_url",
    "notify_path",
    "mch_id",
    "provider_appid",
    "time_expire",
    "traceparent",
    "provider_pay_method",
    "provider_order_no",
    "expand_data",
)
"""The fields that belong to a way of paying: all that its provider has to be told to find the order."""

_SAME_WAY = ("pay_type", "mch_id", "provider_appid", "sub_mchid", "sub_appid", "app_auth_token")

RENEWAL_OF = "renewal_of"
"""Under this name an order's ``expand_data`` says which one it goes on from."""


class RefundEntry(Value, frozen=True, kw_only=True):
    """One refund in an order's ``refund_list``. ``state`` is ``PENDING`` from the moment before it is sent."""

    out_refund_no: str
    refund_fee: Fen
    refund_desc: str = ""
    refund_date: int = 0
    refund_id: str | None = None
    state: str = "PENDING"


class Order(Value, frozen=True, kw_only=True):
    """A row of ``vk_pay_orders``. ``status``: −1 closed, 0 unpaid, 1 paid, 2 partly, 3 fully refunded.

    ``refund_fee`` is the sum of all refunds asked for and not refused; ``refund_list`` has the newest first.
    ``provider_order_no`` is the provider's own number from before the payment, where it gives one out.
    """

    out_trade_no: str
    type: str
    pay_type: str
    total_fee: Fen
    status: int = 0
    description: str = ""
    transaction_id: str | None = None
    platform: str | None = None
    uni_platform: str | None = None
    user_id: str | None = None
    nickname: str | None = None
    device_id: str | None = None
    client_ip: str | None = None
    openid: str | None = None
    appid: str | None = None
    refund_fee: Fen = 0
    refund_num: int = 0
    refund_list: tuple[RefundEntry, ...] = ()
    user_order_success: bool | None = None
    handler_error: str | None = None
    custom: dict[str, Any] = {}
    create_date: int = 0
    pay_date: int | None = None
    notify_date: int | None = None
    cancel_date: int | None = None
    time_expire: int | None = None
    stat_data: dict[str, Any] = {}
    pid: str | None = None
    app_auth_token: str | None = None
    auth_appid: str | None = None
    seller_id: str | None = None
    sub_mchid: str | None = None
    sub_appid: str | None = None
    notify_mode: int | None = None
    notify_url: str | None = None
    notify_path: str | None = None
    mch_id: str | None = None
    provider_appid: str | None = None
    provider_pay_method: str | None = None
    provider_order_no: str | None = None
    notify_info: dict[str, Any] = {}
    expand_data: dict[str, Any] = {}
    traceparent: str | None = None

    @property
    def paid(self) -> bool:
        """Money came in, whatever became of it afterwards."""
        return self.status > 0

    @property
    def refundable(self) -> Fen:
        """What may still be refunded, in fen."""
        return self.total_fee - self.refund_fee

    @property
    def former_order_nos(self) -> tuple[str, ...]:
        """The provider's numbers from earlier calls of ``create_payment``, the newest first.

        What was shown to the payer then may still be paid.
        """
        return tuple(self.expand_data.get(FORMER, ()))

    @property
    def begun_date(self) -> int:
        """When ``create_payment`` was last called for it, in ms: what it showed to the payer is as old."""
        date = self.expand_data.get(BEGUN)
        return date if isinstance(date, int) else self.create_date

    @property
    def ways(self) -> tuple[Order, ...]:
        """The order as each way has it in which it was begun: the latest first, or that by which it was paid.

        What was shown to the payer in any of them may still be paid. The others are unpaid.
        """
        kept = self.expand_data.get(FORMER_WAYS)
        if kept is None:
            return (self,)
        status = min(self.status, 0)
        former = [msgspec.structs.replace(self, **{**_UNHEARD, "status": status, **way}) for way in kept]
        given = {number for way in former for number in (way.provider_order_no, *way.former_order_nos)}
        own = {name: value for name, value in self.expand_data.items() if name != FORMER_WAYS}
        number = None if self.provider_order_no in given else self.provider_order_no
        return (msgspec.structs.replace(self, provider_order_no=number, expand_data=own), *former)

    @property
    def ways_to_ask(self) -> tuple[Order, ...]:
        """Where it may be looked up how the order stands: the way by which it was paid, or all of them."""
        return self.ways[:1] if self.paid else self.ways

    @property
    def renewal_of(self) -> str | None:
        """The order that this payment goes on from, where a subscription has renewed itself."""
        first = self.expand_data.get(RENEWAL_OF)
        return first if isinstance(first, str) else None

    def ref(self) -> OrderRef:
        if FORMER_WAYS in self.expand_data:
            return self.ways[0].ref()
        return OrderRef(
            pay_type=self.pay_type,
            out_trade_no=self.out_trade_no,
            transaction_id=self.transaction_id,
            total_fee=self.total_fee,
            sub_mchid=self.sub_mchid,
            sub_appid=self.sub_appid,
            app_auth_token=self.app_auth_token,
            provider_order_no=self.provider_order_no,
            former_order_nos=self.former_order_nos,
            openid=self.openid,
            client_ip=self.client_ip,
            refund_fee=self.refund_fee,
            expand_data=self.expand_data,
        )

    def to_client(self) -> dict[str, Any]:
        """The row as a front end sees it: without the sub-merchant's token and the handler's own error."""
        row: dict[str, Any] = msgspec.to_builtins(self.ways[0])
        del row["app_auth_token"], row["handler_error"], row["traceparent"]
        return {key: value for key, value in row.items() if value is not None}

    def __repr__(self) -> str:
        """Without the former ways, which hold tokens."""
        return Value.__repr__(self.ways[0])


_UNHEARD: dict[str, Any] = {
    **dict.fromkeys(WAY),
    "expand_data": {},
    "transaction_id": None,
    "refund_fee": 0,
    "refund_num": 0,
    "refund_list": (),
    "user_order_success": None,
    "handler_error": None,
    "pay_date": None,
    "notify_date": None,
    "notify_mode": None,
    "notify_info": {},
}
"""What a former way has nothing of, whatever came of the order."""


def begun(existing: Order, order: Order) -> dict[str, Any]:
    """The values of an order that is begun once more, as ``order`` says. Other ways, in which it was begun before, stay known."""
    ways = existing.ways
    again = next((way for way in ways if same_way(way, order)), None)
    numbers = {FORMER: list(again.former_order_nos)} if again and again.former_order_nos else {}
    values = {name: getattr(order, name) for name in WAY}
    # A number is kept where it is found until another takes its place: its provider may tell of a payment by it alone.
    values["provider_order_no"] = (again and again.provider_order_no) or existing.provider_order_no
    former = [way for way in ways if way is not again]
    date = {BEGUN: order.create_date} if order.create_date != existing.create_date else {}
    values["expand_data"] = {**order.expand_data, **date, **numbers, **kept_ways(former)}
    return values


def same_way(one: Order, other: Order) -> bool:
    """Whether both are one order to the provider."""
    return all(getattr(one, name) == getattr(other, name) for name in _SAME_WAY)


def kept_ways(ways: Sequence[Order]) -> dict[str, Any]:
    """What ``expand_data`` has of former ways; nothing for none."""
    if not ways:
        return {}
    fields = [{name: getattr(way, name) for name in WAY} for way in ways]
    return {
        FORMER_WAYS: [{name: value for name, value in way.items() if value is not None} for way in fields]
    }


class PaidOrder(Order, frozen=True, kw_only=True):
    """What a handler is given: the order, paid. ``data`` is the row with the keys of ``custom`` beside its own.

    ``idempotency_key`` is the same each time the handler is told of the same payment.
    """

    idempotency_key: str = ""

    @property
    def data(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in Order.__struct_fields__}
        return {**msgspec.to_builtins(row), **self.custom}


class RefundedOrder(PaidOrder, frozen=True, kw_only=True):
    """What a refund's handler is given: the order, and the refund that came to its end.

    ``refund.state`` is ``SUCCESS``, ``CLOSED`` (nothing was refunded) or ``ABNORMAL`` (a person has to see to it).
    """

    refund: Refund


ORDER_FIELDS = frozenset(field.name for field in msgspec.structs.fields(Order))
"""Names that ``custom`` must not use: a handler would not know which is meant."""
