"""``wx.requestVirtualPayment`` as the phone answers it: what it checks, in its order, and what it fails with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from vkpay_simulator.providers.weixin.logins import Logins
from vkpay_simulator.providers.wxpay_virtual import signing
from vkpay_simulator.providers.wxpay_virtual.accounts import Accounts, App
from vkpay_simulator.providers.wxpay_virtual.cashier import Cashier
from vkpay_simulator.providers.wxpay_virtual.errors import CLIENT_CODES, ClientError
from vkpay_simulator.providers.wxpay_virtual.goods import state_of
from vkpay_simulator.providers.wxpay_virtual.orders import COIN, GOODS, CashOrder, OrderBook

if TYPE_CHECKING:
    from vkpay_simulator.world import World

_NUMBER = re.compile(r"(?!_)[0-9A-Za-z_\-|*@]{8,32}", re.ASCII)
_Count = Annotated[int, Meta(ge=1, le=2**53)]


class SignData(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed, by its own names."""

    offerId: str  # noqa: N815 - the client's spelling
    buyQuantity: _Count  # noqa: N815
    env: Literal[0, 1] = 0
    currencyType: str  # noqa: N815
    productId: str | UnsetType = UNSET  # noqa: N815
    goodsPrice: _Count | UnsetType = UNSET  # noqa: N815
    activitySellingPrice: _Count | UnsetType = UNSET  # noqa: N815
    outTradeNo: str  # noqa: N815
    attach: str


