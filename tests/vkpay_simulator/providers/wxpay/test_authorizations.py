"""Authorisations to receive without confirming, and the two kinds of transfers that go with them."""

import re
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, OPENID, Shop
from vkpay_simulator.providers.base import SimulatorError

AUTHORIZATIONS = "/v3/fund-app/mch-transfer/user-confirm-authorization"
BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
DAY = 86_400
INFO = {
    "user_display_name": "wx_123456",
    "out_authorization_no": "AUTH1",
    "authorization_notify_url": NOTIFY,
}
REPORTS = [
    {"info_type": "活动名称", "info_content": "spring"},
    {"info_type": "奖励说明", "info_content": "first prize"},
]


def query(shop: Shop, number: str = "AUTH1", tail: str = "") -> Any:
    return shop.get(f"{AUTHORIZATIONS}/out-authorization-no/{number}{tail}")


def close(shop: Shop, number: str = "AUTH1") -> Any:
    return shop.post(f"{AUTHORIZATIONS}/out-authorization-no/{number}/close")


def events(shop: Shop) -> list[str]:
    return [delivery.event.removeprefix("MCHTRANSFER.") for delivery in shop.sent]


def test_asked_and_not_confirmed_yet(shop: Shop) -> None:
    asked = shop.authorize(user_recv_perception="现金奖励").data
    assert asked.pop("package_info")
    assert asked == {
        "out_authorization_no": "AUTH1",
        "state": "WAIT_USER_CONFIRM",
        "create_time": "2026-01-01T00:00:00+08:00",
    }
    assert query(shop).data == asked | {
        "appid": shop.account.appids["mini"],
        "openid": OPENID,
        "user_display_name": "wx_123456",
        "transfer_scene_id": "1000",
        "user_recv_perception": "现金奖励",
    }
    assert shop.sent == []


def test_same_again(shop: Shop) -> None:
    assert shop.authorize().data == shop.authorize().data
    shop.sim.settle_authorization("AUTH1", "confirm")
    again = shop.authorize().data
    assert (again["state"], "package_info" in again) == ("TAKING_EFFECT", False)


def test_same_number_with_other_data(shop: Shop) -> None:
    shop.authorize()
    result = shop.authorize(user_display_name="somebody else")
    assert (result.status, result.code) == (400, "ALREADY_EXISTS")
    assert "user_display_name" in (result.answer.explain or "")


class TestConfirmed:
    def test_it_takes_effect(self, shop: Shop) -> None:
        shop.authorize()
        said = shop.sim.settle_authorization("AUTH1", "confirm", pid="default")
        assert re.fullmatch(r"2012\d{23}", said["authorization_id"])
        found = query(shop).data
        assert found == said | {
            "state": "TAKING_EFFECT",
            "authorize_time": "2026-01-01T00:00:00+08:00",
            "transfer_scene_id": "1000",
            "create_time": "2026-01-01T00:00:00+08:00",
        }

    def test_the_merchant_is_told(self, shop: Shop) -> None:
        shop.authorize()
        said = shop.sim.settle_authorization("AUTH1", "confirm")
        (delivery,) = shop.sent
        assert (delivery.event, delivery.subject, delivery.url) == (
            "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
            "AUTH1",
            NOTIFY,
        )
        assert len(delivery.pauses) == 64
        assert shop.opened(delivery.build(0)) == said

    def test_it_can_be_shown(self, shop: Shop) -> None:
        shop.authorized()
        plain, shown = query(shop).data, query(shop, tail="?is_display_authorization=true").data
        assert shown.pop("package_info")
        assert plain == shown == query(shop, tail="?is_display_authorization=false").data

    async def test_it_does_not_end_by_itself(self, shop: Shop) -> None:
        shop.authorized()
        await shop.world.agenda.advance(400 * DAY)
        assert query(shop).data["state"] == "TAKING_EFFECT"


