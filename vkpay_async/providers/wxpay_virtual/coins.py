"""Coins (代币): what a user has, spending, taking back, presenting. The bodies of the calls, and their checks.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/virtual-payment.html#query-user-balance
"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument, OrderStateConflict
from vkpay_async.money import is_fen
from vkpay_async.providers.base import Flow
from vkpay_async.providers.weixin.models import Wire
from vkpay_async.providers.wxpay_virtual.errors import REPEATED, Operation
from vkpay_async.providers.wxpay_virtual.gateway import Gateway
from vkpay_async.providers.wxpay_virtual.models import CoinBalance, CoinGift, CoinPayment, CoinRefund

_REPEAT = "send the identical call again, with the same number: it is carried out once"
BALANCE = Operation(name="wxpay-virtual.query_user_balance")
PAY = Operation(name="wxpay-virtual.currency_pay", moves_money=True, next_step=_REPEAT)
CANCEL = Operation(name="wxpay-virtual.cancel_currency_pay", moves_money=True, next_step=_REPEAT)
PRESENT = Operation(name="wxpay-virtual.present_currency", moves_money=True, next_step=_REPEAT)

_BALANCE = msgspec.json.Decoder(CoinBalance)
_LONGEST_NUMBER = 64


class _Spent(Wire, frozen=True, kw_only=True):
    balance: int | None = None
    used_present_amount: int | None = None


class _Presented(Wire, frozen=True, kw_only=True):
    balance: int | None = None
    present_balance: int | None = None


_SPENT = msgspec.json.Decoder(_Spent)
_PRESENTED = msgspec.json.Decoder(_Presented)
_NOTHING = msgspec.json.Decoder(Wire)


def balance(gateway: Gateway, openid: str, user_ip: str, env: int) -> Flow[CoinBalance]:
    body = _user(openid, env) | {"user_ip": _text("user_ip", user_ip)}
    found, _ = yield from gateway.ask(
        BALANCE, _BALANCE, "/xpay/query_user_balance", body, env=env, user=openid
    )
    return found


def pay(
    gateway: Gateway,
    openid: str,
    user_ip: str,
    amount: int,
    out_trade_no: str,
    env: int,
    *,
    payitem: str,
    remark: str,
    device_type: int,
) -> Flow[CoinPayment]:
    body = _user(openid, env) | {
        "user_ip": _text("user_ip", user_ip),
        "amount": _coins(amount),
        "order_id": _number("out_trade_no", out_trade_no),
        "payitem": _text("payitem", payitem),
        "remark": remark,
        "device_type": device_type,
    }
    try:
        spent, _ = yield from gateway.ask(PAY, _SPENT, "/xpay/currency_pay", body, env=env, user=openid)
    except OrderStateConflict as error:
        _check_repeated(error)
        return CoinPayment(out_trade_no=out_trade_no, repeated=True)
    return CoinPayment(
        out_trade_no=out_trade_no, balance=spent.balance, used_present_amount=spent.used_present_amount
    )


def cancel(
    gateway: Gateway,
    openid: str,
    user_ip: str,
    amount: int,
    out_trade_no: str,
    out_refund_no: str,
    env: int,
    *,
    device_type: int,
) -> Flow[CoinRefund]:
    body = _user(openid, env) | {
        "user_ip": _text("user_ip", user_ip),
        "pay_order_id": _number("out_trade_no", out_trade_no),
        "order_id": _number("out_refund_no", out_refund_no),
        "amount": _coins(amount),
        "device_type": device_type,
    }
    try:
        yield from gateway.ask(CANCEL, _NOTHING, "/xpay/cancel_currency_pay", body, env=env, user=openid)
    except OrderStateConflict as error:
        _check_repeated(error)
        return CoinRefund(out_refund_no=out_refund_no, repeated=True)
    return CoinRefund(out_refund_no=out_refund_no)


def present(
    gateway: Gateway, openid: str, amount: int, out_trade_no: str, env: int, *, device_type: int
) -> Flow[CoinGift]:
    body = _user(openid, env) | {
        "order_id": _number("out_trade_no", out_trade_no),
        "amount": _coins(amount),
        "device_type": device_type,
    }
    try:
        found, _ = yield from gateway.ask(PRESENT, _PRESENTED, "/xpay/present_currency", body, env=env)
    except OrderStateConflict as error:
        _check_repeated(error)
        return CoinGift(out_trade_no=out_trade_no, repeated=True)
    return CoinGift(out_trade_no=out_trade_no, balance=found.balance, present_balance=found.present_balance)


def _check_repeated(error: OrderStateConflict) -> None:
    """ "It was done before under this number" is what a repeat wants to hear; anything else is a refusal."""
    if error.code != str(REPEATED):
        raise error


def _user(openid: str, env: int) -> dict[str, Any]:
    return {"openid": _text("openid", openid), "env": env}


def _text(name: str, value: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgument(f"{name} must be a non-empty string", code=1006 if name == "openid" else -1)
    return value


def _number(name: str, value: str) -> str:
    if len(_text(name, value)) > _LONGEST_NUMBER:
        raise InvalidArgument(f"{name} must be at most {_LONGEST_NUMBER} characters")
    return value


def _coins(amount: int) -> int:
    if not is_fen(amount):
        raise InvalidArgument("amount must be a positive integer: a number of coins", code=1008)
    return amount
