"""Douyin: one mini program, and everything that its payments can be asked.

https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/payment/ecpay/intro
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeVar

from vkpay_async.errors import (
    InvalidArgument,
    OrderStateConflict,
    ProviderUnavailable,
    ResourceNotFound,
    SignatureInvalid,
)
from vkpay_async.models import (
    BillRow,
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    ProviderEvent,
    RawNotification,
    Refund,
    RefundRef,
    RefundRequest,
    Trade,
    TradeState,
)
from vkpay_async.order_info import OrderInfo
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.base import Env, Flow, off_loop
from vkpay_async.providers.bill import ADVICE, BillLine
from vkpay_async.providers.douyin import bills, login
from vkpay_async.providers.douyin.about import ABOUT, DouyinNode
from vkpay_async.providers.douyin.bills import BillKind
from vkpay_async.providers.douyin.ecpay.operations import Ecpay
from vkpay_async.providers.douyin.errors import Call
from vkpay_async.providers.douyin.results import Receiver, Settlement, UnsettledAmount
from vkpay_async.providers.douyin.settling import DEFAULT_DESC, settlement_told
from vkpay_async.providers.douyin.trade.operations import Trades
from vkpay_async.providers.login import SessionLogin
from vkpay_async.providers.unsupported import Unsupported

Generation = Literal["ecpay", "trade"]

CHANNELS = ("wx", "alipay", "hz")
"""WeChat Pay, Alipay, Douyin Pay."""

ACCEPTED = NotifyReply(status=200, body=b'{"err_no":0,"err_tips":"success"}', content_type="application/json")
REFUSED = NotifyReply(status=500, body=b'{"err_no":1,"err_tips":"fail"}', content_type="application/json")

T = TypeVar("T")

_RSA_SIGNATURE = "byte-signature"
_SIGNED_BY_SALT = ("api/apps/ecpay/", "api/apps/bill", "api/apps/fund/")
_READS = ("query", "bill", "unsettle_amount", "tag_query")


class DouyinProvider(Unsupported):
    """A mini program's node, built by :meth:`from_node`.

    ``create`` goes by the node's ``generation``; orders that were made by guaranteed payment are served by it as long as
    the node has ``salt``. Errors of every call: :class:`ProviderError` (Douyin said no), :class:`ProviderUnavailable`, where
    money moves :class:`ProviderOutcomeUnknown` instead. Douyin signs its notifications, and none of its answers.
    """

    name: ClassVar[str] = "douyin"
    title: ClassVar[str] = ABOUT.title

    def __init__(self, node: DouyinNode, ecpay: Ecpay | None, trades: Trades | None) -> None:
        self._node = node
        self._ecpay = ecpay
        self._trades = trades

    @classmethod
    def from_node(cls, node: DouyinNode, env: Env, trust: Any = None) -> DouyinProvider:
        """Loads the node's keys. Raises :class:`ConfigError`."""
        ecpay = Ecpay(node, env) if node.generation == "ecpay" or node.salt else None
        trades = Trades(node, env) if node.generation == "trade" else None
        return cls(node, ecpay, trades)

    @property
    def appid(self) -> str:
        return self._node.app_id

    @property
    def mch_id(self) -> str | None:
        """The merchant's number, where the config has one."""
        return self._node.mch_id

    @property
    def trust(self) -> None:
        """Douyin's keys do not rotate by themselves: there is nothing to share."""
        return

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Asks for a payment: :class:`TtPayParams` for ``tt.pay``, or :class:`RequestOrderParams` for ``tt.requestOrder``.

        The second only signs: Douyin knows the order when the mini program has asked for it. ``order.other`` is merged into
        the pre-order or into ``data``. Raises :class:`InvalidArgument` for what Douyin would refuse without saying why.
        """
        if self._trades is not None:
            return self._trades.create(order)
        return (yield from self._by_ecpay().create(order))

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands. Raises :class:`ResourceNotFound` where Douyin does not know it (yet)."""
        system = self._of(order)
        trade = yield from system.query(order)
        if trade.state.paid or self._trades is None or system is self._trades or order.transaction_id:
            return trade
        return (yield from self._asked_again(order, trade))

    def close(self, order: OrderRef) -> Flow[None]:
        """Douyin closes no order: this passes for one that has ended by itself.

        Raises :class:`InvalidArgument` while it can still be paid, :class:`OrderStateConflict` when it was.
        """
        trade = yield from self.query(order)
        if trade.state.paid:
            raise _paid(order)
        if trade.state not in (TradeState.CLOSED, TradeState.PAYERROR):
            raise InvalidArgument(
                "Douyin closes no order before its time: it ends by itself; make it with a time_expire"
            )

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back. Accepted is not done: it may still fail, and is told of either way.

        Repeat an unsure one with the same ``out_refund_no``. After a clear "no" guaranteed payment wants another one.
        """
        return (yield from self._of(request.order).refund(request))

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands. Raises :class:`ResourceNotFound`."""
        return (yield from self._of(ref.order).query_refund(ref))

    def settle(
        self,
        *,
        out_settle_no: str,
        out_trade_no: str,
        settle_desc: str = DEFAULT_DESC,
        receivers: Sequence[Receiver] = (),
        finish: bool | None = None,
        notify_url: str | None = None,
        generation: Generation | None = None,
        other: Mapping[str, Any] | None = None,
    ) -> Flow[Settlement]:
        """Settles a paid order, after its cycle (7 days as a rule): nothing can be withdrawn before.

        ``receivers`` get their shares (fen, 30 % together at most), the seller what is left, less Douyin's 0.6 %. With
        ``finish`` false, in guaranteed payment, the rest waits for another settlement. ``out_settle_no`` is the idempotency
        key. ``generation`` says by which system the order was made, where that is not the node's.
        """
        if self._generation(generation) == "trade":
            if finish is False:
                raise InvalidArgument("the trade system settles an order once: leave finish out")
            return (
                yield from self._by_trades().settle(
                    out_settle_no=out_settle_no,
                    out_trade_no=out_trade_no,
                    settle_desc=settle_desc,
                    receivers=receivers,
                    notify_url=notify_url,
                    other=other or {},
                )
            )
        return (
            yield from self._by_ecpay().settle(
                out_settle_no=out_settle_no,
                out_trade_no=out_trade_no,
                settle_desc=settle_desc,
                receivers=receivers,
                finish=finish,
                notify_url=notify_url,
                other=other or {},
            )
        )

    def query_settle(self, out_settle_no: str, *, generation: Generation | None = None) -> Flow[Settlement]:
        """How a settlement stands."""
        if self._generation(generation) == "trade":
            return (yield from self._by_trades().query_settle(out_settle_no))
        return (yield from self._by_ecpay().query_settle(out_settle_no))

    def unsettled_amount(self, out_trade_no: str) -> Flow[UnsettledAmount]:
        """What a settlement of an order of guaranteed payment would bring now, in fen."""
        return (yield from self._by_ecpay().unsettled_amount(out_trade_no))

    def account_balance(self, account: str | None = None) -> Flow[AccountBalance]:
        """What the merchant has with one channel: WeChat Pay (``wx``, the default), Alipay (``alipay``), Douyin's own (``hz``).

        Raises :class:`InvalidArgument` for another channel.
        """
        channel = account or CHANNELS[0]
        if channel not in CHANNELS:
            raise InvalidArgument(
                f"account must be one of Douyin's channels {', '.join(CHANNELS)}, not {account!r}"
            )
        if self._trades is not None:
            return (yield from self._trades.account_balance(channel))
        return (yield from self._by_ecpay().account_balance(channel))

    def code2session(self, code: str) -> Flow[SessionLogin]:
        """Who the code of ``tt.login`` belongs to. It works once.

        Raises :class:`InvalidArgument` (1013 without a code), :class:`ConfigError` without ``secret``, :class:`ProviderError`.
        """
        return login.code2session(self._node, code)

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        """Every payment and refund of a day in Beijing, from two bills. Raises :class:`ProviderError` before they are made."""
        payments = yield from self._bill_files("payment", day)
        refunds = yield from self._bill_files("refund", day)

        def read() -> tuple[BillRow, ...]:
            return bills.joined(
                [
                    *(bills.rows_of(file, "payment") for file in payments),
                    *(bills.rows_of(file, "refund") for file in refunds),
                ]
            )

        return (yield from _read_bill(read))

    def bill_lines(self, kind: BillKind, day: dt.date) -> Flow[tuple[BillLine, ...]]:
        """A day's bill of ``payment``, ``refund`` or ``settle``, line by line under its own column names."""
        files = yield from self._bill_files(kind, day)

        def read() -> tuple[BillLine, ...]:
            return tuple(line for file in files for line in bills.lines_of(file))

        return (yield from _read_bill(read))

    def request(
        self, action: str, data: Mapping[str, Any] | None = None, *, generation: Generation | None = None
    ) -> Flow[dict[str, Any]]:
        """Any call of Douyin's, signed or with a client token; gives the answer.

        ``action`` is its path, such as ``api/apps/ecpay/v1/settle``. Paths of guaranteed payment are signed with the salt, all
        others get the token; ``generation`` decides otherwise. In guaranteed payment objects and lists in ``data`` are posted as
        texts of JSON. Other than for a query, no answer means that the outcome is unknown.
        """
        path = action.strip("/") + ("/" if action.endswith("/") else "")
        reads = any(word in path.rstrip("/").rpartition("/")[2] for word in _READS)
        call = Call(f"douyin.{path.rstrip('/').rpartition('/')[2] or 'request'}", moves_money=not reads)
        salted = path.startswith(_SIGNED_BY_SALT) and not path.endswith("/")
        by = generation or ("ecpay" if salted else "trade")
        system = self._by_ecpay() if by == "ecpay" else self._by_trades()
        return (yield from system.request(call, path, data or {}, repeatable=reads))

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies and types a notification of either system, or answers the console's check of an address.

        Settlements, withdrawals and a user's wish for a refund come as kind ``other`` with their ``event``, and are told to
        ``@pay.on_event("douyin")``. A yield happens for a
        refund of the trade system only. Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`.
        """
        if _RSA_SIGNATURE in raw.headers:
            if self._trades is None:
                raise SignatureInvalid(
                    "a notification of the trade system, and the node's generation is ecpay: refuse it"
                )
            return (yield from self._trades.notification(raw))
        if self._ecpay is None:
            raise SignatureInvalid(
                "the notification has no Byte-Signature, and the node has no salt: refuse it"
            )
        return self._ecpay.notification(raw)

    def settlement_of(self, news: Notification | ProviderEvent) -> Settlement:
        """What news with the event ``settle`` says, as ``@pay.on_event("douyin")`` is told it.

        Raises :class:`InvalidArgument` for other news, :class:`NotificationInvalid`.
        """
        if news.event != "settle":
            raise InvalidArgument(f"news of {news.event!r}, not of a settlement")
        return settlement_told(news.raw)

    @staticmethod
    def accept() -> NotifyReply:
        """``err_no`` 0 and ``success``: anything else makes Douyin send again."""
        return ACCEPTED

    @staticmethod
    def refuse() -> NotifyReply:
        return REFUSED

    def _bill_files(self, kind: str, day: dt.date) -> Flow[list[bytes]]:
        if self._trades is not None:
            return (yield from self._trades.bill_files(kind, day))
        return [(yield from self._by_ecpay().bill_file(kind, day))]

    def _asked_again(self, order: OrderRef, trade: Trade) -> Flow[Trade]:
        """An order of guaranteed payment that was made once more by the trade system, and may have been paid there."""
        assert self._trades is not None  # noqa: S101 - whoever calls has looked
        try:
            other = yield from self._trades.query(order)
        except ResourceNotFound:
            return trade
        return other if other.state.paid else trade

    def _of(self, order: OrderRef) -> Ecpay | Trades:
        """The system that an order was made by: guaranteed payment's numbers are digits, the other's begin with letters."""
        number = order.transaction_id or order.provider_order_no or ""
        if self._trades is None or (number.isdecimal() and self._ecpay is not None):
            return self._by_ecpay()
        return self._trades

    def _generation(self, asked: Generation | None) -> Generation:
        return asked or self._node.generation

    def _by_ecpay(self) -> Ecpay:
        if self._ecpay is None:
            raise self._node.error("salt", "is not set, and this order or call is guaranteed payment's")
        return self._ecpay

    def _by_trades(self) -> Trades:
        if self._trades is None:
            raise self._node.error("generation", "is ecpay, and this call is the trade system's")
        return self._trades


def _paid(order: OrderRef) -> OrderStateConflict:
    return OrderStateConflict(
        provider="douyin",
        code="PAID",
        message=f"order {order.out_trade_no} is paid",
        advice="refund it instead of closing it",
    )


def _read_bill(read: Callable[[], T]) -> Flow[T]:
    """In a thread: a bill may have a hundred thousand lines."""

    def reading() -> T:
        try:
            return read()
        except ValueError as error:
            raise ProviderUnavailable(
                provider="douyin", code="INVALID_BILL", message=f"douyin.bill: {error}", advice=ADVICE
            ) from error

    return off_loop(reading)
