"""Money out (提现): the merchant's balance, and paying it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError, field_error, no_such
from vkpay_simulator.providers.wxpay_virtual.gate import Call
from vkpay_simulator.providers.wxpay_virtual.models import Model, WithdrawOrder, WithdrawQuery

if TYPE_CHECKING:
    from vkpay_simulator.world import World

SETTLE_S = 60
RUNNING, DONE, FAILED = 1, 2, 3


@dataclass(slots=True, kw_only=True)
class Withdrawal:
    """One payment to the merchant's bank account, in fen."""

    app: App
    env: int
    request: WithdrawOrder
    amount: int
    wx_withdraw_no: str
    created_ms: int
    status: int = RUNNING
    done_ms: int = 0
    fail_reason: str = ""

    def object(self) -> dict[str, Any]:
        return {
            "withdraw_no": self.request.withdraw_no,
            "wx_withdraw_no": self.wx_withdraw_no,
            "status": self.status,
            "withdraw_amount": yuan(self.amount),
            "withdraw_success_timestamp": str(self.done_ms // 1000) if self.done_ms else "",
            "create_time": str(self.created_ms // 1000),
            "fail_reason": self.fail_reason,
        }


class Withdrawals:
    """The three calls about the merchant's own money. A withdrawal arrives after a minute."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[tuple[str, int, str], Withdrawal] = {}

    def clear(self) -> None:
        self._made.clear()

    def balance(self, call: Call, _wanted: Model) -> dict[str, Any]:
        amount = yuan(call.app.balances[call.env])
        return {"balance_available": {"amount": amount, "currency_code": "CNY"}}

    def create(self, call: Call, wanted: WithdrawOrder) -> dict[str, Any]:
        key = (call.app.appid, call.env, wanted.withdraw_no)
        made = self._made.get(key)
        if made is not None and made.request != wanted:
            raise field_error("withdraw_no重复", "The number was used for another amount: take a new one.")
        if made is None:
            made = self._made[key] = self._place(call, wanted)
        return {"withdraw_no": wanted.withdraw_no, "wx_withdraw_no": made.wx_withdraw_no}

    def query(self, call: Call, wanted: WithdrawQuery) -> dict[str, Any]:
        made = self._made.get((call.app.appid, call.env, wanted.withdraw_no))
        if made is None:
            raise no_such(f"withdrawal {wanted.withdraw_no!r} in env {call.env}", "create it first")
        return made.object()

    def fail(self, app: App, withdraw_no: str) -> dict[str, Any]:
        """For the control API: the bank sends the money back."""
        made = next(
            (one for one in self._made.values() if one.app is app and one.request.withdraw_no == withdraw_no),
            None,
        )
        if made is None or made.status != RUNNING:
            raise SimulatorError(f"no withdrawal {withdraw_no!r} is running: create it first", 404)
        made.status, made.fail_reason = FAILED, "银行卡信息有误"
        app.balances[made.env] += made.amount
        return made.object()

    def _place(self, call: Call, wanted: WithdrawOrder) -> Withdrawal:
        balances = call.app.balances
        amount = balances[call.env] if wanted.withdraw_amount is None else fen(wanted.withdraw_amount)
        if amount > balances[call.env] or amount == 0:
            advice = f"{yuan(balances[call.env])} yuan can be withdrawn, {yuan(amount)} are wanted."
            raise XpayError(268490006, advice=advice)
        balances[call.env] -= amount
        made = Withdrawal(
            app=call.app,
            env=call.env,
            request=wanted,
            amount=amount,
            wx_withdraw_no="9" + self._world.ids.digits(21),
            created_ms=self._world.clock.now(),
        )
        self._world.agenda.after(SETTLE_S, lambda: self._settle(made))
        return made

    def _settle(self, made: Withdrawal) -> None:
        if made.status == RUNNING:
            made.status, made.done_ms = DONE, self._world.clock.now()


def yuan(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def fen(text: str) -> int:
    whole, _, cents = text.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or "0")
