"""Orders as ``alipay.trade.*`` wants them, and its answers as ours: https://opendocs.alipay.com/open/028r8t"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, OrderRef, Trade, TradeState
from vkpay_async.money import Fen, fen_from_yuan, yuan_from_fen
from vkpay_async.order_info import CodePayResult, CodeUrl, TradeNo
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.models import (
    Cancelled,
    CreateAnswer,
    PayAnswer,
    PrecreateAnswer,
    QueryAnswer,
)
from vkpay_async.providers.alipay.times import beijing_text, ms_from_beijing

STATES: dict[str, TradeState] = {
    "WAIT_BUYER_PAY": TradeState.USERPAYING,
    "TRADE_SUCCESS": TradeState.SUCCESS,
    "TRADE_FINISHED": TradeState.FINISHED,
    "TRADE_CLOSED": TradeState.CLOSED,
}
_DESCRIPTIONS = {
    "WAIT_BUYER_PAY": "等待买家付款",
    "TRADE_SUCCESS": "支付成功",
    "TRADE_FINISHED": "交易已完结，不可退款",
    "TRADE_CLOSED": "交易已关闭",
}
_BUYER_KEYS = ("buyer_id", "buyer_open_id", "op_buyer_open_id", "buyer_logon_id")
_USER_ID_LENGTH = 16


def order_content(order: CreateOrder, node: AlipayNode, product_code: str, **own: str) -> dict[str, Any]:
    """``biz_content`` of a new order; ``other`` may replace all of it but number and amount.

    Raises :class:`InvalidArgument`.
    """
    content: dict[str, Any] = {
        "out_trade_no": order.out_trade_no,
        "total_amount": yuan_from_fen(order.total_fee),
        "subject": order.subject,
        "product_code": product_code,
        "body": order.body,
        # The node's number is the service provider's; whoever gave the token is the seller without being named.
        "seller_id": None if order.app_auth_token else node.mch_id,
        "store_id": order.store_id,
        "time_expire": None if order.time_expire is None else beijing_text(order.time_expire),
        **own,
    }
    content = merged(content, order.other, keep=("out_trade_no", "total_amount"))
    if order.profit_sharing:
        content["extend_params"] = {"royalty_freeze": "true", **content.get("extend_params", {})}
    return content


def buyer_content(order: CreateOrder, node: AlipayNode) -> dict[str, str]:
    """Who pays in a mini program. Raises :class:`InvalidArgument`, code 1006, when nobody is named."""
    if order.openid:
        key = "buyer_id" if is_user_id(order.openid) else "buyer_open_id"
        return {"op_app_id": node.app_id, key: order.openid}
    if not any(order.other.get(key) for key in _BUYER_KEYS):
        raise InvalidArgument(
            "openid is missing: pass the buyer's, or op_app_id and op_buyer_open_id in `other` as a service provider",
            code=1006,
        )
    return {"op_app_id": node.app_id}


def is_user_id(identity: str) -> bool:
    """A user or merchant number: 16 digits from 2088 on. Anything else is an app's own openid."""
    return len(identity) == _USER_ID_LENGTH and identity.isdecimal() and identity.startswith("2088")


def order_reference(order: OrderRef) -> dict[str, Any]:
    """``trade_no`` where we have it, else our number."""
    if order.transaction_id:
        return {"trade_no": order.transaction_id}
    return {"out_trade_no": order.out_trade_no}


def merged(content: Mapping[str, Any], other: Mapping[str, Any], *, keep: tuple[str, ...]) -> dict[str, Any]:
    """``content`` without its blanks, under ``other``. Raises :class:`InvalidArgument` for a name in ``keep``."""
    clash = [name for name in keep if name in other]
    if clash:
        raise InvalidArgument(f"`other` must not set {', '.join(clash)}: pass it as an argument of its own")
    return {**{name: value for name, value in content.items() if value not in (None, "")}, **other}


def optional_fen(yuan: str | None) -> Fen | None:
    """Fen of an amount that may be missing. Raises ``ValueError``."""
    return fen_from_yuan(yuan) if yuan else None


def parse_precreate(content: dict[str, Any]) -> CodeUrl:
    return CodeUrl(code_url=msgspec.convert(content, PrecreateAnswer).qr_code)


def parse_create(content: dict[str, Any]) -> TradeNo:
    return TradeNo(trade_no=msgspec.convert(content, CreateAnswer).trade_no)


def parse_code_pay(content: dict[str, Any]) -> CodePayResult:
    """10000 is paid, 10003 the buyer at the password: query every few seconds, cancel after a minute."""
    answer = msgspec.convert(content, PayAnswer)
    word = "TRADE_SUCCESS" if answer.code == "10000" else "WAIT_BUYER_PAY"
    return CodePayResult(
        trade_state=STATES[word], trade_state_desc=_DESCRIPTIONS[word], transaction_id=answer.trade_no
    )


def parse_cancel(content: dict[str, Any]) -> Cancelled:
    return msgspec.convert(content, Cancelled)


def parse_trade(content: dict[str, Any], node: AlipayNode) -> Trade:
    answer = msgspec.convert(content, QueryAnswer)
    return Trade(
        out_trade_no=answer.out_trade_no,
        state=STATES.get(answer.trade_status, TradeState.UNKNOWN),
        raw_state=answer.trade_status,
        description=description_of(answer.trade_status, was_paid=bool(answer.send_pay_date)),
        transaction_id=answer.trade_no,
        total_fee=optional_fen(answer.total_amount),
        appid=node.app_id,
        mch_id=node.mch_id,
        openid=answer.openid,
        success_time=ms_from_beijing(answer.send_pay_date),
        raw=content,
    )


def description_of(word: str, *, was_paid: bool) -> str:
    """A line for the buyer. Alipay has one word for "never paid" and "all given back"."""
    if word == "TRADE_CLOSED" and was_paid:
        return "订单已全额退款"
    return _DESCRIPTIONS.get(word, word)