class TestClosed:
    @pytest.mark.parametrize("confirmed", [True, False])
    def test_by_the_merchant(self, shop: Shop, confirmed: bool) -> None:
        shop.authorize()
        if confirmed:
            shop.sim.settle_authorization("AUTH1", "confirm")
        closed = close(shop)
        assert (closed.status, closed.data["state"], closed.data["close_info"]) == (
            200,
            "CLOSED",
            {"close_time": "2026-01-01T00:00:00+08:00", "close_reason": "CLOSE_VIA_MCH_API"},
        )
        assert ("authorization_id" in closed.data) is confirmed
        assert close(shop).data == query(shop).data == closed.data
        assert events(shop)[-1] == "AUTHORIZATION.CLOSED"
        assert len(shop.sent) == 1 + confirmed
        resource = shop.opened(shop.sent[-1].build(0))
        assert resource == {name: closed.data[name] for name in resource}

    @pytest.mark.parametrize(
        ("outcome", "reason"), [("close", "USER_CLOSE"), ("TRANSFER_RISK", "TRANSFER_RISK")]
    )
    def test_by_the_user_or_the_provider(self, shop: Shop, outcome: str, reason: str) -> None:
        shop.authorized()
        said = shop.sim.settle_authorization("AUTH1", outcome)
        assert (said["state"], said["close_info"]["close_reason"]) == ("CLOSED", reason)
        assert events(shop) == ["AUTHORIZATION.CLOSED"]

    async def test_not_confirmed_for_a_day(self, shop: Shop) -> None:
        shop.authorize()
        await shop.world.agenda.advance(DAY)
        assert query(shop).data["close_info"] == {
            "close_time": "2026-01-02T00:00:00+08:00",
            "close_reason": "USER_OVERDUE_UNCONFIRMED",
        }
        assert events(shop) == ["AUTHORIZATION.CLOSED"]
        await shop.world.agenda.advance(30 * DAY)
        assert query(shop).status == 200
        await shop.world.agenda.advance(1)
        assert query(shop).code == "NOT_FOUND"

    def test_overdue_at_once(self, shop: Shop) -> None:
        shop.authorize()
        shop.sim.settle_authorization("AUTH1", "expire")
        assert query(shop).data["close_info"]["close_reason"] == "USER_OVERDUE_UNCONFIRMED"


class TestSettled:
    @pytest.mark.parametrize(
        ("before", "outcome"),
        [("confirm", "confirm"), ("confirm", "expire"), (None, "close"), ("expire", "confirm")],
    )
    def test_out_of_turn(self, shop: Shop, before: str | None, outcome: str) -> None:
        shop.authorize()
        if before:
            shop.sim.settle_authorization("AUTH1", before)
        with pytest.raises(SimulatorError, match="needs one that is") as refused:
            shop.sim.settle_authorization("AUTH1", outcome)
        assert refused.value.status == 409

    def test_unknown_outcome(self, shop: Shop) -> None:
        shop.authorize()
        with pytest.raises(SimulatorError, match="confirm, close, expire"):
            shop.sim.settle_authorization("AUTH1", "CLOSE_VIA_MCH_API")

    def test_unknown_authorisation(self, shop: Shop) -> None:
        shop.authorize()
        for pid, number in (("default", "AUTH2"), ("certs", "AUTH1")):
            with pytest.raises(SimulatorError, match="create it first") as refused:
                shop.sim.settle_authorization(number, "confirm", pid=pid)
            assert refused.value.status == 404

    def test_the_number_at_two_merchants(self, shop: Shop, certs: Shop) -> None:
        shop.authorize()
        certs.authorize(appid=certs.account.appids["mini"])
        with pytest.raises(SimulatorError, match="name its merchant"):
            shop.sim.settle_authorization("AUTH1", "confirm")
        shop.sim.settle_authorization("AUTH1", "confirm", pid="certs")
        assert [query(one).data["state"] for one in (shop, certs)] == ["WAIT_USER_CONFIRM", "TAKING_EFFECT"]

    def test_reset_forgets(self, shop: Shop) -> None:
        shop.authorize()
        shop.world.reset()
        assert query(shop).code == "NOT_FOUND"


