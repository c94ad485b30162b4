"""``/_sim/vkspay/…``: rules, accounts, closing an order, a forged notification. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.vkspay.accounts import Account
from vkpay_simulator.providers.vkspay.rules import CODE_OUTCOMES, Rules

Seconds = Annotated[float, Meta(ge=0, le=10**8)]
Count = Annotated[int, Meta(ge=1)]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; unknown fields are errors."""


class RulesChange(Body):
    """As in :class:`Rules`; what is left out stays. ``null`` ends a ban counter and a refund's delay."""

    own_numbers: bool | msgspec.UnsetType = msgspec.UNSET
    double_notify: bool | msgspec.UnsetType = msgspec.UNSET
    single_use_links: bool | msgspec.UnsetType = msgspec.UNSET
    reject_replays: bool | msgspec.UnsetType = msgspec.UNSET
    ban_after: Count | msgspec.UnsetType | None = msgspec.UNSET
    pauses: tuple[Annotated[int, Meta(ge=0)], ...] | msgspec.UnsetType = msgspec.UNSET
    codes: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    pay_delay_s: Seconds | msgspec.UnsetType = msgspec.UNSET
    refund_delay_s: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    life_s: Count | msgspec.UnsetType = msgspec.UNSET
    amount_limit: Count | msgspec.UnsetType = msgspec.UNSET


class AccountChange(Body):
    """``banned``: off forgets the orders that were counted, too."""

    pid: str
    banned: bool


class Close(Body):
    out_trade_no: str
    pid: str | None = None


class Forge(Body):
    """``out_trade_no``: the order whose address is called; ``names``: the number to put into the notification, that
    order's own unless given."""

    out_trade_no: str
    names: str | None = None
    pid: str | None = None


B = TypeVar("B", bound=Body)


def json_handler(model: type[B], act: Callable[[B], Any]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(_read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def change_rules(rules: Rules, change: RulesChange) -> dict[str, Any]:
    """Raises :class:`SimulatorError` for a payment code's outcome that there is not."""
    codes = change.codes if isinstance(change.codes, dict) else {}
    if unknown := sorted(set(codes.values()) - set(CODE_OUTCOMES)):
        raise SimulatorError(f"Unknown outcomes {', '.join(unknown)}: choose of {', '.join(CODE_OUTCOMES)}.")
    for name in change.__struct_fields__:
        value = getattr(change, name)
        if value is not msgspec.UNSET:
            setattr(rules, name, value)
    shown: dict[str, Any] = msgspec.to_builtins(rules)
    return shown


def change_account(account: Account, change: AccountChange) -> dict[str, Any]:
    if not change.banned:
        account.restore()
    account.banned = change.banned
    return {
        "pid": account.pid,
        "merchantno": account.merchantno,
        "banned": account.banned,
        "unreachable": sorted(account.unreachable),
    }


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body, type=model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error
