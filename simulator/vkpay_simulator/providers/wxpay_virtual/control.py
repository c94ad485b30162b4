"""``/_sim/wxpay-virtual/…``: the user's phone, and what console and WeChat change. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay_virtual.accounts import App, Format, Goods, Mode
from vkpay_simulator.providers.wxpay_virtual.models import Id

Fen = Annotated[int, Meta(ge=0, le=2**53)]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; unknown fields are errors."""


class SessionEnd(Body):
    """The user's session_key ends."""

    openid: str
    pid: str = "default"


class Complaint(Body):
    """The user of an order complains."""

    out_trade_no: str
    pid: str | None = None
    detail: str = "未收到道具"


class UrlCheck(Body):
    """The console checks the push address."""

    pid: str = "default"


class WithdrawalFailure(Body):
    """The bank sends a withdrawal back."""

    withdraw_no: str
    pid: str = "default"


class PushChange(Body):
    """Message push. An empty ``url`` is the merchant's notify address again."""

    mode: Mode | None = None
    format: Format | None = None
    url: str | None = None
    enabled: bool | None = None
    wrong_appid: bool | None = None
    without_pay_info: bool | None = None


class AccountChange(Body):
    """What to change. ``goods`` are prices in fen by id, published at once; ``balance`` is in fen."""

    pid: str = "default"
    push: PushChange | None = None
    released: bool | None = None
    coin_published: bool | None = None
    rate: Annotated[int, Meta(ge=1)] | None = None
    goods: dict[Id, Annotated[int, Meta(ge=1)]] | None = None
    balance: Fen | None = None
    expire_tokens: bool = False


B = TypeVar("B", bound=Body | msgspec.Struct)


def json_handler(model: type[B], act: Callable[[B], Any]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(_read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def change_account(app: App, change: AccountChange) -> dict[str, Any]:
    """Everything but the tokens, and the account as it then is."""
    if change.push is not None:
        _change_push(app, change.push)
    for name in ("released", "coin_published", "rate"):
        if (value := getattr(change, name)) is not None:
            setattr(app, name, value)
    for id_, price in (change.goods or {}).items():
        app.goods[id_] = Goods(
            id=id_, name=id_[:20], price=price, remark=id_, item_url="", effective_ms={0: 0, 1: 0}
        )
    if change.balance is not None:
        app.balances = dict.fromkeys(app.balances, change.balance)
    return _shown(app)


def _change_push(app: App, change: PushChange) -> None:
    for name in ("mode", "format", "enabled", "wrong_appid", "without_pay_info"):
        if (value := getattr(change, name)) is not None:
            setattr(app.push, name, value)
    if change.url is not None:
        app.push.url = change.url or None


def _shown(app: App) -> dict[str, Any]:
    push = app.push
    return {
        "pid": app.pid,
        "appid": app.appid,
        "offer_id": app.offer_id,
        "released": app.released,
        "coin_published": app.coin_published,
        "rate": app.rate,
        "goods": {goods.id: goods.price for goods in app.goods.values()},
        "balances": {str(env): balance for env, balance in app.balances.items()},
        "push": {
            "url": app.push_url,
            "mode": push.mode,
            "format": push.format,
            "enabled": push.enabled,
            "wrong_appid": push.wrong_appid,
            "without_pay_info": push.without_pay_info,
        },
    }


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body or b"{}", type=model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)