class TestRefused:
    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"out_authorization_no": "1234"}, "/out_authorization_no"),
            ({"out_authorization_no": "x" * 33}, "/out_authorization_no"),
            ({"out_authorization_no": "AUTH/1"}, "/out_authorization_no"),
            ({"openid": "x"}, "/openid"),
            ({"openid": None}, "/openid"),
            ({"user_display_name": "x" * 33}, "/user_display_name"),
            ({"user_display_name": "smile \U0001f600"}, "/user_display_name"),
            ({"authorization_notify_url": None}, "/authorization_notify_url"),
            ({"authorization_notify_url": "http://shop.example.com/n"}, "/authorization_notify_url"),
            ({"authorization_notify_url": "https://shop.example.com/n?a=1"}, "/authorization_notify_url"),
            ({"scene_info": {"device_type": "ios"}}, "/scene_info/device_type"),
            ({"scene_info": {"client_ip": "here"}}, "/scene_info/client_ip"),
            ({"transfer_amount": 100}, "/transfer_amount"),
            ({"user_recv_perception": ""}, "/user_recv_perception"),
        ],
    )
    def test_param_error(self, shop: Shop, changed: dict[str, Any], field: str) -> None:
        result = shop.authorize(**changed)
        assert (result.status, result.code) == (400, "PARAM_ERROR")
        assert result.data["detail"]["field"] == field

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"appid": "wx0000000000000000"}, "APPID不存在"),
            ({"transfer_scene_id": "9999"}, "你尚未获取该转账场景"),
        ],
    )
    def test_invalid_request(self, shop: Shop, changed: dict[str, Any], message: str) -> None:
        result = shop.authorize(**changed)
        assert (result.status, result.code, result.data["message"]) == (400, "INVALID_REQUEST", message)

    def test_perception_is_checked_when_asked_for(self, shop: Shop) -> None:
        shop.account.check_perception = True
        assert shop.authorize(user_recv_perception="工资").code == "INVALID_REQUEST"

    def test_scene_info(self, shop: Shop) -> None:
        given = {"client_ip": "203.0.113.9", "device_id": "d1", "device_type": "HARMONY"}
        assert shop.authorize(scene_info=given).status == 200

    def test_a_sixth_of_one_user_in_one_scene(self, shop: Shop) -> None:
        for n in range(5):
            assert shop.authorize(out_authorization_no=f"AUTH{n}").status == 200
        result = shop.authorize(out_authorization_no="AUTH5")
        assert (result.code, result.data["message"]) == (
            "INVALID_REQUEST",
            "用户在当前场景下的授权数量达到限制，不支持发起授权",
        )
        assert shop.authorize(out_authorization_no="AUTH5", transfer_scene_id="1005").status == 200
        assert shop.authorize(out_authorization_no="AUTH6", openid="o" * 28).status == 200
        close(shop, "AUTH0")
        assert shop.authorize(out_authorization_no="AUTH7").status == 200

    def test_not_found(self, shop: Shop) -> None:
        assert [(one.status, one.code) for one in (query(shop), close(shop))] == [(404, "NOT_FOUND")] * 2

    def test_only_one_in_effect_is_shown(self, shop: Shop) -> None:
        shop.authorize()
        assert query(shop, tail="?is_display_authorization=true").code == "INVALID_REQUEST"
        result = query(shop, tail="?is_display_authorization=yes")
        assert (result.code, result.data["detail"]["location"]) == ("PARAM_ERROR", "query")

    def test_not_opened(self, shop: Shop) -> None:
        shop.account.permissions.discard("transfer")
        assert (shop.authorize().status, shop.authorize().code) == (403, "NO_AUTH")

    def test_these_paths_are_for_direct_merchants(self, partner: Shop) -> None:
        assert [partner.authorize().code, query(partner).code, close(partner).code] == ["NO_AUTH"] * 3


