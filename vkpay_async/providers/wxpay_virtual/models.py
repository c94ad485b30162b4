"""WeChat's objects of virtual payment in its own spelling, and the results that callers get.

Amounts are integer fen or coins, times seconds since the epoch as WeChat has them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.models import Value
from vkpay_async.providers.base import concealed
from vkpay_async.providers.weixin.models import Wire


class TokenAnswer(Wire, frozen=True, kw_only=True):
    access_token: str
    expires_in: int

    __repr__ = concealed


class CashOrder(Wire, frozen=True, kw_only=True):
    """A payment or a refund: ``order_type`` 0 and 7 pay, 1 and 8 give back. Amounts in fen."""

    order_id: str
    status: int
    order_type: int = 0
    wx_order_id: str | None = None
    wxpay_order_id: str | None = None
    channel_order_id: str | None = None
    order_fee: int | None = None
    paid_fee: int | None = None
    refund_fee: int | None = None
    left_fee: int | None = None
    paid_time: int | None = None
    env_type: int | None = None
    biz_meta: str | None = None

    @property
    def gives_back(self) -> bool:
        return self.order_type in (1, 8)


class OrderAnswer(Wire, frozen=True, kw_only=True):
    order: CashOrder


class RefundAnswer(Wire, frozen=True, kw_only=True):
    refund_order_id: str
    refund_wx_order_id: str | None = None


class CoinBalance(Value, frozen=True, kw_only=True):
    """A user's coins. ``balance`` holds the presented ones too; the sums are of all time.

    ``first_save_flag``: the user may still take part in an offer for the first top-up.
    """

    balance: int
    present_balance: int = 0
    sum_save: int = 0
    sum_present: int = 0
    sum_balance: int = 0
    sum_cost: int = 0
    first_save_flag: bool | int = False

    def to_client(self) -> dict[str, Any]:
        return _camel(self, first_save_flag=bool(self.first_save_flag))


class CoinPayment(Value, frozen=True, kw_only=True):
    """Coins that were spent. ``repeated``: the number had spent them already, and WeChat does not say the rest again."""

    out_trade_no: str
    balance: int | None = None
    used_present_amount: int | None = None
    repeated: bool = False

    def to_client(self) -> dict[str, Any]:
        return _camel(self)


class CoinRefund(Value, frozen=True, kw_only=True):
    """Coins that went back to the user."""

    out_refund_no: str
    repeated: bool = False

    def to_client(self) -> dict[str, Any]:
        return _camel(self)


class CoinGift(Value, frozen=True, kw_only=True):
    """Coins that were presented. ``present_balance`` is what the user was presented with in all."""

    out_trade_no: str
    balance: int | None = None
    present_balance: int | None = None
    repeated: bool = False

    def to_client(self) -> dict[str, Any]:
        return _camel(self)


class Withdrawal(Value, frozen=True, kw_only=True):
    """Money paid out to the merchant. ``status``: 1 on its way, 2 arrived, 3 failed; ``None`` right after creation.

    ``withdraw_amount`` is in fen.
    """

    withdraw_no: str
    wx_withdraw_no: str | None = None
    status: int | None = None
    withdraw_amount: int | None = None
    fail_reason: str | None = None


class WithdrawalAnswer(Wire, frozen=True, kw_only=True):
    """``withdraw_amount`` is in yuan; ``failReason`` is the spelling of one library."""

    withdraw_no: str
    wx_withdraw_no: str | None = None
    status: int | None = None
    withdraw_amount: str | None = None
    fail_reason: str | None = None
    failReason: str | None = None  # noqa: N815


class Available(Wire, frozen=True, kw_only=True):
    amount: str
    currency_code: str = "CNY"


class BalanceAnswer(Wire, frozen=True, kw_only=True):
    balance_available: Available


class GoodsItem(Value, frozen=True, kw_only=True):
    """An item on its way: ``status`` 0 under way, 1 its id exists (or, when publishing, does not), 2 done, 3 failed.

    ``price`` is in fen.
    """

    id: str
    status: int
    name: str | None = None
    price: int | None = None
    errmsg: str = ""


class GoodsTask(Value, frozen=True, kw_only=True):
    """An upload or a publication. ``status``: 0 there is none, 1 running, 2 failed or in part, 3 done."""

    status: int
    items: tuple[GoodsItem, ...] = ()


class ItemAnswer(Wire, frozen=True, kw_only=True):
    id: str
    upload_status: int | None = None
    publish_status: int | None = None
    name: str | None = None
    price: int | None = None
    errmsg: str = ""


class TaskAnswer(Wire, frozen=True, kw_only=True):
    status: int
    upload_item: list[ItemAnswer] = []
    publish_item: list[ItemAnswer] = []


class Download(Value, frozen=True, kw_only=True):
    """A list of orders that is being made. ``status`` is WeChat's (0–3); ``download_url`` is there when it is ready."""

    status: int
    download_url: str | None = None
    expire_at: int | None = None


class UrlAnswer(Wire, frozen=True, kw_only=True):
    url: str


class TaskId(Wire, frozen=True, kw_only=True):
    task_id: str


def _camel(value: msgspec.Struct, **changed: Any) -> dict[str, Any]:
    """The fields as vk-uni-pay's front ends know them, without those that are not there."""
    fields = {name: getattr(value, name) for name in value.__struct_fields__} | changed
    named = {
        "".join(part.title() if at else part for at, part in enumerate(name.split("_"))): field
        for name, field in fields.items()
        if field is not None
    }
    return {"code": 0, "msg": "ok", **named}
