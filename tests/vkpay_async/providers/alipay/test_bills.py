"""The trade bill: asked for, downloaded, unpacked, read."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.errors import ProviderUnavailable, ResourceNotFound, ValidationFailed
from vkpay_async.providers.alipay import bills
from vkpay_async.providers.base import HttpRequest, HttpResponse

DAY = dt.date(2019, 9, 16)
URL = "http://dwbillcenter.alipay.com/downloadBillFile.resource?bizType=trade&fileId=%2Ftrade%2F1&token=ab"
PID = "2088101122136241"
NAMES = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
PAYMENT = (
    "2019091622001458860515315453\t,T1\t,交易,茶叶,2019-09-16 10:41:12,2019-09-16 10:41:20,,,,,854***@qq.com,"
    "0.03,0.03,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,\t,0.00,0.00,"
)
REFUND = (
    "2019091622001458860515315453\t,T1\t,退款,茶叶,2019-09-16 10:41:12,2019-09-16 11:00:00,,,,,854***@qq.com,"
    "-0.01,-0.01,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,R1\t,0.00,0.00,"
)
END = "#-----------------------------------------业务明细列表结束------------------------------------"


def table(*rows: str, names: str = NAMES, end: str = END, account: str = f"{PID}0156") -> str:
    lines = [
        "#支付宝业务明细查询",
        f"#账号：[{account}]",
        "#起始日期：[2019年09月16日 00:00:00]   终止日期：[2019年09月17日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        names,
        *rows,
        end,
        "#交易合计：1笔，商家实收共0.01元，商家优惠共0.00元",
        "",
    ]
    return "\r\n".join(lines)


def archive(detail: str | bytes, *, packing: int = zipfile.ZIP_DEFLATED, only_summary: bool = False) -> bytes:
    """Both members, named in GBK as they are there: the names' bytes are put in afterwards."""
    names = {"summary.": "汇总.", "details.": "明细."}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as opened:
        opened.writestr("summary..csv", "#支付宝业务汇总查询".encode("gbk"))
        if not only_summary:
            opened.writestr("details..csv", detail if isinstance(detail, bytes) else detail.encode("gb18030"))
    content = made.getvalue()
    for name, chinese in names.items():
        raw = chinese.encode("gbk")
        content = content.replace(name.encode(), raw + b"x" * (len(name) - len(raw)))
    return content


def file(body: bytes, status: int = 200) -> Callable[[HttpRequest], HttpResponse]:
    return lambda _request: HttpResponse(status=status, headers={}, body=body)


@pytest.fixture
def read(provider: Any, server: Any, exchange: Any) -> Any:
    """Reads a bill with this archive behind its address."""

    def read(body: bytes, status: int = 200, **answer: str) -> Any:
        read.run = exchange(  # type: ignore[attr-defined]
            lambda request: server.ok(request, bill_download_url=URL, **answer), file(body, status)
        )
        return read.run(provider.trade_bill(DAY))  # type: ignore[attr-defined]

    return read


def test_a_bill(read: Any, server: Any) -> None:
    payment, refund = read(archive(table(PAYMENT, REFUND)))
    asked, downloaded = read.run.requests
    assert server.params(asked)["method"] == "alipay.data.dataservice.bill.downloadurl.query"
    assert server.biz(asked) == {"bill_type": "trade", "bill_date": "2019-09-16"}
    assert (asked.moves_money, asked.repeatable) == (False, True)
    assert downloaded == HttpRequest(
        method="GET",
        url=URL,
        operation="alipay.download_bill",
        timeout_ms=120_000,
        max_response=64 * 1024 * 1024,
    )
    assert (payment.kind, payment.state, payment.amount, payment.out_refund_no) == (
        "payment",
        "交易",
        3,
        None,
    )
    assert (payment.transaction_id, payment.out_trade_no) == ("2019091622001458860515315453", "T1")
    assert (payment.time_ms, payment.mch_id, payment.appid) == (1_568_601_680_000, PID, None)
    assert (refund.kind, refund.state, refund.amount, refund.out_refund_no) == ("refund", "退款", 1, "R1")
    assert refund.raw["对方账户"] == "854***@qq.com"


def test_a_nodes_own_longer_timeout_counts(make: Any, key_node: Any, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.ok(request, bill_download_url=URL), file(archive(table())))
    assert run(make(key_node, timeout=300_000).trade_bill(DAY)) == ()
    assert run.requests[1].timeout_ms == 300_000


