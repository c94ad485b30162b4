"""Payment Kit's objects; on the wire their names are in camelCase. What is left out, or null, is ``None``."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise; the last one for JSON nested without end."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is read from an answer; unknown fields are left alone."""


class ErrorBody(Wire, frozen=True, kw_only=True):
    """What every answer has."""

    result_code: str
    result_desc: str | None = None
    sub_code: str | None = None
    sub_desc: str | None = None


class Nothing(Wire, frozen=True, kw_only=True):
    """An answer without fields of its own."""


class Prepayment(Wire, frozen=True, kw_only=True):
    prepay_id: str
    merc_order_no: str | None = None


class Payer(Wire, frozen=True, kw_only=True):
    open_id: str | None = None
    sp_open_id: str | None = None
    sub_open_id: str | None = None


class Transaction(Wire, frozen=True, kw_only=True):
    """A query's answer, and a callback about a payment."""

    merc_order_no: str
    order_status: str
    sys_trans_order_no: str | None = None
    app_id: str | None = None
    merc_no: str | None = None
    sp_app_id: str | None = None
    sp_merc_no: str | None = None
    sub_app_id: str | None = None
    sub_merc_no: str | None = None
    currency: str | None = None
    total_amount: int | None = None
    payer: Payer | None = None
    finish_time: str | None = None


class AcceptedRefund(Wire, frozen=True, kw_only=True):
    """The answer to a refund call; without amounts where the order is refunded whole already."""

    merc_refund_order_no: str | None = None
    sys_refund_order_no: str | None = None
    sys_trans_order_no: str | None = None
    merc_order_no: str | None = None
    refund_amount: int | None = None
    payer_refund_amount: int | None = None


class RefundStatus(Wire, frozen=True, kw_only=True):
    """A refund query's answer."""

    refund_order_status: str
    merc_refund_order_no: str | None = None
    sys_refund_order_no: str | None = None
    refund_amount: int | None = None
    payer_refund_amount: int | None = None
    currency: str | None = None
    finish_time: str | None = None


class RefundCallback(Wire, frozen=True, kw_only=True):
    """A callback about a refund, which has other names for the numbers and none of the order."""

    merc_refund_no: str
    refund_order_status: str
    refund_amount: int
    sys_refund_no: str | None = None
    payer_refund_amount: int | None = None
    merc_no: str | None = None
    currency: str | None = None
    finish_time: str | None = None


class Callback(Wire, frozen=True, kw_only=True):
    """What every callback has."""

    callback_id: str
    data_type: str | None = None
    sign_type: str | None = None
    order_status: str | None = None
    merc_refund_no: str | None = None
    merc_order_no: str | None = None


class DownloadParam(Wire, frozen=True, kw_only=True):
    headers: dict[str, str]
    method: str
    download_url: str


class BillAddress(Wire, frozen=True, kw_only=True):
    """``bill_download_param`` is missing where there is no bill, or none yet."""

    bill_download_param: DownloadParam | None = None
