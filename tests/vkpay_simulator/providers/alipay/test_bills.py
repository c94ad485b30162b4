"""Trade bills: when there is one, what is in it, and how long its address is good."""

import io
import zipfile
from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, Simulated
from vkpay_simulator.exchange import Answer

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
DAY = "2026-01-01"
AT_TEN = 34 * 3600


def ask(shop: Shop, day: str = DAY, bill_type: str = "trade", **params: str | None) -> dict[str, Any]:
    return shop.call(METHOD, {"bill_type": bill_type, "bill_date": day}, **params)


def fetch(shop: Shop, answer: dict[str, Any]) -> Answer:
    return shop.simulated.route("GET", answer["bill_download_url"].removeprefix("http://127.0.0.1:9200"))


def members(archive: bytes) -> dict[str, list[str]]:
    """Lines by file name, names read as a client has to: the archive has no word on their encoding."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert all(not member.flag_bits & 0x800 for member in opened.infolist())
        return {
            name.encode("cp437").decode("gbk"): opened.read(name).decode("gbk").split("\r\n")
            for name in opened.namelist()
        }


def rows(shop: Shop, **asked: Any) -> list[list[str]]:
    detail = next(iter(members(fetch(shop, ask(shop, **asked)).body).values()))
    return [line.split(",") for line in detail if line and not line.startswith("#")][1:]


def refund(shop: Shop, amount: str, number: str, **more: str) -> None:
    biz = {"out_trade_no": "T1", "refund_amount": amount, "out_request_no": number, **more}
    assert shop.call("alipay.trade.refund", biz)["fund_change"] == "Y"


async def test_a_day_to_the_letter(shop: Shop) -> None:
    trade_no = shop.paid(amount="12.50", subject="茶叶,一斤", store_id="S1", terminal_id="till 1")
    await shop.simulated.advance(3600)
    refund(shop, "5", "R1", refund_reason="one box, broken")
    await shop.simulated.advance(AT_TEN)
    answer = ask(shop)
    assert list(answer) == ["code", "msg", "bill_download_url"]
    files = members(fetch(shop, answer).body)
    name = f"{shop.pid}0156_20260101_业务明细"
    assert list(files) == [f"{name}.csv", f"{name}(汇总).csv"]
    buyer = shop.query()["buyer_logon_id"]
    assert files[f"{name}.csv"] == [
        "#支付宝业务明细查询",
        f"#账号：[{shop.pid}0156]",
        "#起始日期：[2026年01月01日 00:00:00]   终止日期：[2026年01月02日 00:00:00]",
        "#" + "-" * 41 + "业务明细列表" + "-" * 40,
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注",
        f"{trade_no}\t,T1\t,交易\t,茶叶 一斤,2026-01-01 00:00:00,2026-01-01 00:00:00,S1\t,\t,\t,till 1\t,{buyer}\t,12.50,12.50,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,0.00,0.00,",
        f"{trade_no}\t,T1\t,退款\t,茶叶 一斤,2026-01-01 00:00:00,2026-01-01 01:00:00,S1\t,\t,\t,till 1\t,{buyer}\t,-5.00,-5.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,R1\t,0.00,0.00,one box  broken",
        "#" + "-" * 41 + "业务明细列表结束" + "-" * 36,
        "#交易合计：1笔，商家实收共12.50元，商家优惠共0.00元",
        "#退款合计：1笔，商家实收退款共-5.00元，商家优惠退款共0.00元",
        "#导出时间：[2026年01月02日 11:00:00]",
        "",
    ]
    assert files[f"{name}(汇总).csv"][3:-2] == [
        "#" + "-" * 41 + "业务汇总列表" + "-" * 40,
        "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）",
        "S1,,1,1,7.50,7.50,0.00,0.00,0.00,0.00,0.00,7.50",
        "合计,,1,1,7.50,7.50,0.00,0.00,0.00,0.00,0.00,7.50",
        "#" + "-" * 40 + "业务汇总列表结束" + "-" * 37,
    ]


async def test_a_day_begins_and_ends_at_midnight_in_china(shop: Shop) -> None:
    shop.precreated("unpaid")
    shop.paid("first")
    await shop.simulated.advance(86_399.999)
    shop.paid("last")
    await shop.simulated.advance(0.001)
    shop.paid("tomorrow")
    await shop.simulated.advance(2 * 86_400)
    assert [row[1] for row in rows(shop)] == ["first\t", "last\t"]
    assert [row[1] for row in rows(shop, day="2026-01-02")] == ["tomorrow\t"]


async def test_a_bill_is_a_sellers(simulated: Simulated) -> None:
    partner, other = simulated.shop("partner"), simulated.shop("default")
    token = partner.node["appAuthTokens"][0]["appAuthToken"]
    other.paid("T1")
    partner.extra["app_auth_token"] = token
    partner.paid("T2")
    await simulated.advance(AT_TEN)
    assert [row[1] for row in rows(other)] == ["T1\t"]
    assert [row[1] for row in rows(partner)] == ["T2\t"]
    partner.extra.clear()
    assert rows(partner) == []


async def test_a_day_without_data_has_an_empty_bill(shop: Shop) -> None:
    await shop.simulated.advance(AT_TEN)
    answer = ask(shop)
    assert answer["bill_file_code"] == "EMPTY_DATA_WITH_BILL_FILE"
    detail = next(iter(members(fetch(shop, answer).body).values()))
    assert "#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元" in detail


@pytest.mark.parametrize(
    ("hours", "biz", "code", "why"),
    [
        (0, {}, "INVAILID_ARGUMENTS", "2026-01-01 is not over: it is 2026-01-01 00:00:00"),
        (24, {}, "BILL_NOT_EXIST", "ready at 10:00"),
        (33.99, {}, "BILL_NOT_EXIST", "ready at 10:00"),
        (34, {"bill_date": "2019-01-01"}, "INVAILID_ARGUMENTS", "six years"),
        (34, {"bill_date": "2026-01"}, "INVAILID_ARGUMENTS", "bills of a month"),
        (34, {"bill_date": "20260101"}, "INVAILID_ARGUMENTS", "2026-01-31"),
        (34, {"bill_date": None}, "INVAILID_ARGUMENTS", "2026-01-31"),
        (34, {"bill_type": None}, "INVAILID_ARGUMENTS", "bill_type is missing"),
        (34, {"bill_type": "signcustomer"}, "TYPE_NOT_SUPPORTED", "only trade"),
        (34, {"bill_type": ["trade"]}, "TYPE_NOT_SUPPORTED", "only trade"),
    ],
)
async def test_no_bill(shop: Shop, hours: float, biz: dict[str, Any], code: str, why: str) -> None:
    await shop.simulated.advance(hours * 3600)
    asked = {"bill_type": "trade", "bill_date": DAY, **biz}
    answer = shop.send(shop.params(METHOD, asked))
    assert shop.read(answer, METHOD)["sub_code"] == code
    assert why in answer.explain


async def test_an_address_is_good_for_half_a_minute(shop: Shop) -> None:
    shop.paid()
    await shop.simulated.advance(AT_TEN)
    answer = ask(shop)
    await shop.simulated.advance(30)
    file = fetch(shop, answer)
    assert (file.status, file.headers["Content-Type"]) == (200, "application/zip")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{shop.pid}_20260101.csv.zip"'
    await shop.simulated.advance(0.001)
    expired = fetch(shop, answer)
    assert (expired.status, "30 s" in expired.explain) == (403, True)


async def test_nothing_is_left_after_a_reset(shop: Shop) -> None:
    await shop.simulated.advance(AT_TEN)
    answer = ask(shop)
    shop.simulated.world.reset()
    gone = fetch(shop, answer)
    assert (gone.status, "No bill" in gone.explain) == (403, True)


async def test_one_seed_one_bill(shop: Shop) -> None:
    lives = []
    for _ in "12":
        shop.simulated.world.reset()
        shop.paid()
        await shop.simulated.advance(AT_TEN)
        answer = ask(shop)
        lives.append((answer, fetch(shop, answer).body))
    assert lives[0] == lives[1]


async def test_a_character_that_gbk_lacks(shop: Shop) -> None:
    shop.paid(subject="茶\U0001f375")
    await shop.simulated.advance(AT_TEN)
    assert rows(shop)[0][3] == "茶?"
