"""Pre-orders: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/ecpay/pay-list/pay"""

from __future__ import annotations

from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, JsonObject, Trade, TradeState
from vkpay_async.order_info import TtPayParams
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import merged
from vkpay_async.providers.douyin.models import CreateOrderAnswer, QueryOrderAnswer
from vkpay_async.providers.douyin.times import ms_from_beijing

SHORTEST_S, LONGEST_S = 300, 172_800
_LONGEST_TITLE = {"characters": 42, "bytes": 128}
_LONGEST_URL = 256

_STATES = {
    "PROCESSING": TradeState.NOTPAY,
    "SUCCESS": TradeState.SUCCESS,
    "FAIL": TradeState.PAYERROR,
    "TIMEOUT": TradeState.CLOSED,
}
_DESCRIPTIONS = {
    "PROCESSING": "未支付",
    "SUCCESS": "支付成功",
    "FAIL": "支付失败",
    "TIMEOUT": "订单超时未支付",
}


def order_fields(order: CreateOrder, now_ms: int, *, secure: bool) -> dict[str, Any]:
    """``secure``: it goes to Douyin itself, which calls https addresses only.

    Raises :class:`InvalidArgument` for what Douyin would refuse without saying why.
    """
    check_title("subject", order.subject)
    check_notify_url(order.notify_url, _LONGEST_URL, secure=secure)
    body = order.body or order.subject
    check_title("body", body)
    fields = {
        "out_order_no": order.out_trade_no,
        "total_amount": order.total_fee,
        "subject": order.subject,
        "body": body,
        "valid_time": seconds_to_pay(order.time_expire, now_ms),
        "notify_url": order.notify_url,
    }
    return merged(fields, order.other, keep=("out_order_no", "total_amount"))


def seconds_to_pay(time_expire: int | None, now_ms: int) -> int:
    """From now until ``time_expire``, rounded up, within Douyin's bounds; the longest where none is asked for."""
    if time_expire is None:
        return LONGEST_S
    return max(SHORTEST_S, min(-((now_ms - time_expire) // 1000), LONGEST_S))


def check_title(name: str, text: str) -> None:
    """Raises :class:`InvalidArgument` for a text longer than Douyin takes."""
    for unit, length in (("characters", len(text)), ("bytes", len(text.encode()))):
        if length > _LONGEST_TITLE[unit]:
            most = _LONGEST_TITLE[unit]
            raise InvalidArgument(f"{name} has {length} {unit}, and Douyin takes {most}: shorten it")


def check_notify_url(url: str, most: int, *, secure: bool) -> None:
    if len(url) > most:
        raise InvalidArgument(f"notify_url has {len(url)} characters, and Douyin takes {most}: shorten it")
    if secure and not url.startswith("https://"):
        raise InvalidArgument(
            "notify_url must start with https://: Douyin calls no other, and only on port 443"
        )


def client_params(answer: CreateOrderAnswer, node: DouyinNode) -> TtPayParams:
    return TtPayParams(
        order_id=answer.data.order_id, order_token=answer.data.order_token, wrapped=node.wrap_order_info
    )


def trade_from(answer: QueryOrderAnswer, raw: JsonObject, out_trade_no: str, node: DouyinNode) -> Trade:
    """A refund changes nothing here: an order that was given back still says SUCCESS."""
    info = answer.payment_info
    return Trade(
        out_trade_no=answer.out_order_no or out_trade_no,
        state=_STATES.get(info.order_status, TradeState.UNKNOWN),
        raw_state=info.order_status,
        description=_DESCRIPTIONS.get(info.order_status, info.order_status),
        transaction_id=answer.order_id,
        provider_order_no=answer.order_id,
        total_fee=info.total_fee,
        appid=node.app_id,
        mch_id=info.seller_uid or None,
        success_time=ms_from_beijing(info.pay_time),
        raw=raw,
    )
