"""What callers hand in and get back, the same for every provider.

Amounts are integer fen, times integer milliseconds since the epoch. ``raw`` is the provider's own object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from vkpay_async.money import Fen


class TradeState(StrEnum):
    """Where an order stands at the provider. ``UNKNOWN`` is a word this version does not know; see ``raw_state``."""

    NOTPAY = "NOTPAY"
    USERPAYING = "USERPAYING"
    SUCCESS = "SUCCESS"
    FINISHED = "FINISHED"
    REFUND = "REFUND"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"
    PAYERROR = "PAYERROR"
    UNKNOWN = "UNKNOWN"

    @property
    def paid(self) -> bool:
        """Money came in, whatever became of it afterwards."""
        return self in (TradeState.SUCCESS, TradeState.FINISHED, TradeState.REFUND)


class RefundState(StrEnum):
    """Where a refund stands. ``ABNORMAL`` needs a person: the money could not go back the way it came."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"
    UNKNOWN = "UNKNOWN"

    @property
    def final(self) -> bool:
        """It came to its end, whichever."""
        return self in (RefundState.SUCCESS, RefundState.CLOSED, RefundState.ABNORMAL)


class TransferState(StrEnum):
    """Where a transfer to a user stands."""

    ACCEPTED = "ACCEPTED"
    PROCESSING = "PROCESSING"
    WAIT_USER_CONFIRM = "WAIT_USER_CONFIRM"
    TRANSFERING = "TRANSFERING"  # the providers' own spelling
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    CANCELING = "CANCELING"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"

    @property
    def final(self) -> bool:
        """It came to its end, whichever."""
        return self in (TransferState.SUCCESS, TransferState.FAIL, TransferState.CANCELLED)


class AuthorizationState(StrEnum):
    """Where a user's authorisation to receive without confirming stands. ``CLOSED`` is for good."""

    WAIT_USER_CONFIRM = "WAIT_USER_CONFIRM"
    TAKING_EFFECT = "TAKING_EFFECT"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"

    @property
    def told(self) -> bool:
        """It is one of those that a handler is told of."""
        return self in (AuthorizationState.TAKING_EFFECT, AuthorizationState.CLOSED)


class JsonObject(Mapping[str, Any]):
    """A JSON object that is decoded when it is first looked into; ``json`` holds its bytes as they came."""

    __slots__ = ("_members", "json")

    def __init__(self, json: bytes) -> None:
        self.json = json
        self._members: dict[str, Any] | None = None

    def _decoded(self) -> dict[str, Any]:
        if self._members is None:
            self._members = msgspec.json.decode(self.json, type=dict[str, Any])
        return self._members

    def copy(self) -> dict[str, Any]:
        """The members as a plain dict of one's own."""
        return dict(self._decoded())

    def __getitem__(self, key: str) -> Any:
        return self._decoded()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._decoded())

    def __repr__(self) -> str:
        return f"JsonObject({len(self.json)} bytes)"


_HIDDEN = frozenset(
    {
        "app_auth_token",
        "auth_code",
        "body",
        "cert_no",
        "headers",
        "name",
        "order_string",
        "signed_transaction",
        "transaction_receipt",
        "user_display_name",
        "user_name",
    }
)
"""Tokens, what holds them, one-time codes, foreign bytes and people's names: not for a log."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the immutable values below. ``repr`` shows ``***`` for what is not for a log."""

    def __repr__(self) -> str:
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={'***' if name in _HIDDEN and value else repr(value)}" for name, value in values)
        return f"{type(self).__name__}({', '.join(shown)})"


class CreateOrder(Value, frozen=True, kw_only=True):
    """An order on its way to a provider, checked and complete.

    ``options`` are those that one provider alone has; ``expand_data`` is kept with the order.
    """

    pay_type: str
    out_trade_no: str
    total_fee: Fen
    subject: str
    notify_url: str
    body: str | None = None
    openid: str | None = None
    client_ip: str | None = None
    time_expire: int | None = None
    auth_code: str | None = None
    store_id: str | None = None
    return_url: str | None = None
    profit_sharing: bool | None = None
    sub_appid: str | None = None
    sub_mchid: str | None = None
    app_auth_token: str | None = None
    other: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}
    expand_data: dict[str, Any] = {}


