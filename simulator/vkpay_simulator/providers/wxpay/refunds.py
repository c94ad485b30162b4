"""Refunds: create, query, settle, and what is done about an abnormal one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.clock import china_rfc3339, china_text
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import RefundView, SimulatorError
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.fund_models import AbnormalRefundRequest, RefundRequest
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import Order, OrderBook
from vkpay_simulator.providers.wxpay.reentry import differing, re_entered
from vkpay_simulator.providers.wxpay.refund_rules import (
    card_of,
    check_age,
    check_fields,
    check_order,
    check_rest,
    check_sub_of_body,
    take,
)
from vkpay_simulator.providers.wxpay.relations import check_permission, sub_mchid_of
from vkpay_simulator.providers.wxpay.states import REFUND

if TYPE_CHECKING:
    from vkpay_simulator.world import World

SETTLE_S = 1
SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


@dataclass(slots=True, kw_only=True)
class Refund:
    """One refund. ``tried_ms`` is when it was last sent on its way."""

    order: Order
    request: RefundRequest
    refund_id: str
    created_ms: int
    state: str = "PROCESSING"
    success_ms: int | None = None
    channel: str = "ORIGINAL"
    received_by: str = "支付用户零钱"

    @property
    def amount(self) -> int:
        return self.request.amount.refund

    def move(self, state: str) -> None:
        self.state = REFUND.check(self.state, state)

    def view(self) -> RefundView:
        return RefundView(
            out_refund_no=self.request.out_refund_no,
            amount=self.amount,
            state=self.state,
            created_ms=self.created_ms,
            ends=tuple(SUMMARIES) if self.state == "PROCESSING" else (),
        )

    def object(self) -> dict[str, Any]:
        """The refund object of create, query and abnormal."""
        total, refund = self.order.total, self.amount
        sources = self.request.amount.from_ or []
        return self._shared() | {
            "channel": self.channel,
            "create_time": china_rfc3339(self.created_ms),
            "status": self.state,
            "funds_account": self.request.funds_account or "AVAILABLE",
            "promotion_detail": [],
            "amount": {
                "total": total,
                "refund": refund,
                "from": [{"account": source.account, "amount": source.amount} for source in sources],
                "payer_total": total,
                "payer_refund": refund,
                "settlement_refund": refund,
                "settlement_total": total,
                "discount_refund": 0,
                "currency": "CNY",
            },
        }

    def resource(self) -> dict[str, Any]:
        """What a notification carries."""
        total, refund = self.order.total, self.amount
        amounts = {"total": total, "refund": refund, "payer_total": total, "payer_refund": refund}
        return (
            self.order.party.merchants() | self._shared() | {"refund_status": self.state, "amount": amounts}
        )

    def _shared(self) -> dict[str, Any]:
        success = {"success_time": china_rfc3339(self.success_ms)} if self.success_ms else {}
        return {
            "refund_id": self.refund_id,
            "out_refund_no": self.request.out_refund_no,
            "transaction_id": self.order.transaction_id,
            "out_trade_no": self.order.out_trade_no,
            "user_received_account": self.received_by,
        } | success


class Refunds:
    """The endpoints below ``/v3/refund/domestic/refunds``."""

    def __init__(self, world: World, book: OrderBook, notifier: Notifier) -> None:
        self._world = world
        self._book = book
        self._notifier = notifier
        self._refunds: dict[tuple[str, str], Refund] = {}

    def clear(self) -> None:
        self._refunds.clear()

    def find(self, mchid: str, out_refund_no: str) -> Refund | None:
        return self._refunds.get((mchid, out_refund_no))

    def create(self, account: Account, request: Request) -> Reply:
        wanted = read_body(request, RefundRequest, account.mchid)
        check_fields(account, wanted)
        check_permission(account, "refund")
        refund = self._refunds.get((account.mchid, wanted.out_refund_no))
        if refund is not None and refund.request != wanted:
            raise re_entered(differing(refund.request, wanted))
        if refund is None:
            refund = self._place(account, wanted)
        elif refund.state == "CLOSED":
            self._again(refund)
        return Reply(refund.object())

    def query(self, account: Account, request: Request) -> Reply:
        refund = self.find(account.mchid, request.params["out_refund_no"])
        sub_mchid = sub_mchid_of(account, request)
        if refund is None or refund.order.party.sub_mchid != sub_mchid:
            raise _no_refund(account)
        return Reply(refund.object())

    def apply_abnormal(self, account: Account, request: Request) -> Reply:
        wanted = read_body(request, AbnormalRefundRequest, account.mchid)
        card = card_of(account, request, wanted) if wanted.type == "USER_BANK_CARD" else "商户结算银行账户"
        check_sub_of_body(account, wanted.sub_mchid or None)
        check_permission(account, "refund")
        refund = self.find(account.mchid, wanted.out_refund_no)
        if refund is None or not _same(refund, request.params["refund_id"], wanted):
            raise _no_refund(account)
        if refund.state != "ABNORMAL":
            advice = f"The refund is {refund.state}: only one that is ABNORMAL is sent elsewhere."
            raise WxpayError("INVALID_REQUEST", "当前退款单状态不支持发起异常退款", advice=advice)
        refund.channel, refund.received_by = "OTHER_BANKCARD", card
        self._start(refund)
        return Reply(refund.object())

    def settle(self, out_refund_no: str, status: str, pid: str | None) -> dict[str, Any]:
        """For the control API: ends a refund that is PROCESSING."""
        refund = self._pick(out_refund_no, pid)
        if status not in SUMMARIES:
            raise SimulatorError(f"{status!r} is no end of a refund: use one of {sorted(SUMMARIES)}")
        if refund.state != "PROCESSING":
            raise SimulatorError(
                f"refund {out_refund_no!r} is {refund.state}: only one that is PROCESSING can be settled", 409
            )
        self._settle(refund, status)
        return refund.object()

    def _pick(self, out_refund_no: str, pid: str | None) -> Refund:
        found = [
            refund
            for (_, number), refund in self._refunds.items()
            if number == out_refund_no and pid in (None, refund.order.account.pid)
        ]
        if len(found) != 1:
            raise SimulatorError(
                f"{len(found)} wxpay refunds {out_refund_no!r}: create it first, or name its merchant as pid",
                404,
            )
        return found[0]

    def _place(self, account: Account, wanted: RefundRequest) -> Refund:
        order = self._order(account, wanted)
        now = self._world.clock.now()
        check_order(order, wanted, now)
        take(order, wanted.amount.refund)
        day = china_text(now)[:10].replace("-", "")
        refund = Refund(
            order=order,
            request=wanted,
            refund_id=f"503{self._world.ids.digits(8)}{day}{self._world.ids.digits(10)}",
            created_ms=now,
        )
        self._refunds[account.mchid, wanted.out_refund_no] = refund
        order.refunds.append(refund)
        if order.state == "SUCCESS":
            order.move("REFUND")
        self._settle_later(refund)
        return refund

    def _order(self, account: Account, wanted: RefundRequest) -> Order:
        if wanted.transaction_id:
            order = self._book.by_transaction(wanted.transaction_id)
        else:
            order = self._book.find(account.mchid, wanted.out_trade_no or "")
        if order is None or order.state not in ("SUCCESS", "REFUND"):
            state = f"is {order.state}" if order else f"is not among those of {account.mchid}"
            advice = f"The order {state}: only one that was paid can be refunded."
            raise WxpayError("RESOURCE_NOT_EXISTS", "订单不存在", advice=advice)
        foreign = order.account is not account
        if foreign or order.party.sub_mchid != (wanted.sub_mchid or None):
            advice = f"The order belongs to {order.payee}: refund it with that merchant's numbers."
            number = 268447843 if foreign else 268447845
            raise WxpayError("NO_AUTH", "无权对该订单发起退款", number=number, advice=advice)
        return order

    def _again(self, refund: Refund) -> None:
        """A refund that was closed, asked for once more under its own number."""
        check_age(refund.order, self._world.clock.now())
        check_rest(refund.order, refund.amount)
        take(refund.order, refund.amount)
        self._start(refund)

    def _start(self, refund: Refund) -> None:
        refund.move("PROCESSING")
        self._settle_later(refund)

    def _settle_later(self, refund: Refund) -> None:
        def settle() -> None:
            if refund.state == "PROCESSING":
                self._settle(refund, "SUCCESS")

        self._world.agenda.after(SETTLE_S, settle)

    def _settle(self, refund: Refund, status: str) -> None:
        refund.move(status)
        order = refund.order
        if status == "SUCCESS":
            refund.success_ms = self._world.clock.now()
        if status == "CLOSED":
            order.account.balances[order.payee] += refund.amount
        if refund.request.notify_url:
            self._notifier.send(
                order.account,
                event=f"REFUND.{status}",
                original_type="refund",
                summary=SUMMARIES[status],
                resource=refund.resource(),
                url=refund.request.notify_url,
                subject=order.out_trade_no,
            )


def _same(refund: Refund, refund_id: str, wanted: AbnormalRefundRequest) -> bool:
    sub_mchid = wanted.sub_mchid or None
    return refund.refund_id == refund_id and refund.order.party.sub_mchid == sub_mchid


def _no_refund(account: Account) -> WxpayError:
    advice = f"{account.mchid} has no such refund. A refund that was refused does not exist: create it first."
    return WxpayError("RESOURCE_NOT_EXISTS", "退款单不存在", advice=advice)
