"""Orders that the mini program makes with signed data, and what becomes of them.

https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/trade-system/general/order/request-order-data-sign
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, JsonObject, Trade, TradeState
from vkpay_async.money import Fen
from vkpay_async.order_info import RequestOrderParams
from vkpay_async.providers.base import Env
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import json_text, merged
from vkpay_async.providers.douyin.ecpay.orders import check_notify_url, seconds_to_pay
from vkpay_async.providers.douyin.models import TradeOrder
from vkpay_async.providers.douyin.signing import order_authorization
from vkpay_async.providers.douyin.times import ms_or_none

_LONGEST_TITLE = 256
_LONGEST_URL = 512
_OF_THE_GOODS = "Douyin wants it of every order; or give `skuList` in `other`"

_STATES = {
    "PROCESS": TradeState.NOTPAY,
    "SUCCESS": TradeState.SUCCESS,
    "FAIL": TradeState.CLOSED,
    "TIMEOUT": TradeState.CLOSED,
}
_DESCRIPTIONS = {
    "PROCESS": "未支付",
    "SUCCESS": "支付成功",
    "FAIL": "订单已取消",
    "TIMEOUT": "订单超时未支付",
}


def order_data(order: CreateOrder, node: DouyinNode, now_ms: int, *, secure: bool) -> dict[str, Any]:
    """``data`` of the order: the node's goods, under what ``other`` says. Raises :class:`InvalidArgument`."""
    check_notify_url(order.notify_url, _LONGEST_URL, secure=secure)
    fields = {
        "skuList": order.other.get("skuList") or [_sku(order, node)],
        "outOrderNo": order.out_trade_no,
        "totalAmount": order.total_fee,
        "payExpireSeconds": seconds_to_pay(order.time_expire, now_ms),
        "payNotifyUrl": order.notify_url,
        "orderEntrySchema": entry_schema(node, order.out_trade_no),
    }
    data = merged(fields, order.other, keep=("outOrderNo", "totalAmount"))
    _check_total(data, order.total_fee)
    return data


def signed_params(data: dict[str, Any], node: DouyinNode, key: RSAPrivateKey, env: Env) -> RequestOrderParams:
    """What the mini program hands to ``tt.requestOrder``; the text of ``data`` is signed as it stands."""
    text = json_text(data)
    authorization = order_authorization(
        key,
        app_id=node.app_id,
        key_version=str(node.key_version),
        timestamp=str(env.now_ms() // 1000),
        nonce=env.nonce(),
        data=text,
    )
    return RequestOrderParams(data=text, byte_authorization=authorization)


def entry_schema(node: DouyinNode, out_trade_no: str) -> dict[str, str]:
    """The page of the mini program that shows the order; it is given the order's number."""
    path = node.require("order_entry_path", "it is the page of the mini program that shows an order")
    return {"path": path, "params": json_text({"out_trade_no": out_trade_no})}


def trade_from(order: TradeOrder, raw: JsonObject, node: DouyinNode) -> Trade:
    """An order that was cancelled says FAIL: it is over, and its number is used up."""
    return Trade(
        out_trade_no=order.out_order_no,
        state=_STATES.get(order.pay_status, TradeState.UNKNOWN),
        raw_state=order.pay_status,
        description=_DESCRIPTIONS.get(order.pay_status, order.pay_status),
        transaction_id=order.order_id,
        total_fee=order.total_amount,
        appid=order.app_id or node.app_id,
        mch_id=order.merchant_uid or None,
        success_time=ms_or_none(order.pay_time),
        raw=raw,
    )


def _sku(order: CreateOrder, node: DouyinNode) -> dict[str, Any]:
    if len(order.subject.encode()) > _LONGEST_TITLE:
        raise InvalidArgument(
            f"subject has {len(order.subject.encode())} bytes, and Douyin takes {_LONGEST_TITLE}: shorten it"
        )
    return {
        "skuId": order.out_trade_no,
        "price": order.total_fee,
        "quantity": 1,
        "title": order.subject,
        "imageList": [node.require("sku_image", f"it is the address of a picture; {_OF_THE_GOODS}")],
        "type": node.require("sku_type", f"it is the kind of goods, such as 301 or 401; {_OF_THE_GOODS}"),
        "tagGroupId": node.require("tag_group_id", f"it names the rules of refunds; {_OF_THE_GOODS}"),
    }


def _check_total(data: Mapping[str, Any], total_fee: Fen) -> None:
    """Douyin refuses data whose goods do not make its total, and tells only the mini program."""
    try:
        worth = sum(sku["price"] * sku["quantity"] for sku in data["skuList"]) - data.get("discountAmount", 0)
    except (KeyError, TypeError) as error:
        raise InvalidArgument("skuList is a list of one object with price (in fen) and quantity") from error
    if worth != total_fee:
        raise InvalidArgument(
            f"the goods make {worth} fen, and total_fee is {total_fee}: they must be the same"
        )
