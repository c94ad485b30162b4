"""Trade bills: when there is one, what is in it, and who may download it."""

import gzip
from hashlib import sha1
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import Result, Shop, match
from vkpay_simulator.exchange import Answer

DAY = "2026-01-01"
NEXT_DAY_AT_TEN = 34 * 3600
PARTNER = "/v3/pay/partner/transactions"


def ask(shop: Shop, day: str = DAY, more: str = "") -> Result:
    return shop.get(f"/v3/bill/tradebill?bill_date={day}{more}")


def fetched(shop: Shop, url: str) -> Answer:
    target = url.removeprefix("http://127.0.0.1:9200")
    route, request = match(shop.routes, shop.request("GET", target))
    return route.handler(request)


def bill(shop: Shop, day: str = DAY, more: str = "") -> bytes:
    """A plain bill whose hash holds."""
    data = ask(shop, day, more).data
    text = fetched(shop, data["download_url"]).body
    assert (data["hash_type"], data["hash_value"]) == ("SHA1", sha1(text).hexdigest())
    return text


def rows(text: bytes) -> list[dict[str, str]]:
    names, *lines = text.decode("utf-8-sig").split("\r\n")[:-3]
    assert all(line.startswith("`") for line in lines)
    return [dict(zip(names.split(","), line[1:].split(",`"), strict=True)) for line in lines]


async def at_ten(shop: Shop) -> None:
    await shop.world.advance(NEXT_DAY_AT_TEN)


async def test_a_day_to_the_byte(shop: Shop) -> None:
    paid = shop.paid(description="Tea, 500 g", attach="a\nb", amount={"total": 1250, "currency": "CNY"})
    await shop.world.advance(3600)
    refund = shop.refund(500, amount={"refund": 500, "total": 1250, "currency": "CNY"}).data
    await at_ten(shop)
    appid, mchid = shop.account.appids["official"], shop.account.mchid
    numbers = f"`{paid['transaction_id']},`T20260101000001,`{paid['payer']['openid']},`NATIVE"
    assert bill(shop).decode() == "\r\n".join(
        [
            "\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
            f"`2026-01-01 00:00:00,`{appid},`{mchid},`0,`,{numbers},`SUCCESS,`OTHERS,`CNY,`12.50,`0.00,`0,`0,`0.00,`0.00,`,`,`Tea  500 g,`a b,`0.08000,`0.60%,`12.50,`0.00,`",
            f"`2026-01-01 01:00:00,`{appid},`{mchid},`0,`,{numbers},`REFUND,`OTHERS,`CNY,`0.00,`0.00,`{refund['refund_id']},`R1,`5.00,`0.00,`ORIGINAL,`SUCCESS,`Tea  500 g,`a b,`-0.03000,`0.60%,`0.00,`5.00,`",
            "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
            "`2,`12.50,`5.00,`0.00,`0.05000,`12.50,`5.00",
            "",
        ]
    )


async def test_a_gzip_stream_is_hashed_unpacked(shop: Shop) -> None:
    shop.paid()
    await at_ten(shop)
    data = ask(shop, more="&bill_type=ALL&tar_type=GZIP").data
    assert data["download_url"].endswith("&tartype=gzip")
    answer = fetched(shop, data["download_url"])
    assert answer.headers["Content-Type"] == "application/x-gzip"
    assert not any(name.startswith("Wechatpay-") for name in answer.headers)
    assert sha1(gzip.decompress(answer.body)).hexdigest() == data["hash_value"]


@pytest.mark.parametrize(
    ("bill_type", "states", "columns"),
    [("ALL", ["SUCCESS", "REFUND"], 27), ("SUCCESS", ["SUCCESS"], 20), ("REFUND", ["REFUND"], 29)],
)
async def test_the_kinds_of_bills(shop: Shop, bill_type: str, states: list[str], columns: int) -> None:
    shop.paid(scene_info={"payer_client_ip": "203.0.113.9", "device_id": "till 1"})
    await shop.world.advance(60)
    shop.refund()
    await at_ten(shop)
    found = rows(bill(shop, more=f"&bill_type={bill_type}"))
    assert [row["交易状态"] for row in found] == states
    assert {len(row) for row in found} == {columns}
    assert {row["设备号"] for row in found} == {"till 1"}
    if bill_type == "REFUND":
        times = [found[0][name] for name in ("交易时间", "退款申请时间", "退款成功时间")]
        assert times == ["2026-01-01 00:00:00", "2026-01-01 00:01:00", "2026-01-01 00:01:01"]


async def test_a_day_begins_and_ends_at_midnight_in_china(shop: Shop) -> None:
    shop.create("native", out_trade_no="unpaid-1")
    shop.paid(out_trade_no="first-1")
    await shop.world.advance(86_399.999)
    shop.paid(out_trade_no="last-1")
    await shop.world.advance(0.001)
    shop.paid(out_trade_no="tomorrow-1")
    await shop.world.advance(2 * 86_400)
    assert [row["商户订单号"] for row in rows(bill(shop))] == ["first-1", "last-1"]
    assert [row["商户订单号"] for row in rows(bill(shop, "2026-01-02"))] == ["tomorrow-1"]


async def test_a_bill_stays_as_it_was_made(shop: Shop) -> None:
    shop.paid()
    await shop.world.advance(86_399)
    shop.refund()
    shop.sim.settle_refund("R1", "ABNORMAL")
    await shop.world.advance(10 * 3600 + 1)
    first = bill(shop)
    assert rows(first)[1]["退款状态"] == "ABNORMAL"
    assert rows(bill(shop, more="&bill_type=REFUND"))[0]["退款成功时间"] == ""
    shop.sim._refunds.find(shop.account.mchid, "R1").state = "PROCESSING"  # type: ignore[union-attr]
    assert bill(shop) == first


