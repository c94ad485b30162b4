"""Balances, withdrawals, merchants, bills, logins."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.douyin.merchant import DAY, NOTIFY_URL, Shop, Simulated, read


def withdraw(shop: Shop, number: str, amount: int, **fields: Any) -> dict[str, Any]:
    asked = {
        "merchant_uid": shop.mch_id,
        "channel_type": "wx",
        "withdraw_amount": amount,
        "out_order_id": number,
        "callback": NOTIFY_URL,
    }
    return shop.call("merchant_withdraw", **asked | fields)


def state(shop: Shop, number: str) -> str:
    asked = {"merchant_uid": shop.mch_id, "channel_type": "wx", "out_order_id": number}
    return str(shop.call("query_withdraw_order", **asked).get("status"))


@pytest.mark.parametrize(("way", "channel"), [("wxpay", "wx"), ("alipay", "alipay"), ("douyin", "hz")])
def test_each_way_of_paying_has_its_own_account(shop: Shop, way: str, channel: str) -> None:
    shop.paid(channel=way)
    for name in ("wx", "alipay", "hz"):
        assert shop.balance(name)["online_balance"] == (1000 if name == channel else 0)


def test_a_balance_as_it_is_spelt(shop: Shop) -> None:
    answer = shop.call("query_merchant_balance", merchant_uid=shop.mch_id, channel_type="hz")
    assert answer["account_info"].keys() == {"online_balance", "withdrawable_balacne", "freeze_balance"}
    assert answer["settle_info"].keys() == {"settle_type", "settle_account", "bankcard_no", "bank_name"}
    for wrong in ({"merchant_uid": "7"}, {"channel_type": "cash"}, {"merchant_uid": ""}):
        asked = {"merchant_uid": shop.mch_id, "channel_type": "wx"} | wrong
        assert shop.call("query_merchant_balance", **asked)["err_no"] == 2010


async def test_money_is_withdrawn(shop: Shop, simulated: Simulated) -> None:
    before = shop.balance()["withdrawable_balacne"]
    answer = withdraw(shop, "W1", 400, cp_extra="x")
    assert withdraw(shop, "W1", 900) == answer
    assert state(shop, "W1") == "PROCESSING"
    await simulated.advance(1)
    assert state(shop, "W1") == "SUCCESS"
    assert shop.balance()["withdrawable_balacne"] == before - 400
    assert shop.verify(simulated.notified[-1])["type"] == "withdraw"
    told = simulated.told()[-1]
    assert (told["status"], told["extra"], told["out_order_id"]) == ("SUCCESS", "x", "W1")
    assert simulated.control("settle", out_order_id="W1", status="REEXCHANGE")["status"] == "REEXCHANGE"
    assert shop.balance()["withdrawable_balacne"] == before
    assert simulated.control("settle", out_order_id="W1", status="SUCCESS")["status"] == 409


async def test_a_withdrawal_that_fails(shop: Shop, simulated: Simulated) -> None:
    before = shop.balance("hz")["withdrawable_balacne"]
    withdraw(shop, "W1", 400, channel_type="yeepay", callback=None)
    assert simulated.control("settle", out_order_id="W1", status="FAIL")["status"] == "FAIL"
    await simulated.advance(1)
    assert shop.balance("hz")["withdrawable_balacne"] == before
    assert simulated.notified == []
    assert simulated.control("settle", out_order_id="W9", status="FAIL")["status"] == 404


def test_no_more_than_there_is(shop: Shop) -> None:
    there = shop.balance()["withdrawable_balacne"]
    assert withdraw(shop, "W1", there + 1)["err_no"] == 2010
    assert withdraw(shop, "W1", there)["err_no"] == 2010, "the number is used up"
    assert withdraw(shop, "W2", there)["err_no"] == 0
    assert (
        shop.call("query_withdraw_order", merchant_uid=shop.mch_id, channel_type="wx", out_order_id="W9")[
            "err_no"
        ]
        == 2010
    )


def test_a_merchants_status(shop: Shop) -> None:
    answer = shop.call("query_merchant_status", merchant_id=shop.mch_id, sub_merchant_id="")
    assert (answer["err_no"], answer["wx"], answer["alipay"]) == (0, 1, 1)
    assert shop.call("query_merchant_status", merchant_id="7")["err_no"] == 4000


@pytest.mark.parametrize("name", ["add_merchant", "add_sub_merchant"])
def test_a_service_providers_own_pages(simulated: Simulated, name: str) -> None:
    partner = simulated.shop("partner")
    partner.extra = {"app_id": "", "thirdparty_id": partner.node["thirdpartyId"]}
    answer = partner.call(name, url_type=2)
    assert answer["url"].startswith("https://developer.toutiao.com/merchant/balance?token=")
    partner.extra = {"app_id": "", "thirdparty_id": "tt0"}
    assert partner.call(name, url_type=1)["err_no"] == 2047


def test_an_apps_own_page(shop: Shop) -> None:
    answer = shop.call("app_add_sub_merchant", sub_merchant_id="S", url_type=1)
    assert (answer["err_no"], answer["merchant_id"]) == (0, "S")


class TestBills:
    @pytest.fixture
    async def day(self, shop: Shop, simulated: Simulated) -> Shop:
        """Three payments, a refund and one that failed on the first of January; a week later a settlement."""
        for number, channel in (("T1", "wxpay"), ("T2", "alipay"), ("T3", "douyin")):
            shop.paid(number, channel=channel)
        shop.refund("R1", 400)
        shop.refund("R2", 1)
        simulated.douyin.settle_refund("R2", "FAIL")
        shop.created("T4")
        await simulated.advance(DAY + 36_000)
        return shop

    def bill(self, shop: Shop, kind: str, day: str = "20260101") -> list[list[str]]:
        asked = {"merchant_id": shop.mch_id, "bill_date": day, "bill_type": kind}
        answer = shop.get("/api/apps/bills", **asked)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8", answer.body
        return [line.split(",") for line in answer.body.decode().splitlines()]

    async def test_payments(self, day: Shop) -> None:
        head, *rows = self.bill(day, "payment")
        assert head == [
            "序号",
            "支付时间",
            "商户号",
            "openId",
            "订单号",
            "平台订单号",
            "渠道订单号",
            "订单金额",
            "支付方式",
            "支付状态",
        ]
        assert [(row[0], row[4], row[7], row[8], row[9]) for row in rows] == [
            ("1", "T1", "1000", "微信", "SUCCESS"),
            ("2", "T2", "1000", "支付宝", "SUCCESS"),
            ("3", "T3", "1000", "抖音支付", "SUCCESS"),
        ]

    async def test_refunds_and_settlements(self, day: Shop, simulated: Simulated) -> None:
        _, failed, refund = self.bill(day, "refund")
        assert (failed[-5], failed[-3]) == ("R2", "FAIL")
        assert refund[-6:-3] + refund[-3:-2] == ["结算前退款", "R1", refund[-4], "SUCCESS"]
        assert refund[-1] == "400"
        assert len(self.bill(day, "settle")) == 1
        await simulated.advance(6 * DAY)
        day.settle("S1")
        await simulated.advance(DAY)
        _, settled = self.bill(day, "settle", "20260108")
        assert (settled[10], settled[11], settled[13]) == ("S1", "SUCCESS", "4")

    async def test_what_is_under_way_is_in_no_bill(self, day: Shop, simulated: Simulated) -> None:
        def bills() -> list[bytes]:
            asked = {"merchant_id": day.mch_id, "bill_date": "20260107"}
            kinds = [day.get("/api/apps/bills", bill_type=kind, **asked) for kind in ("refund", "settle")]
            return [
                one.body for one in (*kinds, day.get("/api/apps/fund/bills", account_type="ALL", **asked))
            ]

        await simulated.advance(6 * DAY)
        empty = bills()
        day.settle("S1")
        assert day.refund("R9", 10, "T2")["err_no"] == 0
        assert day.refund_status("R9") == "PROCESSING"
        assert bills() == empty

    async def test_a_day_on_which_nothing_happened(self, day: Shop) -> None:
        assert len(self.bill(day, "payment", "20251231")) == 1

    async def test_movements(self, day: Shop) -> None:
        answer = day.get(
            "/api/apps/fund/bills", merchant_id=day.mch_id, bill_date="20260101", account_type="ALL"
        )
        rows = [line.split(",") for line in answer.body.decode().splitlines()][1:]
        assert [(row[3], row[4], row[6]) for row in rows] == [
            ("支付", "收入", "1000"),
            ("支付", "收入", "1000"),
            ("支付", "收入", "1000"),
            ("退款", "支出", "400"),
        ]

    async def test_movements_of_a_settlement(self, day: Shop, simulated: Simulated) -> None:
        """What went to Douyin and to others is no longer the merchant's."""
        await simulated.advance(6 * DAY)
        day.settle("S1", "T2")
        await simulated.advance(DAY)
        asked = {"merchant_id": day.mch_id, "bill_date": "20260108", "account_type": "alipay"}
        _, row = day.get("/api/apps/fund/bills", **asked).body.decode().splitlines()
        assert row.split(",")[3:7] == ["结算", "支出", row.split(",")[5], "6"]

    async def test_the_older_call(self, day: Shop) -> None:
        asked = {
            "seller": day.mch_id,
            "bill_type": "payment",
            "start_date": "20251231",
            "end_date": "20260101",
        }
        assert len(day.get("/api/apps/bill", **asked).body.splitlines()) == 4
        wrong = read(day.get("/api/apps/bill", **asked | {"end_date": "20251230"}))
        assert wrong == {"err_no": 1, "err_tips": "end_date is before start_date"}

    async def test_what_there_is_no_bill_of(self, day: Shop) -> None:
        asked = {"merchant_id": day.mch_id, "bill_date": "20260101", "bill_type": "payment"}
        for wrong in (
            {"bill_date": "20260102"},
            {"bill_date": "2026-01-01"},
            {"bill_type": "all"},
            {"merchant_id": "7"},
        ):
            assert read(day.get("/api/apps/bills", **asked | wrong))["err_no"] == 1
        unsigned = day.simulated.route("GET", f"/api/apps/bills?app_id={day.app_id}&bill_date=20260101")
        assert read(unsigned)["err_no"] == 2008


