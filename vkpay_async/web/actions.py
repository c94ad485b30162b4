"""The vk-pay function's actions, and their arguments in vk-uni-pay's spelling or Python's."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.service.options import PaymentOptions, TransferOptions

if TYPE_CHECKING:
    from vkpay_async.client import VKPay

T = TypeVar("T")


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, by the connection's word and not by that of the arguments."""

    ip: str | None = None
    user_agent: str = ""


class Result(Protocol):
    def to_client(self) -> dict[str, Any]: ...


class _Create(PaymentOptions, total=False):
    provider: Any
    out_trade_no: Any
    total_fee: Any
    subject: Any
    type: Any
    platform: str | None
    appid: str | None
    is_pc: bool | None


class _Query(TypedDict, total=False):
    out_trade_no: Any
    transaction_id: str | None
    await_notify: bool
    await_max_time: int
    pay_order_info: bool
    provider: str | None


class _Verify(TypedDict, total=False):
    out_trade_no: Any
    signed_transaction: str | None
    transaction_id: str | None
    transaction_receipt: str | None
    transaction_identifier: str | None


class _Refund(TypedDict, total=False):
    out_trade_no: Any
    transaction_id: str | None
    refund_fee: Any
    out_refund_no: str | None
    refund_desc: str | None
    provider: str | None
    total_fee: int | None


class _QueryRefund(TypedDict, total=False):
    out_trade_no: Any
    out_refund_no: str | None
    provider: str | None


class _Login(TypedDict, total=False):
    code: Any
    pid: str | None


class _MiniProgramLogin(_Login, total=False):
    provider: str | None


class _Balance(TypedDict, total=False):
    provider: Any
    platform: str | None
    pid: str | None
    account: str | None


class _CoinBalance(TypedDict, total=False):
    openid: Any
    user_ip: str | None
    pid: str | None


class _CoinGift(TypedDict, total=False):
    openid: Any
    amount: Any
    out_trade_no: Any
    device_type: int
    pid: str | None


class _CoinPayment(_CoinGift, total=False):
    user_ip: str | None
    payitem: str
    remark: str


class _CoinRefund(_CoinGift, total=False):
    user_ip: str | None
    out_refund_no: Any


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One route: the arguments it takes, and what it does with them."""

    names: frozenset[str]
    run: Callable[[VKPay, Mapping[str, Any], Client], Awaitable[Result]]


async def _create(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {**_typed(given, _Create)}
    for name in ("provider", "out_trade_no", "total_fee", "subject", "type"):
        asked.setdefault(name, None)
    context = {"APPID": asked.pop("appid", None)}
    return await pay.create_payment(
        context=context, client_ip=client.ip, user_agent=client.user_agent, **asked
    )


async def _query(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    return await pay.query_payment(**_typed(given, _Query))


async def _verify(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"out_trade_no": None, **_typed(given, _Verify)}
    return await pay.verify_purchase(**asked)


async def _refund(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    return await pay.refund(**_typed(given, _Refund))


async def _query_refund(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"out_trade_no": None, **_typed(given, _QueryRefund)}
    return await pay.query_refund(**asked)


async def _transfer(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {key: value for key, value in given.items() if key in _TRANSFER_NAMES}
    return await pay.transfer(**asked)


async def _transfer_alipay(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    return await _transfer(pay, {**given, "provider": "alipay"}, client)


async def _transfer_wxpay(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    return await _transfer(pay, {**given, "provider": "wxpay"}, client)


async def _code2session_weixin_mp(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"code": None, **_typed(given, _MiniProgramLogin)}
    return await pay.code2session_weixin_mp(**asked)


async def _code2session_weixin_h5(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"code": None, **_typed(given, _Login)}
    return await pay.code2session_weixin_h5(**asked)


async def _code2session_alipay(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"code": None, **_typed(given, _Login)}
    return await pay.code2session_alipay(**asked)


async def _balance(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"provider": None, **_typed(given, _Balance)}
    return await pay.query_account_balance(**asked)


async def _code2session_douyin(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"code": None, **_typed(given, _Login)}
    return await pay.code2session_douyin(**asked)


async def _coin_balance(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {"openid": None, "user_ip": client.ip, **_typed(given, _CoinBalance)}
    return await pay.coins.query_user_balance(**asked)


async def _spend_coins(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {**_COINS, "user_ip": client.ip, **_typed(given, _CoinPayment)}
    return await pay.coins.currency_pay(**asked)


async def _give_coins_back(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {
        **_COINS,
        "out_refund_no": None,
        "user_ip": client.ip,
        **_typed(given, _CoinRefund),
    }
    return await pay.coins.cancel_currency_pay(**asked)


async def _present_coins(pay: VKPay, given: Mapping[str, Any], client: Client) -> Result:
    asked: dict[str, Any] = {**_COINS, **_typed(given, _CoinGift)}
    return await pay.coins.present_currency(**asked)


CREATE = "pay/createPayment"
COIN_BALANCE = "pay/wxpayVirtual/queryUserBalance"
_COINS = {"openid": None, "amount": None, "out_trade_no": None}

_TRANSFER_NAMES = TransferOptions.__annotations__.keys() | {
    "provider",
    "out_bill_no",
    "transfer_amount",
    "platform",
    "pid",
}
_WEIXIN_MP = Action(names=frozenset(_MiniProgramLogin.__annotations__), run=_code2session_weixin_mp)

LOGINS = {
    "pay/code2SessionWeixin": _WEIXIN_MP,
    "pay/code2SessionWeixinMP": _WEIXIN_MP,
    "pay/code2SessionWeixinH5": Action(names=frozenset(_Login.__annotations__), run=_code2session_weixin_h5),
    "pay/code2SessionAlipay": Action(names=frozenset(_Login.__annotations__), run=_code2session_alipay),
    "pay/code2SessionDouyin": Action(names=frozenset(_Login.__annotations__), run=_code2session_douyin),
}
"""Who a user is: the first is what vk-uni-pay's component asks, the second what its server call is called, the last is ours."""

