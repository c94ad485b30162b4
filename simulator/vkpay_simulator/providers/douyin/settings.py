"""``/_sim/douyin/…``: the mini program's calls, and what may be changed about apps and rules. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.douyin.accounts import Accounts, App
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.tokens import Tokens

Count = Annotated[int, Meta(ge=0)]
Outcome = Literal["pay", "cancel", "fail", "unknown"]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; unknown fields are errors."""


class OrderInfo(Body):
    """``orderInfo`` of ``tt.pay``."""

    order_id: str
    order_token: str


class TtPay(Body):
    """``tt.pay``, with ``orderInfo`` around the two or without. ``app_id``: the mini program that it runs in.

    ``outcome``: the user pays, leaves, fails, or goes back by a gesture that tells nobody (``unknown``). ``way`` is
    ``wxpay``, ``alipay`` or ``douyin``.
    """

    orderInfo: OrderInfo | None = None  # noqa: N815 - the mini program's spelling
    order_id: str = ""
    order_token: str = ""
    service: Literal[5] = 5
    app_id: str | None = None
    outcome: Outcome = "pay"
    way: str | None = None


class RequestOrder(Body):
    """``tt.requestOrder``."""

    data: str
    byteAuthorization: str  # noqa: N815 - the mini program's spelling


class GetOrderPayment(Body):
    """``tt.getOrderPayment``; ``outcome`` and ``way`` as above."""

    orderId: str  # noqa: N815 - the mini program's spelling
    outcome: Outcome = "pay"
    way: str | None = None


class End(Body):
    """How a settlement (``out_settle_no``) or a withdrawal (``out_order_id``) ends."""

    status: str
    out_settle_no: str | None = None
    out_order_id: str | None = None
    pid: str | None = None


class AskBack(Body):
    """A user of the trade system asks for money back: ``amount`` in fen, or all that is left."""

    out_trade_no: str
    amount: Annotated[int, Meta(ge=1)] | None = None
    pid: str | None = None


class CheckUrl(Body):
    """The console checks an address by opening it with a signed query."""

    pid: str = "default"


class AccountChange(Body):
    """What to change, by merchant. ``balances``: what can be withdrawn, in fen, by channel (wx, alipay, hz).

    ``renew_token``, ``renew_salt`` and ``renew_keys`` make new ones; ``expire_tokens`` ends every access token.
    """

    pid: str
    sandbox: bool | None = None
    authorised: bool | None = None
    auto_settle: bool | None = None
    balances: dict[str, Count] | None = None
    renew_token: bool = False
    renew_salt: bool = False
    renew_keys: bool = False
    expire_tokens: bool = False


class RulesChange(Body):
    """As in :class:`Rules`."""

    unopened_is_unknown: bool | None = None
    rate_limit: bool | None = None
    settle_days: Count | None = None
    fulfilled_days: Count | None = None
    work_s: Annotated[float, Meta(ge=0)] | None = None
    ecpay_pauses: list[Count] | None = None
    trade_pauses: list[Count] | None = None


B = TypeVar("B", bound=Body)


def json_handler(model: type[B], act: Callable[[B], Any]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(_read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def change_account(accounts: Accounts, tokens: Tokens, change: AccountChange) -> dict[str, Any]:
    """Raises :class:`SimulatorError` for an unknown merchant or channel, and new keys where there are none."""
    app = accounts.of(change.pid)
    if unknown := sorted(set(change.balances or ()) - app.purses.keys()):
        raise SimulatorError(f"Unknown channels {', '.join(unknown)}: there are {', '.join(app.purses)}.")
    if change.renew_keys:
        accounts.renew_keys(app)
    if change.renew_token:
        accounts.renew_token(app)
    if change.renew_salt:
        accounts.renew_salt(app)
    if change.expire_tokens:
        tokens.expire(app)
    _set(app, change)
    return _shown(app)


def change_rules(rules: Rules, change: RulesChange) -> dict[str, Any]:
    for name in change.__struct_fields__:
        value = getattr(change, name)
        if value is not None:
            setattr(rules, name, tuple(value) if isinstance(value, list) else value)
    return {name: getattr(rules, name) for name in change.__struct_fields__}


def _set(app: App, change: AccountChange) -> None:
    for name in ("sandbox", "authorised", "auto_settle"):
        value = getattr(change, name)
        if value is not None:
            setattr(app, name, value)
    for channel, fen in (change.balances or {}).items():
        app.purses[channel].withdrawable = fen


def _shown(app: App) -> dict[str, Any]:
    return {
        "pid": app.pid,
        "app_id": app.app_id,
        "mch_id": app.mch_id,
        "generation": app.generation,
        "sandbox": app.sandbox,
        "authorised": app.authorised,
        "auto_settle": app.auto_settle,
        "key_version": app.keys.version if app.keys else None,
        "purses": {
            channel: {
                "online": purse.online,
                "withdrawable": purse.withdrawable,
                "frozen": purse.frozen,
            }
            for channel, purse in app.purses.items()
        },
    }


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body, type=model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error
