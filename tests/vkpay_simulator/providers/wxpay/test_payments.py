"""Orders from create to close."""

import re
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, OPENID, Shop
from vkpay_simulator.providers.base import SimulatorError

NO = "T20260101000001"
PRODUCTS = ("jsapi", "app", "native", "h5")
SHAPES = {
    "jsapi": ("prepay_id", r"wx20260101000000[0-9a-f]{16}0000"),
    "app": ("prepay_id", r"wx20260101000000[0-9a-f]{16}0000"),
    "native": ("code_url", r"weixin://wxpay/bizpayurl\?pr=\w{9}"),
    "h5": (
        "h5_url",
        r"https://wx\.tenpay\.com/cgi-bin/mmpayweb-bin/checkmweb\?prepay_id=wx\w{34}&package=\d{10}",
    ),
}


@pytest.mark.parametrize("product", PRODUCTS)
def test_create(shop: Shop, product: str) -> None:
    result = shop.create(product)
    name, shape = SHAPES[product]
    assert result.status == 200
    assert list(result.data) == [name]
    assert re.fullmatch(shape, result.data[name])


@pytest.mark.parametrize("product", PRODUCTS)
def test_same_again_gives_a_fresh_link(shop: Shop, product: str) -> None:
    first, second = shop.create(product), shop.create(product)
    assert second.status == 200
    assert first.data != second.data
    assert len(shop.sim.orders()) == 1


@pytest.mark.parametrize(
    "changed",
    [{"amount": {"total": 101}}, {"description": "Coffee"}, {"payer": {"openid": "o" * 28}}, {"attach": "x"}],
)
def test_something_else_under_the_same_number(shop: Shop, changed: dict[str, Any]) -> None:
    shop.create()
    result = shop.create(**changed)
    assert (result.status, result.code, result.number) == (400, "INVALID_REQUEST", 268498688)


def test_other_product_under_the_same_number(shop: Shop) -> None:
    shop.create("native")
    assert shop.create("h5").code == "INVALID_REQUEST"
    assert shop.scan_code().code == "INVALID_REQUEST"


def test_unpaid_transaction(shop: Shop) -> None:
    shop.create()
    assert shop.query().data == {
        "amount": {"payer_currency": "CNY", "total": 100},
        "appid": shop.account.appids["mini"],
        "mchid": shop.account.mchid,
        "out_trade_no": NO,
        "promotion_detail": [],
        "scene_info": {"device_id": ""},
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
    }


@pytest.mark.parametrize("product", PRODUCTS)
def test_paid_transaction(shop: Shop, product: str) -> None:
    shop.create(product)
    shop.sim.pay(NO, channel="ICBC_DEBIT", payer=OPENID)
    transaction = shop.query().data
    assert re.fullmatch(r"4200\d{24}", transaction.pop("transaction_id"))
    assert transaction == {
        "appid": shop.order(product)["appid"],
        "mchid": shop.account.mchid,
        "out_trade_no": NO,
        "trade_type": {"jsapi": "JSAPI", "app": "APP", "native": "NATIVE", "h5": "MWEB"}[product],
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "ICBC_DEBIT",
        "attach": "",
        "success_time": "2026-01-01T00:00:00+08:00",
        "payer": {"openid": OPENID},
        "amount": {"total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY"},
    }


def test_what_was_sent_along_comes_back(shop: Shop) -> None:
    scene = {"payer_client_ip": "2001:db8::1", "device_id": "till-1"}
    shop.create(attach="basket 7", scene_info=scene)
    unpaid = shop.query().data
    assert (unpaid["attach"], unpaid["scene_info"]) == ("basket 7", {"device_id": "till-1"})
    shop.sim.pay(NO)
    paid = shop.query().data
    assert (paid["attach"], paid["scene_info"]) == ("basket 7", {"device_id": "till-1"})


def test_query_by_wechat_number(shop: Shop) -> None:
    number = shop.paid()["transaction_id"]
    found = shop.get(f"/v3/pay/transactions/id/{number}?mchid={shop.account.mchid}")
    assert found.data["out_trade_no"] == NO


@pytest.mark.parametrize("tail", ["out-trade-no/T20260101000002", "id/4200000000000000000000000000"])
def test_unknown_order(shop: Shop, tail: str) -> None:
    result = shop.get(f"/v3/pay/transactions/{tail}?mchid={shop.account.mchid}")
    assert (result.status, result.code, result.number) == (404, "ORDER_NOT_EXIST", 268512771)


