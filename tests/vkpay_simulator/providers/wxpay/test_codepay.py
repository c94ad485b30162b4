"""The merchant scans the buyer's code."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import Shop
from vkpay_simulator.providers.base import SimulatorError

NO = "T20260101000001"


def test_paid_at_once_and_without_notification(shop: Shop) -> None:
    result = shop.scan_code()
    assert (result.status, result.data["trade_state"], result.data["trade_type"]) == (
        200,
        "SUCCESS",
        "MICROPAY",
    )
    assert shop.query().data == result.data
    assert shop.sent == []


@pytest.mark.parametrize(("ending", "state"), [("01", "SUCCESS"), ("02", "PAYERROR"), ("03", "USERPAYING")])
async def test_password(shop: Shop, ending: str, state: str) -> None:
    result = shop.scan_code(ending)
    assert (result.status, result.data["trade_state"]) == (202, "USERPAYING")
    assert "transaction_id" not in result.data
    await shop.world.agenda.advance(10)
    assert shop.query().data["trade_state"] == state


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        ("11", 403, "NOT_ENOUGH"),
        ("12", 400, "INVALID_REQUEST"),
        ("13", 403, "TRADE_ERROR"),
        ("14", 500, "BANK_ERROR"),
    ],
)
def test_refused(shop: Shop, ending: str, status: int, code: str) -> None:
    result = shop.scan_code(ending)
    assert (result.status, result.code) == (status, code)
    assert shop.query().code == "ORDER_NOT_EXIST"


def test_outcome_unknown(shop: Shop) -> None:
    assert shop.scan_code("15").status == 500
    assert shop.query().data["trade_state"] == "SUCCESS"


@pytest.mark.parametrize(
    "auth_code", ["160000000000000099", "12345", "1300000000000000x9", "１３００００００００００００００９９"]
)
def test_no_code(shop: Shop, auth_code: str) -> None:
    result = shop.scan_code(payer={"auth_code": auth_code})
    assert (result.status, result.data["message"]) == (400, "101 付款码无效，请重新扫码")


def test_one_code_pays_one_order(shop: Shop) -> None:
    shop.scan_code()
    again = shop.scan_code(out_trade_no="T20260101000002")
    assert again.data["message"].startswith("101 每个二维码仅限使用一次")


def test_repeated(shop: Shop) -> None:
    assert [shop.scan_code("03").status, shop.scan_code("03").status] == [202, 202]
    shop.sim.cancel(NO)
    assert shop.scan_code("03").code == "ORDER_CLOSED"


def test_repeated_when_paid(shop: Shop) -> None:
    shop.scan_code()
    assert shop.scan_code().code == "ORDERPAID"


@pytest.mark.parametrize(
    ("scene", "field"),
    [
        ({"store_info": {}}, "/scene_info/store_info"),
        ({"store_info": {"id": "1"}, "device_ip": "10.0.0"}, "/scene_info/device_ip"),
        (None, "/scene_info"),
    ],
)
def test_scene(shop: Shop, scene: dict[str, Any] | None, field: str) -> None:
    assert shop.scan_code(scene_info=scene).data["detail"]["field"] == field


def test_scene_with_everything(shop: Shop) -> None:
    scene = {"store_info": {"id": "1"}, "device_ip": "10.0.0.1", "device_id": "till-1"}
    assert shop.scan_code(scene_info=scene).data["scene_info"] == {"device_id": "till-1"}


class TestBuyer:
    def test_pays(self, shop: Shop) -> None:
        shop.scan_code("03")
        assert shop.sim.scan(NO).state == "USERPAYING"
        assert shop.sim.pay(NO, channel="CMB_CREDIT").state == "SUCCESS"
        assert shop.query().data["bank_type"] == "CMB_CREDIT"

    def test_gives_up(self, shop: Shop) -> None:
        shop.scan_code("03")
        assert shop.sim.cancel(NO).state == "PAYERROR"
        with pytest.raises(SimulatorError, match="PAYERROR"):
            shop.sim.pay(NO)

    async def test_pays_before_the_timer(self, shop: Shop) -> None:
        shop.scan_code("02")
        shop.sim.pay(NO)
        await shop.world.agenda.advance(10)
        assert shop.query().data["trade_state"] == "SUCCESS"


class TestReverse:
    def test_paid(self, shop: Shop) -> None:
        before = shop.account.balances[shop.account.mchid]
        shop.scan_code()
        result = shop.reverse()
        assert (result.status, result.data) == (
            200,
            {"appid": shop.account.appids["official"], "mchid": shop.account.mchid, "out_trade_no": NO},
        )
        assert shop.query().data["trade_state"] == "REVOKED"
        assert shop.account.balances[shop.account.mchid] == before
        assert shop.reverse().status == 200
        assert shop.scan_code().code == "OUT_TRADE_NO_USED"

    async def test_while_the_password_is_entered(self, shop: Shop) -> None:
        shop.scan_code("03")
        early = shop.reverse()
        assert (early.status, early.code) == (202, "USERPAYING")
        await shop.world.agenda.advance(15)
        assert shop.reverse().status == 200
        assert shop.query().data["trade_state"] == "REVOKED"
        assert "transaction_id" not in shop.query().data

    async def test_not_after_a_week(self, shop: Shop) -> None:
        shop.scan_code()
        await shop.world.agenda.advance(7 * 86_400 + 1)
        assert (shop.reverse().code, shop.reverse().number) == ("INVALID_REQUEST", 268578704)

    def test_not_for_other_products(self, shop: Shop) -> None:
        shop.create()
        assert shop.reverse().code == "INVALID_REQUEST"

    def test_not_when_refunded(self, shop: Shop) -> None:
        shop.scan_code()
        shop.refund()
        assert shop.reverse().code == "INVALID_REQUEST"

    def test_unknown(self, shop: Shop) -> None:
        assert shop.reverse().code == "ORDER_NOT_EXIST"

    def test_permission_comes_before_the_order(self, shop: Shop) -> None:
        shop.account.permissions.discard("codepay")
        assert shop.reverse().code == "NO_AUTH"


class TestPartner:
    BASE = "/v3/pay/partner/transactions"

    def party(self, partner: Shop) -> dict[str, Any]:
        sub = next(iter(partner.account.subs.values()))
        return {
            "sp_appid": partner.account.appids["official"],
            "sp_mchid": partner.account.mchid,
            "sub_appid": sub.appid,
            "sub_mchid": sub.mchid,
        }

    def order(self, partner: Shop) -> dict[str, Any]:
        return partner.code_order(appid=None, mchid=None) | self.party(partner)

    def test_pay_and_reverse(self, partner: Shop) -> None:
        party = self.party(partner)
        paid = partner.post(f"{self.BASE}/codepay", self.order(partner)).data
        assert {name: paid[name] for name in party} == party
        assert sorted(paid["payer"]) == ["sp_openid", "sub_openid"]
        reversed_ = partner.post(f"{self.BASE}/out-trade-no/{NO}/reverse", party)
        assert reversed_.data == party | {"out_trade_no": NO}

    def test_left_out_sp_appid(self, partner: Shop) -> None:
        order = self.order(partner)
        del order["sp_appid"]
        assert partner.post(f"{self.BASE}/codepay", order).status == 500
