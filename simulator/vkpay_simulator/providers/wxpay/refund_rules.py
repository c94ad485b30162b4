"""What a refund may ask for: its fields, the order's age and rest, the merchant's money, the buyer's card."""

from __future__ import annotations

from msgspec import UNSET

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import undefined
from vkpay_simulator.providers.wxpay.fund_models import AbnormalRefundRequest, RefundRequest
from vkpay_simulator.providers.wxpay.models import NO_SUB_MCHID
from vkpay_simulator.providers.wxpay.orders import DAY_MS, Order
from vkpay_simulator.providers.wxpay.relations import check_sub, reveal

APART_MS = 60_000
REFUNDABLE_MS = 365 * DAY_MS
MOST_REFUNDS = 50
REASON_BYTES = 80
CARD_BANKS = {
    "CMB_DEBIT": "招商银行",
    "COMM_DEBIT": "交通银行",
    "ABC_DEBIT": "农业银行",
    "CCB_DEBIT": "建设银行",
    "ICBC_DEBIT": "工商银行",
    "BOC_DEBIT": "中国银行",
    "PAB_DEBIT": "平安银行",
    "SPDB_DEBIT": "浦发银行",
    "CITIC_DEBIT": "中信银行",
    "CEB_DEBIT": "光大银行",
    "CMBC_DEBIT": "民生银行",
    "CIB_DEBIT": "兴业银行",
    "GDB_DEBIT": "广发银行",
    "PSBC_DEBIT": "邮储银行",
    "NBCB_DEBIT": "宁波银行",
}


def check_fields(account: Account, wanted: RefundRequest) -> None:
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
        number, message = NO_SUB_MCHID
        raise param_error("/sub_mchid", "required field is missing", message=message, number=number)
    if sub_mchid is not None and not account.subs:
        raise undefined("/sub_mchid", sub_mchid)
    if sub_mchid is not None:
        check_sub(account, sub_mchid)


def check_order(order: Order, wanted: RefundRequest, now: int) -> None:
    if wanted.amount.total != order.total:
        message = "订单金额或退款金额与之前请求不一致，请核实后再试"
        advice = f"amount.total is {wanted.amount.total}: give the order's own total, {order.total} fen."
        raise WxpayError("INVALID_REQUEST", message, advice=advice)
    check_age(order, now)
    if len(order.refunds) >= MOST_REFUNDS:
        advice = f"The order has {MOST_REFUNDS} refunds, and no order can have more."
        raise WxpayError("INVALID_REQUEST", "订单部分退款次数超过限制", advice=advice)
    check_rest(order, wanted.amount.refund)
    if order.refunds and (wait_ms := order.refunds[-1].created_ms + APART_MS - now) > 0:
        advice = f'Refunds of one order are a minute apart: wait {-(-wait_ms // 1000)} s, or move the clock (POST /_sim/clock {{"advance_seconds": 60}}).'
        raise WxpayError("FREQUENCY_LIMITED", "同一笔订单的退款请求需间隔1分钟", advice=advice)


def check_age(order: Order, now: int) -> None:
    if now > (order.paid_ms or 0) + REFUNDABLE_MS:
        paid = china_rfc3339(order.paid_ms or 0)
        advice = f"The order was paid at {paid}, and orders are refunded for 365 days; now it is {china_rfc3339(now)}."
        raise WxpayError("INVALID_REQUEST", "订单已超过可退款的最大期限", advice=advice)


def check_rest(order: Order, amount: int) -> None:
    rest = order.total - order.refunded
    if amount > rest:
        advice = f"{order.refunded} of {order.total} fen are refunded: {rest} fen are left, not {amount}."
        raise WxpayError("INVALID_REQUEST", "申请退款金额超过订单可退金额", advice=advice)


def take(order: Order, amount: int) -> None:
    balances = order.account.balances
    if balances[order.payee] < amount:
        advice = f"{order.payee} has {balances[order.payee]} fen, and the refund takes {amount}."
        raise WxpayError("NOT_ENOUGH", advice=advice)
    balances[order.payee] -= amount


def card_of(account: Account, request: Request, wanted: AbnormalRefundRequest) -> str:
    """The buyer's card as refunds show it: bank, kind, last four digits."""
    for name in ("bank_type", "bank_account", "real_name"):
        if getattr(wanted, name) is UNSET:
            raise param_error(f"/{name}", "required field is missing")
    bank = CARD_BANKS.get(wanted.bank_type or "")
    if bank is None:
        raise param_error("/bank_type", "value is not one of the allowed", value=wanted.bank_type)
    number = reveal(account, request, "/bank_account", wanted.bank_account or "")
    reveal(account, request, "/real_name", wanted.real_name or "")
    return f"{bank}借记卡{number[-4:]}"