def test_somebody_elses_order(shop: Shop, certs: Shop) -> None:
    number = certs.paid()["transaction_id"]
    result = shop.get(f"/v3/pay/transactions/id/{number}?mchid={shop.account.mchid}")
    assert (result.status, result.code, result.number, result.data["message"]) == (
        404, "ORDER_NOT_EXIST", 268447843, "商户号和订单不匹配",
    )  # fmt: skip


@pytest.mark.parametrize("mchid", ["1900000109", ""])
def test_number_of_somebody_else_in_query_or_body(shop: Shop, mchid: str) -> None:
    result = shop.get(f"/v3/pay/transactions/out-trade-no/{NO}?mchid={mchid}")
    assert result.code == ("INVALID_REQUEST" if mchid else "PARAM_ERROR")
    assert shop.create(mchid="1900000109").code == "INVALID_REQUEST"


class TestPaidAndClosed:
    def test_create_on_paid(self, shop: Shop) -> None:
        shop.paid("native")
        assert shop.create("native").code == "ORDERPAID"

    def test_close_on_paid(self, shop: Shop) -> None:
        shop.paid()
        assert (shop.close().status, shop.close().code) == (400, "ORDERPAID")

    def test_close_twice(self, shop: Shop) -> None:
        shop.create()
        first, second = shop.close(), shop.close()
        assert (first.status, first.answer.body, second.status) == (204, b"", 204)
        assert "Content-Type" not in first.answer.headers
        assert shop.query().data["trade_state"] == "CLOSED"

    def test_create_on_closed(self, shop: Shop) -> None:
        shop.create()
        shop.close()
        assert (shop.create().status, shop.create().code) == (400, "ORDER_CLOSED")

    def test_close_unknown(self, shop: Shop) -> None:
        assert (shop.close().status, shop.close().code) == (404, "ORDER_NOT_EXIST")

    def test_close_code_payment(self, shop: Shop) -> None:
        shop.scan_code("03")
        assert (shop.close().code, shop.close().number) == ("INVALID_REQUEST", 268449641)


class TestTimes:
    @pytest.mark.parametrize(
        ("time_expire", "seconds"),
        [
            ("2025-12-31T23:00:00+08:00", 60),
            ("2025-12-31T16:02:00Z", 120),
            ("2026-01-01T01:00:00+08:00", 3600),
            ("2026-06-01T00:00:00+08:00", 15 * 86_400),
            (None, 7 * 86_400),
        ],
    )
    async def test_payable_until(self, shop: Shop, time_expire: str | None, seconds: int) -> None:
        shop.create(time_expire=time_expire)
        order = shop.sim.scan(NO)
        await shop.world.agenda.advance(seconds + 1)
        expected = "CLOSED" if seconds >= 7 * 86_400 else "NOTPAY"
        assert (order.state, shop.query().data["trade_state"]) == ("NOTPAY", expected)
        with pytest.raises(SimulatorError, match=r"expired|CLOSED"):
            shop.sim.pay(NO)

    async def test_paid_at_the_last_moment(self, shop: Shop) -> None:
        shop.create(time_expire="2026-01-01T01:00:00+08:00")
        await shop.world.agenda.advance(3600)
        assert shop.sim.pay(NO).state == "SUCCESS"

    async def test_create_after_expiry(self, shop: Shop) -> None:
        expiry = "2026-01-01T00:10:00+08:00"
        shop.create(time_expire=expiry)
        await shop.world.agenda.advance(601)
        result = shop.create(time_expire=expiry)
        assert (result.code, result.number, result.data["message"]) == (
            "ORDER_CLOSED",
            268447914,
            "该订单已失效",
        )

    @pytest.mark.parametrize(
        ("product", "life"), [("jsapi", 7200), ("app", 7200), ("native", 7200), ("h5", 300)]
    )
    async def test_life_of_a_link(self, shop: Shop, product: str, life: int) -> None:
        shop.create(product)
        await shop.world.agenda.advance(life + 1)
        with pytest.raises(SimulatorError, match="create request again"):
            shop.sim.pay(NO)
        shop.create(product)
        await shop.world.agenda.advance(life)
        assert shop.sim.pay(NO).state == "SUCCESS"

    async def test_page_opened_in_time(self, shop: Shop) -> None:
        shop.create("h5")
        shop.sim.scan(NO)
        await shop.world.agenda.advance(400)
        assert shop.sim.pay(NO).state == "SUCCESS"

    async def test_paid_order_outlives_its_week(self, shop: Shop) -> None:
        shop.paid()
        await shop.world.agenda.advance(30 * 86_400)
        assert shop.query().data["trade_state"] == "SUCCESS"


