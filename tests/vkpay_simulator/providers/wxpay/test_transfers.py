"""Transfers to users."""

import re
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.conftest import new_world
from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, OPENID, Shop
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.world import Settings

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
DAY = 86_400


def query(shop: Shop, number: str = "B1") -> Any:
    return shop.get(f"{BILLS}/out-bill-no/{number}")


def cancel(shop: Shop) -> Any:
    return shop.post(f"{BILLS}/out-bill-no/B1/cancel")


def test_create_and_query(shop: Shop) -> None:
    created = shop.transfer().data
    assert re.fullmatch(r"133\d{37}", created["transfer_bill_no"])
    assert created.pop("package_info")
    assert created == {
        "out_bill_no": "B1",
        "transfer_bill_no": created["transfer_bill_no"],
        "create_time": "2026-01-01T00:00:00+08:00",
        "state": "WAIT_USER_CONFIRM",
    }
    found = query(shop).data
    assert found == created | {
        "mch_id": shop.account.mchid,
        "appid": shop.account.appids["mini"],
        "transfer_amount": 500,
        "transfer_remark": "prize",
        "openid": OPENID,
        "update_time": "2026-01-01T00:00:00+08:00",
    }
    assert shop.get(f"{BILLS}/transfer-bill-no/{found['transfer_bill_no']}").data == found


def test_same_again(shop: Shop) -> None:
    before = shop.account.balances[shop.account.mchid]
    assert shop.transfer().data == shop.transfer().data
    assert shop.account.balances[shop.account.mchid] == before - 500


def test_same_number_with_other_data(shop: Shop) -> None:
    shop.transfer()
    result = shop.transfer(transfer_amount=501)
    assert (result.status, result.code) == (400, "ALREADY_EXISTS")


class TestEnds:
    def test_confirmed(self, shop: Shop) -> None:
        shop.transfer()
        assert shop.sim.settle_transfer("B1", "confirm", pid="default")["state"] == "SUCCESS"
        assert "package_info" not in shop.transfer().data

    @pytest.mark.parametrize(
        ("outcome", "reason"),
        [
            ("fail", "OTHER_FAIL_REASON_TYPE"),
            ("expire", "OVERDUE_CLOSE"),
            ("NAME_NOT_CORRECT", "NAME_NOT_CORRECT"),
        ],
    )
    def test_failed(self, shop: Shop, outcome: str, reason: str) -> None:
        before = shop.account.balances[shop.account.mchid]
        shop.transfer()
        shop.sim.settle_transfer("B1", outcome)
        found = query(shop).data
        assert (found["state"], found["fail_reason"]) == ("FAIL", reason)
        assert shop.account.balances[shop.account.mchid] == before

    async def test_not_confirmed_for_a_day(self, shop: Shop) -> None:
        shop.transfer()
        await shop.world.agenda.advance(DAY)
        assert query(shop).data["fail_reason"] == "OVERDUE_CLOSE"

    async def test_confirmed_in_time(self, shop: Shop) -> None:
        shop.transfer()
        shop.sim.settle_transfer("B1", "confirm")
        await shop.world.agenda.advance(DAY)
        assert query(shop).data["state"] == "SUCCESS"

    async def test_cancelled(self, shop: Shop) -> None:
        before = shop.account.balances[shop.account.mchid]
        transfer_bill_no = shop.transfer().data["transfer_bill_no"]
        first = cancel(shop)
        assert (first.status, first.data) == (
            200,
            {
                "out_bill_no": "B1",
                "transfer_bill_no": transfer_bill_no,
                "state": "CANCELING",
                "update_time": "2026-01-01T00:00:00+08:00",
            },
        )
        assert cancel(shop).data["state"] == "CANCELING"
        await shop.world.agenda.advance(1)
        assert cancel(shop).data["state"] == "CANCELLED"
        assert shop.account.balances[shop.account.mchid] == before

    def test_too_late_to_cancel(self, shop: Shop) -> None:
        shop.transfer()
        shop.sim.settle_transfer("B1", "confirm")
        assert (cancel(shop).status, cancel(shop).code) == (400, "INVALID_REQUEST")

    def test_cannot_end_twice(self, shop: Shop) -> None:
        shop.transfer()
        shop.sim.settle_transfer("B1", "confirm")
        with pytest.raises(SimulatorError, match="SUCCESS"):
            shop.sim.settle_transfer("B1", "fail")

    def test_unknown_end(self, shop: Shop) -> None:
        shop.transfer()
        with pytest.raises(SimulatorError, match="confirm, fail, expire"):
            shop.sim.settle_transfer("B1", "lost")

    def test_unknown_transfer(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="create it first"):
            shop.sim.settle_transfer("B1", "confirm")


class TestNotFound:
    def test_never_made(self, shop: Shop) -> None:
        assert (query(shop).status, query(shop).code) == (404, "NOT_FOUND")
        assert shop.get(f"{BILLS}/transfer-bill-no/1330").code == "NOT_FOUND"
        assert cancel(shop).code == "NOT_FOUND"

    async def test_after_thirty_days(self, shop: Shop) -> None:
        shop.transfer()
        await shop.world.agenda.advance(30 * DAY)
        assert query(shop).status == 200
        await shop.world.agenda.advance(1)
        assert query(shop).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"out_bill_no": "B-1"}, "/out_bill_no"),
        ({"openid": "x"}, "/openid"),
        ({"notify_url": "http://shop.example.com/n"}, "/notify_url"),
        ({"notify_url": "http://[::1/n"}, "/notify_url"),
        ({"transfer_remark": "x" * 33}, "/transfer_remark"),
        ({"sub_mchid": "1600000000"}, "/sub_mchid"),
        ({"transfer_scene_report_infos": []}, "/transfer_scene_report_infos"),
        ({"transfer_amount": 200_000}, "/user_name"),
        ({"transfer_amount": 0}, "/transfer_amount"),
    ],
)
def test_param_error(shop: Shop, changed: dict[str, Any], field: str) -> None:
    result = shop.transfer(**changed)
    assert (result.status, result.code) == (400, "PARAM_ERROR")
    assert result.data["detail"]["field"] == field


