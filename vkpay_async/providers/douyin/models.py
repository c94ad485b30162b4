"""Douyin's own objects in Douyin's own spelling: the members that the SDK reads. What else there is stays in ``raw``.

Decoders are not strict: 64-bit numbers come as numbers or as texts, depending on who wrote the call.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from vkpay_async.providers.base import concealed

UNREADABLE = (ValueError, RecursionError, msgspec.MsgspecError)
"""What reading foreign bytes may raise; the second for JSON nested without end."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base: unknown members are ignored."""


class Status(Wire, frozen=True, kw_only=True):
    """What every answer begins with. Guaranteed payment says ``err_tips``, the trade system ``err_msg``."""

    err_no: int
    err_tips: str | None = None
    err_msg: str | None = None

    @property
    def message(self) -> str:
        return self.err_tips or self.err_msg or ""


class PreOrder(Wire, frozen=True, kw_only=True):
    order_id: str
    order_token: str

    __repr__ = concealed


class CreateOrderAnswer(Wire, frozen=True, kw_only=True):
    data: PreOrder


class PaymentInfo(Wire, frozen=True, kw_only=True):
    order_status: str
    total_fee: int | None = None
    pay_time: str | None = None
    way: int | None = None
    seller_uid: str | None = None


class QueryOrderAnswer(Wire, frozen=True, kw_only=True):
    out_order_no: str | None = None
    order_id: str | None = None
    payment_info: PaymentInfo


class CreateRefundAnswer(Wire, frozen=True, kw_only=True):
    refund_no: str


class RefundInfo(Wire, frozen=True, kw_only=True):
    refund_status: str
    refund_amount: int
    refund_no: str | None = None
    refunded_at: int | None = None


class QueryRefundAnswer(Wire, frozen=True, kw_only=True):
    refund_info: RefundInfo = msgspec.field(name="refundInfo")


class SettleAnswer(Wire, frozen=True, kw_only=True):
    settle_no: str


class SettleInfo(Wire, frozen=True, kw_only=True):
    settle_status: str
    settle_no: str | None = None
    settle_amount: int | None = None
    settle_detail: str | None = None
    settled_at: int | None = None
    rake: int | None = None
    commission: int | None = None
    msg: str | None = None


class QuerySettleAnswer(Wire, frozen=True, kw_only=True):
    settle_info: SettleInfo


class UnsettledDetail(Wire, frozen=True, kw_only=True):
    payment_rake: int | None = None
    life_rake: int | None = None
    commission: int | None = None


class Unsettled(Wire, frozen=True, kw_only=True):
    unsettle_amount: int
    detail: UnsettledDetail = UnsettledDetail()


class UnsettledAnswer(Wire, frozen=True, kw_only=True):
    data: Unsettled


class AccountInfo(Wire, frozen=True, kw_only=True):
    """``withdrawable_balacne`` is how it is spelt on the wire, so far."""

    online_balance: int
    withdrawable_balacne: int | None = None
    withdrawable_balance: int | None = None
    freeze_balance: int | None = None

    def __post_init__(self) -> None:
        if self.withdrawable_balacne is None and self.withdrawable_balance is None:
            raise ValueError("it has no withdrawable_balacne")

    @property
    def withdrawable(self) -> int:
        return (self.withdrawable_balacne or 0) or (self.withdrawable_balance or 0)


class BalanceAnswer(Wire, frozen=True, kw_only=True):
    account_info: AccountInfo


class Session(Wire, frozen=True, kw_only=True):
    openid: Annotated[str, msgspec.Meta(min_length=1)]
    session_key: Annotated[str, msgspec.Meta(min_length=1)]
    unionid: str | None = None

    __repr__ = concealed


class SessionAnswer(Wire, frozen=True, kw_only=True):
    data: Session


class Envelope(Wire, frozen=True, kw_only=True):
    """A notification of guaranteed payment. ``msg`` is a text of JSON, and signed as it stands."""

    timestamp: int | str
    nonce: int | str
    msg: str = ""
    type: str = ""
    msg_signature: str


