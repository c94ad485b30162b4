"""The file of a trade bill: its columns, its lines, its totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.wxpay.orders import TRADE_TYPES, Order
from vkpay_simulator.providers.wxpay.refunds import Refund

_BEFORE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额"
)
_OF_REFUNDS = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_AFTER = "商品名称,商户数据包,手续费,费率,订单金额"
_COLUMNS = {
    "ALL": f"{_BEFORE},{_OF_REFUNDS},{_AFTER},申请退款金额,费率备注",
    "SUCCESS": f"{_BEFORE},{_AFTER},费率备注",
    "REFUND": f"{_BEFORE},退款申请时间,退款成功时间,{_OF_REFUNDS},{_AFTER},申请退款金额,费率备注",
}
_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
BILL_TYPES = tuple(_COLUMNS)
RATE = "0.60%"
_PAID_AT = "支付时间"  # no bill's column, but what stands in one
_NOT_IN_A_CELL = str.maketrans(",\r\n", "   ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened. Amounts in fen; ``cells`` by column name."""

    at_ms: int
    paid: int = 0
    given_back: int = 0
    fee: int
    cells: dict[str, str]


def lines_of(order: Order) -> Iterable[Line]:
    """Everything that happened to an order's money, on whatever day."""
    if order.paid_ms is not None:
        yield _payment(order, order.paid_ms)
    if order.reversed_ms is not None:
        yield _given_back(order, order.reversed_ms, order.total, {"交易状态": "REVOKED"})
    for refund in order.refunds:
        yield _refund(refund)


def statement(bill_type: str, lines: Sequence[Line]) -> bytes:
    """UTF-8 with a byte order mark; every value but the names is behind a back-tick.

    The time of a line is when it happened, but in a bill of refunds, which has columns for that, when it was paid.
    """
    names = _COLUMNS[bill_type].split(",")
    if bill_type == "REFUND":
        names[names.index("交易时间")] = _PAID_AT
    rows = [_row(line.cells[name] for name in names) for line in lines]
    text = [_COLUMNS[bill_type], *rows, _TOTALS, _totals(lines)]
    return "".join(f"{line}\r\n" for line in text).encode("utf-8-sig")


def _payment(order: Order, at_ms: int) -> Line:
    fee, total = _fee(order.total), _yuan(order.total)
    own = {"应结订单金额": total, "订单金额": total, "手续费": _fee_text(fee)}
    return Line(at_ms=at_ms, paid=order.total, fee=fee, cells=_cells(order, at_ms) | own)


def _refund(refund: Refund) -> Line:
    success = china_text(refund.success_ms) if refund.success_ms else ""
    own = {
        "交易状态": "REFUND",
        "退款申请时间": china_text(refund.created_ms),
        "退款成功时间": success,
        "微信退款单号": refund.refund_id,
        "商户退款单号": refund.request.out_refund_no,
        "退款类型": refund.channel,
        "退款状态": refund.state,
    }
    return _given_back(refund.order, refund.created_ms, refund.amount, own)


def _given_back(order: Order, at_ms: int, amount: int, own: dict[str, str]) -> Line:
    fee = -_fee(amount)
    amounts = {"退款金额": _yuan(amount), "申请退款金额": _yuan(amount), "手续费": _fee_text(fee)}
    return Line(at_ms=at_ms, given_back=amount, fee=fee, cells=_cells(order, at_ms) | amounts | own)


def _cells(order: Order, at_ms: int) -> dict[str, str]:
    """Every column; what a payment or a refund has of its own is still blank or zero."""
    party, request = order.party, order.request
    device = (request.scene_info or None) and request.scene_info.device_id
    return {
        **dict.fromkeys(_COLUMNS["REFUND"].split(","), ""),
        **dict.fromkeys(("应结订单金额", "代金券金额", "退款金额", "充值券退款金额"), "0.00"),
        **dict.fromkeys(("订单金额", "申请退款金额"), "0.00"),
        **dict.fromkeys(("微信退款单号", "商户退款单号"), "0"),
        "交易时间": china_text(at_ms),
        _PAID_AT: china_text(order.paid_ms or 0),
        "公众账号ID": party.appid,
        "商户号": party.mchid,
        "特约商户号": party.sub_mchid or "0",
        "设备号": device or "",
        "微信订单号": order.transaction_id or "",
        "商户订单号": order.out_trade_no,
        "用户标识": order.payer.get("openid") or order.payer.get("sp_openid", ""),
        "交易类型": TRADE_TYPES[order.product],
        "交易状态": "SUCCESS",
        "付款银行": order.bank_type,
        "货币种类": "CNY",
        "商品名称": request.description,
        "商户数据包": request.attach or "",
        "费率": RATE,
    }


def _row(cells: Iterable[str]) -> str:
    return ",".join(f"`{cell.translate(_NOT_IN_A_CELL)}" for cell in cells)


def _totals(lines: Sequence[Line]) -> str:
    paid, given_back = sum(line.paid for line in lines), sum(line.given_back for line in lines)
    fee = sum(line.fee for line in lines)
    return _row(
        [
            str(len(lines)),
            _yuan(paid),
            _yuan(given_back),
            "0.00",
            _fee_text(fee),
            _yuan(paid),
            _yuan(given_back),
        ]
    )


def _fee_text(fee: int) -> str:
    """Five decimals, of which two are used."""
    return f"{_yuan(fee)}000"


def _fee(amount: int) -> int:
    """0.6 %, rounded half up to fen."""
    return (amount * 6 + 500) // 1000


def _yuan(fen: int) -> str:
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"
