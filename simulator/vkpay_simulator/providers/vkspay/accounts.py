"""Merchants' stores: their numbers, their keys, and whether they are banned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.base import Merchant


@dataclass(slots=True, kw_only=True)
class Account:
    """One store. ``unreachable`` holds the orders whose notifications its server did not take in."""

    pid: str
    merchantno: str
    key: str = field(repr=False)
    name: str
    banned: bool = False
    unreachable: set[str] = field(default_factory=set)

    def restore(self) -> None:
        self.banned = False
        self.unreachable.clear()


def open_account(merchant: Merchant, ids: Ids, taken: set[str]) -> Account:
    """A store with a number of four digits that nobody else has."""
    number = next(n for n in iter(lambda: ids.digits(4), "") if n[0] != "0" and n not in taken)
    return Account(pid=merchant.pid, merchantno=number, key=ids.hex(32), name=merchant.name)


def config_row(account: Account) -> dict[str, Any]:
    """The ``vkspay`` part of a vk-pay-config row. It has no node for each platform."""
    return {"vkspay": {"mchId": account.merchantno, "key": account.key}}
