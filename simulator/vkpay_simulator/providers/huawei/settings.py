"""``/_sim/huawei/…``: the buyer's phone, and what may be changed about accounts and rules. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request, Route
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.huawei.accounts import PRODUCTS, Account, Accounts
from vkpay_simulator.providers.huawei.cashier import Cashier
from vkpay_simulator.providers.huawei.rules import Rules

Fen = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; unknown fields are errors."""


class RequestPayment(Body):
    """What the app gives to ``requestPayment``. ``outcome``: ``pay``, ``cancel``, ``fail`` (the bank refuses), ``wait``."""

    order_str: str
    outcome: str = "pay"
    payer: str | None = None
    channel: str | None = None


class AccountChange(Body):
    """What to change, by merchant. ``balance`` in fen; ``renew_certificate`` is the algorithm of a new merchant
    certificate, ``revoke_certificate`` the number of one; ``renew_platform`` gives Huawei Pay another key."""

    pid: str
    balance: Fen | None = None
    products: list[str] | None = None
    settle_bill: bool | None = None
    renew_certificate: Literal["RSA", "SM2"] | None = None
    revoke_certificate: str | None = None
    renew_platform: bool = False


class RulesChange(Body):
    """As in :class:`Rules`."""

    pauses: list[Seconds] | None = None
    pay_delay_s: Seconds | None = None
    refund_delay_s: Seconds | None = None
    promotion_percent: Annotated[int, Meta(ge=0, le=99)] | None = None
    extra_fields: bool | None = None


B = TypeVar("B", bound=Body)


def control_routes(accounts: Accounts, cashier: Cashier, rules: Rules) -> list[Route]:
    def phone(body: RequestPayment) -> dict[str, Any]:
        return cashier.request_payment(body.order_str, body.outcome, body.payer, body.channel)

    handlers = {
        "request-payment": json_handler(RequestPayment, phone),
        "account": json_handler(AccountChange, lambda body: change_account(accounts, body)),
        "rules": json_handler(RulesChange, lambda body: change_rules(rules, body)),
    }
    return [
        Route(method="POST", path=f"/_sim/huawei/{name}", operation=f"huawei.{name}", handler=handler)
        for name, handler in handlers.items()
    ]


def json_handler(model: type[B], act: Callable[[B], Any]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(_read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def change_account(accounts: Accounts, change: AccountChange) -> dict[str, Any]:
    """Raises :class:`SimulatorError` for an unknown merchant, product or certificate."""
    account = accounts.of(change.pid)
    if unknown := sorted(set(change.products or ()) - set(PRODUCTS)):
        raise SimulatorError(f"Unknown products {', '.join(unknown)}: choose of {', '.join(PRODUCTS)}.")
    if change.revoke_certificate is not None:
        if change.revoke_certificate not in account.certificates:
            raise SimulatorError(
                f"{account.pid} has no certificate {change.revoke_certificate!r}: it has {', '.join(account.certificates)}."
            )
        account.certificates[change.revoke_certificate].state = "revoked"
    if change.renew_certificate is not None:
        accounts.renew_certificate(account, change.renew_certificate)
    if change.renew_platform:
        accounts.renew_platform()
    _set_rules(account, change)
    return _shown(account, accounts)


def change_rules(rules: Rules, change: RulesChange) -> dict[str, Any]:
    for name in RulesChange.__struct_fields__:
        value = getattr(change, name)
        if value is not None:
            setattr(rules, name, tuple(value) if isinstance(value, list) else value)
    return {name: getattr(rules, name) for name in RulesChange.__struct_fields__}


def _set_rules(account: Account, change: AccountChange) -> None:
    if change.balance is not None:
        account.balances[account.merc_no] = change.balance
    if change.products is not None:
        account.products = set(change.products)
    if change.settle_bill is not None:
        account.settle_bill = change.settle_bill


def _shown(account: Account, accounts: Accounts) -> dict[str, Any]:
    return {
        "pid": account.pid,
        "merc_no": account.merc_no,
        "app_ids": account.app_ids,
        "certificates": [
            {"auth_id": one.auth_id, "algorithm": one.algorithm, "state": one.state}
            for one in account.certificates.values()
        ],
        "platform_cert_no": accounts.platform.cert_no,
        "products": sorted(account.products),
        "balances": account.balances,
        "settle_bill": account.settle_bill,
    }


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body, type=model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)