def test_a_day_without_transactions(provider: Any, server: Any, exchange: Any) -> None:
    for answer in (
        lambda request: server.ok(request, bill_download_url=URL, bill_file_code="EMPTY_DATA_WITH_BILL_FILE"),
        lambda request: server.refusal(request, "NO_BILL_DATA"),
    ):
        assert exchange(answer)(provider.trade_bill(DAY)) == ()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("BILL_NOT_EXIST", ResourceNotFound),
        ("INVAILID_ARGUMENTS", ValidationFailed),
        ("BILL_DATE_BEFORE_REGISTRATION", ValidationFailed),
        ("UNKNOWN_ERROR", ProviderUnavailable),
    ],
)
def test_other_refusals_are_no_empty_bills(
    provider: Any, server: Any, exchange: Any, code: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=code):
        exchange(lambda request: server.refusal(request, code))(provider.trade_bill(DAY))


def test_what_is_not_known_is_left_alone(read: Any) -> None:
    (row,) = read(archive(table(f"{PAYMENT},newer", names=f"{NAMES},更新")), bill_file_code="SOMETHING_NEW")
    assert (row.amount, row.raw["更新"]) == (3, "newer")


def test_commas_in_the_name_of_the_goods(read: Any) -> None:
    (row,) = read(archive(table(PAYMENT.replace("茶叶", "茶, 绿, 500 g"))))
    assert (row.amount, row.raw["商品名称"]) == (3, "茶, 绿, 500 g")


def test_goods_may_be_missing(read: Any) -> None:
    names, payment = NAMES.replace("商品名称,", ""), PAYMENT.replace("茶叶,", "")
    assert read(archive(table(payment, names=names)))[0].amount == 3
    with pytest.raises(ProviderUnavailable, match="line 6: 25 values, and the table has 24 columns"):
        read(archive(table(PAYMENT, names=names)))


def test_an_account_that_is_not_named(read: Any) -> None:
    assert read(archive(table(PAYMENT, account="?")))[0].mch_id is None


def test_the_packings_that_are_known(read: Any) -> None:
    assert len(read(archive(table(PAYMENT), packing=zipfile.ZIP_STORED))) == 1
    with pytest.raises(ProviderUnavailable, match="packed in a way that is not known"):
        read(archive(table(PAYMENT), packing=zipfile.ZIP_BZIP2))


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (archive(table()), 403, "HTTP status 403"),
        (b"<html>", 200, "no ZIP archive"),
        (archive(table(PAYMENT))[:-30], 200, "no ZIP archive"),
        (archive("", only_summary=True), 200, "no table of trades in it"),
        (archive(b"#\xff"), 200, "decode"),
        (archive(""), 200, "line 1: the table has no beginning or no end"),
        (archive(table(PAYMENT, end="")), 200, "the table has no beginning or no end"),
        (archive(table(names=NAMES.replace("完成", "终"))), 200, "the table has no 完成时间"),
        (
            archive(table(PAYMENT, REFUND.replace("退款,", "分账,"))),
            200,
            "line 7: 业务类型 '分账' is none of",
        ),
        (
            archive(table(PAYMENT.replace("10:41:20", "noon"))),
            200,
            "line 6: 完成时间 '2019-09-16 noon' is no",
        ),
        (archive(table(PAYMENT.replace("0.03,0.03", "一,0.03"))), 200, "line 6: not an amount in yuan"),
        (archive(table(PAYMENT + ",a,b")), 200, "line 6: 完成时间"),
        (archive(table("1,2")), 200, "line 6: 2 values, and the table has 25 columns"),
    ],
)
def test_what_cannot_be_read_is_named(read: Any, body: bytes, status: int, told: str) -> None:
    with pytest.raises(ProviderUnavailable, match=told) as unreadable:
        read(body, status)
    assert "report this text" in unreadable.value.advice


def test_a_file_that_would_fill_the_memory(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "LARGEST_TABLE", 1000)
    with pytest.raises(ProviderUnavailable, match="larger than 1000 bytes when unpacked"):
        read(archive(table(*[PAYMENT] * 10)))


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data: Any) -> None:
    body = bytearray(archive(table(PAYMENT, REFUND)))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProviderUnavailable):
        bills._read(HttpResponse(status=200, headers={}, body=bytes(body)))


def test_an_encrypted_archive(read: Any) -> None:
    body = bytearray(archive(table(PAYMENT)))
    entry = body.rindex(b"PK\x01\x02")
    struct.pack_into("<H", body, entry + 8, 1)
    local = body.index(b"PK\x03\x04", 10)
    struct.pack_into("<H", body, local + 6, 1)
    with pytest.raises(ProviderUnavailable, match="no ZIP archive"):
        read(bytes(body))
