"""Refunds: asked for, queried, settled later."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.base import RefundView, SimulatorError
from vkpay_simulator.providers.huawei.accounts import Account
from vkpay_simulator.providers.huawei.errors import HuaweiError, printable
from vkpay_simulator.providers.huawei.fields import check_url, invalid, read_body, time_text
from vkpay_simulator.providers.huawei.gate import Call, Work
from vkpay_simulator.providers.huawei.models import PartnerRefund
from vkpay_simulator.providers.huawei.models import Refund as RefundRequest
from vkpay_simulator.providers.huawei.notify import Notifier
from vkpay_simulator.providers.huawei.numbering import system_number
from vkpay_simulator.providers.huawei.orders import Order, OrderBook
from vkpay_simulator.providers.huawei.payments import unknown_order
from vkpay_simulator.providers.huawei.refund_rules import check_order, payer_share, take
from vkpay_simulator.providers.huawei.rules import Rules
from vkpay_simulator.providers.huawei.states import REFUND

if TYPE_CHECKING:
    from vkpay_simulator.world import World

MOST_FAILURES = 10
ENDINGS = {
    "SUCCESS": "REFUND_SUCCESS",
    "REFUND_SUCCESS": "REFUND_SUCCESS",
    "FAILED": "REFUND_FAILED",
    "REFUND_FAILED": "REFUND_FAILED",
}


@dataclass(slots=True, kw_only=True)
class Refund:
    """One refund. Amounts in fen; ``from_payer`` is what the payer gets, the rest was Huawei's promotion."""

    order: Order
    request: RefundRequest
    number: str
    amount: int
    from_payer: int
    created_ms: int
    state: str = "REFUND_CHL_PROC"
    finished_ms: int | None = None

    def move(self, state: str) -> None:
        self.state = REFUND.check(self.state, state)

    def view(self) -> RefundView:
        return RefundView(
            out_refund_no=self.request.mercRefundOrderNo,
            amount=self.amount,
            state=self.state,
            created_ms=self.created_ms,
            ends=tuple(sorted(REFUND.steps[self.state])),
        )

    def accepted(self) -> dict[str, Any]:
        """The answer to the call; a repeated one of an order that is refunded whole is without amounts."""
        amounts = {"refundAmount": self.amount, "payerRefundAmount": self.from_payer}
        whole = self.state == "REFUND_SUCCESS" and self.order.refunded == self.order.total
        return {
            "mercRefundOrderNo": self.request.mercRefundOrderNo,
            "sysRefundOrderNo": self.number,
            "sysTransOrderNo": self.order.number,
            "mercOrderNo": self.order.merc_order_no,
            **({} if whole else amounts),
        }

    def queried(self) -> dict[str, Any]:
        names = {"sysRefundOrderNo": self.number, "mercRefundOrderNo": self.request.mercRefundOrderNo}
        return names | self._shared()

    def notified(self) -> dict[str, Any]:
        """A callback has other names for the numbers, and none of the order."""
        own = {
            "mercNo": self.order.party.merc_no,
            "sysRefundNo": self.number,
            "mercRefundNo": self.request.mercRefundOrderNo,
        }
        return own | self._shared()

    def _shared(self) -> dict[str, Any]:
        return {
            "refundOrderStatus": self.state,
            "refundAmount": self.amount,
            "payerRefundAmount": self.from_payer,
            "promotionRefundAmount": self.amount - self.from_payer,
            "currency": "CNY",
            **({"payload": self.request.payload} if self.request.payload is not None else {}),
            **({"finishTime": time_text(self.finished_ms)} if self.finished_ms else {}),
        }