class OrderRef(Value, frozen=True, kw_only=True):
    """Names an order that exists. ``transaction_id``, the provider's number, wins where both are set.

    ``provider_order_no`` is the provider's number from before the payment, ``former_order_nos`` are those of earlier attempts;
    ``refund_fee`` is what has been asked back so far, in fen; ``expand_data`` is what the provider had kept with the order.
    """

    pay_type: str
    out_trade_no: str
    transaction_id: str | None = None
    total_fee: Fen = 0
    sub_mchid: str | None = None
    sub_appid: str | None = None
    app_auth_token: str | None = None
    provider_order_no: str | None = None
    former_order_nos: tuple[str, ...] = ()
    openid: str | None = None
    client_ip: str | None = None
    refund_fee: Fen = 0
    expand_data: dict[str, Any] = {}


class Trade(Value, frozen=True, kw_only=True, omit_defaults=True):
    """An order as the provider has it, from a query, a code payment or a notification.

    ``total_fee`` is what was asked for, ``None`` where the answer leaves it out. ``out_trade_no`` is empty where the provider
    knows the order by ``provider_order_no`` alone. ``product_id`` and ``quantity`` say what was bought, where the provider is
    the shop; ``recurring`` is a payment that came by itself, for a subscription; ``environment`` is where play money is told
    from real.
    """

    out_trade_no: str
    state: TradeState
    raw_state: str
    description: str = ""
    transaction_id: str | None = None
    provider_order_no: str | None = None
    total_fee: Fen | None = None
    appid: str | None = None
    mch_id: str | None = None
    sub_mchid: str | None = None
    openid: str | None = None
    success_time: int | None = None
    product_id: str | None = None
    quantity: int | None = None
    recurring: bool = False
    environment: str | None = None
    raw: Mapping[str, Any] = {}


class PurchaseProof(Value, frozen=True, kw_only=True):
    """What a device has of a purchase: StoreKit 2's signed transaction, or a transaction's number, or an old receipt with
    the number of a transaction in it."""

    signed_transaction: str | None = None
    transaction_id: str | None = None
    transaction_receipt: str | None = None
    transaction_identifier: str | None = None


class RefundRequest(Value, frozen=True, kw_only=True):
    """A refund, its amount settled. ``notify_url`` is where its result goes."""

    order: OrderRef
    out_refund_no: str
    refund_fee: Fen
    total_fee: Fen
    reason: str | None = None
    notify_url: str | None = None
    other: Mapping[str, Any] = {}


class RefundRef(Value, frozen=True, kw_only=True):
    """Names a refund that was asked for. ``refund_id`` is the provider's number of it, where one is known."""

    order: OrderRef
    out_refund_no: str
    refund_id: str | None = None
    refund_fee: Fen = 0