OPEN = {
    **LOGINS,
    CREATE: Action(names=frozenset(_Create.__annotations__), run=_create),
    "pay/queryPayment": Action(names=frozenset(_Query.__annotations__), run=_query),
    "pay/appleiap/verifyReceipt": Action(names=frozenset(_Verify.__annotations__), run=_verify),
}
GUARDED = {
    "pay/refund": Action(names=frozenset(_Refund.__annotations__), run=_refund),
    "pay/queryRefund": Action(names=frozenset(_QueryRefund.__annotations__), run=_query_refund),
    "pay/queryAccountBalance": Action(names=frozenset(_Balance.__annotations__), run=_balance),
    "pay/transfer": Action(names=frozenset(_TRANSFER_NAMES), run=_transfer),
    "pay/transfer/transferAlipay": Action(names=frozenset(_TRANSFER_NAMES), run=_transfer_alipay),
    "pay/transfer/transferWxpay": Action(names=frozenset(_TRANSFER_NAMES), run=_transfer_wxpay),
    COIN_BALANCE: Action(names=frozenset(_CoinBalance.__annotations__), run=_coin_balance),
    "pay/wxpayVirtual/currencyPay": Action(names=frozenset(_CoinPayment.__annotations__), run=_spend_coins),
    "pay/wxpayVirtual/cancelCurrencyPay": Action(
        names=frozenset(_CoinRefund.__annotations__), run=_give_coins_back
    ),
    "pay/wxpayVirtual/presentCurrency": Action(
        names=frozenset(_CoinGift.__annotations__), run=_present_coins
    ),
}
"""What moves money out or coins, or tells of them: only for whom the application has let in."""


def python_names(data: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The arguments on one level. vk nests an order's in ``data.data``, and spells some in camelCase."""
    inner = data.get("data")
    flat = {**data, **inner} if isinstance(inner, dict) else dict(data)
    flat.pop("data", None)
    older = {_camel(name): name for name in names} | {"isPC": "is_pc", "needQRcode": "need_qrcode"}
    for theirs in flat.keys() & older.keys() - names:
        if older[theirs] in names:
            flat.setdefault(older[theirs], flat[theirs])
            del flat[theirs]
    return flat


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)


def _typed(given: Mapping[str, Any], arguments: type[T]) -> T:
    """The arguments that are known, with ``"true"`` and ``"20"`` of a query string understood."""
    said = {key: value for key, value in given.items() if value is not None}
    try:
        return msgspec.convert(said, arguments, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidArgument(f"arguments: {error}") from error