class PaymentMessage(Wire, frozen=True, kw_only=True):
    appid: str
    cp_orderno: str
    order_id: str
    status: str
    total_amount: int
    way: int | str | None = None
    seller_uid: str | None = None
    paid_at: int | None = None


class RefundMessage(Wire, frozen=True, kw_only=True):
    appid: str
    cp_refundno: str
    order_id: str
    status: str
    refund_amount: int
    refund_no: str | None = None
    refunded_at: int | None = None


class SettleMessage(Wire, frozen=True, kw_only=True):
    """Guaranteed payment says ``cp_settle_no``, ``settle_no``, ``settled_at``; the trade system has words of its own."""

    status: str
    cp_settle_no: str = ""
    out_settle_no: str = ""
    settle_no: str | None = None
    settle_id: str | None = None
    settle_amount: int | None = None
    rake: int | None = None
    commission: int | None = None
    settle_detail: str | None = None
    settled_at: int | None = None
    event_time: int | None = None
    out_order_no: str | None = None


class ClientToken(Wire, frozen=True, kw_only=True):
    access_token: str = ""
    expires_in: int = 0
    error_code: int = 0
    description: str = ""

    __repr__ = concealed


class ClientTokenAnswer(Wire, frozen=True, kw_only=True):
    data: ClientToken


class Item(Wire, frozen=True, kw_only=True):
    item_order_id: str
    item_order_amount: int


class TradeOrder(Wire, frozen=True, kw_only=True):
    order_id: str
    out_order_no: str
    pay_status: str
    app_id: str | None = None
    total_amount: int | None = None
    pay_time: int | None = None
    pay_channel: int | None = None
    merchant_uid: str | None = None
    item_order_list: list[Item] = []


class TradeOrderAnswer(Wire, frozen=True, kw_only=True):
    data: TradeOrder


class TradeRefundMade(Wire, frozen=True, kw_only=True):
    refund_id: str


class TradeRefundAnswer(Wire, frozen=True, kw_only=True):
    data: TradeRefundMade


class ItemRefund(Wire, frozen=True, kw_only=True):
    item_order_id: str
    refund_amount: int


class TradeRefund(Wire, frozen=True, kw_only=True):
    refund_id: str
    refund_status: str
    refund_total_amount: int
    out_refund_no: str | None = None
    refund_at: int | None = None
    message: str | None = None
    item_order_detail: list[ItemRefund] = []


class TradeRefundList(Wire, frozen=True, kw_only=True):
    refund_list: list[TradeRefund] = []


class TradeRefundsAnswer(Wire, frozen=True, kw_only=True):
    data: TradeRefundList


class TradeSettleMade(Wire, frozen=True, kw_only=True):
    settle_id: str


class TradeSettleAnswer(Wire, frozen=True, kw_only=True):
    data: TradeSettleMade


class TradeSettlement(Wire, frozen=True, kw_only=True):
    settle_id: str
    settle_status: str
    out_settle_no: str | None = None
    out_order_no: str | None = None
    settle_amount: int | None = None
    settle_at: int | None = None
    rake: int | None = None
    commission: int | None = None
    settle_detail: str | None = None


class TradeSettlementsAnswer(Wire, frozen=True, kw_only=True):
    data: list[TradeSettlement] = []


class BillAddresses(Wire, frozen=True, kw_only=True):
    bill_list: list[str] = []
    fund_bill_list: list[str] = []


class BillAddressesAnswer(Wire, frozen=True, kw_only=True):
    data: BillAddresses


class TradeEnvelope(Wire, frozen=True, kw_only=True):
    """A notification of the trade system."""

    msg: str
    type: str
    version: str = ""


class TradePaymentMessage(Wire, frozen=True, kw_only=True):
    app_id: str
    out_order_no: str
    order_id: str
    status: str
    total_amount: int
    merchant_uid: str | None = None
    event_time: int | None = None
    message: str | None = None


class TradeRefundMessage(Wire, frozen=True, kw_only=True):
    app_id: str
    status: str
    order_id: str
    refund_id: str
    refund_total_amount: int
    out_refund_no: str | None = None
    event_time: int | None = None
