"""Refunds and the question after them."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, order

YEAR = 365 * 86400


def refund(shop: Shop, amount: object, request_no: str | None = None, **biz: Any) -> dict[str, Any]:
    asked = {"out_trade_no": "T1", "refund_amount": amount, "out_request_no": request_no, **biz}
    return shop.call("alipay.trade.refund", asked)


def asked(shop: Shop, request_no: str | None, *options: str, number: str = "T1") -> dict[str, Any]:
    biz = {"out_trade_no": number, "out_request_no": request_no, "query_options": list(options)}
    return shop.call("alipay.trade.fastpay.refund.query", biz)


def codes(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["code"], answer.get("sub_code") or answer["fund_change"]


class TestRefund:
    def test_the_answer(self, shop: Shop) -> None:
        trade_no = shop.paid()
        answer = refund(shop, "4.00", "R1")
        assert answer.pop("buyer_logon_id")
        assert answer == {
            "code": "10000",
            "msg": "Success",
            "buyer_user_id": "2088000000012345",
            "fund_change": "Y",
            "gmt_refund_pay": "2026-01-01 00:00:00",
            "out_trade_no": "T1",
            "refund_fee": "4.00",
            "trade_no": trade_no,
        }

    def test_details_when_asked_for(self, shop: Shop) -> None:
        shop.paid()
        answer = refund(shop, "4.00", "R1", query_options=["refund_detail_item_list"])
        assert answer["refund_detail_item_list"] == [{"amount": "4.00", "fund_channel": "ALIPAYACCOUNT"}]
        assert answer["send_back_fee"] == "4.00"

    def test_refund_fee_is_the_sum_and_the_whole_closes_the_trade(self, shop: Shop) -> None:
        shop.paid()
        assert refund(shop, "4.00", "R1")["refund_fee"] == "4.00"
        assert shop.state() == "TRADE_SUCCESS"
        assert refund(shop, "6.00", "R2")["refund_fee"] == "10.00"
        assert shop.state() == "TRADE_CLOSED"
        assert shop.query()["receipt_amount"] == "10.00"
        assert codes(refund(shop, "1.00", "R3")) == ("40004", "ACQ.TRADE_HAS_CLOSE")
        assert codes(refund(shop, "6.00", "R2")) == ("10000", "N")

    def test_a_repeat_moves_nothing(self, shop: Shop) -> None:
        shop.paid()
        refund(shop, "4.00", "R1")
        assert codes(refund(shop, "4", "R1")) == ("10000", "N")
        assert refund(shop, "4.00", "R1")["refund_fee"] == "4.00"
        assert codes(refund(shop, "4.01", "R1")) == ("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")

    def test_without_a_request_number_the_orders_number_is_the_key(self, shop: Shop) -> None:
        shop.paid()
        assert codes(refund(shop, "10.00")) == ("10000", "Y")
        assert codes(refund(shop, "10.00", "T1")) == ("10000", "N")
        assert asked(shop, "T1")["refund_amount"] == "10.00"

    def test_without_a_request_number_only_the_whole(self, shop: Shop) -> None:
        shop.paid()
        assert refund(shop, "4.00") == {
            "code": "40004",
            "msg": "Business Failed",
            "refund_fee": "0.00",
            "send_back_fee": "0.00",
            "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
            "sub_msg": "撤销或退款金额与订单金额不一致",
        }

    def test_more_than_is_left(self, shop: Shop) -> None:
        shop.paid()
        refund(shop, "4.00", "R1")
        answer = refund(shop, "6.01", "R2")
        assert (answer["sub_code"], answer["sub_msg"]) == (
            "ACQ.REASON_TRADE_REFUND_FEE_ERR",
            "REASON_TRADE_REFUND_FEE_ERR",
        )
        assert codes(refund(shop, "10.00"))[1] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"

    def test_lengths(self, shop: Shop) -> None:
        shop.paid()
        assert codes(refund(shop, "1.00", "R1", operator_id="1" * 31))[1] == "ACQ.INVALID_PARAMETER"

    @pytest.mark.parametrize("amount", [None, "0", "1.001", "-1"])
    def test_amounts_that_are_none(self, shop: Shop, amount: str | None) -> None:
        shop.paid()
        assert codes(refund(shop, amount, "R1"))[1] == "ACQ.INVALID_PARAMETER"

    def test_an_unknown_trade_and_one_nobody_opened(self, shop: Shop) -> None:
        assert codes(refund(shop, "1.00"))[1] == "ACQ.TRADE_NOT_EXIST"
        shop.precreated()
        assert codes(refund(shop, "1.00"))[1] == "ACQ.TRADE_NOT_EXIST"

    def test_an_unpaid_trade(self, shop: Shop) -> None:
        shop.call("alipay.trade.create", order(buyer_id="2088000000012345"))
        answer = refund(shop, "10.00")
        assert (answer["sub_code"], answer["sub_msg"]) == ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        assert asked(shop, "R1") == {"code": "10000", "msg": "Success"}

    async def test_a_finished_trade(self, shop: Shop) -> None:
        shop.paid()
        await shop.simulated.advance(YEAR)
        assert codes(refund(shop, "10.00"))[1] == "ACQ.TRADE_HAS_FINISHED"

    async def test_a_refunded_trade_is_not_finished_later(self, shop: Shop) -> None:
        shop.paid()
        refund(shop, "10.00")
        await shop.simulated.advance(YEAR)
        assert shop.state() == "TRADE_CLOSED"

    def test_the_sellers_money(self, shop: Shop) -> None:
        shop.paid()
        shop.simulated.control("account", pid="default", balance=399)
        answer = refund(shop, "4.00", "R1")
        assert (answer["sub_code"], answer["sub_msg"]) == ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
        shop.simulated.control("account", pid="default", balance=400)
        assert codes(refund(shop, "4.00", "R1")) == ("10000", "Y")
        assert shop.simulated.control("account", pid="default")["balance"] == 0


class TestQuery:
    def test_a_refund(self, shop: Shop) -> None:
        trade_no = shop.paid()
        refund(shop, "4.00", "R1", refund_reason="盒子破了")
        assert asked(shop, "R1") == {
            "code": "10000",
            "msg": "Success",
            "out_request_no": "R1",
            "out_trade_no": "T1",
            "refund_amount": "4.00",
            "refund_reason": "盒子破了",
            "refund_status": "REFUND_SUCCESS",
            "total_amount": "10.00",
            "trade_no": trade_no,
        }

    def test_more_when_asked_for(self, shop: Shop) -> None:
        shop.paid()
        refund(shop, "4.00", "R1")
        answer = asked(shop, "R1", "gmt_refund_pay", "refund_detail_item_list", "deposit_back_info")
        assert answer["gmt_refund_pay"] == "2026-01-01 00:00:00"
        assert answer["refund_detail_item_list"] == [{"amount": "4.00", "fund_channel": "ALIPAYACCOUNT"}]
        assert answer["send_back_fee"] == "4.00"
        assert answer["deposit_back_info"] == {"has_deposit_back": "false"}

    def test_an_unknown_request_number_is_success_without_a_refund(self, shop: Shop) -> None:
        shop.paid()
        assert asked(shop, "R9") == {"code": "10000", "msg": "Success"}

    def test_an_unknown_trade_or_no_number(self, shop: Shop) -> None:
        assert asked(shop, "R1", number="none")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
        assert asked(shop, None)["sub_code"] == "ACQ.INVALID_PARAMETER"