class Attempt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A call of the client, and what the user does then: ``pay``, ``cancel``, nothing yet (``open``); with ``fail``
    the client fails with ``errCode``. ``channel`` other than ``WECHAT`` pays without WeChat Pay."""

    openid: str
    mode: str
    signData: str  # noqa: N815
    paySig: str  # noqa: N815
    signature: str
    action: Literal["pay", "cancel", "open", "fail"] = "pay"
    errCode: int = -1  # noqa: N815
    channel: str = "WECHAT"


class Client:
    """The phone. Answers ``success`` or ``fail`` with what the mini program would be told."""

    def __init__(
        self, world: World, accounts: Accounts, logins: Logins, book: OrderBook, cashier: Cashier
    ) -> None:
        self._world = world
        self._accounts = accounts
        self._logins = logins
        self._book = book
        self._cashier = cashier

    def request(self, attempt: Attempt) -> dict[str, Any]:
        try:
            order = self._attempted(attempt)
        except ClientError as error:
            said = f" {error}" if str(error) else ""
            failed = {"errCode": error.code, "errMsg": f"requestVirtualPayment:fail{said}"}
            return failed | ({"advice": error.advice} if error.advice else {})
        return {"errCode": 0, "errMsg": "requestVirtualPayment:ok", "order": order.object()}

    def _attempted(self, attempt: Attempt) -> CashOrder:
        data = _signed_data(attempt)
        app = self._app(data)
        self._check_signatures(app, data, attempt)
        if self._book.get(app, data.env, data.outTradeNo) is not None:
            raise ClientError(-15002, "The number was used: each call of the client needs a new one.")
        fee = self._fee(app, data, attempt.mode)
        if attempt.action == "fail" and attempt.errCode != -15012:
            raise ClientError(_known(attempt.errCode), "It was asked for.")
        order = self._order(app, data, attempt, fee)
        self._cashier.open(order)
        self._act(order, attempt)
        return order

    def _act(self, order: CashOrder, attempt: Attempt) -> None:
        if attempt.action == "pay":
            self._cashier.pay(order, attempt.channel)
        elif attempt.action == "cancel":
            self._cashier.give_up(order)
            raise ClientError(-2)
        elif attempt.action == "fail":
            self._cashier.give_up(order)
            raise ClientError(-15012, "It was asked for. The order is closed: take a new number.")

    def _app(self, data: SignData) -> App:
        app = self._accounts.by_offer(data.offerId)
        if data.currencyType != "CNY":
            raise ClientError(-15004, "currencyType has to be CNY.")
        if app is not None and app.released and data.env == 1:
            raise ClientError(-15011, "The mini program is released: env has to be 0.")
        if app is None:
            raise ClientError(
                -15001, f"No app has the offerId {data.offerId!r}: take offerId of the configuration."
            )
        return app

    def _check_signatures(self, app: App, data: SignData, attempt: Attempt) -> None:
        signed = attempt.signData.encode()
        if attempt.paySig != signing.pay_sig(app.app_keys[data.env], signing.CLIENT_URI, signed):
            other = signing.pay_sig(app.app_keys[1 - data.env], signing.CLIENT_URI, signed)
            why = f"it was made with the AppKey of env {1 - data.env}" if attempt.paySig == other else ""
            raise ClientError(
                -15006, f"paySig does not hold{f': {why}' if why else ''}: signData says env {data.env}."
            )
        key = self._logins.session_key(app.appid, attempt.openid)
        if key is None:
            raise ClientError(-15007, f"{attempt.openid} has no session_key that holds: log in again.")
        if attempt.signature != signing.user_signature(key, signed):
            raise ClientError(
                -15005, "signature does not hold: sign signData with the session_key of the last login."
            )

    def _fee(self, app: App, data: SignData, mode: str) -> int:
        if mode == COIN:
            if not app.coin_published:
                raise ClientError(-15009, "Publish the coin: POST /_sim/wxpay-virtual/account.")
            if data.buyQuantity * 100 % app.rate:
                raise ClientError(
                    -15001, f"At {app.rate} coins a yuan, {data.buyQuantity} cost no whole fen."
                )
            return data.buyQuantity * 100 // app.rate
        state = state_of(app, str(data.productId), data.env, self._world.clock.now())
        if state == "soon":
            raise ClientError(-15014, "The item was published less than ten minutes ago.")
        if state != "published":
            raise ClientError(
                -15010, f"The item {data.productId!r} is {state} in env {data.env}: publish it first."
            )
        goods = app.goods[str(data.productId)]
        if data.goodsPrice != goods.price:
            raise ClientError(
                -15013, f"goodsPrice is {data.goodsPrice}, the item's price is {goods.price} fen."
            )
        price = data.activitySellingPrice or goods.price
        if price * 5 < goods.price * 2 or price > goods.price:
            raise ClientError(-15001, "activitySellingPrice has to be 40 to 100 % of goodsPrice.")
        return price * data.buyQuantity

    def _order(self, app: App, data: SignData, attempt: Attempt, fee: int) -> CashOrder:
        now = self._world.clock.now()
        return CashOrder(
            app=app,
            env=data.env,
            openid=attempt.openid,
            order_id=data.outTradeNo,
            wx_order_id="5" + self._world.ids.digits(21),
            mode=attempt.mode,
            product_id=data.productId or "",
            quantity=data.buyQuantity,
            order_fee=fee,
            attach=data.attach,
            created_ms=now,
            updated_ms=now,
        )


def _signed_data(attempt: Attempt) -> SignData:
    try:
        raw = msgspec.json.decode(attempt.signData)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ClientError(-15016, f"signData is no JSON: {error}") from error
    try:
        data = msgspec.convert(raw, SignData)
    except msgspec.ValidationError as error:
        raise ClientError(-15001, f"signData: {error}") from error
    if attempt.mode not in (COIN, GOODS):
        raise ClientError(-15001, f"mode has to be {COIN} or {GOODS}.")
    if attempt.mode == GOODS and UNSET in (data.productId, data.goodsPrice):
        raise ClientError(-15001, "Goods need productId and goodsPrice.")
    if not _NUMBER.fullmatch(data.outTradeNo):
        raise ClientError(
            -15001, "outTradeNo takes 8 to 32 of 0-9 A-Z a-z _ - | * @, and does not begin with _."
        )
    return data


def _known(code: int) -> int:
    if code not in CLIENT_CODES:
        raise ClientError(1001, f"The client has no errCode {code}: use one of {sorted(CLIENT_CODES)}.")
    return code
