"""create_refund and query_refund."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.douyin.merchant import DAY, NOTIFY_URL, Shop, Simulated
from vkpay_simulator.providers.base import SimulatorError


async def test_a_refund_is_accepted_done_and_told(shop: Shop, simulated: Simulated) -> None:
    shop.paid()
    answer = shop.refund("R1", 400, cp_extra="x")
    assert (answer["err_no"], answer["err_tips"]) == (0, "受理成功")
    assert shop.call("query_refund", out_refund_no="R1")["refundInfo"] == {
        "refund_no": answer["refund_no"],
        "refund_amount": 400,
        "refund_status": "PROCESSING",
        "refunded_at": 0,
        "is_all_settled": False,
        "cp_extra": "x",
        "msg": "",
    }
    await simulated.advance(1)
    info = shop.call("query_refund", out_refund_no="R1")["refundInfo"]
    assert (info["refund_status"], info["refunded_at"]) == ("SUCCESS", 1_767_196_801)
    envelope = shop.verify(simulated.notified[-1])
    assert (envelope["type"], simulated.notified[-1].url) == ("refund", NOTIFY_URL)
    assert simulated.told()[-1] == {
        "appid": shop.app_id,
        "cp_refundno": "R1",
        "cp_extra": "x",
        "status": "SUCCESS",
        "refund_amount": 400,
        "is_all_settled": False,
        "refunded_at": 1_767_196_801,
        "message": "",
        "order_id": shop.call("query_order", out_order_no="T1")["order_id"],
        "refund_no": answer["refund_no"],
    }
    assert shop.status() == "SUCCESS"


def test_no_more_than_was_paid(shop: Shop) -> None:
    shop.paid()
    assert shop.refund("R1", 1001)["err_no"] == 2010
    assert shop.refund("R2", 600)["err_no"] == 0
    assert shop.refund("R3", 401)["err_no"] == 2010
    assert shop.refund("R4", 400)["err_no"] == 0
    assert shop.refund("R5", 1)["err_no"] == 2010


async def test_what_is_on_its_way_counts_as_given_back(shop: Shop, simulated: Simulated) -> None:
    """As at every other provider of the control API."""
    shop.paid()
    for number in ("R1", "R2"):
        shop.refund(number, 400)
    simulated.douyin.settle_refund("R2", "FAIL")
    assert [order.refunded_fee for order in simulated.douyin.orders()] == [400]
    await simulated.advance(1)
    assert [order.refunded_fee for order in simulated.douyin.orders()] == [400]


def test_repeating_a_number_gives_the_first_refund_again(shop: Shop) -> None:
    shop.paid()
    first = shop.refund("R1", 400)
    assert shop.refund("R1", 700, reason="别的") == first
    assert shop.refund("R2", 600)["err_no"] == 0


def test_a_number_that_failed_is_used_up(shop: Shop) -> None:
    shop.paid()
    assert shop.refund("R1", 1001)["err_no"] == 2010
    again = shop.refund("R1", 400)
    assert (again["err_no"], again["refund_no"]) == (2010, "")
    assert again["err_tips"].endswith("请更换单号")
    assert shop.refund_status("R1") == "3101"


def test_what_is_wrong_before_the_business_burns_no_number(shop: Shop) -> None:
    shop.paid()
    assert shop.refund("R1", 400, reason="")["err_no"] == 2010
    assert shop.refund("R1", 400)["err_no"] == 0


async def test_a_refund_that_fails_gives_its_amount_free(shop: Shop, simulated: Simulated) -> None:
    shop.paid()
    shop.refund("R1", 1000)
    ended = simulated.douyin.settle_refund("R1", "FAIL")
    assert (ended["refund_status"], ended["out_trade_no"]) == ("FAIL", "T1")
    assert (simulated.told()[-1]["status"], simulated.told()[-1]["message"]) == ("FAIL", "退款失败")
    await simulated.advance(1)
    assert shop.refund_status("R1") == "FAIL"
    assert shop.refund("R2", 1000)["err_no"] == 0


@pytest.mark.parametrize("state", ["unpaid", "unknown", "expired"])
async def test_only_a_paid_order_is_refunded(shop: Shop, simulated: Simulated, state: str) -> None:
    if state != "unknown":
        shop.created()
    if state == "expired":
        await simulated.advance(600)
    assert shop.refund("R1", 1)["err_no"] == 2010


async def test_a_year_is_the_limit(shop: Shop, simulated: Simulated) -> None:
    shop.paid()
    await simulated.advance(365 * DAY)
    assert shop.refund("R1", 1)["err_no"] == 0
    await simulated.advance(1)
    assert shop.refund("R2", 1)["err_no"] == 2010


@pytest.mark.parametrize(("channel", "most"), [("wxpay", 50), ("alipay", 300)])
def test_so_many_parts(shop: Shop, channel: str, most: int) -> None:
    shop.paid(channel=channel)
    assert {shop.refund(f"R{number}", 1)["err_no"] for number in range(most)} == {0}
    assert shop.refund("R-last", 1)["err_no"] == 2010


class TestAfterSettlement:
    async def settled(self, shop: Shop, simulated: Simulated, **fields: Any) -> None:
        shop.paid()
        await simulated.advance(7 * DAY)
        assert shop.settle("S1", **fields)["err_no"] == 0
        await simulated.advance(1)

    async def test_the_money_comes_out_of_the_balance(self, shop: Shop, simulated: Simulated) -> None:
        await self.settled(shop, simulated)
        before = shop.balance()["withdrawable_balacne"]
        assert shop.refund("R1", 400)["err_no"] == 2010
        assert shop.refund("R2", 400, all_settle=1)["err_no"] == 0
        await simulated.advance(1)
        assert shop.balance()["withdrawable_balacne"] == before - 400
        assert simulated.told()[-1]["is_all_settled"] is True

    async def test_a_balance_that_is_too_low(self, shop: Shop, simulated: Simulated) -> None:
        await self.settled(shop, simulated)
        simulated.control("account", pid="default", balances={"wx": 399})
        assert shop.refund("R1", 400, all_settle=1)["err_no"] == 0
        await simulated.advance(1)
        assert (simulated.told()[-1]["status"], simulated.told()[-1]["message"]) == (
            "FAIL",
            "商户可提现余额不足",
        )
        assert shop.balance()["withdrawable_balacne"] == 399

    async def test_what_a_share_has_taken_is_not_in_transit(self, shop: Shop, simulated: Simulated) -> None:
        share = '[{"merchant_uid":"R-1","amount":300}]'
        await self.settled(shop, simulated, settle_params=share, finish="false")
        assert shop.refund("R1", 701)["err_no"] == 2010
        assert shop.refund("R2", 700)["err_no"] == 0
        assert shop.refund("R3", 300, all_settle=1)["err_no"] == 0

    def test_nothing_is_settled_yet(self, shop: Shop) -> None:
        shop.paid()
        assert shop.refund("R1", 400, all_settle=1)["err_no"] == 2010


def test_ending_a_refund_by_hand(shop: Shop, simulated: Simulated) -> None:
    shop.paid()
    shop.refund("R1", 400)
    for number, status, pid, code in (
        ("R2", "SUCCESS", None, 404),
        ("R1", "SUCCESS", "partner", 404),
        ("R1", "ABNORMAL", None, 400),
    ):
        with pytest.raises(SimulatorError) as caught:
            simulated.douyin.settle_refund(number, status, pid=pid)
        assert caught.value.status == code
    assert simulated.douyin.settle_refund("R1", "SUCCESS")["refund_status"] == "SUCCESS"
    with pytest.raises(SimulatorError, match="PROCESSING"):
        simulated.douyin.settle_refund("R1", "FAIL")


def test_an_unknown_refund(shop: Shop) -> None:
    assert shop.call("query_refund", out_refund_no="R1") == {"err_no": 3101, "err_tips": "退款记录不存在"}


@pytest.mark.parametrize(
    "fields",
    [
        {"out_refund_no": "R 1"},
        {"reason": "x" * 101},
        {"refund_amount": 0},
        {"refund_amount": 10**11},
        {"all_settle": 2},
        {"notify_url": "ftp://127.0.0.1/"},
    ],
    ids=lambda fields: str(*fields),
)
def test_fields_that_do_not_do(shop: Shop, fields: dict[str, Any]) -> None:
    shop.paid()
    asked = {"out_order_no": "T1", "out_refund_no": "R1", "reason": "破损", "refund_amount": 1}
    assert shop.call("create_refund", **asked | fields)["err_no"] == 2010
