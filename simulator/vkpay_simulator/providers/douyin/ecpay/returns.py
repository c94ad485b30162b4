"""``create_return`` and ``query_return``: a receiver gives back what it got of a settlement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.ecpay.burnt import Burnt
from vkpay_simulator.providers.douyin.ecpay.gate import Call, Reply
from vkpay_simulator.providers.douyin.ecpay.orders import extra
from vkpay_simulator.providers.douyin.ecpay.settlements import Settlements
from vkpay_simulator.providers.douyin.errors import BAD_RETURN_NO, NO_RETURN, ecpay_refusal, refused
from vkpay_simulator.providers.douyin.money import Settlement
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import PROCESSING, SETTLEMENT, SUCCESS

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LONGEST_NUMBER = 64
LARGEST = 10**11 - 1


@dataclass(slots=True, kw_only=True, eq=False)
class Return:
    """Money on its way from a receiver to the seller."""

    app: App
    settlement: Settlement
    number: str
    return_no: str
    merchant_uid: str
    amount: int
    cp_extra: str
    state: str = PROCESSING
    done_ms: int | None = None


class Returns:
    """Accepted at once, done a moment later."""

    def __init__(self, world: World, settlements: Settlements, burnt: Burnt, rules: Rules) -> None:
        self._world = world
        self._settlements = settlements
        self._burnt = burnt
        self._rules = rules
        self._returns: dict[tuple[str, str], Return] = {}

    def clear(self) -> None:
        self._returns.clear()

    def create(self, call: Call) -> Reply:
        number = call.fields.number("out_return_no")
        made = self._returns.get((call.app.app_id, number))
        return Reply({"return_info": _shown(made or self._place(call, number))})

    def query(self, call: Call) -> Reply:
        number = call.values.get("out_return_no") or call.values.get("return_no")
        if not isinstance(number, str) or len(number) > LONGEST_NUMBER:
            raise ecpay_refusal(BAD_RETURN_NO, why="Send return_no or out_return_no, of 1 to 64 characters.")
        found = self._returns.get((call.app.app_id, number)) or next(
            (one for one in self._returns.values() if one.app is call.app and one.return_no == number), None
        )
        if found is None:
            raise ecpay_refusal(NO_RETURN, why=f"App {call.app.app_id} has no such return.")
        return Reply({"return_info": _shown(found)})

    def _place(self, call: Call, number: str) -> Return:
        fields = call.fields
        receiver = fields.required("merchant_uid", most=32)
        amount = fields.required_integer("return_amount", least=1, most=LARGEST)
        fields.required("return_desc", most=80)
        fields.notify_url("notify_url")
        settlement = self._burnt.attempt(
            call.app, "return", number, lambda: self._returnable(call, receiver, amount)
        )
        made = Return(
            app=call.app,
            settlement=settlement,
            number=number,
            return_no="7" + self._world.ids.digits(18),
            merchant_uid=receiver,
            amount=amount,
            cp_extra=extra(fields),
        )
        settlement.returned[receiver] = settlement.returned.get(receiver, 0) + amount
        self._returns[call.app.app_id, number] = made
        self._world.agenda.after(self._rules.work_s, lambda: self._finish(made))
        return made

    def _returnable(self, call: Call, receiver: str, amount: int) -> Settlement:
        number, settle_no = call.fields.text("out_settle_no"), call.fields.text("settle_no")
        if number is None and settle_no is None:
            raise call.fields.invalid("out_settle_no", "send it, or settle_no")
        found = self._settlements.find(call.app, number) or self._settlements.numbered(call.app, settle_no)
        if found is None or found[1].state != SUCCESS:
            raise refused(
                "分账记录不存在或未成功", "There is no such settlement, or it has not come to its end."
            )
        settlement = found[1]
        left = settlement.receivers.get(receiver, 0) - settlement.returned.get(receiver, 0)
        if amount > left:
            why = f"{receiver} has {left} fen of this settlement left, {amount} are asked for."
            raise refused("退分账金额超过可退金额", why)
        return settlement

    def _finish(self, made: Return) -> None:
        made.state = SETTLEMENT.check(made.state, SUCCESS)
        made.done_ms = self._world.clock.now()
        made.app.purse(made.settlement.order.way).withdrawable += made.amount


def _shown(made: Return) -> dict[str, Any]:
    return {
        "app_id": made.app.app_id,
        "thirdparty_id": made.app.thirdparty_id or "",
        "settle_no": made.settlement.settle_id,
        "out_settle_no": made.settlement.number,
        "out_return_no": made.number,
        "return_no": made.return_no,
        "merchant_uid": made.merchant_uid,
        "return_amount": made.amount,
        "return_status": made.state,
        "fail_reason": "",
        "finish_time": made.done_ms // 1000 if made.done_ms else 0,
        "cp_extra": made.cp_extra,
    }
