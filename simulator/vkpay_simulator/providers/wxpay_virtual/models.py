"""Bodies of the server calls, in WeChat's own spelling. Fields that are not defined are passed over."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1024)]
Number: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
OwnNumber: TypeAlias = Annotated[str, Meta(min_length=8, max_length=32, pattern=r"\A[A-Za-z0-9_\-]+\Z")]
Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[A-Za-z0-9_\-]+\Z")]
Amount: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Day: TypeAlias = Annotated[int, Meta(ge=20200101, le=20991231)]
Yuan: TypeAlias = Annotated[str, Meta(pattern=r"\A(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?\Z")]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A request that says which environment it is for."""

    env: Literal[0, 1]


class UserCall(Model, frozen=True, kw_only=True):
    openid: str


class BalanceQuery(UserCall, frozen=True, kw_only=True):
    user_ip: Text


class CurrencyPay(UserCall, frozen=True, kw_only=True):
    user_ip: Text
    amount: Amount
    order_id: Number
    payitem: Text
    remark: Annotated[str, Meta(max_length=1024)]
    device_type: int = 1


class CancelCurrencyPay(UserCall, frozen=True, kw_only=True):
    user_ip: Text
    pay_order_id: Number
    order_id: Number
    amount: Amount
    device_type: int = 1


class PresentCurrency(UserCall, frozen=True, kw_only=True):
    order_id: Number
    amount: Amount
    device_type: int = 1


class OrderQuery(UserCall, frozen=True, kw_only=True):
    order_id: str = ""
    wx_order_id: str = ""


class ProvideGoods(Model, frozen=True, kw_only=True):
    order_id: str = ""
    wx_order_id: str = ""


class RefundOrder(UserCall, frozen=True, kw_only=True):
    order_id: str = ""
    wx_order_id: str = ""
    refund_order_id: OwnNumber
    left_fee: Count
    refund_fee: Count
    biz_meta: Annotated[str, Meta(max_length=1024)]
    refund_reason: Literal["0", "1", "2", "3", "4", "5"]
    req_from: Literal["1", "2", "3"]


class BillDays(msgspec.Struct, frozen=True, kw_only=True):
    """The one call that names no environment."""

    begin_ds: Day
    end_ds: Day


class StartDownload(Model, frozen=True, kw_only=True):
    begin_ds: Day
    end_ds: Day
    order_type: Literal[1, 2, 3, 4] = 1


class Download(Model, frozen=True, kw_only=True):
    task_id: Number


class WithdrawOrder(Model, frozen=True, kw_only=True):
    withdraw_no: OwnNumber
    withdraw_amount: Yuan | None = None


class WithdrawQuery(Model, frozen=True, kw_only=True):
    withdraw_no: Number


class UploadItem(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=20)]
    price: Amount
    remark: Text
    item_url: Text


class UploadGoods(Model, frozen=True, kw_only=True):
    upload_item: Annotated[list[UploadItem], Meta(min_length=1, max_length=1)]


class PublishItem(msgspec.Struct, frozen=True, kw_only=True):
    id: Id


class PublishGoods(Model, frozen=True, kw_only=True):
    publish_item: Annotated[list[PublishItem], Meta(min_length=1, max_length=1)]


class ComplaintQuery(Model, frozen=True, kw_only=True):
    complaint_id: Number
