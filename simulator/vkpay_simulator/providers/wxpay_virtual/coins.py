"""Coins (代币): what each user has, and the calls that spend, give back and present them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error, no_such
from vkpay_simulator.providers.wxpay_virtual.gate import Call
from vkpay_simulator.providers.wxpay_virtual.models import (
    BalanceQuery,
    CancelCurrencyPay,
    CurrencyPay,
    PresentCurrency,
)
from vkpay_simulator.providers.wxpay_virtual.orders import CashOrder

Key: TypeAlias = tuple[str, int, str]


@dataclass(slots=True, kw_only=True)
class Wallet:
    """A user's coins in one environment: bought ones and presented ones."""

    bought: int = 0
    presented: int = 0
    sum_save: int = 0
    sum_present: int = 0
    sum_cost: int = 0

    @property
    def balance(self) -> int:
        return self.bought + self.presented

    def add(self, amount: int, *, presented: bool) -> None:
        if presented:
            self.presented += amount
            self.sum_present += amount
        else:
            self.bought += amount
            self.sum_save += amount

    def spend(self, amount: int) -> int:
        """Takes presented coins first, and says how many of them."""
        from_presented = min(amount, self.presented)
        self.presented -= from_presented
        self.bought -= amount - from_presented
        self.sum_cost += amount
        return from_presented

    def give_back(self, amount: int, presented: int) -> None:
        self.presented += presented
        self.bought += amount - presented
        self.sum_cost -= amount


@dataclass(slots=True, kw_only=True)
class Spent:
    """A coin order. ``used_present`` are the presented coins among ``amount``."""

    openid: str
    amount: int
    used_present: int
    cancelled: int = 0
    returned_present: int = 0
    cancels: set[str] = field(default_factory=set)

    def cancel(self, amount: int, number: str) -> int:
        """How many of the coins that go back are presented ones: those last, as they were spent first."""
        self.cancels.add(number)
        bought_left = (self.amount - self.used_present) - (self.cancelled - self.returned_present)
        presented = max(0, amount - bought_left)
        self.cancelled += amount
        self.returned_present += presented
        return presented


class Coins:
    """The four calls about coins, and the wallets behind them."""

    def __init__(self) -> None:
        self._wallets: dict[Key, Wallet] = {}
        self._spent: dict[Key, Spent] = {}
        self._presents: set[Key] = set()

    def clear(self) -> None:
        self._wallets.clear()
        self._spent.clear()
        self._presents.clear()

    def bought(self, order: CashOrder) -> None:
        self._wallet((order.app.appid, order.env, order.openid)).add(order.quantity, presented=False)

    def balance(self, call: Call, _wanted: BalanceQuery) -> dict[str, Any]:
        wallet = self._of(call)
        return {
            "balance": wallet.balance,
            "present_balance": wallet.presented,
            "sum_save": wallet.sum_save,
            "sum_present": wallet.sum_present,
            "sum_balance": wallet.sum_save + wallet.sum_present,
            "sum_cost": wallet.sum_cost,
            "first_save_flag": wallet.sum_save == 0,
        }

    def pay(self, call: Call, wanted: CurrencyPay) -> dict[str, Any]:
        _check_published(call)
        key, wallet = (call.app.appid, call.env, wanted.order_id), self._of(call)
        before = self._spent.get(key)
        if before is not None:
            raise _repeated(before, call.openid, wanted.amount)
        if wallet.balance < wanted.amount:
            advice = f"The user has {wallet.balance} coins, {wanted.amount} are wanted."
            raise XpayError(268490006, advice=advice)
        used = wallet.spend(wanted.amount)
        self._spent[key] = Spent(openid=call.openid, amount=wanted.amount, used_present=used)
        return {"order_id": wanted.order_id, "balance": wallet.balance, "used_present_amount": used}

    def cancel(self, call: Call, wanted: CancelCurrencyPay) -> dict[str, Any]:
        spent = self._spent.get((call.app.appid, call.env, wanted.pay_order_id))
        if spent is None or spent.openid != call.openid:
            raise no_such(f"coin payment {wanted.pay_order_id!r} of this user", "currency_pay makes it")
        if wanted.order_id in spent.cancels:
            raise XpayError(268490004, advice=f"{wanted.order_id} has given its coins back already.")
        if spent.cancelled == spent.amount:
            raise XpayError(268490005, advice=f"All coins of {wanted.pay_order_id} have gone back already.")
        left = spent.amount - spent.cancelled
        if wanted.amount > left:
            raise XpayError(268490006, advice=f"{left} coins of {wanted.pay_order_id} can still go back.")
        self._of(call).give_back(wanted.amount, spent.cancel(wanted.amount, wanted.order_id))
        return {"order_id": wanted.order_id}

    def present(self, call: Call, wanted: PresentCurrency) -> dict[str, Any]:
        _check_published(call)
        key, wallet = (call.app.appid, call.env, wanted.order_id), self._of(call)
        if key in self._presents:
            raise XpayError(268490004, advice=f"{wanted.order_id} has been presented already.")
        self._presents.add(key)
        wallet.add(wanted.amount, presented=True)
        return {
            "order_id": wanted.order_id,
            "balance": wallet.balance,
            "present_balance": wallet.sum_present,
        }

    def _of(self, call: Call) -> Wallet:
        return self._wallet((call.app.appid, call.env, call.openid))

    def _wallet(self, key: Key) -> Wallet:
        return self._wallets.setdefault(key, Wallet())


def _check_published(call: Call) -> None:
    if not call.app.coin_published:
        raise XpayError(268490008, advice="Publish the coin: POST /_sim/wxpay-virtual/account.")


def _repeated(before: Spent, openid: str, amount: int) -> XpayError:
    if before.openid == openid and before.amount == amount:
        return XpayError(268490004, advice="The number has paid already; no coins were taken again.")
    return field_error("order_id重复", "The number was used for another user or amount: take a new one.")
