"""Refunds: create, query, settle, and what is done about an abnormal one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from vkpay_simulator.clock import china_rfc3339, china_text
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.fund_models import AbnormalRefundRequest, RefundRequest
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import DAY_MS, Order, OrderBook
from vkpay_simulator.providers.wxpay.relations import check_permission, check_sub, reveal, sub_mchid_of
from vkpay_simulator.providers.wxpay.states import REFUND

if TYPE_CHECKING:
    from vkpay_simulator.world import World

SETTLE_S = 1
APART_MS = 60_000
REFUNDABLE_MS = 365 * DAY_MS
MOST_REFUNDS = 50
REASON_BYTES = 80
_BANKS = ("CMB", "COMM", "ABC", "CCB", "ICBC", "BOC", "PAB", "SPDB", "CITIC", "CEB", "CMBC", "CIB", "GDB", "PSBC", "NBCB")  # fmt: skip
CARD_BANKS = frozenset(f"{bank}_DEBIT" for bank in _BANKS)
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
        wanted = read_body(request, RefundRequest)
        _check(account, wanted)
        check_permission(account, "refund")
        refund = self._refunds.get((account.mchid, wanted.out_refund_no))
        if refund is not None and refund.request != wanted:
            raise WxpayError("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致", number=268498688)
        if refund is None:
            refund = self._place(account, wanted)
        elif refund.state == "CLOSED":
            self._again(refund)
        return Reply(refund.object())

    def query(self, account: Account, request: Request) -> Reply:
        refund = self.find(account.mchid, request.params["out_refund_no"])
        sub_mchid = sub_mchid_of(account, request)
        if refund is None or refund.order.party.sub_mchid != sub_mchid:
            raise WxpayError("RESOURCE_NOT_EXISTS", "退款单不存在")
        return Reply(refund.object())

    def apply_abnormal(self, account: Account, request: Request) -> Reply:
        wanted = read_body(request, AbnormalRefundRequest)
        if wanted.type == "USER_BANK_CARD":
            _check_card(account, request, wanted)
        refund = self.find(account.mchid, wanted.out_refund_no)
        if refund is None or not _same(refund, request.params["refund_id"], wanted):
            raise WxpayError("RESOURCE_NOT_EXISTS", "退款单不存在")
        if refund.state != "ABNORMAL":
            raise WxpayError("INVALID_REQUEST", "当前退款单状态不支持发起异常退款")
        user = wanted.type == "USER_BANK_CARD"
        refund.channel = "OTHER_BANKCARD"
        refund.received_by = "用户银行卡" if user else "商户结算银行账户"
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
        _check_order(order, wanted, now)
        _take(order, wanted.amount.refund)
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
            raise WxpayError("RESOURCE_NOT_EXISTS", "订单不存在")
        if order.account is not account or order.party.sub_mchid != (wanted.sub_mchid or None):
            raise WxpayError("NO_AUTH", "无权对该订单发起退款", number=268447843)
        return order

    def _again(self, refund: Refund) -> None:
        """A refund that was closed, asked for once more under its own number."""
        if refund.order.refunded + refund.amount > refund.order.total:
            raise _too_much()
        _take(refund.order, refund.amount)
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


def _check(account: Account, wanted: RefundRequest) -> None:
    if wanted.reason and len(wanted.reason.encode()) > REASON_BYTES:
        raise param_error("/reason", "length is greater than the maximum", value=wanted.reason)
    if not wanted.transaction_id and not wanted.out_trade_no:
        raise param_error("/transaction_id", "one of transaction_id and out_trade_no is needed")
    sources = wanted.amount.from_ or []
    if sources and sum(source.amount for source in sources) != wanted.amount.refund:
        raise param_error("/amount/from", "amounts do not add up to the refund")
    check_sub_of_body(account, wanted.sub_mchid or None)


def check_sub_of_body(account: Account, sub_mchid: str | None) -> None:
    """A partner names the sub-merchant, a direct merchant has none."""
    if account.subs and sub_mchid is None:
        message = "服务商模式下，sub_mchid必填"
        raise param_error("/sub_mchid", "required field is missing", message=message, number=268443704)
    if sub_mchid is not None and not account.subs:
        raise param_error("/sub_mchid", "field is not defined", value=sub_mchid, number=270924358)
    if sub_mchid is not None:
        check_sub(account, sub_mchid)


def _check_order(order: Order, wanted: RefundRequest, now: int) -> None:
    if wanted.amount.total != order.total:
        raise WxpayError("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
    if now > (order.paid_ms or 0) + REFUNDABLE_MS:
        raise WxpayError("INVALID_REQUEST", "订单已超过可退款的最大期限")
    if len(order.refunds) >= MOST_REFUNDS:
        raise WxpayError("INVALID_REQUEST", "订单部分退款次数超过限制")
    if order.refunded + wanted.amount.refund > order.total:
        raise _too_much()
    if order.refunds and now < order.refunds[-1].created_ms + APART_MS:
        raise WxpayError("FREQUENCY_LIMITED", "同一笔订单的退款请求需间隔1分钟")


def _too_much() -> WxpayError:
    return WxpayError("INVALID_REQUEST", "申请退款金额超过订单可退金额")


def _take(order: Order, amount: int) -> None:
    balances = order.account.balances
    if balances[order.payee] < amount:
        raise WxpayError("NOT_ENOUGH")
    balances[order.payee] -= amount


def _same(refund: Refund, refund_id: str, wanted: AbnormalRefundRequest) -> bool:
    sub_mchid = wanted.sub_mchid or None
    return refund.refund_id == refund_id and refund.order.party.sub_mchid == sub_mchid


def _check_card(account: Account, request: Request, wanted: AbnormalRefundRequest) -> None:
    for name in ("bank_type", "bank_account", "real_name"):
        if getattr(wanted, name) is UNSET:
            raise param_error(f"/{name}", "required field is missing")
    if wanted.bank_type not in CARD_BANKS:
        raise param_error("/bank_type", "value is not one of the allowed", value=wanted.bank_type)
    reveal(account, request, "/bank_account", wanted.bank_account or "")
    reveal(account, request, "/real_name", wanted.real_name or "")