class Refunds:
    """The endpoints below ``transactions/refunds``."""

    def __init__(self, world: World, book: OrderBook, notifier: Notifier, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._notifier = notifier
        self._rules = rules
        self._refunds: dict[tuple[str, str], Refund] = {}
        self._by_number: dict[str, Refund] = {}
        self._failures: Counter[tuple[str, str]] = Counter()

    def clear(self) -> None:
        self._refunds.clear()
        self._by_number.clear()
        self._failures.clear()

    def find(self, merc_no: str, number: str) -> Refund | None:
        """By the merchant's number, or the provider's."""
        by_number = self._by_number.get(number)
        return self._refunds.get((merc_no, number)) or (
            by_number if by_number and by_number.order.account.merc_no == merc_no else None
        )

    def create(self, model: type[RefundRequest] | type[PartnerRefund]) -> Work:
        def work(call: Call) -> dict[str, Any]:
            wanted = read_body(call.body, model)
            check_url(wanted.callbackUrl, self._world.settings.allow_notify_hosts)
            key = (call.account.merc_no, wanted.mercRefundOrderNo)
            refund = self._refunds.get(key)
            if refund is None:
                refund = self._counted(call.account, wanted)
            elif not _same(refund, wanted):
                advice = (
                    f"mercRefundOrderNo {printable(wanted.mercRefundOrderNo)} was used for another refund."
                )
                raise invalid(advice)
            return refund.accepted()

        return work

    def query(self, call: Call) -> dict[str, Any]:
        number = call.request.params["mercRefundOrderNo"]
        refund = self._refunds.get((call.account.merc_no, number))
        return self._owned(call.account, refund, number, "MERC_ORDER_NOT_EXIST").queried()

    def query_by_number(self, call: Call) -> dict[str, Any]:
        number = call.request.params["sysRefundOrderNo"]
        refund = self._by_number.get(number)
        return self._owned(call.account, refund, number, "PAY_ORDER_NOT_EXIST").queried()

    def settle(self, out_refund_no: str, status: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ends a refund that is on its way."""
        refund = self._pick(out_refund_no, pid)
        if status not in ENDINGS:
            raise SimulatorError(f"{status!r} is no end of a refund: use one of {', '.join(ENDINGS)}")
        if refund.state != "REFUND_CHL_PROC":
            raise SimulatorError(f"refund {out_refund_no!r} is {refund.state} and stays so", 409)
        self._settle(refund, ENDINGS[status])
        return refund.queried()

    def _pick(self, out_refund_no: str, pid: str | None) -> Refund:
        found = [
            refund
            for (_, number), refund in self._refunds.items()
            if number == out_refund_no and pid in (None, refund.order.account.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} huawei refunds {out_refund_no!r}: create it first, or name its merchant as pid",
                404,
            )
        return found[0]

    def _counted(self, account: Account, wanted: RefundRequest) -> Refund:
        """A number that was refused too often is not looked at again."""
        key = (account.merc_no, wanted.mercRefundOrderNo)
        if self._failures[key] > MOST_FAILURES:
            advice = f"mercRefundOrderNo {printable(wanted.mercRefundOrderNo)} was refused {self._failures[key]} times: take a new one."
            raise HuaweiError("RETRY_TOO_MANY", advice)
        try:
            return self._place(account, wanted)
        except HuaweiError:
            self._failures[key] += 1
            raise

    def _place(self, account: Account, wanted: RefundRequest) -> Refund:
        order, now = self._order(account, wanted), self._world.clock.now()
        amount = wanted.refundAmount or order.total
        check_order(order, amount, now)
        take(order, amount)
        refund = Refund(
            order=order,
            request=wanted,
            number=system_number(self._world.ids, now),
            amount=amount,
            from_payer=payer_share(order, amount),
            created_ms=now,
        )
        self._refunds[account.merc_no, wanted.mercRefundOrderNo] = refund
        self._by_number[refund.number] = refund
        order.refunds.append(refund)
        self._world.agenda.after(self._rules.refund_delay_s, lambda: self._due(refund))
        return refund

    def _order(self, account: Account, wanted: RefundRequest) -> Order:
        if wanted.sysTransOrderNo is not None:
            number, code = wanted.sysTransOrderNo, "PAY_ORDER_NOT_EXIST"
            order = self._book.by_number(number)
        elif wanted.mercOrderNo is not None:
            number, code = wanted.mercOrderNo, "MERC_ORDER_NOT_EXIST"
            order = self._book.find(account.merc_no, number)
        else:
            raise invalid("Name the order: mercOrderNo or sysTransOrderNo.")
        if order is None or order.account is not account:
            raise unknown_order(account, number, code)
        sub = wanted.subMercNo if isinstance(wanted, PartnerRefund) else None
        if order.party.sub_merc_no != sub:
            advice = f"The order belongs to sub-merchant {order.party.sub_merc_no}: name it as subMercNo."
            raise HuaweiError("INVALID_SUB_MERCNO", advice)
        return order

    def _owned(self, account: Account, refund: Refund | None, number: str, code: str) -> Refund:
        if refund is None or refund.order.account is not account:
            advice = (
                f"{account.merc_no} has no refund {printable(number)}. One that was refused does not exist."
            )
            raise HuaweiError(code, advice)
        return refund

    def _due(self, refund: Refund) -> None:
        if refund.state == "REFUND_CHL_PROC":
            self._settle(refund, "REFUND_SUCCESS")

    def _settle(self, refund: Refund, state: str) -> None:
        refund.move(state)
        refund.finished_ms = self._world.clock.now()
        if state == "REFUND_FAILED":
            refund.order.account.balances[refund.order.payee] += refund.amount
        self._notifier.refund(refund)


def _same(refund: Refund, wanted: RefundRequest) -> bool:
    order = refund.order
    names_it = (
        wanted.sysTransOrderNo == order.number
        if wanted.sysTransOrderNo is not None
        else wanted.mercOrderNo == order.merc_order_no
    )
    return names_it and (wanted.refundAmount or order.total) == refund.amount
