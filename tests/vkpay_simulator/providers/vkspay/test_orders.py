"""Cashier orders and their query."""

import re

import pytest

from tests.vkpay_simulator.providers.vkspay.merchant import NOTIFY_URL, START_S, Shop, Simulated, link_of
from vkpay_simulator.providers.base import SimulatorError

HOURS_2 = 7200


class TestWebpay:
    def test_the_answer_has_number_and_link(self, shop: Shop) -> None:
        content = shop.call("webpay", total_fee="0.01", notify_url=NOTIFY_URL)
        assert (content["return_code"], content["return_msg"]) == ("SUCCESS", "SUCCESS")
        assert re.fullmatch(rf"{shop.node['mchId']}-20260101000000\d{{6}}", content["data"]["out_trade_no"])
        assert link_of(content)

    def test_a_merchants_number_is_taken_and_repeating_it_gives_the_same_link(self, shop: Shop) -> None:
        contents = [shop.call("webpay", total_fee="0.01", out_trade_no="T-1_a") for _ in range(2)]
        assert contents[0] == contents[1]
        assert contents[0]["data"]["out_trade_no"] == "T-1_a"

    def test_a_merchants_number_is_ignored_where_the_rule_says_so(
        self, simulated: Simulated, shop: Shop
    ) -> None:
        simulated.control("rules", own_numbers=False)
        numbers = {shop.order(out_trade_no="T1") for _ in range(2)}
        assert len(numbers) == 2
        assert all(number.startswith(f"{shop.node['mchId']}-") for number in numbers)
        assert shop.state("T1") == "ORDERNOTEXIST"
        assert {order.alias for order in simulated.vkspay.orders()} == {"T1"}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("total_fee", "0"),
            ("total_fee", "0.00"),
            ("total_fee", "-1"),
            ("total_fee", "0.001"),
            ("total_fee", "1e2"),
            ("total_fee", "５"),
            ("total_fee", "50000.01"),
            ("out_trade_no", "T 1"),
            ("out_trade_no", "x" * 65),
            ("pay_chnl", "bank"),
            ("subject", "x" * 129),
            ("attach", "x" * 257),
            ("return_url", "javascript:alert(1)"),
            ("notify_url", "nowhere"),
        ],
    )
    def test_a_wrong_field_is_refused_by_name_and_leaves_no_order(
        self, simulated: Simulated, shop: Shop, field: str, value: str
    ) -> None:
        code, text, why = shop.why("webpay", **{"total_fee": "1.00", field: value})
        assert code == "FAIL"
        assert text.startswith(f"参数错误:{field}")
        assert why
        assert simulated.vkspay.orders() == []

    def test_the_limit_can_be_moved(self, simulated: Simulated, shop: Shop) -> None:
        assert shop.call("webpay", total_fee="50000")["return_code"] == "SUCCESS"
        simulated.control("rules", amount_limit=100)
        assert shop.why("webpay", total_fee="1.01")[1] == "参数错误:total_fee超过单笔限额"
        assert shop.call("webpay", total_fee="1.00")["return_code"] == "SUCCESS"

    async def test_a_number_is_used_up_by_another_amount_a_payment_and_a_closing(
        self, simulated: Simulated, shop: Shop
    ) -> None:
        again = {"out_trade_no": shop.order("10.00", out_trade_no="T1")}
        assert shop.why("webpay", total_fee="10.01", **again)[1] == "参数错误:out_trade_no重复"
        simulated.vkspay.pay("T1")
        assert shop.why("webpay", total_fee="10.00", **again)[1] == "参数错误:out_trade_no已支付"
        shop.order(out_trade_no="T2")
        simulated.control("close", out_trade_no="T2")
        assert shop.why("webpay", total_fee="10.00", out_trade_no="T2")[0] == "CLOSED"

    def test_two_stores_may_use_one_number(self, simulated: Simulated, shop: Shop) -> None:
        shop.paid(out_trade_no="T1")
        other = simulated.shop("certs")
        other.order(out_trade_no="T1")
        assert (shop.state("T1"), other.state("T1")) == ("SUCCESS", "NOTPAY")


class TestQuery:
    def test_only_paid_is_success(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order("12.30", attach="kept")
        assert shop.call("orderquery", out_trade_no=number) == {
            "return_code": "NOTPAY",
            "return_msg": "订单未支付",
        }
        view = simulated.vkspay.pay(number, channel="alipay")
        assert shop.call("orderquery", out_trade_no=number) == {
            "return_code": "SUCCESS",
            "return_msg": "SUCCESS",
            "data": {
                "out_trade_no": number,
                "transaction_id": view.transaction_id,
                "pay_chnl": "alipay",
                "total_fee": "12.30",
                "pay_time": "2026-01-01 00:00:00",
                "refund_fee": "0.00",
                "attach": "kept",
            },
        }

    def test_unknown_numbers_are_named(self, simulated: Simulated, shop: Shop) -> None:
        number = simulated.shop("certs").order()
        code, text, why = shop.why("orderquery", out_trade_no=number)
        assert (code, text) == ("ORDERNOTEXIST", "订单不存在")
        assert number in why
        assert shop.why("orderquery")[1] == "参数错误:缺少out_trade_no"

    async def test_an_order_can_be_paid_for_two_hours(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order()
        await simulated.world.advance(HOURS_2 - 1)
        later = {"timestamp": int(START_S)}
        assert shop.call("orderquery", out_trade_no=number, **later)["return_code"] == "NOTPAY"
        await simulated.world.advance(1)
        assert shop.state(number) == "CLOSED"
        with pytest.raises(SimulatorError, match="CLOSED"):
            simulated.vkspay.pay(number)

    async def test_a_paid_order_stays_paid(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.paid()
        await simulated.world.advance(10 * HOURS_2)
        assert shop.state(number) == "SUCCESS"
