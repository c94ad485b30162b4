"""The trade bill: asked for, downloaded, compared with its hash, read."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.errors import ProviderUnavailable, SignatureInvalid, VKPayError
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.wxpay import bills

DAY = dt.date(2019, 2, 19)
URL = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=x_y-Z%3D&tartype=gzip"
NAMES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
PAYMENT = (
    "`2019-02-19 13:51:50,`wxab8acd895ab1638a,`1921000401,`0,`,`4200000263201902167700131367,"
    "`autotest_20190219135148_14532,`wxab8acb8615bb1637e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.03,`0.01,`0,`0,`0.00,`0.00,`,`,"
    "`autotest,`,`0.01000,`39.00%,`0.03,`0.00,`"
)
REFUND = (
    "`2019-02-19 14:00:00,`wxab8acd895ab1638a,`1921000401,`0,`,`4200000263201902167700131367,"
    "`autotest_20190219135148_14532,`wxab8acb8615bb1637e,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,"
    "`50000305742018020103387128253,`R-1,`0.01,`0.00,`ORIGINAL,`PROCESSING,`tea, black, 500 g,`,`-0.00100,`39.00%,`0.00,`0.02,`"
)
TOTALS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
    "`45.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.14"
)


def table(*rows: str, names: str = NAMES, totals: str = TOTALS) -> bytes:
    return "\r\n".join([names, *rows, totals, ""]).encode("utf-8-sig")


def address(platform: Any, text: bytes, **changed: str) -> HttpResponse:
    digest = hashlib.sha1(text).hexdigest()
    answer: HttpResponse = platform.answer(
        {"hash_type": "SHA1", "hash_value": digest, "download_url": URL, **changed}
    )
    return answer


def file(body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, headers={"request-id": "08F2"}, body=body)


@pytest.fixture
def read(provider: Any, platform: Any, run: Any) -> Any:
    """Reads a bill with these bytes in it."""

    def read(text: bytes) -> Any:
        return run(provider.trade_bill(DAY), address(platform, text), file(gzip.compress(text)))

    return read


def test_a_bill(provider: Any, platform: Any, run: Any, read: Any) -> None:
    payment, refund = read(table(PAYMENT, REFUND))
    asked, downloaded = run.requests
    assert asked.url == (
        "https://api.mch.weixin.qq.com/v3/bill/tradebill?bill_date=2019-02-19&bill_type=ALL&tar_type=GZIP"
    )
    assert (platform.read(asked), platform.read(downloaded)) == (None, None)
    assert (downloaded.method, downloaded.url) == ("GET", URL)
    assert (downloaded.operation, downloaded.moves_money) == ("wxpay.download_bill", False)
    assert (downloaded.max_response, downloaded.timeout_ms) == (64 * 1024 * 1024, 120_000)
    assert (payment.kind, payment.state, payment.amount) == ("payment", "SUCCESS", 3)
    assert (payment.transaction_id, payment.out_trade_no) == (
        "4200000263201902167700131367",
        "autotest_20190219135148_14532",
    )
    assert (payment.out_refund_no, payment.refund_id, payment.time_ms) == (None, None, 1_550_555_510_000)
    assert (payment.appid, payment.mch_id) == ("wxab8acd895ab1638a", "1921000401")
    assert (refund.kind, refund.state, refund.amount) == ("refund", "PROCESSING", 2)
    assert (refund.out_refund_no, refund.refund_id) == ("R-1", "50000305742018020103387128253")
    assert refund.raw["商品名称"] == "tea, black, 500 g"
    assert (len(refund.raw), list(refund.raw)) == (27, NAMES.split(","))
    assert repr(refund).endswith("raw=BillLine(27 columns))")


def test_a_nodes_own_longer_timeout_counts(make_provider: Any, platform: Any, run: Any) -> None:
    text = table()
    patient = make_provider(timeout=300_000, base_url="https://proxy.example/wx")
    assert run(patient.trade_bill(DAY), address(platform, text), file(text)) == ()
    assert run.requests[1].timeout_ms == 300_000
    assert platform.read(run.requests[1]) is None


def test_a_reversed_payment_is_given_back_without_a_number(read: Any) -> None:
    reversal = REFUND.replace("`REFUND", "`REVOKED").replace("`PROCESSING", "`SUCCESS")
    bare = (
        reversal.replace("`R-1", "`0").replace("`50000305742018020103387128253", "`").replace("`SUCCESS", "`")
    )
    for row in read(table(reversal, bare)):
        assert (row.kind, row.state, row.amount, row.out_refund_no) == ("refund", "REVOKED", 2, None)


def test_columns_that_are_not_known_are_left_alone(read: Any) -> None:
    (row,) = read(table("`new," + PAYMENT + ",`newer", names=f"新,{NAMES},更新"))
    assert (row.amount, row.raw["新"], row.raw["更新"]) == (3, "new", "newer")


def test_a_day_without_transactions(provider: Any, platform: Any, run: Any, read: Any) -> None:
    assert read(table()) == ()
    assert run(provider.trade_bill(DAY), platform.refusal(400, "NO_STATEMENT_EXIST")) == ()


@pytest.mark.parametrize(
    ("status", "code"), [(400, "STATEMENT_CREATING"), (400, "INVALID_REQUEST"), (404, "RESOURCE_NOT_EXISTS")]
)
def test_other_refusals_are_no_empty_bills(
    provider: Any, platform: Any, run: Any, status: int, code: str
) -> None:
    with pytest.raises(VKPayError) as refused:
        run(provider.trade_bill(DAY), platform.refusal(status, code))
    assert refused.value.code == code


def test_the_address_has_to_be_signed(provider: Any, platform: Any, run: Any) -> None:
    forged = HttpResponse(status=200, headers={}, body=address(platform, b"").body)
    with pytest.raises(SignatureInvalid):
        run(provider.trade_bill(DAY), forged)


@pytest.mark.parametrize(
    "url", ["http://api.mch.weixin.qq.com/x", "/v3/billdownload/file", "file:///etc/passwd"]
)
def test_an_address_that_is_not_called(provider: Any, platform: Any, run: Any, url: str) -> None:
    with pytest.raises(ProviderUnavailable, match="an address that is not one to be called"):
        run(provider.trade_bill(DAY), address(platform, b"", download_url=url))


def test_a_simulators_address_is_called(make_provider: Any, platform: Any, run: Any) -> None:
    provider, text = make_provider(base_url="http://127.0.0.1:9200"), table()
    url = "http://127.0.0.1:9200/v3/billdownload/file?token=1"
    assert run(provider.trade_bill(DAY), address(platform, text, download_url=url), file(text)) == ()


def test_a_refused_download(provider: Any, platform: Any, run: Any) -> None:
    with pytest.raises(VKPayError) as refused:
        run(provider.trade_bill(DAY), address(platform, b""), platform.refusal(400, "INVALID_REQUEST"))
    assert refused.value.code == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("changed", "body", "told"),
    [
        ({}, gzip.compress(table()), "its SHA-1 differs"),
        ({}, table(), "its SHA-1 differs"),
        ({"hash_type": "SM3"}, gzip.compress(table(PAYMENT)), "of the kind 'SM3'"),
        ({}, gzip.compress(table(PAYMENT))[:-9], "cut off"),
        ({}, b"\x1f\x8b" + b"x" * 20, "cannot be unpacked"),
        ({}, b"", "its SHA-1 differs"),
    ],
)
def test_a_file_that_is_not_the_one_promised(
    provider: Any, platform: Any, run: Any, changed: dict[str, str], body: bytes, told: str
) -> None:
    with pytest.raises(ProviderUnavailable, match=told):
        run(provider.trade_bill(DAY), address(platform, table(PAYMENT), **changed), file(body))


def test_a_hash_in_capitals_is_a_hash(provider: Any, platform: Any, run: Any) -> None:
    text = table(PAYMENT)
    digest = hashlib.sha1(text).hexdigest().upper()
    assert len(run(provider.trade_bill(DAY), address(platform, text, hash_value=digest), file(text))) == 1


def test_a_file_that_would_fill_the_memory(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "LARGEST_TABLE", 1000)
    with pytest.raises(ProviderUnavailable, match="larger than 1000 bytes when unpacked"):
        read(table(*[PAYMENT] * 10))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (table(PAYMENT, REFUND.replace("`REFUND", "`TRANSFER")), "line 3: 交易状态 'TRANSFER' is none of"),
        (table(PAYMENT.replace("13:51:50", "noon")), "line 2: 交易时间 '2019-02-19 noon' is no time"),
        (table(PAYMENT.replace("`0.03,`0.00", "`3e1,`0.00")), "line 2: not an amount in yuan: '3e1'"),
        (table(PAYMENT, PAYMENT + ",`"), "line 3: 28 values, and the table has 27 columns"),
        (table(PAYMENT, ""), "line 3: 1 values, and the table has 27 columns"),
        (table(names=NAMES.replace("申请退款金额", "退款")), "the table has no 申请退款金额"),
        (table(PAYMENT, totals=""), "line 2: the totals are missing"),
        (table(totals=""), "line 1: the totals are missing"),
        (b"", "the table has no 交易时间"),
        ("交易".encode("gbk"), "utf-8"),
    ],
)
def test_what_cannot_be_read_is_named(read: Any, text: bytes, told: str) -> None:
    with pytest.raises(ProviderUnavailable, match=told) as unreadable:
        read(text)
    assert "report this text" in unreadable.value.advice


@given(st.data())
def test_a_damaged_table_is_read_or_refused(data: Any) -> None:
    text = table(PAYMENT, REFUND).decode("utf-8-sig")
    start = data.draw(st.integers(0, len(text)))
    damaged = text[:start] + data.draw(st.text(max_size=5)) + text[start + data.draw(st.integers(0, 40)) :]
    with contextlib.suppress(ValueError):
        list(bills.read_bill(damaged))


def test_a_day_is_a_day(provider: Any, platform: Any, run: Any) -> None:
    moment = dt.datetime(2019, 2, 19, 23, 59, tzinfo=dt.UTC)
    assert run(provider.trade_bill(moment), platform.refusal(400, "NO_STATEMENT_EXIST")) == ()
    assert "bill_date=2019-02-19&" in run.request.url