async def test_a_reversed_code_payment(shop: Shop) -> None:
    shop.scan_code(out_trade_no="code-1")
    await shop.world.advance(60)
    shop.reverse("code-1")
    shop.scan_code("02", out_trade_no="code-2")
    await shop.world.advance(60)
    shop.reverse("code-2")
    await at_ten(shop)
    told = [
        (row["商户订单号"], row["交易状态"], row["订单金额"], row["退款金额"]) for row in rows(bill(shop))
    ]
    assert told == [("code-1", "SUCCESS", "1.00", "0.00"), ("code-1", "REVOKED", "0.00", "1.00")]


async def test_a_partner_sees_every_sub_merchant_or_one(partner: Shop) -> None:
    subs = list(partner.account.subs.values())
    for number, sub in enumerate(subs):
        order = partner.order("native", out_trade_no=f"order-{number}", appid=None, mchid=None) | {
            "sp_appid": partner.account.appids["official"],
            "sp_mchid": partner.account.mchid,
            "sub_mchid": sub.mchid,
        }
        assert partner.post(f"{PARTNER}/native", order).status == 200
        partner.sim.pay(f"order-{number}", pid="partner")
    await at_ten(partner)
    numbers = [(row["商户号"], row["特约商户号"]) for row in rows(bill(partner))]
    assert numbers == [(partner.account.mchid, sub.mchid) for sub in subs]
    (one,) = rows(bill(partner, more=f"&sub_mchid={subs[1].mchid}"))
    assert (one["特约商户号"], one["用户标识"][0]) == (subs[1].mchid, "o")
    assert ask(partner, more="&sub_mchid=1900000000").code == "NO_AUTH"


@pytest.mark.parametrize(
    ("hours", "day", "code", "why"),
    [
        (0, DAY, "INVALID_REQUEST", "2026-01-01 is not over: it is 2026-01-01T00:00:00+08:00"),
        (0, "2026-01-02", "INVALID_REQUEST", "is not over"),
        (24, DAY, "STATEMENT_CREATING", "ready at 10:00"),
        (33.99, DAY, "STATEMENT_CREATING", "ready at 10:00"),
        (34, "2025-12-31", "NO_STATEMENT_EXIST", "Nothing was paid or refunded"),
        (93 * 24, DAY, "INVALID_REQUEST", "three months"),
    ],
)
async def test_days_without_a_bill(shop: Shop, hours: float, day: str, code: str, why: str) -> None:
    shop.paid()
    await shop.world.advance(hours * 3600)
    refused = ask(shop, day)
    assert (refused.status, refused.code) == (400, code)
    assert why in refused.answer.explain


async def test_the_last_day_of_three_months(shop: Shop) -> None:
    shop.paid()
    await shop.world.advance(92 * 86_400)
    assert len(rows(bill(shop))) == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "bill_date=",
        "bill_date=20260101",
        "bill_date=2026-13-01",
        "bill_date=2026-W01-4",
        f"bill_date={DAY}&bill_type=RECHARGE_REFUND",
        f"bill_date={DAY}&bill_type=",
        f"bill_date={DAY}&tar_type=ZIP",
    ],
)
def test_bad_parameters(shop: Shop, query: str) -> None:
    refused = shop.get(f"/v3/bill/tradebill?{query}")
    assert (refused.status, refused.code, refused.data["detail"]["location"]) == (400, "PARAM_ERROR", "query")


class TestDownload:
    @pytest.fixture
    async def url(self, shop: Shop) -> str:
        shop.paid()
        await at_ten(shop)
        url: str = ask(shop).data["download_url"]
        return url

    def refused(self, shop: Shop, url: str, **more: Any) -> Result:
        return shop.get(url.removeprefix("http://127.0.0.1:9200"), **more)

    async def test_five_minutes(self, shop: Shop, url: str) -> None:
        await shop.world.advance(300)
        assert fetched(shop, url).status == 200
        await shop.world.advance(0.001)
        refused = self.refused(shop, url)
        assert (refused.status, refused.code) == (400, "INVALID_REQUEST")
        assert "5 minutes" in refused.answer.explain

    async def test_the_request_has_to_be_signed(self, shop: Shop, url: str) -> None:
        assert self.refused(shop, url, headers={"Authorization": None}).status == 401
        assert self.refused(shop, url, text=b"x").code == "SIGN_ERROR"

    async def test_an_address_is_for_whom_it_was_made(self, shop: Shop, certs: Shop, url: str) -> None:
        assert (self.refused(certs, url).status, self.refused(certs, url).code) == (403, "NO_AUTH")
        assert self.refused(shop, url + "x").code == "INVALID_REQUEST"
        assert self.refused(shop, "/v3/billdownload/file").code == "PARAM_ERROR"

    async def test_nothing_is_left_after_a_reset(self, shop: Shop, url: str) -> None:
        shop.world.reset()
        assert self.refused(shop, url).code == "INVALID_REQUEST"
        await at_ten(shop)
        assert ask(shop).code == "NO_STATEMENT_EXIST"


async def test_one_seed_one_address(shop: Shop) -> None:
    lives = []
    for _ in "12":
        shop.world.reset()
        shop.paid()
        await at_ten(shop)
        asked = ask(shop, more="&tar_type=GZIP")
        file = fetched(shop, asked.data["download_url"])
        lives.append([asked.answer.body, file.body, list(file.headers.items())])
    assert lives[0] == lives[1]
