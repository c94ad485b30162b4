"""The files of a trade bill: two tables in GBK, packed together."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.alipay.fields import yuan
from vkpay_simulator.providers.alipay.models import Refund, Trade

_DETAIL = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_SUMMARY = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
_NONE = "0.00"
_GUARDED = (0, 1, 2, 6, 7, 8, 9, 10, 19, 21)
_NOT_IN_A_CELL = str.maketrans(",\r\n\t", "    ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A payment, or with its ``refund`` money given back."""

    at_ms: int
    trade: Trade
    refund: Refund | None = None

    @property
    def fen(self) -> int:
        """Negative for a refund."""
        return self.trade.terms.total if self.refund is None else -self.refund.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A day of a seller's, and when its bill was made."""

    seller_pid: str
    day: dt.date
    made_ms: int

    @property
    def account(self) -> str:
        return f"{self.seller_pid}0156"


class _GbkName(zipfile.ZipInfo):
    """A member whose name is written in GBK, without the flag that would say UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own spelling
        return self.filename.encode("gbk"), self.flag_bits


def lines_of(trade: Trade) -> Iterable[Line]:
    """Everything that happened to a trade's money, on whatever day."""
    if trade.paid_ms is not None:
        yield Line(at_ms=trade.paid_ms, trade=trade)
    for refund in trade.refunds.values():
        yield Line(at_ms=refund.at_ms, trade=trade, refund=refund)


def packed(period: Period, lines: Sequence[Line]) -> bytes:
    """The ZIP archive: the table of trades and the table of stores."""
    name = f"{period.account}_{period.day:%Y%m%d}_业务明细"
    detail = [*map(_detail, lines), *_footing(lines)]
    summary = [*_stores(lines), _store_row("合计", lines), _mark("业务汇总列表结束", 40, 37)]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        _add(archive, period, f"{name}.csv", [*_heading(period, "业务明细"), _DETAIL, *detail])
        _add(archive, period, f"{name}(汇总).csv", [*_heading(period, "业务汇总"), _SUMMARY, *summary])
    return file.getvalue()


def _add(archive: zipfile.ZipFile, period: Period, name: str, text: list[str]) -> None:
    """Without the machine's time and system in it, so that the same day is the same bytes everywhere."""
    member = _GbkName(name)
    member.create_system, member.compress_type = 0, zipfile.ZIP_DEFLATED
    lines = [*text, f"#导出时间：[{_chinese(period.made_ms)}]"]
    archive.writestr(member, "".join(f"{line}\r\n" for line in lines).encode("gbk", "replace"))


def _heading(period: Period, table: str) -> list[str]:
    end = period.day + dt.timedelta(days=1)
    first, last = (f"{day:%Y年%m月%d日} 00:00:00" for day in (period.day, end))
    return [
        f"#支付宝{table}查询",
        f"#账号：[{period.account}]",
        f"#起始日期：[{first}]   终止日期：[{last}]",
        _mark(f"{table}列表", 41, 40),
    ]


def _mark(text: str, before: int, after: int) -> str:
    return f"#{'-' * before}{text}{'-' * after}"


def _footing(lines: Sequence[Line]) -> list[str]:
    paid = [line.fen for line in lines if line.refund is None]
    back = [-line.fen for line in lines if line.refund is not None]
    return [
        _mark("业务明细列表结束", 41, 36),
        f"#交易合计：{len(paid)}笔，商家实收共{yuan(sum(paid))}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{_signed(-sum(back))}元，商家优惠退款共0.00元",
    ]


def _detail(line: Line) -> str:
    trade, refund = line.trade, line.refund
    terms, amount = trade.terms, _signed(line.fen)
    return _row(
        [
            trade.trade_no,
            terms.out_trade_no,
            "交易" if refund is None else "退款",
            terms.subject,
            china_text(trade.created_ms),
            china_text(line.at_ms),
            terms.store_id or "",
            "",
            "",
            terms.terminal_id or "",
            trade.payer.logon_id,
            amount,
            amount,
            *[_NONE] * 5,
            "",
            *[_NONE] * 2,
            refund.out_request_no if refund else "",
            *[_NONE] * 2,
            (refund and refund.reason) or "",
        ],
        guarded=_GUARDED,
    )


def _stores(lines: Sequence[Line]) -> Iterable[str]:
    for store in sorted({line.trade.terms.store_id or "" for line in lines}):
        yield _store_row(store, [line for line in lines if (line.trade.terms.store_id or "") == store])


def _store_row(store: str, lines: Sequence[Line]) -> str:
    amount = _signed(sum(line.fen for line in lines))
    refunds = sum(line.refund is not None for line in lines)
    counts = [str(len(lines) - refunds), str(refunds)]
    return _row([store, "", *counts, amount, amount, *[_NONE] * 5, amount])


def _row(cells: Sequence[str], guarded: tuple[int, ...] = ()) -> str:
    """``guarded`` cells end in a tab, which keeps spreadsheets from taking them for numbers."""
    return ",".join(
        cell.translate(_NOT_IN_A_CELL) + ("\t" if place in guarded else "")
        for place, cell in enumerate(cells)
    )


def _signed(fen: int) -> str:
    return f"-{yuan(-fen)}" if fen < 0 else yuan(fen)


def _chinese(ms: int) -> str:
    day, clock = china_text(ms).split(" ")
    year, month, date = day.split("-")
    return f"{year}年{month}月{date}日 {clock}"