class Refund(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A refund as the provider has it. ``PROCESSING`` means accepted: the money is on its way.

    ``share`` is set for one that the provider made of its own accord: how much of the order, in thousandths of a percent.
    """

    out_trade_no: str
    out_refund_no: str
    state: RefundState
    raw_state: str
    refund_fee: Fen
    total_fee: Fen | None = None
    cash_refund_fee: Fen | None = None
    share: int | None = None
    transaction_id: str | None = None
    provider_order_no: str | None = None
    refund_id: str | None = None
    appid: str | None = None
    mch_id: str | None = None
    success_time: int | None = None
    raw: Mapping[str, Any] = {}

    def to_client(self) -> dict[str, Any]:
        """vk-uni-pay's keys, at the top level and again under ``result`` (its documents leave both open)."""
        result = {
            "outTradeNo": self.out_trade_no,
            "transactionId": self.transaction_id,
            "outRefundNo": self.out_refund_no,
            "refundId": self.refund_id,
            "refundFee": self.refund_fee,
            "cashRefundFee": self.cash_refund_fee,
        }
        return {"code": 0, "msg": "ok", **result, "result": result}


class PayeeInfo(Value, frozen=True, kw_only=True):
    """Who receives an Alipay transfer.

    ``identity_type`` is ``ALIPAY_USER_ID``, ``ALIPAY_LOGON_ID`` (``name`` is then required) or ``ALIPAY_OPEN_ID``.
    """

    identity: str
    identity_type: str = "ALIPAY_LOGON_ID"
    name: str | None = None
    cert_type: str | None = None
    cert_no: str | None = None


class AuthorizationInfo(Value, frozen=True, kw_only=True):
    """An authorisation that the user is asked for while taking a transfer (WeChat)."""

    out_authorization_no: str
    user_display_name: str
    authorization_notify_url: str | None = None


class TransferRequest(Value, frozen=True, kw_only=True):
    """Money to a user. ``out_bill_no`` is the idempotency key: use the same one when trying again.

    With ``out_authorization_no`` or ``authorization_id`` it goes to the user who gave that authorisation, and nobody
    confirms it. With ``authorization_info`` the user confirms it, and is asked for the authorisation on the way.
    """

    out_bill_no: str
    transfer_amount: Fen
    transfer_remark: str | None = None
    order_title: str | None = None
    appid: str | None = None
    openid: str | None = None
    user_name: str | None = None
    transfer_scene_id: str | None = None
    transfer_scene_name: str | None = None
    transfer_scene_report_infos: list[dict[str, str]] = []
    user_recv_perception: str | None = None
    payee_info: PayeeInfo | None = None
    payer_use_alias: bool | None = None
    biz_scene: str = "DIRECT_TRANSFER"
    app_auth_token: str | None = None
    notify_url: str | None = None
    out_authorization_no: str | None = None
    authorization_id: str | None = None
    authorization_info: AuthorizationInfo | None = None
    sponsor_mchid: str | None = None
    other: Mapping[str, Any] = {}

    @property
    def authorized(self) -> bool:
        """The user has agreed beforehand."""
        return self.out_authorization_no is not None or self.authorization_id is not None

    def __repr__(self) -> str:
        return f"TransferRequest(out_bill_no={self.out_bill_no!r}, transfer_amount={self.transfer_amount})"


class TransferRef(Value, frozen=True, kw_only=True):
    """Names a transfer, by our number or the provider's."""

    out_bill_no: str | None = None
    transfer_bill_no: str | None = None
    app_auth_token: str | None = None


class Transfer(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A transfer as the provider has it. ``options`` is what the client needs to confirm it (WeChat)."""

    out_bill_no: str
    state: TransferState
    raw_state: str
    transfer_bill_no: str | None = None
    transfer_amount: Fen | None = None
    fail_reason: str | None = None
    openid: str | None = None
    mch_id: str | None = None
    appid: str | None = None
    options: Mapping[str, str] | None = None
    raw: Mapping[str, Any] = {}

    def to_client(self) -> dict[str, Any]:
        """``result`` holds the provider's object; ``options`` are for ``uni.requestMerchantTransfer``."""
        client: dict[str, Any] = {"code": 0, "msg": self.state.value, "result": dict(self.raw)}
        if self.options is not None:
            client["options"] = dict(self.options)
        return client


class FinishedTransfer(Transfer, frozen=True, kw_only=True):
    """What the handler of transfers is given. ``idempotency_key`` is the same each time for the same ending."""

    idempotency_key: str = ""


class AuthorizationRequest(Value, frozen=True, kw_only=True):
    """Asks a user to receive transfers of a scene without confirming each of them.

    ``scene_info`` may hold ``client_ip``, ``device_id`` and ``device_type`` (``IOS``, ``ANDROID``, ``HARMONY``, ``OTHER``).
    """

    out_authorization_no: str
    openid: str
    transfer_scene_id: str
    user_display_name: str
    user_recv_perception: str | None = None
    scene_info: Mapping[str, str] = {}
    appid: str | None = None
    authorization_notify_url: str | None = None
    other: Mapping[str, Any] = {}


class TransferAuthorization(Value, frozen=True, kw_only=True, omit_defaults=True):
    """An authorisation as the provider has it. ``options`` is what the client needs to ask the user.

    ``authorize_time`` and ``close_time`` are milliseconds since the epoch.
    """

    out_authorization_no: str
    state: AuthorizationState
    raw_state: str
    authorization_id: str | None = None
    openid: str | None = None
    mch_id: str | None = None
    appid: str | None = None
    user_display_name: str | None = None
    transfer_scene_id: str | None = None
    user_recv_perception: str | None = None
    authorize_time: int | None = None
    close_time: int | None = None
    close_reason: str | None = None
    options: Mapping[str, str] | None = None
    raw: Mapping[str, Any] = {}

    def to_client(self) -> dict[str, Any]:
        """``result`` holds the provider's object; ``options`` are for ``uni.requestMerchantTransfer``."""
        msg = _AUTHORIZATION_TEXTS.get(self.state, self.raw_state)
        client: dict[str, Any] = {"code": 0, "msg": msg, "result": dict(self.raw)}
        if self.options is not None:
            client["options"] = dict(self.options)
        return client


_AUTHORIZATION_TEXTS = {
    AuthorizationState.WAIT_USER_CONFIRM: "已受理商户的授权申请，待用户确认",
    AuthorizationState.TAKING_EFFECT: "用户已确认授权，授权生效中",
    AuthorizationState.CLOSED: "授权已关闭",
}
"""As vk-uni-pay words them."""


class ChangedAuthorization(TransferAuthorization, frozen=True, kw_only=True):
    """What the handler of authorisations is given: one that takes effect, or is closed.

    ``idempotency_key`` is the same each time for the same change.
    """

    idempotency_key: str = ""


class BillRow(Value, frozen=True, kw_only=True):
    """One line of a provider's daily bill: a payment, or money given back.

    ``amount`` is positive either way. ``state`` is the bill's own word (``SUCCESS``, ``PROCESSING``; Alipay's bill only
    tells 交易 from 退款). A payment taken back as a whole, by a reversal, is a refund without an ``out_refund_no``.
    ``raw`` is the line by the bill's own column names.
    """

    kind: Literal["payment", "refund"]
    out_trade_no: str
    transaction_id: str
    amount: Fen
    state: str
    time_ms: int
    out_refund_no: str | None = None
    refund_id: str | None = None
    appid: str | None = None
    mch_id: str | None = None
    raw: Mapping[str, str] = {}


class LowerHeaders(dict[str, str]):
    """Headers whose names are in lower case already."""


class RawNotification(Value, frozen=True, kw_only=True):
    """A notification as it came in: the bytes of the body and the headers, names in lower case.

    ``path`` is the request's path; orders and transfers are named in it. ``query`` is what stood behind its question mark.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    query: str = ""


NotificationKind = Literal["payment", "renewal", "refund", "transfer", "transfer_auth", "closed", "other"]


class Notification(Value, frozen=True, kw_only=True):
    """A verified notification. Exactly the field of its kind is set; ``other`` changes nothing, and is told to ``on_event``.

    ``renewal`` is a payment that goes on from an order's and gets an order of its own. ``closed`` is a trade that ended without
    payment. ``id`` is the envelope's: a re-sent one may carry another. ``reply`` is what the provider wants for this one in place
    of its usual word. ``as_payment`` is what an undone refund says of its payment, for a ledger that has not heard of that.
    """

    kind: NotificationKind
    id: str
    event: str
    trade: Trade | None = None
    refund: Refund | None = None
    transfer: Transfer | None = None
    authorization: TransferAuthorization | None = None
    as_payment: Notification | None = None
    reply: NotifyReply | None = None
    raw: Mapping[str, Any] = {}


class ProviderEvent(Value, frozen=True, kw_only=True):
    """What the handler of a provider's other news is given: a notification that changes no order of itself.

    ``event`` is the provider's word for it, ``raw`` the notification. ``idempotency_key`` is the same each time for the same news.
    """

    provider: str
    event: str
    id: str
    pid: str | None = None
    raw: Mapping[str, Any] = {}
    idempotency_key: str = ""


class NotifyReply(Value, frozen=True, kw_only=True):
    """What to answer the provider, byte for byte."""

    status: int
    body: bytes
    content_type: str
