"""``/_sim/wxpay/account``: what a merchant's console and WeChat Pay itself change about an account. JSON in, JSON out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay.accounts import PERMISSIONS, Account, Accounts

Fen = Annotated[int, Meta(ge=0)]


class AccountChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change. Amounts in fen.

    ``rotate_certificate`` issues a platform certificate; ``public_key_share`` starts the switch-over to the public
    key, or says how much of the notifications it signs; ``renew_certificate`` issues a merchant API certificate.
    """

    pid: str
    rotate_certificate: bool = False
    public_key_share: Annotated[float, Meta(ge=0, le=1)] | None = None
    renew_certificate: bool = False
    permissions: list[str] | None = None
    balance: Fen | None = None
    transfer_limits: tuple[Fen, Fen] | None = None
    check_perception: bool | None = None


def settings_routes(accounts: Accounts) -> list[Route]:
    def handle(request: Request) -> Answer:
        try:
            change = _read(request)
            return _answer(_changed(accounts, accounts.of(change.pid), change), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return [Route(method="POST", path="/_sim/wxpay/account", operation="wxpay.account", handler=handle)]


def _changed(accounts: Accounts, account: Account, change: AccountChange) -> dict[str, Any]:
    if unknown := sorted(set(change.permissions or ()) - set(PERMISSIONS)):
        raise SimulatorError(f"Unknown permissions {', '.join(unknown)}: choose of {', '.join(PERMISSIONS)}.")
    if change.rotate_certificate:
        accounts.rotate(account)
    if change.public_key_share is not None:
        accounts.switch_over(account, change.public_key_share)
    if change.renew_certificate:
        accounts.renew_certificate(account)
    _set_rules(account, change)
    return _shown(account)


def _set_rules(account: Account, change: AccountChange) -> None:
    if change.permissions is not None:
        account.permissions = set(change.permissions)
    if change.balance is not None:
        account.balances[account.mchid] = change.balance
    if change.transfer_limits is not None:
        account.transfer_limits = change.transfer_limits
    if change.check_perception is not None:
        account.check_perception = change.check_perception


def _shown(account: Account) -> dict[str, Any]:
    return {
        "pid": account.pid,
        "mchid": account.mchid,
        "serial_no": account.certificate.serial,
        "platform_serial_nos": [platform.id for platform in account.platform],
        "public_key_id": account.public_key.id if account.public_key else None,
        "public_key_share": account.notify_share,
        "permissions": sorted(account.permissions),
        "balances": account.balances,
        "transfer_limits": account.transfer_limits,
        "check_perception": account.check_perception,
    }


def _read(request: Request) -> AccountChange:
    try:
        return msgspec.json.decode(request.body, type=AccountChange)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(AccountChange.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)
