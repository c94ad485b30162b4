"""``/_sim/alipay/…``: the phone's wallet, and what may be changed about accounts and rules. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.alipay import states
from vkpay_simulator.providers.alipay.accounts import NODES, PRODUCTS, Account, App, Registrar
from vkpay_simulator.providers.alipay.rules import Rules
from vkpay_simulator.providers.base import SimulatorError

NOTIFIABLE = (states.WAIT_BUYER_PAY, states.TRADE_SUCCESS, states.TRADE_CLOSED, states.TRADE_FINISHED)


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; unknown fields are errors."""


class AppPay(Body):
    """What the app would give to the phone SDK; ``payer`` is a user id or an open id. With ``confirm`` false the
    buyer leaves the wallet without paying."""

    order_string: str
    payer: str | None = None
    confirm: bool = True


class AccountChange(Body):
    """What to change, by merchant; without ``node`` in every app of the merchant. ``balance`` in fen; an empty
    ``gateway_url`` ends the subscription to messages."""

    pid: str
    node: str | None = None
    balance: Annotated[int, Meta(ge=0)] | None = None
    id_mode: Literal["user_id", "open_id"] | None = None
    sign_type: Literal["RSA", "RSA2"] | None = None
    products: list[str] | None = None
    gateway_url: str | None = None
    encryption: bool | None = None
    renew_certificate: bool = False


class RulesChange(Body):
    """``notify``: states by product family; the others as in :class:`Rules`."""

    notify: dict[str, list[str]] | None = None
    pauses: list[Annotated[int, Meta(ge=0)]] | None = None
    pay_delay_s: Annotated[float, Meta(ge=0)] | None = None
    refund_window_days: Annotated[int, Meta(ge=0)] | None = None
    close_voids_unopened: bool | None = None


B = TypeVar("B", bound=Body)


def json_handler(model: type[B], act: Callable[[B], Any]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(_read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body, type=model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error


def change_account(account: Account, change: AccountChange, registrar: Registrar) -> dict[str, Any]:
    """Raises :class:`SimulatorError` for an unknown node or product, and a renewal in key mode."""
    apps = _apps(account, change.node)
    if unknown := sorted(set(change.products or ()) - PRODUCTS):
        raise SimulatorError(
            f"Unknown products {', '.join(unknown)}: choose of {', '.join(sorted(PRODUCTS))}."
        )
    for app in apps:
        _change_app(app, change, registrar)
    if change.balance is not None:
        account.seller.balance = change.balance
    return {"pid": account.pid, "balance": account.seller.balance, "apps": [_shown(app) for app in apps]}


def _apps(account: Account, node: str | None) -> list[App]:
    if node is None:
        return account.distinct_apps
    if node not in account.apps:
        raise SimulatorError(f"There is no node {node!r}: there are {', '.join(NODES)}.")
    return [account.apps[node]]


def _change_app(app: App, change: AccountChange, registrar: Registrar) -> None:
    if change.renew_certificate:
        registrar.renew(app)
    if change.id_mode is not None:
        app.id_mode = change.id_mode
    if change.sign_type is not None:
        app.sign_type = change.sign_type
    if change.products is not None:
        app.products = frozenset(change.products)
    if change.gateway_url is not None:
        app.gateway_url = change.gateway_url or None
    if change.encryption is not None:
        app.aes_key = registrar.new_aes_key() if change.encryption else None


def _shown(app: App) -> dict[str, Any]:
    return {
        "app_id": app.app_id,
        "id_mode": app.id_mode,
        "sign_type": app.sign_type,
        "products": sorted(app.products),
        "encryption": app.aes_key is not None,
        "gateway_url": app.gateway_url,
        "alipay_cert_sn": app.certificates.alipay.sn if app.certificates else None,
    }


def change_rules(rules: Rules, change: RulesChange) -> dict[str, Any]:
    """Raises :class:`SimulatorError` for a family or a state that does not exist."""
    for family, told in (change.notify or {}).items():
        _check_family(rules, family, told)
        rules.notify[family] = frozenset(told)
    if change.pauses is not None:
        rules.pauses = tuple(change.pauses)
    for name in ("pay_delay_s", "refund_window_days", "close_voids_unopened"):
        value = getattr(change, name)
        if value is not None:
            setattr(rules, name, value)
    return {
        "notify": {family: sorted(told) for family, told in rules.notify.items()},
        "pauses": rules.pauses,
        "pay_delay_s": rules.pay_delay_s,
        "refund_window_days": rules.refund_window_days,
        "close_voids_unopened": rules.close_voids_unopened,
    }


def _check_family(rules: Rules, family: str, told: list[str]) -> None:
    if family not in rules.notify:
        raise SimulatorError(f"There is no product family {family!r}: there are {', '.join(rules.notify)}.")
    if unknown := sorted(set(told) - set(NOTIFIABLE)):
        raise SimulatorError(f"Unknown states {', '.join(unknown)}: choose of {', '.join(NOTIFIABLE)}.")
