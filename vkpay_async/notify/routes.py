"""Addresses that providers call: ``…/vk-pay-notify/<pay_type>/<out_trade_no>``,
``…/transfer-notify/<pay_type>/<out_bill_no>/<pid>`` and ``…/transfer-auth-notify/<pay_type>/<out_authorization_no>/<pid>``.

The number in the path finds the merchant before anything can be verified. Providers whose address is set in a console, once
for all orders, call ``…/vk-pay-notify/<pay_type>``, or ``…/vk-pay-notify/<pay_type>/-/<pid>`` where several merchants have one;
Douyin's may be the bare ``…/vk-pay-notify/``.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from vkpay_async.errors import NotificationInvalid

PAYMENT = "vk-pay-notify"
TRANSFER = "transfer-notify"
TRANSFER_AUTH = "transfer-auth-notify"
LONGEST_PATH = 1024
_BARE = "douyin_mp-toutiao"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification's path says. ``pid`` is only where no order tells it; an order's is in the ledger.

    ``number`` is empty where the notification itself has to tell.
    """

    kind: Literal["payment", "transfer", "transfer_auth"]
    pay_type: str
    number: str
    pid: str | None = None


def payment_path(pay_type: str, out_trade_no: str) -> str:
    return f"/{PAYMENT}/{pay_type}/{quote(out_trade_no, safe='')}"


def console_path(pay_type: str, pid: str | None = None) -> str:
    """The address of all a merchant's payments, for a provider's console."""
    return f"/{PAYMENT}/{pay_type}" + (f"/-/{quote(pid, safe='')}" if pid else "")


def transfer_path(pay_type: str, out_bill_no: str, pid: str | None) -> str:
    return f"/{TRANSFER}/{pay_type}/{quote(out_bill_no, safe='')}/{quote(pid or 'default', safe='')}"


def authorization_path(pay_type: str, out_authorization_no: str, pid: str | None) -> str:
    number = quote(out_authorization_no, safe="")
    return f"/{TRANSFER_AUTH}/{pay_type}/{number}/{quote(pid or 'default', safe='')}"


def parse_path(path: str) -> Route:
    """Reads a path, whatever the application is mounted under. Raises :class:`NotificationInvalid`."""
    if len(path) > LONGEST_PATH:
        raise NotificationInvalid(f"a path of {len(path)} characters is no notification address")
    parts = path.partition("?")[0].strip("/").split("/")
    if "%" in path:
        parts = [unquote(part) for part in parts]
    if parts[-3:-2] == [PAYMENT]:
        return Route(kind="payment", pay_type=parts[-2], number=parts[-1])
    if parts[-2:-1] == [PAYMENT]:
        return Route(kind="payment", pay_type=parts[-1], number="")
    if parts[-4:-3] == [PAYMENT] and parts[-2] == "-":
        return Route(kind="payment", pay_type=parts[-3], number="", pid=parts[-1])
    if parts[-1:] == [PAYMENT]:
        return Route(kind="payment", pay_type=_BARE, number="")
    if parts[-4:-3] == [TRANSFER]:
        return Route(kind="transfer", pay_type=parts[-3], number=parts[-2], pid=parts[-1])
    if parts[-4:-3] == [TRANSFER_AUTH]:
        return Route(kind="transfer_auth", pay_type=parts[-3], number=parts[-2], pid=parts[-1])
    raise NotificationInvalid(
        f"no notification address: {path[:200]!r}; expected …/{PAYMENT}/<pay_type>/<out_trade_no>"
    )
