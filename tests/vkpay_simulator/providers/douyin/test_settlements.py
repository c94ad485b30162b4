"""settle, query_settle, unsettle_amount, query_platform_order, returns: where an order's money goes."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.douyin.merchant import DAY, Shop, Simulated

WEEK = 7 * DAY
OPENING = 1_000_000_00


def shares(*amounts: int) -> str:
    return json.dumps([{"merchant_uid": f"R-{n}", "amount": amount} for n, amount in enumerate(amounts)])


@pytest.fixture
async def due(shop: Shop, simulated: Simulated) -> Shop:
    """Its order of 10 000 fen may be settled."""
    shop.paid(total=10_000)
    await simulated.advance(WEEK)
    return shop


async def test_the_whole_order(due: Shop, simulated: Simulated) -> None:
    assert due.balance() == {
        "online_balance": 10_000,
        "withdrawable_balacne": OPENING,
        "freeze_balance": 0,
    }
    answer = due.settle("S1", finish="true", cp_extra="x")
    assert answer["err_no"] == 0
    assert due.call("query_settle", out_settle_no="S1")["settle_info"]["settle_status"] == "PROCESSING"
    await simulated.advance(1)
    info = due.call("query_settle", out_settle_no="S1")["settle_info"]
    detail = f"商户号{due.mch_id}-分成金额(分)9940"
    assert info == {
        "settle_no": answer["settle_no"],
        "settle_amount": 9940,
        "settle_status": "SUCCESS",
        "settle_detail": detail,
        "settled_at": 1_767_196_800 + WEEK + 1,
        "rake": 60,
        "commission": 0,
        "cp_extra": "x",
        "msg": "",
    }
    assert due.balance()["online_balance"] == 0
    assert due.balance()["withdrawable_balacne"] == OPENING + 9940
    assert due.verify(simulated.notified[-1])["type"] == "settle"
    told = simulated.told()[-1]
    assert (told["cp_settle_no"], told["status"], told["rake"], told["settle_detail"]) == (
        "S1",
        "SUCCESS",
        60,
        detail,
    )
    assert told["is_auto_settle"] is False
    assert due.settle("S2")["err_no"] == 2010
    assert due.settle("S1") == answer


async def test_shares_first_and_the_rest_at_last(due: Shop, simulated: Simulated) -> None:
    due.refund("R1", 1000)
    await simulated.advance(1)
    assert due.settle("S1", settle_params=shares(1000, 500), finish="false")["err_no"] == 0
    assert due.settle("S2", finish="true")["err_no"] == 2010, "one is still under way"
    await simulated.advance(1)
    info = due.call("query_settle", out_settle_no="S1")["settle_info"]
    assert (info["settle_amount"], info["rake"]) == (1500, 0)
    assert due.balance()["online_balance"] == 7500
    assert due.settle("S3", settle_params=shares(1501), finish="false")["err_no"] == 2010, "over 30 %"
    assert due.settle("S4", settle_params=shares(1500), finish="true")["err_no"] == 0
    await simulated.advance(1)
    info = due.call("query_settle", out_settle_no="S4")["settle_info"]
    assert (info["settle_amount"], info["rake"]) == (1500 + 6000 - 54, 54)
    assert due.balance()["online_balance"] == 0
    assert due.balance()["withdrawable_balacne"] == OPENING + 5946


@pytest.mark.parametrize(
    ("fields", "finished"),
    [
        ({}, True),
        ({"finish": "false", "settle_params": shares(1)}, False),
        ({"settle_params": shares(1)}, False),
    ],
)
async def test_what_a_settlement_is_when_nothing_is_said(
    due: Shop, simulated: Simulated, fields: dict[str, Any], finished: bool
) -> None:
    assert due.settle("S1", **fields)["err_no"] == 0
    await simulated.advance(1)
    assert (due.balance()["online_balance"] == 0) is finished


async def test_no_more_is_shared_than_is_left(due: Shop) -> None:
    due.refund("R1", 9000)
    answer = due.settle("S1", settle_params=shares(1001))
    assert (answer["err_no"], answer["err_tips"]) == (2010, "订单可分账金额不足")
    assert due.settle("S2", settle_params=shares(900))["err_no"] == 0


async def test_the_fiftieth_is_the_last(due: Shop, simulated: Simulated) -> None:
    for number in range(50):
        assert due.settle(f"S{number}", settle_params=shares(1), finish="false")["err_no"] == 0
        await simulated.advance(1)
    assert due.balance()["online_balance"] == 0
    assert due.settle("S51", finish="true")["err_no"] == 2010


async def test_a_settlement_that_fails(due: Shop, simulated: Simulated) -> None:
    due.settle("S1")
    assert simulated.control("settle", out_settle_no="S1", status="FAIL")["settle_status"] == "FAIL"
    assert simulated.told()[-1]["status"] == "FAIL"
    await simulated.advance(1)
    assert due.balance()["online_balance"] == 10_000
    assert due.settle("S2")["err_no"] == 0
    assert simulated.control("settle", out_settle_no="S1", status="SUCCESS")["status"] == 409
    assert simulated.control("settle", out_settle_no="S9", status="FAIL")["status"] == 404
    assert simulated.control("settle", out_settle_no="S2", status="GONE")["status"] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"settle_params": "x"},
        {"settle_params": "{}"},
        {"settle_params": "[1]"},
        {"settle_params": shares(1, 1, 1, 1, 1)},
        {"settle_params": shares(0)},
        {"settle_params": '[{"merchant_uid":"","amount":1}]'},
        {"settle_params": '[{"merchant_uid":"R","amount":"1"}]'},
        {"settle_params": "[" * 2000},
        {"settle_params": " " * 2049},
        {"settle_desc": "x" * 81},
        {"finish": "yes"},
    ],
)
async def test_fields_that_do_not_do(due: Shop, fields: dict[str, Any]) -> None:
    assert due.settle("S1", **fields)["err_no"] == 2010
    assert due.settle("S1")["err_no"] == 0


async def test_the_seller_is_no_receiver(due: Shop) -> None:
    share = json.dumps([{"merchant_uid": due.mch_id, "amount": 1}])
    assert due.settle("S1", settle_params=share)["err_no"] == 2010


class TestCycle:
    async def test_seven_days_after_the_payment(self, shop: Shop, simulated: Simulated) -> None:
        shop.paid()
        await simulated.advance(WEEK - 1)
        assert shop.settle("S1")["err_no"] == 2010
        await simulated.advance(1)
        assert shop.settle("S1")["err_no"] == 2010, "the number is used up"
        assert shop.settle("S2")["err_no"] == 0

    async def test_three_days_after_it_was_fulfilled(self, shop: Shop, simulated: Simulated) -> None:
        shop.paid()
        push(simulated, shop, 4)
        await simulated.advance(3 * DAY - 1)
        assert shop.settle("S1")["err_no"] == 2010
        await simulated.advance(1)
        assert shop.settle("S2")["err_no"] == 0

    async def test_there_is_nothing_left_to_settle_by_itself(self, shop: Shop, simulated: Simulated) -> None:
        simulated.control("account", pid="default", auto_settle=True)
        shop.paid()
        simulated.control("account", pid="default", auto_settle=False, sandbox=True)
        assert shop.settle("S1")["err_no"] == 0
        await simulated.advance(WEEK + 1)
        assert [one["cp_settle_no"] for one in simulated.told()[1:]] == ["S1"]

    async def test_an_app_that_settles_by_itself(self, shop: Shop, simulated: Simulated) -> None:
        simulated.control("account", pid="default", auto_settle=True)
        shop.paid(total=10_000)
        assert shop.call("query_platform_order", out_order_no="T1", query_type=1)["settle_info_list"] == []
        await simulated.advance(WEEK + 1)
        assert simulated.told()[-1]["is_auto_settle"] is True
        (made,) = shop.call("query_platform_order", out_order_no="T1", query_type=1)["settle_info_list"]
        assert (made["settle_status"], made["service_charge"]) == ("SUCCESS", 60)

    @pytest.mark.parametrize("number", ["T1", "T2"])
    def test_an_order_that_was_not_paid(self, shop: Shop, number: str) -> None:
        shop.created()
        assert shop.settle("S1", number)["err_no"] == 2010


def push(simulated: Simulated, shop: Shop, status: Any, **more: Any) -> dict[str, Any]:
    secret = {"appid": shop.app_id, "secret": shop.node["secret"], "grant_type": "client_credential"}
    token = simulated.post("/api/apps/v2/token", secret)["data"]["access_token"]
    body = {
        "access_token": token,
        "app_name": "douyin",
        "open_id": "o",
        "order_status": status,
        "order_type": 0,
        "update_time": 1,
        "order_detail": json.dumps({"order_id": "T1"}),
    }
    return simulated.post("/api/apps/order/v2/push", body | more)


def test_pushing_an_order(shop: Shop, simulated: Simulated) -> None:
    assert push(simulated, shop, 1) == {"err_code": 0, "err_msg": "", "body": ""}
    assert push(simulated, shop, 1, access_token="x")["err_code"] == 40004
    assert push(simulated, shop, 3)["err_code"] == 40002
    assert push(simulated, shop, 1, order_detail="{}")["err_code"] == 40002
    assert push(simulated, shop, 1, order_detail={"order_id": "T1"})["err_code"] == 40002


async def test_what_could_be_settled(due: Shop, simulated: Simulated) -> None:
    due.refund("R1", 1000)
    assert due.call("unsettle_amount", out_order_no="T1")["data"] == {
        "out_order_no": "T1",
        "unsettle_amount": 9000 - 54,
        "detail": {
            "pay_info": {"out_order_no": "T1", "amount": 10_000},
            "refund_info": [{"out_refund_no": "R1", "amount": 1000}],
            "payment_rake": 54,
            "life_rake": 0,
            "commission": 0,
        },
    }
    await simulated.advance(1)
    due.settle("S1")
    await simulated.advance(1)
    assert due.call("unsettle_amount", out_order_no="T1")["data"]["unsettle_amount"] == 0
    assert due.call("unsettle_amount", out_order_no="T9")["err_no"] == 2010


def test_an_unknown_settlement(shop: Shop) -> None:
    assert shop.call("query_settle", out_settle_no="S1")["err_no"] == 2010


class TestReturns:
    @pytest.fixture
    async def shared(self, due: Shop, simulated: Simulated) -> Shop:
        due.settle("S1", settle_params=shares(1000), finish="true")
        await simulated.advance(1)
        return due

    def give_back(self, shop: Shop, number: str, amount: int, **fields: Any) -> dict[str, Any]:
        asked = {
            "out_settle_no": "S1",
            "out_return_no": number,
            "merchant_uid": "R-0",
            "return_amount": amount,
            "return_desc": "多分了",
        }
        return shop.call("create_return", **asked | fields)

    async def test_a_receiver_gives_back(self, shared: Shop, simulated: Simulated) -> None:
        before = shared.balance()["withdrawable_balacne"]
        info = self.give_back(shared, "B1", 400, cp_extra="x")["return_info"]
        assert (info["return_status"], info["finish_time"], info["return_amount"]) == ("PROCESSING", 0, 400)
        assert self.give_back(shared, "B1", 900)["return_info"] == info
        await simulated.advance(1)
        for by in ({"out_return_no": "B1"}, {"return_no": info["return_no"]}):
            found = shared.call("query_return", **by)["return_info"]
            assert (found["return_status"], found["out_settle_no"]) == ("SUCCESS", "S1")
            assert found["finish_time"] > 0
        assert shared.balance()["withdrawable_balacne"] == before + 400
        assert self.give_back(shared, "B2", 601)["err_no"] == 2010
        by_no = {"out_settle_no": None, "settle_no": info["settle_no"]}
        assert self.give_back(shared, "B3", 600, **by_no)["err_no"] == 0

    @pytest.mark.parametrize(
        "fields", [{"out_settle_no": "S9"}, {"merchant_uid": "R-9"}, {"out_settle_no": None}]
    )
    async def test_what_is_not_there(self, shared: Shop, fields: dict[str, Any]) -> None:
        assert self.give_back(shared, "B1", 1, **fields)["err_no"] == 2010

    def test_looking_for_a_return(self, shop: Shop) -> None:
        assert shop.call("query_return", out_return_no="B1")["err_no"] == 4408
        assert shop.call("query_return", out_return_no="B" * 65)["err_no"] == 2102
        assert shop.call("query_return")["err_no"] == 2102
