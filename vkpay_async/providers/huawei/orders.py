"""Prepayments and orders. https://developer.huawei.com/consumer/cn/doc/harmonyos-references/payment-prepay"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, OrderRef, Trade, TradeState
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.huawei.models import Transaction
from vkpay_async.providers.huawei.times import ms_from_text, time_text

LONGEST_SUMMARY = 128
LONGEST_LIFE_MS = 180 * 86_400_000
_NUMBER = re.compile(r"[0-9A-Za-z_\-]+", re.ASCII)
_PRODUCTS = {"mp-harmony": "fa", "app-harmony": "app", "app-plus": "app"}
_STATES: Mapping[str, TradeState] = {
    "TRX_SUCCESS": TradeState.SUCCESS,
    "TRX_FAILED": TradeState.PAYERROR,
    "TRX_APPLY": TradeState.USERPAYING,
    "TRX_PROC": TradeState.USERPAYING,
}
_TEXTS: Mapping[TradeState, str] = {
    TradeState.SUCCESS: "支付成功",
    TradeState.PAYERROR: "支付失败",
    TradeState.USERPAYING: "支付处理中",
}

PROTECTED = frozenset(
    {
        "appId",
        "mercNo",
        "spAppId",
        "spMercNo",
        "subAppId",
        "subMercNo",
        "mercOrderNo",
        "sysTransOrderNo",
        "mercRefundOrderNo",
        "totalAmount",
        "refundAmount",
        "currency",
    }
)
"""What an order or a refund is known by. ``other`` may not touch it."""

SENSITIVE = frozenset({"credentialIdNo", "realName"})
"""Fields that only go encrypted, in a way that is not published."""


def prepay_path(order: CreateOrder) -> str:
    """The app and the meta-service have a path each, and partners two more."""
    product = _PRODUCTS[split_pay_type(order.pay_type)[1]]
    return f"/api/v2{partner(order)}/aggr/preorder/create/{product}"


def prepay_body(order: CreateOrder, app_id: str, merc_no: str, now_ms: int) -> dict[str, Any]:
    """The body of a prepayment. Raises :class:`InvalidArgument`."""
    check_number("out_trade_no", order.out_trade_no, longest=46)
    if not 0 < len(order.subject) <= LONGEST_SUMMARY:
        raise InvalidArgument(
            f"subject has {len(order.subject)} characters: Huawei Pay takes 1 to {LONGEST_SUMMARY}", code=1004
        )
    fields = {
        **_party(order, app_id, merc_no),
        "mercOrderNo": order.out_trade_no,
        "tradeSummary": order.subject,
        "totalAmount": order.total_fee,
        "currency": "CNY",
        "callbackUrl": order.notify_url,
        "expireTime": _expiry(order.time_expire, now_ms),
        "allocationType": _allocation(order.profit_sharing),
        # vk-uni-pay asks for it, and today's prepayment does not know it.
        "bizType": order.options.get("biz_type"),
    }
    return body_from(fields, order.other)


def body_from(fields: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` with ``other`` merged in, without what is ``None``.

    Raises :class:`InvalidArgument` when ``other`` touches what identifies the order, or holds what would have to be encrypted.
    """
    if taken := sorted(PROTECTED & other.keys()):
        raise InvalidArgument(
            f"other.{taken[0]} would change what identifies the order: leave it out of other"
        )
    _refuse_sensitive(other)
    return {name: value for name, value in {**fields, **other}.items() if value is not None}


def prepayment_name(path: str, body: Mapping[str, Any]) -> str:
    """What a prepayment is kept under: the same for an order that is asked for again unchanged."""
    known_by = [str(body.get(name)) for name in sorted(PROTECTED)]
    digest = sha256("\n".join([path, *known_by]).encode()).hexdigest()
    return f"huawei prepayment {digest}"


def query_path(order: OrderRef) -> str:
    """By Huawei Pay's number where it is known, for it is the same for every merchant number."""
    base = f"/api/v2{partner(order)}/aggr/transactions"
    if order.transaction_id:
        return f"{base}/orders/{check_number('transaction_id', order.transaction_id)}"
    return f"{base}/merc-orders/{check_number('out_trade_no', order.out_trade_no)}"


def close_path(order: OrderRef) -> str:
    return f"/api/v1{partner(order)}/aggr/transactions/orders/close"


def close_body(order: OrderRef) -> dict[str, Any]:
    return body_from({"subMercNo": order.sub_mchid, "mercOrderNo": order.out_trade_no}, {})


def trade_from(found: Transaction, raw: Mapping[str, Any]) -> Trade:
    """The order as callers know it. App and merchant are the partner's where there is one."""
    payer, state = found.payer, _STATES.get(found.order_status, TradeState.UNKNOWN)
    return Trade(
        out_trade_no=found.merc_order_no,
        state=state,
        raw_state=found.order_status,
        description=_TEXTS.get(state, found.order_status),
        transaction_id=found.sys_trans_order_no,
        total_fee=found.total_amount,
        appid=found.sp_app_id or found.app_id,
        mch_id=found.sp_merc_no or found.merc_no,
        sub_mchid=found.sub_merc_no,
        openid=(payer.open_id or payer.sub_open_id or payer.sp_open_id) if payer else None,
        success_time=ms_from_text(found.finish_time) if state.paid else None,
        raw=raw,
    )


def partner(order: CreateOrder | OrderRef) -> str:
    """What stands in the paths of service providers."""
    return "/partner" if order.sub_mchid else ""


def check_number(name: str, value: str, *, longest: int = 64) -> str:
    """``value`` if it may stand in a path as it is. Raises :class:`InvalidArgument`."""
    if len(value) > longest or not _NUMBER.fullmatch(value):
        raise InvalidArgument(
            f"{name} {value[:70]!r} cannot be sent: use 1 to {longest} letters, digits, _ - only"
        )
    return value


def _party(order: CreateOrder, app_id: str, merc_no: str) -> dict[str, str | None]:
    if not order.sub_mchid:
        return {"appId": app_id, "mercNo": merc_no}
    sub = {"subMercNo": order.sub_mchid, "subAppId": order.sub_appid}
    return {"spAppId": app_id, "spMercNo": merc_no, **sub}


def _expiry(time_expire: int | None, now_ms: int) -> str | None:
    if time_expire is None:
        return None
    if time_expire > now_ms + LONGEST_LIFE_MS:
        raise InvalidArgument("time_expire is more than 180 days ahead, which Huawei Pay does not take")
    return time_text(time_expire)


def _allocation(profit_sharing: bool | None) -> str | None:
    if profit_sharing is None:
        return None
    return "DELAY_ORDER_ALLOCATION" if profit_sharing else "NO_ALLOCATION"


def _refuse_sensitive(value: Any) -> None:
    level = [value]
    while level:
        for mapping in (member for member in level if isinstance(member, Mapping)):
            if hidden := sorted(SENSITIVE & mapping.keys()):
                raise InvalidArgument(
                    f"other: {hidden[0]} is only sent encrypted, which is not done here: leave it out"
                )
        level = [child for parent in level for child in _children(parent)]


def _children(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()