class TestOwnership:
    def test_appid_not_bound(self, shop: Shop, certs: Shop) -> None:
        result = shop.create(appid=certs.account.appids["mini"])
        assert (result.status, result.code, result.number) == (400, "APPID_MCHID_NOT_MATCH", 268445527)

    def test_app_needs_its_own_kind_of_appid(self, shop: Shop) -> None:
        assert shop.create("app", appid=shop.account.appids["mini"]).code == "APPID_MCHID_NOT_MATCH"

    def test_product_not_opened(self, shop: Shop) -> None:
        shop.account.permissions.discard("native")
        assert (shop.create("native").status, shop.create("native").code) == (403, "NO_AUTH")

    @pytest.mark.parametrize("openid", ["x", "UpF8uMuAJO_M2pxb1Q9zNjWeS6o", "o" * 50])
    def test_openid(self, shop: Shop, openid: str) -> None:
        result = shop.create(payer={"openid": openid})
        assert (result.data["message"], result.data["detail"]["field"]) == ("无效的openid", "/payer/openid")


class TestIdentity:
    """Real-name payment: the fields are encrypted, and two cipher texts of one text are the same text."""

    def identity(self, shop: Shop, number: str) -> tuple[dict[str, Any], dict[str, Any]]:
        secret, headers = shop.encrypted(number)
        return {"openid": OPENID, "identity": {"type": "IDCARD", "number": secret}}, headers

    def send(self, shop: Shop, number: str, **more: Any) -> Any:
        payer, headers = self.identity(shop, number)
        return shop.post("/v3/pay/transactions/jsapi", shop.order(payer=payer), headers=headers | more)

    def test_same_text(self, shop: Shop) -> None:
        assert [self.send(shop, "11010119900101001X").status for _ in "12"] == [200, 200]

    def test_other_text(self, shop: Shop) -> None:
        self.send(shop, "11010119900101001X")
        assert self.send(shop, "110101199001010028").code == "INVALID_REQUEST"

    def test_key_not_named(self, shop: Shop) -> None:
        result = self.send(shop, "1", **{"Wechatpay-Serial": ""})
        assert result.data["message"] == "平台证书序列号Wechatpay-Serial错误"

    def test_not_encrypted(self, shop: Shop) -> None:
        _, headers = self.identity(shop, "1")
        payer = {"openid": OPENID, "identity": {"type": "IDCARD", "number": "plain"}}
        result = shop.post("/v3/pay/transactions/jsapi", shop.order(payer=payer), headers=headers)
        assert result.data["detail"]["field"] == "/payer/identity/number"
        assert result.data["message"] == "请确认待处理的消息是否为加密后的密文"


