"""Bills: when there is one, what is in it, how its file is fetched."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.huawei.shop import Shop, Simulated
from vkpay_simulator.exchange import Answer, Request

TRADE, SETTLE = "/api/v1/bill/trade-bill/downloadInfo", "/api/v1/bill/settle-bill/downloadInfo"


def fetched(simulated: Simulated, asked: dict[str, Any], **changed: str | None) -> Answer:
    headers = {n: v for n, v in (asked["headers"] | changed).items() if v is not None}
    target = "/" + asked["downloadUrl"].split("/", 3)[3]
    return simulated.route(
        Request(method="GET", target=target, headers=CIMultiDictProxy(CIMultiDict(headers)))
    )


def rows_of(body: bytes) -> list[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        (name,) = archive.namelist()
        assert name.endswith(".csv")
        return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


@pytest.fixture
async def traded(simulated: Simulated, shop: Shop) -> Shop:
    """A payment, a refund, a refund that failed, on one day, seen the day after at 08:59."""
    simulated.control("rules", promotion_percent=10)
    shop.paid(payload='a,"b"')
    shop.refund(400, "R1")
    await simulated.world.advance(60)
    shop.refund(100, "R2")
    simulated.huawei.settle_refund("R2", "FAILED")
    shop.prepay(mercOrderNo="T2")
    await simulated.world.advance(32 * 3600 + 59 * 60 - 60)
    return shop


async def test_a_trade_bill(simulated: Simulated, traded: Shop) -> None:
    assert "billDownloadParam" not in traded.get(f"{TRADE}?billDate=20260101").data
    await simulated.world.advance(60)
    answer = traded.get(f"{TRADE}?billDate=20260101").data
    assert answer["resultDesc"] == "Success"
    asked = answer["billDownloadParam"]
    assert asked["method"] == "GET"
    assert asked["headers"]["Authorization"].startswith("AWS4-HMAC-SHA256 ")
    file = fetched(simulated, asked)
    assert file.status == 200
    rows = rows_of(file.body)
    read = (
        "交易类型",
        "交易状态",
        "商户订单号",
        "原商户订单号",
        "交易金额(元)",
        "优惠金额(元)",
        "手续费金额(元)",
    )
    assert [tuple(row[name] for name in read) for row in rows] == [
        ("收单", "成功", "T1", "", "10.00", "1.00", "0.06"),
        ("退款", "成功", "R1", "T1", "4.00", "0.40", "-0.02"),
        ("退款", "失败", "R2", "T1", "1.00", "0.10", "0.00"),
    ]
    assert rows[0]["商户预留信息"] == 'a,"b"'
    assert rows[0]["交易完成时间"] == "2026/01/01 00:00:00"
    assert rows[1]["原系统交易订单号"] == rows[0]["系统交易订单号"]


async def test_a_settlement_bill(simulated: Simulated, traded: Shop) -> None:
    await simulated.world.advance(6 * 3600)
    assert "billDownloadParam" not in traded.get(f"{SETTLE}?billDate=20260101").data
    await simulated.world.advance(60)
    asked = traded.get(f"{SETTLE}?billDate=20260101").data["billDownloadParam"]
    rows = rows_of(fetched(simulated, asked).body)
    assert [row["结算金额(元)"] for row in rows] == ["9.94", "-3.98", "0.00"]
    assert {row["结算日"] for row in rows} == {"2026/01/02"}
    simulated.control("account", pid="default", settle_bill=False)
    assert traded.get(f"{SETTLE}?billDate=20260101").code == "BILL_SWITCH_NOT_TURN_ON"


async def test_a_refund_that_is_on_its_way_stands_in_no_bill(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", refund_delay_s=7 * 86_400)
    shop.paid()
    shop.refund()
    await simulated.world.advance(33 * 3600)
    asked = shop.get(f"{TRADE}?billDate=20260101").data["billDownloadParam"]
    assert [row["交易类型"] for row in rows_of(fetched(simulated, asked).body)] == ["收单"]


async def test_a_bill_stays_as_it_was_made(simulated: Simulated, traded: Shop) -> None:
    await simulated.world.advance(60)
    first, second = (traded.get(f"{TRADE}?billDate=20260101").data["billDownloadParam"] for _ in "12")
    assert first["downloadUrl"] != second["downloadUrl"]
    assert fetched(simulated, first).body == fetched(simulated, second).body


async def test_no_bill_for_a_day_on_which_nothing_happened(simulated: Simulated, shop: Shop) -> None:
    await simulated.world.advance(3 * 86_400)
    answer = shop.get(f"{TRADE}?billDate=20260102")
    assert (answer.code, "billDownloadParam" in answer.data) == ("000000", False)


@pytest.mark.parametrize(
    "date", ["20260101", "20260102", "20251002", "2026-01-01", "", "20261301", "x" * 400]
)
def test_days_that_are_none(shop: Shop, date: str) -> None:
    assert shop.get(f"{TRADE}?billDate={date}").code == "INVALID_ARGUMENTS"


def test_the_day_is_needed(shop: Shop) -> None:
    assert shop.get(TRADE).code == "INVALID_ARGUMENTS"
    assert shop.get(f"{TRADE}?billDate=20251003").code == "000000"


@pytest.mark.parametrize(
    "changed", [{"Authorization": None}, {"x-amz-date": "1"}, {"Host": "elsewhere"}, {"user-agent": None}]
)
async def test_headers_are_sent_as_they_stand(
    simulated: Simulated, traded: Shop, changed: dict[str, Any]
) -> None:
    await simulated.world.advance(60)
    asked = traded.get(f"{TRADE}?billDate=20260101").data["billDownloadParam"]
    refused = fetched(simulated, asked, **changed)
    assert refused.status == 403
    assert next(iter(changed)) in refused.explain


async def test_an_address_is_five_minutes_good(simulated: Simulated, traded: Shop) -> None:
    await simulated.world.advance(60)
    asked = traded.get(f"{TRADE}?billDate=20260101").data["billDownloadParam"]
    await simulated.world.advance(301)
    assert fetched(simulated, asked).status == 403
    assert fetched(simulated, asked | {"downloadUrl": "http://h/payment-bill/x.zip"}).status == 404


async def test_a_partner_bill_names_the_sub_merchant(simulated: Simulated, partner: Shop) -> None:
    sub = next(iter(partner.account.subs.values()))
    body = partner.order(appId=None, mercNo=None) | {
        "spAppId": partner.node["appId"],
        "spMercNo": partner.node["mchId"],
        "subMercNo": sub.merc_no,
    }
    partner.post("/api/v2/partner/aggr/preorder/create/fa", body)
    simulated.huawei.pay("T1", pid="partner", channel="ACCT")
    await simulated.world.advance(33 * 3600)
    path = TRADE.replace("/bill", "/partner/bill", 1)
    asked = partner.get(f"{path}?billDate=20260101").data["billDownloadParam"]
    (row,) = rows_of(fetched(simulated, asked).body)
    assert (row["商户号"], row["合作方商户号"]) == (sub.merc_no, partner.node["mchId"])
    assert json.dumps(row["银行名称"]) == '""'
