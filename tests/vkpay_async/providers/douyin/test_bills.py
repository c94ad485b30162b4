"""Bills: tables of what happened to money on a day."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.vkpay_async.providers.douyin.conftest import (
    APP_ID,
    MCH_ID,
    ecpay_sign,
    exchange,
    no,
    ok,
    raw_response,
)
from vkpay_async.errors import ProviderUnavailable, ValidationFailed
from vkpay_async.providers.douyin.provider import DouyinProvider

DAY = dt.date(2023, 11, 15)
PAID = "序号,支付时间,商户号,openId,订单号,平台订单号,渠道订单号,订单金额,支付方式,支付状态"
REFUNDED = f"{PAID},退款类型,退款单号,平台退款单号,退款状态,退款完成时间,退款金额"
PAYMENT = "1,2023-11-15 06:13:20,71,,T1,73,42,1990,微信,SUCCESS"
REFUND = f"{PAYMENT},结算前退款,T1-1,69,SUCCESS,2023-11-15 06:13:19,500"
TIME = 1_700_000_000_000


def bill(*lines: str, mark: bytes = b"", end: str = "\r\n") -> Any:
    return raw_response(mark + end.join(lines).encode())


def rows(provider: DouyinProvider, payments: Any, refunds: Any) -> Any:
    return exchange(payments, refunds)(provider.trade_bill(DAY))


def test_two_bills_are_one(provider: DouyinProvider) -> None:
    run = exchange(bill(PAID, PAYMENT), bill(REFUNDED, REFUND))
    refund, payment = run(provider.trade_bill(DAY))
    assert (payment.kind, payment.out_trade_no, payment.transaction_id) == ("payment", "T1", "73")
    assert (payment.amount, payment.state, payment.time_ms, payment.mch_id) == (1990, "SUCCESS", TIME, "71")
    assert (refund.kind, refund.out_refund_no, refund.refund_id) == ("refund", "T1-1", "69")
    assert (refund.amount, refund.state, refund.time_ms) == (500, "SUCCESS", TIME - 1000)
    assert refund.raw["退款类型"] == "结算前退款"
    for request, kind in zip(run.requests, ("payment", "refund"), strict=True):
        assert request.method == "GET"
        query = dict(parse_qsl(urlsplit(request.url).query))
        assert query.pop("sign") == ecpay_sign(query)
        assert query == {"app_id": APP_ID, "merchant_id": MCH_ID, "bill_date": "20231115", "bill_type": kind}
        assert request.max_response > 10**7


def test_marks_quotes_and_columns_of_tomorrow(provider: DouyinProvider) -> None:
    head = f"新列,{PAID}"
    line = '"a,b",1,2023-11-15 06:13:20,`71,,`T1,\'73\t,42, 1990 ,微信,SUCCESS'
    (row,) = rows(provider, bill(head, line, "", mark=b"\xef\xbb\xbf", end="\n"), bill(REFUNDED))
    assert (row.out_trade_no, row.transaction_id, row.amount, row.mch_id) == ("T1", "73", 1990, "71")
    assert row.raw["新列"] == "a,b"


def test_a_bill_in_yuan_is_told_by_its_points(provider: DouyinProvider) -> None:
    """The documents leave the unit open: one amount with a point, and all are yuan."""
    other = PAYMENT.replace(",T1,", ",T2,").replace(",1990,", ",20,")
    found = rows(provider, bill(PAID, PAYMENT.replace(",1990,", ",19.90,"), other), bill(REFUNDED, REFUND))
    assert {(row.out_trade_no, row.amount) for row in found} == {("T1", 1990), ("T2", 2000), ("T1", 500)}


def test_a_day_on_which_nothing_happened(provider: DouyinProvider) -> None:
    assert rows(provider, bill(PAID), bill(REFUNDED)) == ()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([""], "empty"),
        (["a,b"], "the table has no 支付时间, 商户号"),
        ([PAID, "1,2"], "line 2: 2 values, and the table has 10"),
        ([PAID, PAYMENT, PAYMENT.replace(",1990,", ",x,")], "line 3: 'x' is no amount"),
        ([PAID, PAYMENT.replace(",1990,", ",1.999,")], "line 2"),
        ([PAID, PAYMENT.replace("2023-11-15 06", "soon")], "支付时间 'soon"),
    ],
)
def test_what_cannot_be_read_is_named(provider: DouyinProvider, lines: list[str], why: str) -> None:
    with pytest.raises(ProviderUnavailable, match=why) as caught:
        rows(provider, bill(*lines), bill(REFUNDED))
    assert caught.value.code == "INVALID_BILL"


def test_what_is_no_text(provider: DouyinProvider) -> None:
    with pytest.raises(ProviderUnavailable, match="INVALID_BILL"):
        rows(provider, raw_response(b"\xff\xfe"), bill(REFUNDED))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (no(1, "账单未生成"), ValidationFailed),
        (no(2008), Exception),
        (raw_response(b"{"), ProviderUnavailable),
        (raw_response(b"", 502), ProviderUnavailable),
        (ok(), ProviderUnavailable),
    ],
)
def test_why_there_is_none(provider: DouyinProvider, response: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        exchange(response)(provider.trade_bill(DAY))


def test_lines_of_any_bill(provider: DouyinProvider) -> None:
    run = exchange(bill("a,b", "1,2", "3,4"))
    found = run(provider.bill_lines("settle", DAY))
    assert [dict(line) for line in found] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert "bill_type=settle" in run.last.url


class TestTradeSystem:
    def test_a_bill_is_files_behind_addresses(self, trades: DouyinProvider) -> None:
        addresses = ok(data={"bill_list": ["https://files.test/1", "https://files.test/2"]})
        second = PAYMENT.replace(",T1,", ",T2,")
        run = exchange(addresses, bill(PAID, PAYMENT), bill(PAID, second), ok(data={"bill_list": []}))
        found = run(trades.trade_bill(DAY))
        assert [row.out_trade_no for row in found] == ["T1", "T2"]
        urls = [request.url for request in run.requests]
        assert urls[1] == "https://open.douyin.com/api/apps/v3/bills/"
        assert urls[2:4] == ["https://files.test/1", "https://files.test/2"]
        assert "access-token" not in run.requests[2].headers

    @pytest.mark.parametrize("url", ["http://files.test/1", "file:///etc/passwd", ""])
    def test_an_address_that_is_not_one_to_be_called(self, trades: DouyinProvider, url: str) -> None:
        with pytest.raises(ProviderUnavailable, match="not one to be called"):
            exchange(ok(data={"bill_list": [url]}))(trades.trade_bill(DAY))

    def test_a_file_that_is_gone(self, trades: DouyinProvider) -> None:
        with pytest.raises(ProviderUnavailable, match="404"):
            exchange(ok(data={"bill_list": ["https://files.test/1"]}), raw_response(b"", 404))(
                trades.trade_bill(DAY)
            )