def send(shop: Shop, *, headers: dict[str, str] | None = None, **changed: Any) -> Any:
    """A transfer with an authorisation."""
    body = {
        "appid": shop.account.appids["mini"],
        "out_bill_no": "B1",
        "transfer_scene_id": "1000",
        "transfer_amount": 500,
        "transfer_remark": "prize",
        "out_authorization_no": "AUTH1",
    } | changed
    wanted = {name: value for name, value in body.items() if value is not None}
    return shop.post(f"{BILLS}/transfer", wanted, headers=headers)


class TestTransferWithAuthorization:
    @pytest.mark.parametrize("reports", [None, REPORTS])
    def test_it_arrives_at_once(self, shop: Shop, reports: Any) -> None:
        shop.authorized()
        before = shop.account.balances[shop.account.mchid]
        result = send(shop, transfer_scene_report_infos=reports)
        assert re.fullmatch(r"133\d{37}", result.data["transfer_bill_no"])
        assert (result.status, result.data) == (
            200,
            {
                "mch_id": shop.account.mchid,
                "out_bill_no": "B1",
                "transfer_bill_no": result.data["transfer_bill_no"],
                "appid": shop.account.appids["mini"],
                "state": "SUCCESS",
                "transfer_amount": 500,
                "transfer_remark": "prize",
                "openid": OPENID,
                "create_time": "2026-01-01T00:00:00+08:00",
                "update_time": "2026-01-01T00:00:00+08:00",
            },
        )
        assert shop.get(f"{BILLS}/out-bill-no/B1").data == result.data
        assert shop.account.balances[shop.account.mchid] == before - 500
        assert shop.sent == []

    def test_by_the_providers_number(self, shop: Shop) -> None:
        given = shop.authorized()
        assert send(shop, out_authorization_no=None, authorization_id=given).data["openid"] == OPENID

    def test_who_asks_for_it_is_notified(self, shop: Shop) -> None:
        shop.authorized()
        send(shop, notify_url=NOTIFY)
        assert events(shop) == ["BILL.FINISHED"]
        assert shop.opened(shop.sent[0].build(0))["state"] == "SUCCESS"

    def test_same_again_even_when_it_is_closed_meanwhile(self, shop: Shop) -> None:
        shop.authorized()
        before = shop.account.balances[shop.account.mchid]
        first = send(shop).data
        close(shop)
        assert send(shop).data == first
        assert shop.account.balances[shop.account.mchid] == before - 500
        assert send(shop, out_bill_no="B2").code == "INVALID_REQUEST"

    def test_same_number_with_other_data(self, shop: Shop) -> None:
        shop.authorized()
        send(shop)
        assert send(shop, transfer_amount=501).code == "ALREADY_EXISTS"
        result = shop.transfer()
        assert result.code == "ALREADY_EXISTS"
        assert "another address" in (result.answer.explain or "")

    @pytest.mark.parametrize("outcome", [None, "expire"])
    def test_not_in_effect(self, shop: Shop, outcome: str | None) -> None:
        assert (send(shop).status, send(shop).code) == (400, "INVALID_REQUEST")
        shop.authorize()
        if outcome:
            shop.sim.settle_authorization("AUTH1", outcome)
        assert send(shop).code == "INVALID_REQUEST"
        assert shop.get(f"{BILLS}/out-bill-no/B1").code == "NOT_FOUND"

    def test_another_merchants(self, shop: Shop, certs: Shop) -> None:
        shop.authorized()
        assert send(certs).code == "INVALID_REQUEST"

    def test_another_scene(self, shop: Shop) -> None:
        shop.authorized()
        result = send(shop, transfer_scene_id="1005")
        assert result.code == "INVALID_REQUEST"
        assert "scene 1000, not 1005" in (result.answer.explain or "")

    def test_both_numbers(self, shop: Shop) -> None:
        result = send(shop, authorization_id=shop.authorized())
        assert (result.code, result.data["message"]) == (
            "INVALID_REQUEST",
            "微信免确认收款授权单号和商户授权单号不支持同时传入",
        )

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"out_authorization_no": None}, "/out_authorization_no"),
            ({"out_authorization_no": ""}, "/out_authorization_no"),
            ({"authorization_id": "12345678", "out_authorization_no": None}, "/authorization_id"),
            ({"openid": OPENID}, "/openid"),
            ({"out_bill_no": "B-1"}, "/out_bill_no"),
            ({"transfer_amount": 200_000}, "/user_name"),
            ({"notify_url": "http://shop.example.com/n"}, "/notify_url"),
            ({"transfer_scene_report_infos": []}, "/transfer_scene_report_infos"),
        ],
    )
    def test_param_error(self, shop: Shop, changed: dict[str, Any], field: str) -> None:
        shop.authorized()
        result = send(shop, **changed)
        assert (result.status, result.code) == (400, "PARAM_ERROR")
        assert result.data["detail"]["field"] == field

    def test_reports_that_are_given_are_checked(self, shop: Shop) -> None:
        shop.authorized()
        assert send(shop, transfer_scene_report_infos=REPORTS[:1]).code == "INVALID_REQUEST"

    def test_balance_short(self, shop: Shop) -> None:
        shop.authorized()
        shop.account.balances[shop.account.mchid] = 499
        assert (send(shop).status, send(shop).code) == (403, "NOT_ENOUGH")

    def test_a_sponsors_money(self, shop: Shop, certs: Shop) -> None:
        shop.authorized()
        before = [one.account.balances[one.account.mchid] for one in (shop, certs)]
        assert send(shop, sponsor_mchid=certs.account.mchid).data["mch_id"] == shop.account.mchid
        after = [one.account.balances[one.account.mchid] for one in (shop, certs)]
        assert after == [before[0], before[1] - 500]
        assert send(shop, out_bill_no="B2", sponsor_mchid="1900000000").code == "INVALID_REQUEST"

    def test_it_cannot_be_cancelled_nor_settled(self, shop: Shop) -> None:
        shop.authorized()
        send(shop)
        assert shop.post(f"{BILLS}/out-bill-no/B1/cancel").code == "INVALID_REQUEST"
        with pytest.raises(SimulatorError, match="SUCCESS"):
            shop.sim.settle_transfer("B1", "fail")

    def test_the_name_comes_back_encrypted(self, shop: Shop) -> None:
        shop.authorized()
        secret, headers = shop.encrypted("张三")
        result = send(shop, headers=headers, user_name=secret, transfer_amount=200_000)
        assert shop.decrypted(result.data["user_name"]) == "张三"

    def test_direct_merchants_only(self, partner: Shop) -> None:
        assert send(partner).code == "NO_AUTH"


