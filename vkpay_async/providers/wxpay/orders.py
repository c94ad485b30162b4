"""The bodies of orders, and what their answers mean.

https://pay.weixin.qq.com/doc/v3/merchant/4012791856
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, Trade, TradeState
from vkpay_async.order_info import CodePayResult
from vkpay_async.providers.wxpay.bodies import body_from, check_number
from vkpay_async.providers.wxpay.models import Transaction
from vkpay_async.providers.wxpay.parties import Party
from vkpay_async.providers.wxpay.times import ms_from_rfc3339, rfc3339

PRODUCTS: Mapping[str, str] = {
    "wxpay_mp-weixin": "jsapi",
    "wxpay_h5-weixin": "jsapi",
    "wxpay_app-plus": "app",
    "wxpay_h5": "native",
    "wxpay_mweb": "h5",
    "wxpay_codepay": "codepay",
}
"""pay_type → the last word of the create call's path."""

LONGEST_DESCRIPTION = 127
_STATES: Mapping[str, TradeState] = {
    **{state.value: state for state in TradeState if state is not TradeState.UNKNOWN},
    "USER_PAYING": TradeState.USERPAYING,
}
_H5_NAMES = {"wap_url": "app_url", "wap_name": "app_name"}


def product_of(pay_type: str) -> str:
    """Raises :class:`InvalidArgument` for a pay_type that is not API v3's."""
    try:
        return PRODUCTS[pay_type]
    except KeyError:
        raise InvalidArgument(
            f"pay_type {pay_type!r} is not WeChat Pay's: use one of {', '.join(PRODUCTS)}"
        ) from None


def order_body(order: CreateOrder, party: Party, scene_info: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the create call. Raises :class:`InvalidArgument`.

    ``order.subject`` is the description. ``order.body`` has no place in API v3; texts of the merchant's own go
    through ``other`` (``attach``, ``detail``).
    """
    product = product_of(order.pay_type)
    check_number("out_trade_no", order.out_trade_no, longest=32)
    _check_description(order.subject)
    fields = {
        **party.names,
        "description": order.subject,
        "out_trade_no": order.out_trade_no,
        "amount": {"total": order.total_fee, "currency": "CNY"},
        "settle_info": None if order.profit_sharing is None else {"profit_sharing": order.profit_sharing},
        **_PARTS[product](order, party, scene_info),
    }
    body = body_from(fields, order.other)
    if product == "codepay":
        _check_store(body)
    return body


def trade_from(transaction: Transaction, raw: Mapping[str, Any], out_trade_no: str) -> Trade:
    """The order as callers know it. App and merchant are the service provider's where there is one."""
    payer, amount = transaction.payer, transaction.amount
    raw_state = transaction.trade_state or transaction.code or ""
    return Trade(
        out_trade_no=out_trade_no,
        state=_STATES.get(raw_state, TradeState.UNKNOWN),
        raw_state=raw_state,
        description=transaction.trade_state_desc or "",
        transaction_id=transaction.transaction_id,
        total_fee=amount.total if amount else None,
        appid=transaction.sp_appid or transaction.appid,
        mch_id=transaction.sp_mchid or transaction.mchid,
        sub_mchid=transaction.sub_mchid,
        openid=(payer.openid or payer.sub_openid or payer.sp_openid) if payer else None,
        success_time=ms_from_rfc3339(transaction.success_time),
        raw=raw,
    )


def code_pay_result(trade: Trade) -> CodePayResult:
    return CodePayResult(
        trade_state=trade.state, trade_state_desc=trade.description, transaction_id=trade.transaction_id
    )


def _jsapi(order: CreateOrder, party: Party, _scene_info: Mapping[str, Any]) -> dict[str, Any]:
    if not order.openid:
        raise InvalidArgument(
            "openid is missing: a mini program or official account pays for the user it knows by openid",
            code=1006,
        )
    return {**_notified(order), "payer": party.payer(order.openid)}


def _bare(order: CreateOrder, _party: Party, _scene_info: Mapping[str, Any]) -> dict[str, Any]:
    return _notified(order)


def _h5(order: CreateOrder, _party: Party, scene_info: Mapping[str, Any]) -> dict[str, Any]:
    h5_info = {_H5_NAMES.get(key, key): value for key, value in scene_info.get("h5_info", {}).items()}
    scene = {
        **scene_info,
        "payer_client_ip": order.client_ip or "127.0.0.1",
        "h5_info": {"type": "Wap", **h5_info},
    }
    return {**_notified(order), "scene_info": scene}


def _code_pay(order: CreateOrder, _party: Party, scene_info: Mapping[str, Any]) -> dict[str, Any]:
    if not order.auth_code:
        raise InvalidArgument("auth_code is missing: it is the 18 digits read from the payer's screen")
    scene = {
        **scene_info,
        "device_ip": order.client_ip,
        "store_info": {
            **scene_info.get("store_info", {}),
            **({"id": order.store_id} if order.store_id else {}),
        },
    }
    return {"payer": {"auth_code": order.auth_code}, "scene_info": scene}


_Part: TypeAlias = Callable[[CreateOrder, Party, Mapping[str, Any]], dict[str, Any]]
_PARTS: Mapping[str, _Part] = {
    "jsapi": _jsapi,
    "app": _bare,
    "native": _bare,
    "h5": _h5,
    "codepay": _code_pay,
}


def _notified(order: CreateOrder) -> dict[str, Any]:
    return {
        "notify_url": order.notify_url,
        "time_expire": None if order.time_expire is None else rfc3339(order.time_expire),
    }


def _check_description(subject: str) -> None:
    if not 0 < len(subject) <= LONGEST_DESCRIPTION:
        raise InvalidArgument(
            f"subject has {len(subject)} characters: WeChat Pay takes 1 to {LONGEST_DESCRIPTION}", code=1004
        )


def _check_store(body: Mapping[str, Any]) -> None:
    store = body["scene_info"].get("store_info", {}) if "scene_info" in body else {}
    if not (store.get("id") or store.get("out_id")):
        raise InvalidArgument(
            "store_id is missing: a code payment names the store; set store_id, or "
            "other={'scene_info': {'store_info': {'out_id': …}}} for a number of your own"
        )