class TestPartner:
    BASE = "/v3/pay/partner/transactions"

    def order(self, partner: Shop, **changed: Any) -> dict[str, Any]:
        sub = next(iter(partner.account.subs.values()))
        body = {
            "sp_appid": partner.account.appids["mini"],
            "sp_mchid": partner.account.mchid,
            "sub_mchid": sub.mchid,
            "description": "Tea",
            "out_trade_no": NO,
            "notify_url": NOTIFY,
            "amount": {"total": 100},
            "payer": {"sp_openid": OPENID},
        } | changed
        return {name: value for name, value in body.items() if value is not None}

    def create(self, partner: Shop, **changed: Any) -> Any:
        return partner.post(f"{self.BASE}/jsapi", self.order(partner, **changed))

    def subs(self, partner: Shop) -> list[Any]:
        return list(partner.account.subs.values())

    def test_paid(self, partner: Shop) -> None:
        assert self.create(partner).status == 200
        view = partner.sim.pay(NO)
        sub = self.subs(partner)[0]
        numbers = f"sp_mchid={partner.account.mchid}&sub_mchid={sub.mchid}"
        found = partner.get(f"{self.BASE}/out-trade-no/{NO}?{numbers}").data
        by_id = partner.get(f"{self.BASE}/id/{view.transaction_id}?{numbers}").data
        assert found == by_id
        assert {name: found[name] for name in ("sp_appid", "sp_mchid", "sub_mchid", "payer")} == {
            "sp_appid": partner.account.appids["mini"],
            "sp_mchid": partner.account.mchid,
            "sub_mchid": sub.mchid,
            "payer": {"sp_openid": OPENID},
        }
        assert (view.payer, "mchid" in found, "sub_appid" in found) == (OPENID, False, False)

    def test_payer_under_the_sub_merchants_appid(self, partner: Shop) -> None:
        sub = self.subs(partner)[0]
        assert self.create(partner, sub_appid=sub.appid, payer={"sub_openid": OPENID}).status == 200
        view = partner.sim.pay(NO)
        assert view.payer == OPENID
        assert view.detail["sub_appid"] == sub.appid
        assert view.detail["payer"]["sub_openid"] == OPENID
        assert re.fullmatch(r"o\w{27}", view.detail["payer"]["sp_openid"])

    def test_payer_of_a_code_or_link(self, partner: Shop) -> None:
        sub = self.subs(partner)[0]
        partner.post(f"{self.BASE}/native", self.order(partner, payer=None, sub_appid=sub.appid))
        assert sorted(partner.sim.pay(NO).detail["payer"]) == ["sp_openid", "sub_openid"]

    @pytest.mark.parametrize(
        ("changed", "field", "number"),
        [
            ({"payer": {}}, "/payer", 268501013),
            ({"payer": {"sp_openid": OPENID, "sub_openid": OPENID}}, "/payer", 268501013),
            ({"payer": {"sub_openid": OPENID}}, "/sub_appid", 268435461),
            ({"payer": {"sp_openid": "x"}}, "/payer/sp_openid", 268435461),
            ({"sub_mchid": None}, "/sub_mchid", 268443704),
            ({"payer": None}, "/payer", 268501013),
        ],
    )
    def test_param_error(self, partner: Shop, changed: dict[str, Any], field: str, number: int) -> None:
        result = self.create(partner, **changed)
        assert (result.data["detail"]["field"], result.number) == (field, number)

    def test_app_of_the_sub_merchant(self, partner: Shop) -> None:
        """The app is the sub-merchant's own if it names one; the provider's appid may then be of any kind."""
        target, sub = f"{self.BASE}/app", self.subs(partner)[0]
        assert partner.post(target, self.order(partner, payer=None)).code == "APPID_MCHID_NOT_MATCH"
        assert partner.post(target, self.order(partner, payer=None, sub_appid=sub.appid)).status == 200

    def test_relations(self, partner: Shop) -> None:
        first, second = self.subs(partner)
        assert self.create(partner, sub_mchid="1600000000").number == 268443701
        assert self.create(partner, sub_mchid=partner.account.mchid).number == 268443705
        assert (
            self.create(partner, sub_mchid=second.mchid, sub_appid=first.appid).code
            == "APPID_MCHID_NOT_MATCH"
        )

    def test_one_number_over_all_sub_merchants(self, partner: Shop) -> None:
        self.create(partner)
        result = self.create(partner, sub_mchid=self.subs(partner)[1].mchid)
        assert (result.status, result.code) == (403, "OUT_TRADE_NO_USED")

    def test_order_of_another_sub_merchant(self, partner: Shop) -> None:
        self.create(partner)
        numbers = f"sp_mchid={partner.account.mchid}&sub_mchid={self.subs(partner)[1].mchid}"
        result = partner.get(f"{self.BASE}/out-trade-no/{NO}?{numbers}")
        assert (result.code, result.number) == ("ORDER_NOT_EXIST", 268447845)

    def test_close(self, partner: Shop) -> None:
        self.create(partner)
        body = {"sp_mchid": partner.account.mchid, "sub_mchid": self.subs(partner)[0].mchid}
        assert partner.post(f"{self.BASE}/out-trade-no/{NO}/close", body).status == 204

    def test_each_kind_of_merchant_has_its_own_paths(self, partner: Shop, shop: Shop) -> None:
        assert partner.create().code == "NO_AUTH"
        assert partner.query().code == "NO_AUTH"
        assert partner.close().code == "NO_AUTH"
        order = self.order(partner) | {
            "sp_mchid": shop.account.mchid,
            "sp_appid": shop.account.appids["mini"],
        }
        assert shop.post(f"{self.BASE}/jsapi", order).code == "NO_AUTH"
