"""The merchant's money: ``query_merchant_balance``, ``merchant_withdraw``, ``query_withdraw_order``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.douyin.accounts import App, Purse
from vkpay_simulator.providers.douyin.ecpay.burnt import Burnt
from vkpay_simulator.providers.douyin.ecpay.gate import Call, Reply
from vkpay_simulator.providers.douyin.ecpay.orders import extra
from vkpay_simulator.providers.douyin.errors import refused
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import FAIL, PROCESSING, REEXCHANGE, SUCCESS, WITHDRAWAL

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LARGEST = 10**11 - 1
MESSAGES = {PROCESSING: "处理中", SUCCESS: "提现成功", FAIL: "提现失败", REEXCHANGE: "银行退票"}


class Teller(Protocol):
    """Who tells of a withdrawal's end: the notifier of the system that it was asked for in."""

    def withdrawn(self, app: App, out_order_id: str, msg: dict[str, Any], url: str) -> None: ...


@dataclass(slots=True, kw_only=True, eq=False)
class Withdrawal:
    """Money on its way to the merchant's bank."""

    app: App
    number: str
    order_id: str
    channel: str
    amount: int
    cp_extra: str
    callback: str | None
    teller: Teller
    state: str = PROCESSING

    @property
    def purse(self) -> Purse:
        return self.app.purses[self.channel]

    def move(self, state: str) -> None:
        """What fails, or comes back from the bank, can be withdrawn again."""
        self.state = WITHDRAWAL.check(self.state, state)
        if state in (FAIL, REEXCHANGE):
            self.purse.withdrawable += self.amount


class Funds:
    """Balances by channel, and what is withdrawn of them."""

    def __init__(self, world: World, burnt: Burnt, teller: Teller, rules: Rules) -> None:
        self._world = world
        self._burnt = burnt
        self._teller = teller
        self._rules = rules
        self._withdrawals: dict[tuple[str, str], Withdrawal] = {}

    def clear(self) -> None:
        self._withdrawals.clear()

    def balance(self, call: Call) -> Reply:
        purse = call.app.purses[_channel(call)]
        account = {
            "online_balance": purse.online,
            # So it is spelt on the wire.
            "withdrawable_balacne": purse.withdrawable,
            "freeze_balance": purse.frozen,
        }
        settle = {
            "settle_type": 1,
            "settle_account": call.app.merchant.name,
            "bankcard_no": "6222****1234",
            "bank_name": "模拟银行",
        }
        entity = call.fields.integer("merchant_entity", least=1, most=2) or 1
        return Reply({"account_info": account, "settle_info": settle, "merchant_entity": entity})

    def withdraw(self, call: Call, teller: Teller | None = None) -> Reply:
        number = call.fields.number("out_order_id")
        made = self._withdrawals.get((call.app.app_id, number))
        if made is None:
            made = self._place(call, number, teller or self._teller)
        return Reply({"order_id": made.order_id, "merchant_entity": 1})

    def query(self, call: Call) -> Reply:
        _channel(call)
        made = self._withdrawals.get((call.app.app_id, call.fields.number("out_order_id")))
        if made is None:
            raise refused("提现记录不存在", f"App {call.app.app_id} has no such withdrawal.")
        message = MESSAGES[made.state]
        return Reply({"status": made.state, "statusMsg": message, "status_msg": message})

    def settle(self, out_order_id: str, status: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ends a withdrawal, or has the bank send it back."""
        found = [
            one
            for (_, number), one in self._withdrawals.items()
            if number == out_order_id and pid in (None, one.app.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} withdrawals {out_order_id!r}: make it first, or name its merchant as pid.", 404
            )
        made = found[0]
        if status not in WITHDRAWAL.steps or not WITHDRAWAL.allows(made.state, status):
            ends = ", ".join(sorted(WITHDRAWAL.steps[made.state])) or "nothing else"
            raise SimulatorError(f"Withdrawal {out_order_id} is {made.state}: it can become {ends}.", 409)
        self._finish(made, status)
        return {"out_order_id": out_order_id, "status": made.state}

    def _place(self, call: Call, number: str, teller: Teller) -> Withdrawal:
        fields, channel = call.fields, _channel(call)
        amount = fields.required_integer("withdraw_amount", least=1, most=LARGEST)
        made = Withdrawal(
            app=call.app,
            number=number,
            order_id="7" + self._world.ids.digits(18),
            channel=channel,
            amount=amount,
            cp_extra=extra(fields),
            callback=fields.notify_url("callback"),
            teller=teller,
        )
        self._burnt.attempt(call.app, "withdraw", number, lambda: _take(made.purse, amount))
        self._withdrawals[call.app.app_id, number] = made
        self._world.agenda.after(self._rules.work_s, lambda: self._due(made))
        return made

    def _due(self, made: Withdrawal) -> None:
        if made.state == PROCESSING:
            self._finish(made, SUCCESS)

    def _finish(self, made: Withdrawal, state: str) -> None:
        made.move(state)
        if made.callback is None:
            return
        msg = {
            "status": made.state,
            "extra": made.cp_extra,
            "message": MESSAGES[made.state],
            "withdraw_at": self._world.clock.now() // 1000,
            "order_id": made.order_id,
            "out_order_id": made.number,
            "ch_order_id": made.order_id,
        }
        made.teller.withdrawn(made.app, made.number, msg, made.callback)


def _channel(call: Call) -> str:
    """``yeepay`` withdraws what Douyin's own channel has."""
    if call.fields.required("merchant_uid") != call.app.mch_id:
        raise refused("商户号与小程序不匹配", f"merchant_uid is not the app's: that is {call.app.mch_id}.")
    channel = call.fields.required("channel_type")
    channel = "hz" if channel == "yeepay" else channel
    if channel not in call.app.purses:
        raise call.fields.invalid("channel_type", f"it is one of {', '.join(call.app.purses)}, yeepay")
    return channel


def _take(purse: Purse, amount: int) -> None:
    if purse.withdrawable < amount:
        why = f"{purse.withdrawable} fen can be withdrawn: POST /_sim/douyin/account with balances."
        raise refused("可提现余额不足", why)
    purse.withdrawable -= amount
