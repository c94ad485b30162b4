"""The table of a bill: its columns and its lines."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.huawei.orders import Order
from vkpay_simulator.providers.huawei.refunds import Refund

_TRADE = (
    *(
        "商户名称",
        "商户号",
        "交易创建时间",
        "交易完成时间",
        "系统交易订单号",
        "商户订单号",
        "交易状态",
        "交易类型",
    ),
    *(
        "产品实例编号",
        "产品名称",
        "银行名称",
        "卡类型",
        "交易币种",
        "交易金额(元)",
        "订单金额(元)",
        "优惠金额(元)",
        "手续费金额(元)",
    ),
    *(
        "合作方商户号",
        "合作方商户名称",
        "原系统交易订单号",
        "原商户订单号",
        "商户预留信息",
        "AppID",
        "用户标识",
    ),
)
COLUMNS = {
    "trade-bill": _TRADE,
    "settle-bill": (*_TRADE, "结算单号", "结算日", "结算金额(元)", "手续费收取方式", "分账类型"),
}
BANKS = {"AGMT": "模拟银行"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened. ``net`` is what the merchant gets, in fen; ``cells`` by column name."""

    at_ms: int
    net: int
    cells: dict[str, str]


def lines_of(order: Order) -> Iterable[Line]:
    """Everything that happened to an order's money, on whatever day."""
    if order.finished_ms is None:
        return
    paid = order.state == "SUCCESS"
    fee = _fee(order.total) if paid else 0
    yield Line(
        at_ms=order.finished_ms,
        net=order.total - fee if paid else 0,
        cells=_cells(order)
        | {
            "交易创建时间": _slashed(order.created_ms),
            "交易完成时间": _slashed(order.finished_ms),
            "系统交易订单号": order.number or "",
            "商户订单号": order.merc_order_no,
            "交易状态": "成功" if paid else "失败",
            "交易类型": "收单",
            "交易金额(元)": _yuan(order.total),
            "订单金额(元)": _yuan(order.total),
            "优惠金额(元)": _yuan(order.promotion),
            "手续费金额(元)": _yuan(fee),
            "商户预留信息": order.request.payload or "",
        },
    )
    for refund in order.refunds:
        if refund.finished_ms is not None:
            yield _refund(refund, refund.finished_ms)


def statement(columns: Sequence[str], lines: Sequence[Line], day: dt.date) -> bytes:
    """CSV in UTF-8 with a byte order mark."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(columns)
    settled = (day + dt.timedelta(days=1)).strftime("%Y/%m/%d")
    for number, line in enumerate(lines, 1):
        own = {
            "结算单号": f"S{day:%Y%m%d}{number:08d}",
            "结算日": settled,
            "结算金额(元)": _yuan(line.net),
            "手续费收取方式": "实收",
            "分账类型": "不分账",
        }
        cells = line.cells | own
        table.writerow([cells[name] for name in columns])
    return text.getvalue().encode("utf-8-sig")


def _refund(refund: Refund, at_ms: int) -> Line:
    done = refund.state == "REFUND_SUCCESS"
    fee = _fee(refund.amount) if done else 0
    order = refund.order
    return Line(
        at_ms=at_ms,
        net=fee - refund.amount if done else 0,
        cells=_cells(order)
        | {
            "交易创建时间": _slashed(refund.created_ms),
            "交易完成时间": _slashed(at_ms),
            "系统交易订单号": refund.number,
            "商户订单号": refund.request.mercRefundOrderNo,
            "交易状态": "成功" if done else "失败",
            "交易类型": "退款",
            "交易金额(元)": _yuan(refund.amount),
            "订单金额(元)": _yuan(refund.amount),
            "优惠金额(元)": _yuan(refund.amount - refund.from_payer),
            "手续费金额(元)": _yuan(-fee),
            "原系统交易订单号": order.number or "",
            "原商户订单号": order.merc_order_no,
            "商户预留信息": refund.request.payload or "",
        },
    )


def _cells(order: Order) -> dict[str, str]:
    """Every column of a trade bill; what a payment or a refund has of its own is still blank."""
    sub = order.account.subs.get(order.party.sub_merc_no or "")
    return {
        **dict.fromkeys(_TRADE, ""),
        "商户名称": sub.name if sub else order.account.name,
        "商户号": order.payee,
        "产品名称": "元服务支付" if order.product == "fa" else "App支付",
        "银行名称": BANKS.get(order.tool, ""),
        "卡类型": "借记卡" if order.tool in BANKS else "",
        "交易币种": "CNY",
        "合作方商户号": order.party.merc_no if sub else "",
        "合作方商户名称": order.account.name if sub else "",
        "AppID": order.party.sub_app_id or order.party.app_id,
        "用户标识": order.open_id or "",
    }


def _slashed(ms: int) -> str:
    return china_text(ms).replace("-", "/")


def _fee(amount: int) -> int:
    """0.6 %, rounded half up to fen."""
    return (amount * 6 + 500) // 1000


def _yuan(fen: int) -> str:
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"