INFO = {"info_type": "活动名称", "info_content": "spring"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"appid": "wx0000000000000000"}, "APPID不存在"),
        ({"transfer_scene_id": "9999"}, "你尚未获取该转账场景"),
        ({"transfer_scene_report_infos": [INFO]}, "活动名称、奖励说明"),
        ({"transfer_scene_report_infos": [INFO, INFO]}, "活动名称、奖励说明"),
        ({"transfer_scene_id": "1005"}, "岗位类型、报酬说明"),
        ({"user_recv_style": {"type": "RED_PACKET"}, "transfer_amount": 20_001}, "200元"),
    ],
)
def test_invalid_request(shop: Shop, changed: dict[str, Any], message: str) -> None:
    result = shop.transfer(**changed)
    assert (result.status, result.code) == (400, "INVALID_REQUEST")
    assert message in result.data["message"]


def test_scene_without_a_set(shop: Shop) -> None:
    assert shop.transfer(transfer_scene_id="1006").status == 200


def test_red_packet(shop: Shop) -> None:
    assert shop.transfer(user_recv_style={"type": "RED_PACKET"}, transfer_amount=20_000).status == 200


def test_perception_is_checked_when_asked_for(shop: Shop) -> None:
    assert shop.transfer(user_recv_perception="工资").status == 200
    shop.account.check_perception = True
    assert shop.transfer(out_bill_no="B2", user_recv_perception="工资").code == "INVALID_REQUEST"
    assert shop.transfer(out_bill_no="B3", user_recv_perception="活动奖励").status == 200


def test_limits_are_checked_when_set(shop: Shop) -> None:
    shop.account.transfer_limits = (30, 1000)
    amounts = {29: 400, 30: 200, 1000: 200, 1001: 400}
    for amount, status in amounts.items():
        assert shop.transfer(out_bill_no=f"B{amount}", transfer_amount=amount).status == status


def test_not_opened(shop: Shop) -> None:
    shop.account.permissions.discard("transfer")
    assert (shop.transfer().status, shop.transfer().code) == (403, "NO_AUTH")


def test_these_paths_are_for_direct_merchants(partner: Shop) -> None:
    assert [partner.transfer().code, query(partner).code, cancel(partner).code] == ["NO_AUTH"] * 3


def test_balance_short(shop: Shop) -> None:
    shop.account.balances[shop.account.mchid] = 499
    assert (shop.transfer().status, shop.transfer().code) == (403, "NOT_ENOUGH")


@pytest.mark.parametrize(
    "url",
    ["https://shop.example.com/n", "http://localhost:8000/n", "http://[::1]:8000/n", "http://shop:8000/n"],
)
def test_notify_url(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world(Settings(seed=1, allow_notify_hosts=frozenset({"shop"})))
    monkeypatch.setattr(world, "notify", [].append)
    shop = Shop(world, world.providers["wxpay"], "default", [])  # type: ignore[arg-type]
    assert shop.transfer(notify_url=url).status == 200


class TestUserName:
    def send(self, shop: Shop, text: str = "张三", **changed: Any) -> Any:
        secret, headers = shop.encrypted(text)
        return shop.transfer(headers=headers, **({"user_name": secret} | changed))

    @pytest.mark.parametrize("kind", ["shop", "certs"])
    def test_comes_back_encrypted_for_the_merchant(self, request: pytest.FixtureRequest, kind: str) -> None:
        shop: Shop = request.getfixturevalue(kind)
        assert self.send(shop, transfer_amount=200_000).status == 200
        assert shop.decrypted(query(shop).data["user_name"]) == "张三"

    def test_two_cipher_texts_of_one_name(self, shop: Shop) -> None:
        assert [self.send(shop).status, self.send(shop).status] == [200, 200]
        assert self.send(shop, "李四").code == "ALREADY_EXISTS"

    def test_too_little_money(self, shop: Shop) -> None:
        assert self.send(shop, transfer_amount=29).code == "INVALID_REQUEST"

    def test_not_encrypted(self, shop: Shop) -> None:
        assert self.send(shop, user_name="张三").data["detail"]["field"] == "/user_name"

    def test_key_not_named(self, shop: Shop) -> None:
        secret, _ = shop.encrypted("张三")
        assert shop.transfer(user_name=secret).data["detail"]["location"] == "header"


class TestNotification:
    @pytest.mark.parametrize("outcome", ["confirm", "fail"])
    def test_final_state(self, shop: Shop, outcome: str) -> None:
        shop.transfer(notify_url=NOTIFY)
        shop.sim.settle_transfer("B1", outcome)
        (delivery,) = shop.sent
        assert (delivery.event, delivery.subject, delivery.url) == ("MCHTRANSFER.BILL.FINISHED", "B1", NOTIFY)
        assert len(delivery.pauses) == 64
        resource = shop.opened(delivery.build(0))
        found = query(shop).data
        assert resource == {name: found[name] for name in resource}
        assert resource["mch_id"] == shop.account.mchid

    async def test_cancelled(self, shop: Shop) -> None:
        shop.transfer(notify_url=NOTIFY)
        cancel(shop)
        assert shop.sent == []
        await shop.world.agenda.advance(1)
        assert shop.opened(shop.sent[0].build(0))["state"] == "CANCELLED"