class TestLogin:
    def session(self, shop: Shop, **fields: Any) -> dict[str, Any]:
        asked = {"appid": shop.app_id, "secret": shop.node["secret"], "code": "", "anonymous_code": ""}
        return shop.simulated.post("/api/apps/v2/jscode2session", asked | fields)

    def test_a_code_works_once(self, shop: Shop, simulated: Simulated) -> None:
        login = simulated.douyin.login(shop.app_id, "somebody")
        answer = self.session(shop, code=login["code"])
        assert (answer["err_no"], answer["data"]["openid"]) == (0, "somebody")
        assert answer["data"]["session_key"]
        assert self.session(shop, code=login["code"])["err_no"] == 40018

    def test_a_code_of_another_app(self, shop: Shop, simulated: Simulated) -> None:
        code = simulated.douyin.login(simulated.shop("partner").app_id, None)["code"]
        assert self.session(shop, code=code)["err_no"] == 40018

    async def test_a_code_that_is_too_old(self, shop: Shop, simulated: Simulated) -> None:
        code = simulated.douyin.login(shop.app_id, None)["code"]
        await simulated.advance(181)
        assert self.session(shop, code=code)["err_no"] == 40018

    def test_who_asks(self, shop: Shop, simulated: Simulated) -> None:
        assert self.session(shop, appid="tt0")["err_no"] == 40015
        assert self.session(shop, secret="x")["err_no"] == 40017
        body = {"appid": shop.app_id, "secret": "x", "grant_type": "client_credential"}
        assert simulated.post("/api/apps/v2/token", body)["err_no"] == 40017
        assert simulated.post("/api/apps/v2/token", body | {"appid": "tt0"})["err_no"] == 40015
