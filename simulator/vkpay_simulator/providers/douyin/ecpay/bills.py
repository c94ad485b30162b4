"""The day's bills as CSV: payments, settlements, refunds, and the movements of money."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from vkpay_simulator.clock import CHINA, Clock, china_text
from vkpay_simulator.providers.douyin.accounts import CHANNELS, App
from vkpay_simulator.providers.douyin.ecpay.gate import Call
from vkpay_simulator.providers.douyin.ecpay.notify import detail
from vkpay_simulator.providers.douyin.errors import Refusal, ecpay_refusal
from vkpay_simulator.providers.douyin.money import DAY_MS, Order, Refund, Settlement
from vkpay_simulator.providers.douyin.states import SUCCESS

MADE_AFTER_MS = 10 * 3_600_000
PAID = (
    "支付时间",
    "商户号",
    "openId",
    "订单号",
    "平台订单号",
    "渠道订单号",
    "订单金额",
    "支付方式",
    "支付状态",
)
SETTLED = ("分账单号", "分账状态", "分账方和分账金额", "技术服务费", "抽佣金额")
REFUNDED = ("退款类型", "退款单号", "平台退款单号", "退款状态", "退款完成时间", "退款金额")
MOVED = ("入账时间", "商户号", "业务类型", "收支类型", "平台单号", "金额", "资金账户")
WAYS = {1: "微信", 2: "支付宝", 10: "抖音支付"}

Row: TypeAlias = tuple[int, Sequence[object]]
Rows: TypeAlias = Iterable[Row]


class Bills:
    """A bill of a day is there from 10:00 of the day after on."""

    def __init__(self, clock: Clock, orders: Callable[[App], Iterable[Order]]) -> None:
        self._clock = clock
        self._orders = orders

    def trade(self, call: Call) -> bytes:
        """``bill_date=yyyyMMdd&bill_type=payment|settle|refund``."""
        _check_merchant(call, "merchant_id")
        return self.of_day(call.app, _kind(call), self._day(call.values.get("bill_date")))

    def old(self, call: Call) -> bytes:
        """``start_date=yyyyMMdd&end_date=yyyyMMdd``, both included."""
        _check_merchant(call, "seller")
        start, end = (self._day(call.values.get(name)) for name in ("start_date", "end_date"))
        if end < start:
            raise bad("end_date is before start_date", "Exchange start_date and end_date.")
        days = (end - start).days + 1
        return self._file(call.app, _kind(call), start, days)

    def funds(self, call: Call) -> bytes:
        """Every movement of the merchant's money that the orders tell of."""
        _check_merchant(call, "merchant_id")
        day = self._day(call.values.get("bill_date"))
        rows = [row for order in self._orders(call.app) for row in _movements(order)]
        return _csv(("序号", *MOVED), _within(rows, day, 1))

    def of_day(self, app: App, kind: str, day: dt.date) -> bytes:
        return self._file(app, kind, day, 1)

    def day(self, text: object) -> dt.date:
        """A day that has a bill. Raises :class:`Refusal`."""
        return self._day(text)

    def _file(self, app: App, kind: str, day: dt.date, days: int) -> bytes:
        headings, rows_of = TABLES[kind]
        rows = [row for order in self._orders(app) for row in rows_of(order)]
        return _csv(("序号", *headings), _within(rows, day, days))

    def _day(self, text: object) -> dt.date:
        try:
            day = dt.datetime.strptime(str(text), "%Y%m%d").replace(tzinfo=CHINA).date()
        except ValueError:
            raise bad("参数bill_date不合法", "A day is written as 20260131.") from None
        now = self._clock.now()
        if now < _start_ms(day) + DAY_MS + MADE_AFTER_MS:
            why = f"The bill of {day} is ready at 10:00 of the day after: it is {china_text(now)}. POST /_sim/clock."
            raise bad("账单未生成", why)
        return day


def bad(tips: str, why: str) -> Refusal:
    return ecpay_refusal(1, tips, why=why)


def _check_merchant(call: Call, name: str) -> None:
    if call.values.get(name) != call.app.mch_id:
        raise bad(f"参数{name}不合法", f"{name} is not the app's merchant: that is {call.app.mch_id}.")


def _kind(call: Call) -> str:
    kind = call.values.get("bill_type")
    if kind not in TABLES:
        raise bad("参数bill_type不合法", f"bill_type is one of {', '.join(TABLES)}.")
    return str(kind)


def _start_ms(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp() * 1000)


def _within(rows: Rows, day: dt.date, days: int) -> list[Sequence[object]]:
    start = _start_ms(day)
    return [row for at, row in sorted(rows, key=lambda one: one[0]) if start <= at < start + days * DAY_MS]


def _csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([number, *row] for number, row in enumerate(rows, 1))
    return text.getvalue().encode()


def _payments(order: Order) -> Rows:
    if order.paid_ms is not None:
        yield order.paid_ms, _paid(order, order.paid_ms)


def _paid(order: Order, paid_ms: int) -> Sequence[object]:
    return (
        china_text(paid_ms),
        order.app.mch_id,
        "",
        order.number,
        order.order_id,
        order.channel_no,
        order.total,
        WAYS.get(order.way, "其他"),
        order.state,
    )


def _settlements(order: Order) -> Rows:
    for one in order.settlements.values():
        if one.done_ms is not None and order.paid_ms is not None:
            yield one.done_ms, (*_paid(order, order.paid_ms), one.number, one.state, detail(one), one.rake, 0)


def _refunds(order: Order) -> Rows:
    for one in order.refunds.values():
        if one.done_ms is not None and order.paid_ms is not None:
            yield one.done_ms, (*_paid(order, order.paid_ms), *_refunded(one, one.done_ms))


def _refunded(one: Refund, done_ms: int) -> Sequence[object]:
    kind = "结算后退款" if one.after_settlement else "结算前退款"
    return kind, one.number, one.refund_id, one.state, china_text(done_ms), one.amount


def _movements(order: Order) -> Rows:
    if order.paid_ms is None:
        return
    channel = CHANNELS.get(order.way, "hz")

    def line(at_ms: int, what: str, way: str, number: str, amount: int) -> Row:
        return at_ms, (china_text(at_ms), order.app.mch_id, what, way, number, amount, channel)

    yield line(order.paid_ms, "支付", "收入", order.order_id, order.total)
    for refund in order.refunds.values():
        if refund.state == SUCCESS and refund.done_ms is not None:
            yield line(refund.done_ms, "退款", "支出", refund.refund_id, refund.amount)
    for one in order.settlements.values():
        if one.state == SUCCESS and one.done_ms is not None:
            yield line(one.done_ms, "结算", "支出", one.settle_id, _left(one))


def _left(one: Settlement) -> int:
    """What went to others: the receivers, and Douyin."""
    return one.shared + one.rake


TABLES: dict[str, tuple[Sequence[str], Callable[[Order], Rows]]] = {
    "payment": (PAID, _payments),
    "settle": ((*PAID, *SETTLED), _settlements),
    "refund": ((*PAID, *REFUNDED), _refunds),
}
