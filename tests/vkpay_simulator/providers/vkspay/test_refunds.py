"""Refunds and their query."""

import re

import pytest

from tests.vkpay_simulator.providers.vkspay.merchant import Shop, Simulated
from vkpay_simulator.providers.base import SimulatorError


def test_a_refund_is_done_at_once_and_its_number_stands_at_the_top(shop: Shop) -> None:
    number = shop.paid("10.00")
    content = shop.call("orderrefund", out_trade_no=number, refund_fee="3.00")
    refund_no = content["out_refund_no"]
    assert re.fullmatch(rf"R{shop.node['mchId']}-\d{{20}}", refund_no)
    assert content == {
        "return_code": "SUCCESS",
        "return_msg": "SUCCESS",
        "out_refund_no": refund_no,
        "data": {"refund_fee": "3.00", "refund_time": "2026-01-01 00:00:00"},
    }
    assert shop.call("orderrefundquery", out_trade_no=number, out_refund_no=refund_no) == content
    query = shop.call("orderquery", out_trade_no=number)
    assert (query["return_code"], query["data"]["refund_fee"]) == ("SUCCESS", "3.00")


def test_a_merchants_number_is_taken_and_repeating_it_moves_nothing(simulated: Simulated, shop: Shop) -> None:
    number = shop.paid("10.00")
    for _ in range(2):
        content = shop.call("orderrefund", out_trade_no=number, refund_fee="6", out_refund_no="R1")
        assert (content["return_code"], content["out_refund_no"]) == ("SUCCESS", "R1")
    other = shop.call("orderrefund", out_trade_no=number, refund_fee="1", out_refund_no="R1")
    assert other["return_msg"] == "参数错误:out_refund_no重复"
    assert simulated.vkspay.orders()[0].refunded_fee == 600


def test_where_numbers_are_ignored_a_repeat_is_a_second_refund(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", own_numbers=False)
    number = shop.paid("10.00")
    made = [
        shop.call("orderrefund", out_trade_no=number, refund_fee="4", out_refund_no="R1")["out_refund_no"]
        for _ in range(2)
    ]
    assert "R1" not in made
    assert made[0] != made[1]
    assert (
        shop.call("orderrefundquery", out_trade_no=number, out_refund_no="R1")["return_code"]
        == "REFUNDNOTEXIST"
    )


def test_the_parts_make_up_the_total_and_no_more(shop: Shop) -> None:
    number = shop.paid("10.00")
    codes = [
        shop.call("orderrefund", out_trade_no=number, refund_fee=fee)["return_code"]
        for fee in ("6.00", "4.01", "4.00", "0.01")
    ]
    assert codes == ["SUCCESS", "REFUNDOVER", "SUCCESS", "REFUNDOVER"]
    assert shop.state(number) == "SUCCESS"


def test_an_order_has_fifty_refunds_at_most(shop: Shop) -> None:
    number = shop.paid("10.00")
    codes = [
        shop.call("orderrefund", out_trade_no=number, refund_fee="0.01")["return_code"] for _ in range(51)
    ]
    assert codes == ["SUCCESS"] * 50 + ["REFUNDOVER"]


def test_what_is_not_paid_or_not_known_is_not_refunded(shop: Shop) -> None:
    number = shop.order()
    assert shop.why("orderrefund", out_trade_no=number, refund_fee="1")[0] == "NOTPAY"
    assert shop.why("orderrefund", out_trade_no="nobody", refund_fee="1")[0] == "ORDERNOTEXIST"
    assert shop.why("orderrefundquery", out_trade_no=number)[1] == "参数错误:缺少out_refund_no"
    code, _, why = shop.why("orderrefundquery", out_trade_no=number, out_refund_no="R1")
    assert code == "REFUNDNOTEXIST"
    assert "R1" in why


@pytest.mark.parametrize("fee", [None, "0", "0.001", "-1", "all"])
def test_an_amount_is_in_yuan_and_more_than_nothing(shop: Shop, fee: str | None) -> None:
    number = shop.paid()
    code, text, _ = shop.why("orderrefund", out_trade_no=number, refund_fee=fee)
    assert code == "FAIL"
    assert "refund_fee" in text


class TestSlowRefunds:
    async def test_they_take_their_time(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("rules", refund_delay_s=60)
        number = shop.paid()
        content = shop.call("orderrefund", out_trade_no=number, refund_fee="1", out_refund_no="R1")
        assert content == {"return_code": "PROCESSING", "return_msg": "退款处理中", "out_refund_no": "R1"}
        ask = {"out_trade_no": number, "out_refund_no": "R1"}
        await simulated.world.advance(59)
        assert shop.call("orderrefundquery", **ask) == content
        await simulated.world.advance(1)
        assert shop.call("orderrefundquery", **ask)["data"] == {
            "refund_fee": "1.00",
            "refund_time": "2026-01-01 00:01:00",
        }

    async def test_they_may_fail_and_give_the_amount_free(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("rules", refund_delay_s=60)
        number = shop.paid("1.00")
        shop.call("orderrefund", out_trade_no=number, refund_fee="1", out_refund_no="R1")
        ended = simulated.vkspay.settle_refund("R1", "FAIL")
        assert (ended["out_trade_no"], ended["refund_fee"], ended["refund_status"]) == (
            number,
            "1.00",
            "FAIL",
        )
        await simulated.world.advance(60)
        answer = shop.call("orderrefundquery", out_trade_no=number, out_refund_no="R1")
        assert answer == {"return_code": "FAIL", "return_msg": "退款失败"}
        again = shop.call("orderrefund", out_trade_no=number, refund_fee="1", out_refund_no="R2")
        assert again["return_code"] == "PROCESSING"

    def test_an_end_is_for_good(self, shop: Shop, simulated: Simulated) -> None:
        shop.call("orderrefund", out_trade_no=shop.paid(), refund_fee="1", out_refund_no="R1")
        assert simulated.vkspay.settle_refund("R1", "SUCCESS")["refund_status"] == "SUCCESS"
        with pytest.raises(SimulatorError, match="SUCCESS already"):
            simulated.vkspay.settle_refund("R1", "FAIL")
        with pytest.raises(SimulatorError, match="SUCCESS or FAIL"):
            simulated.vkspay.settle_refund("R1", "LOST")
        with pytest.raises(SimulatorError, match="no refund"):
            simulated.vkspay.settle_refund("R2", "FAIL")
