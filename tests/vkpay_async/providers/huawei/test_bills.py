"""Bills: asked for, fetched with the headers of the answer, unpacked, read."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest

from tests.vkpay_async.providers.huawei.conftest import NOW_MS, Exchange, Platform
from vkpay_async.errors import PermissionRefused, ProviderError, ProviderUnavailable
from vkpay_async.providers.base import HttpResponse

DAY = dt.date(2025, 12, 30)
COLUMNS = (
    "商户名称,商户号,交易创建时间,交易完成时间,系统交易订单号,商户订单号,交易状态,交易类型,产品实例编号,产品名称,银行名称,卡类型,"
    "交易币种,交易金额(元),订单金额(元),优惠金额(元),手续费金额(元),合作方商户号,合作方商户名称,原系统交易订单号,原商户订单号,"
    "商户预留信息,AppID,用户标识"
)
PAID = "茶店,101,2025/12/30 10:00:00,2025/12/30 10:00:05,124,T1,成功,收单,,,,,CNY,10.00,10.00,0.00,0.06,,,,,,5765,MDF"
BACK = "茶店,101,2025/12/30 11:00:00,2025/12/30 11:00:05,125,T1-1,成功,退款,,,,,CNY,4.00,4.00,0.00,-0.02,,,124,T1,,5765,MDF"
OTHER = (
    "茶店,101,2025/12/30 12:00:00,2025/12/30 12:00:05,126,W1,成功,商户提现,,,,,CNY,9.00,9.00,0.00,0.00,,,,,,,"
)
FAILED = (
    "茶店,101,2025/12/30 13:00:00,2025/12/30 13:00:05,127,T2,失败,收单,,,,,CNY,8.00,8.00,0.00,0.00,,,,,,5765,"
)
HEADERS = {"Authorization": "AWS4-HMAC-SHA256 x", "Host": "obs.example", "connection": "keep-alive"}


def packed(*lines: str, encoding: str = "utf-8-sig", name: str = "bill.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "\r\n".join([*lines, ""]).encode(encoding))
    return file.getvalue()


def asked(
    platform: Platform, url: str = "https://obs.example/b.zip?x=1", method: str = "GET"
) -> HttpResponse:
    param = {"headers": HEADERS, "method": method, "downloadUrl": url}
    return platform.answer(resultDesc="Success", billDownloadParam=param)


def file(body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, headers={}, body=body)


def test_a_trade_bill(provider: Any, platform: Platform, run: Exchange) -> None:
    body = packed(COLUMNS, PAID, BACK, OTHER, FAILED)
    rows = run(provider.trade_bill(DAY), asked(platform), file(body))
    wanted, download = run.requests
    assert wanted.url.endswith("/api/v1/bill/trade-bill/downloadInfo?billDate=20251230")
    platform.read(wanted)
    assert (download.method, download.url) == ("GET", "https://obs.example/b.zip?x=1")
    assert download.headers == HEADERS
    assert [(row.kind, row.out_trade_no, row.transaction_id, row.amount) for row in rows] == [
        ("payment", "T1", "124", 1000),
        ("refund", "T1", "124", 400),
    ]
    payment, refund = rows
    assert (payment.out_refund_no, payment.refund_id) == (None, None)
    assert (refund.out_refund_no, refund.refund_id, refund.state) == ("T1-1", "125", "SUCCESS")
    assert payment.time_ms == int(dt.datetime(2025, 12, 30, 2, 0, 5, tzinfo=dt.UTC).timestamp()) * 1000
    assert (payment.mch_id, payment.appid, payment.raw["用户标识"]) == ("101", "5765", "MDF")


def test_a_settlement_bill(provider: Any, platform: Platform, run: Exchange) -> None:
    body = packed(f"{COLUMNS},结算金额(元)", f"{PAID},9.94", f"{OTHER},0.00")
    rows = run(provider.settle_bill(DAY), asked(platform), file(body))
    assert "/settle-bill/" in run.requests[0].url
    assert [row["结算金额(元)"] for row in rows] == ["9.94", "0.00"]


def test_a_service_providers_bill(make_provider: Any, platform: Platform, run: Exchange) -> None:
    provider = make_provider(sub_merchants=[{"subMchid": "102"}])
    assert run(provider.trade_bill(DAY), platform.answer()) == ()
    assert "/api/v1/partner/bill/trade-bill/" in run.request.url
    assert run(provider.settle_bill(DAY), platform.answer()) == ()


def test_numbers_kept_from_a_spreadsheet_and_another_encoding(
    provider: Any, platform: Platform, run: Exchange
) -> None:
    line = PAID.replace(",124,", ",\t124,").replace(",T1,", ",`T1,").replace("茶店", '"茶,店"')
    (row,) = run(provider.trade_bill(DAY), asked(platform), file(packed(COLUMNS, line, encoding="gb18030")))
    assert (row.transaction_id, row.out_trade_no, row.raw["商户名称"]) == ("124", "T1", "茶,店")


def midnight(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.timezone(dt.timedelta(hours=8))).timestamp()) * 1000


@pytest.mark.parametrize(("kind", "hour"), [("trade_bill", 9), ("settle_bill", 15)])
def test_no_bill_is_not_always_an_empty_one(
    provider: Any, platform: Platform, run: Exchange, clock: Any, kind: str, hour: int
) -> None:
    after = midnight(DAY + dt.timedelta(days=1))
    for ms, ready in (
        (after - 1, True),
        (after, False),
        (after + hour * 3_600_000 - 1, False),
        (NOW_MS, True),
    ):
        clock.ms = ms
        if ready:
            assert run(getattr(provider, kind)(DAY), platform.answer()) == ()
        else:
            with pytest.raises(ProviderUnavailable, match=f"made at {hour:02d}:00 of the day after"):
                run(getattr(provider, kind)(DAY), platform.answer())


def test_the_switch_in_the_portal(provider: Any, platform: Platform, run: Exchange) -> None:
    with pytest.raises(PermissionRefused, match="switch settlement bills on"):
        run(provider.settle_bill(DAY), platform.refusal("BILL_SWITCH_NOT_TURN_ON"))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"no zip", "cannot be unpacked"),
        (packed(COLUMNS, PAID)[:-30], "cannot be unpacked"),
        (packed(COLUMNS, name="bill.pdf"), "0 tables in the file"),
        (packed("a,b", "1,2"), "the table has no 商户号"),
        (packed(COLUMNS, PAID, "1,2"), "line 3: 2 values, and the table has 24 columns"),
        (packed(COLUMNS, PAID.replace("10.00", "ten")), "line 2: not an amount in yuan"),
        (packed(COLUMNS, PAID.replace("10:00:05", "later")), "line 2: time data"),
        (packed(COLUMNS, '"' + PAID), "unexpected end of data"),
    ],
)
def test_a_file_that_cannot_be_read(
    provider: Any, platform: Platform, run: Exchange, body: bytes, text: str
) -> None:
    with pytest.raises(ProviderUnavailable, match=text):
        run(provider.trade_bill(DAY), asked(platform), file(body))


def test_a_file_that_would_fill_the_memory(
    provider: Any, platform: Platform, run: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vkpay_async.providers.huawei.bills.LARGEST_TABLE", 100)
    with pytest.raises(ProviderUnavailable, match="larger than 100 bytes"):
        run(provider.trade_bill(DAY), asked(platform), file(packed(COLUMNS, PAID)))


@pytest.mark.parametrize(("status", "kind"), [(403, ProviderError), (503, ProviderUnavailable)])
def test_a_file_that_is_not_given(
    provider: Any, platform: Platform, run: Exchange, status: int, kind: type[ProviderError]
) -> None:
    with pytest.raises(kind, match=f"HTTP_{status}"):
        run(provider.trade_bill(DAY), asked(platform), file(b"", status))


@pytest.mark.parametrize(
    ("url", "method"), [("http://obs.example/x", "GET"), ("file:///etc/passwd", "GET"), ("https://x/", "PUT")]
)
def test_an_address_that_is_not_called(
    provider: Any, platform: Platform, run: Exchange, url: str, method: str
) -> None:
    with pytest.raises(ProviderUnavailable, match="not one to be called"):
        run(provider.trade_bill(DAY), asked(platform, url, method))
    assert len(run.requests) == 1


def test_a_simulators_address(make_provider: Any, platform: Platform, run: Exchange) -> None:
    provider = make_provider(base_url="http://127.0.0.1:9200")
    rows = run(
        provider.trade_bill(DAY), asked(platform, "http://127.0.0.1:9200/b.zip"), file(packed(COLUMNS))
    )
    assert rows == ()