def ask(shop: Shop, **changed: Any) -> Any:
    """A transfer that asks for an authorisation."""
    body = {
        "appid": shop.account.appids["mini"],
        "out_bill_no": "B1",
        "transfer_scene_id": "1000",
        "openid": OPENID,
        "transfer_amount": 500,
        "transfer_remark": "prize",
        "transfer_scene_report_infos": REPORTS,
        "authorization_info": INFO,
    } | changed
    wanted = {name: value for name, value in body.items() if value is not None}
    return shop.post(f"{BILLS}/pre-transfer-with-authorization", wanted)


class TestTransferAndAuthorize:
    def test_both_are_confirmed(self, shop: Shop) -> None:
        asked = ask(shop, notify_url=NOTIFY).data
        assert (asked["state"], asked["user_display_name"], asked["out_authorization_no"]) == (
            "WAIT_USER_CONFIRM",
            "wx_123456",
            "AUTH1",
        )
        assert asked["package_info"]
        assert query(shop).code == "NOT_FOUND"
        shop.sim.settle_transfer("B1", "confirm")
        found = query(shop).data
        assert (found["state"], found["openid"], found["transfer_scene_id"]) == (
            "TAKING_EFFECT",
            OPENID,
            "1000",
        )
        assert events(shop) == ["BILL.FINISHED", "AUTHORIZATION.CONFIRMED"]
        assert send(shop, out_bill_no="B2").data["state"] == "SUCCESS"

    @pytest.mark.parametrize("outcome", ["confirm_only", "fail", "expire"])
    def test_nothing_is_heard_of_one_that_was_not_given(self, shop: Shop, outcome: str) -> None:
        ask(shop, notify_url=NOTIFY)
        shop.sim.settle_transfer("B1", outcome)
        assert events(shop) == ["BILL.FINISHED"]
        assert query(shop).code == "NOT_FOUND"
        state = shop.get(f"{BILLS}/out-bill-no/B1").data["state"]
        assert state == ("SUCCESS" if outcome == "confirm_only" else "FAIL")

    def test_it_can_be_cancelled(self, shop: Shop) -> None:
        ask(shop)
        assert shop.post(f"{BILLS}/out-bill-no/B1/cancel").data["state"] == "CANCELING"

    def test_same_again(self, shop: Shop) -> None:
        assert ask(shop).data == ask(shop).data
        shop.sim.settle_transfer("B1", "confirm")
        assert ask(shop).data["state"] == "SUCCESS"
        assert ask(shop, authorization_info=INFO | {"user_display_name": "x"}).code == "ALREADY_EXISTS"

    def test_a_number_that_is_taken(self, shop: Shop) -> None:
        shop.authorize()
        assert ask(shop).code == "ALREADY_EXISTS"
        assert shop.get(f"{BILLS}/out-bill-no/B1").code == "NOT_FOUND"

    def test_a_number_that_was_taken_meanwhile_is_left_to_its_owner(self, shop: Shop) -> None:
        ask(shop)
        shop.authorize(openid="o" * 28)
        shop.sim.settle_transfer("B1", "confirm")
        assert (query(shop).data["state"], query(shop).data["openid"]) == ("WAIT_USER_CONFIRM", "o" * 28)

    def test_without_asking_it_is_a_transfer(self, shop: Shop) -> None:
        asked = ask(shop, authorization_info=None)
        assert (asked.status, "out_authorization_no" in asked.data) == (200, False)
        with pytest.raises(SimulatorError, match="confirm_only"):
            shop.sim.settle_transfer("B1", "confirm_only")
        shop.sim.settle_transfer("B1", "confirm")
        assert query(shop).code == "NOT_FOUND"

    def test_a_sponsors_money_goes_back_to_it(self, shop: Shop, certs: Shop) -> None:
        before = certs.account.balances[certs.account.mchid]
        assert ask(shop, sponsor_mchid=certs.account.mchid).status == 200
        assert certs.account.balances[certs.account.mchid] == before - 500
        shop.sim.settle_transfer("B1", "fail")
        assert certs.account.balances[certs.account.mchid] == before

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"openid": None}, "/openid"),
            ({"transfer_scene_report_infos": None}, "/transfer_scene_report_infos"),
            ({"user_recv_style": {"type": "CONFIRM_PAGE"}}, "/user_recv_style"),
            (
                {"authorization_info": {"out_authorization_no": "AUTH1", "user_display_name": "x"}},
                "/authorization_info/authorization_notify_url",
            ),
            (
                {"authorization_info": INFO | {"authorization_notify_url": "http://shop.example.com/n"}},
                "/authorization_info/authorization_notify_url",
            ),
        ],
    )
    def test_param_error(self, shop: Shop, changed: dict[str, Any], field: str) -> None:
        result = ask(shop, **changed)
        assert (result.status, result.code) == (400, "PARAM_ERROR")
        assert result.data["detail"]["field"] == field
