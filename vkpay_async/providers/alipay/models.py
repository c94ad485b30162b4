"""Alipay's own objects in Alipay's own spelling: the members that the SDK reads.

Every value is a text, as on the wire; amounts are yuan. What else an answer holds stays in ``raw``.
"""

from __future__ import annotations

import msgspec

from vkpay_async.providers.base import concealed

UNREADABLE = (ValueError, RecursionError, msgspec.MsgspecError)
"""What reading foreign bytes may raise; the second for JSON nested without end."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base: unknown members are ignored."""


class Status(Wire, frozen=True, kw_only=True):
    """The members that every answer may have. ``code`` is absent from OAuth answers."""

    code: str | None = None
    msg: str = ""
    sub_code: str | None = None
    sub_msg: str | None = None


class PrecreateAnswer(Wire, frozen=True, kw_only=True):
    qr_code: str


class CreateAnswer(Wire, frozen=True, kw_only=True):
    trade_no: str


class PayAnswer(Wire, frozen=True, kw_only=True):
    code: str
    trade_no: str | None = None


class Buyer(Wire, frozen=True, kw_only=True):
    """The payer, in one of the ways that the app's age and the message's kind decide."""

    buyer_open_id: str | None = None
    buyer_user_id: str | None = None
    buyer_id: str | None = None

    @property
    def openid(self) -> str | None:
        return self.buyer_open_id or self.buyer_user_id or self.buyer_id


class BillAddress(Wire, frozen=True, kw_only=True):
    """Where a bill is, for 30 seconds. ``bill_file_code`` says if it is empty."""

    bill_download_url: str
    bill_file_code: str | None = None


class QueryAnswer(Buyer, frozen=True, kw_only=True):
    out_trade_no: str
    trade_status: str
    trade_no: str | None = None
    total_amount: str | None = None
    send_pay_date: str | None = None


class RefundAnswer(Wire, frozen=True, kw_only=True):
    """``refund_fee`` is what has been given back of the trade so far, not by this request."""

    fund_change: str = ""
    trade_no: str | None = None
    gmt_refund_pay: str | None = None


class RefundQueryAnswer(Wire, frozen=True, kw_only=True):
    """``refund_status`` is absent where Alipay has no such refund, or where it failed."""

    refund_status: str | None = None
    refund_amount: str | None = None
    total_amount: str | None = None
    trade_no: str | None = None
    gmt_refund_pay: str | None = None


class Cancelled(Wire, frozen=True, kw_only=True):
    """What a cancellation did: ``close`` an unpaid trade, ``refund`` a paid one, or nothing (no such trade).

    ``retry_flag`` ``Y`` asks to call again.
    """

    action: str | None = None
    retry_flag: str = "N"
    trade_no: str | None = None


class TransferAnswer(Wire, frozen=True, kw_only=True):
    """The answer to a transfer and to its query."""

    out_biz_no: str | None = None
    order_id: str | None = None
    status: str
    trans_amount: str | None = None
    fail_reason: str | None = None
    error_code: str | None = None
    receiver_open_id: str | None = None
    receiver_user_id: str | None = None


class BalanceAnswer(Wire, frozen=True, kw_only=True):
    available_amount: str
    freeze_amount: str | None = None
    total_amount: str | None = None


class TokenAnswer(Wire, frozen=True, kw_only=True):
    """A login. The times are seconds, and come as texts and as numbers."""

    access_token: str
    open_id: str | None = None
    user_id: str | None = None
    union_id: str | None = None
    refresh_token: str | None = None
    expires_in: int | None = None
    re_expires_in: int | None = None

    __repr__ = concealed


class CertificateAnswer(Wire, frozen=True, kw_only=True):
    alipay_cert_content: str


class TradeMessage(Buyer, frozen=True, kw_only=True):
    """A notification about a trade. ``refund_fee`` is cumulative."""

    notify_id: str = ""
    app_id: str
    auth_app_id: str | None = None
    out_trade_no: str
    trade_no: str
    trade_status: str
    total_amount: str
    seller_id: str | None = None
    out_biz_no: str | None = None
    refund_fee: str | None = None
    send_back_fee: str | None = None
    gmt_payment: str | None = None
    gmt_refund: str | None = None

    @property
    def through_partner(self) -> bool:
        """A service provider's app asked on behalf of another merchant, who is then the seller."""
        return self.auth_app_id not in (None, self.app_id)
