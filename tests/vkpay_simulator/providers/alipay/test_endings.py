"""How orders end: timeouts, closing, cancelling."""

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, order

HOUR, DAY = 3600, 86400
BUYER = "2088000000012345"
CREATE, PRECREATE = "alipay.trade.create", "alipay.trade.precreate"
CLOSE, CANCEL, QUERY = "alipay.trade.close", "alipay.trade.cancel", "alipay.trade.query"


class TestTimeouts:
    @pytest.mark.parametrize(
        ("biz", "seconds"),
        [
            ({}, 3 * HOUR),
            ({"timeout_express": "90m"}, 90 * 60),
            ({"timeout_express": "2d"}, 2 * DAY),
            ({"timeout_express": "1c"}, DAY),
            ({"timeout_express": "90m", "time_expire": "2026-01-01 05:00:00"}, 5 * HOUR),
        ],
    )
    async def test_a_scanned_code_closes(self, shop: Shop, biz: dict[str, str], seconds: int) -> None:
        shop.precreated(**biz)
        shop.simulated.alipay.scan("T1")
        await shop.simulated.advance(seconds - 1)
        assert shop.state() == "WAIT_BUYER_PAY"
        await shop.simulated.advance(1)
        assert shop.state() == "TRADE_CLOSED"
        assert shop.query()["receipt_amount"] == "0.00"

    @pytest.mark.parametrize(
        ("biz", "seconds"),
        [
            ({}, 2 * HOUR),
            ({"timeout_express": "2d"}, 2 * HOUR),
            ({"timeout_express": "5m"}, 300),
            ({"qr_code_timeout_express": "10m"}, 600),
            ({"qr_code_timeout_express": "1d"}, 2 * HOUR),
        ],
    )
    async def test_a_code_nobody_scanned_becomes_void(
        self, shop: Shop, biz: dict[str, str], seconds: int
    ) -> None:
        code = shop.precreated(**biz)["qr_code"]
        await shop.simulated.advance(seconds - 1)
        assert shop.simulated.alipay.orders()[0].state == "UNOPENED"
        await shop.simulated.advance(1)
        assert shop.simulated.alipay.orders()[0].state == "VOID"
        assert shop.state() == "ACQ.TRADE_NOT_EXIST"
        assert shop.precreated("T1", "11.00")["qr_code"] != code

    async def test_a_scanned_code_outlives_the_code(self, shop: Shop) -> None:
        shop.precreated()
        shop.simulated.alipay.scan("T1")
        await shop.simulated.advance(2 * HOUR)
        assert shop.state() == "WAIT_BUYER_PAY"

    async def test_create_counts_from_the_call(self, shop: Shop) -> None:
        shop.call(CREATE, order(buyer_id=BUYER, product_code="JSAPI_PAY"))
        await shop.simulated.advance(15 * DAY - 1)
        assert shop.state() == "WAIT_BUYER_PAY"
        await shop.simulated.advance(1)
        assert shop.state() == "TRADE_CLOSED"

    async def test_a_paid_trade_does_not_close_and_is_finished_after_a_year(self, shop: Shop) -> None:
        shop.paid()
        await shop.simulated.advance(365 * DAY - 1)
        assert shop.state() == "TRADE_SUCCESS"
        await shop.simulated.advance(1)
        assert shop.state() == "TRADE_FINISHED"
        assert shop.call(PRECREATE, order())["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"


class TestClose:
    def test_a_waiting_trade(self, shop: Shop) -> None:
        made = shop.call(CREATE, order(buyer_id=BUYER))
        closed = shop.call(CLOSE, {"trade_no": made["trade_no"]})
        assert closed == made
        assert shop.state() == "TRADE_CLOSED"
        assert shop.call(CLOSE, {"out_trade_no": "T1"})["sub_code"] == "ACQ.TRADE_STATUS_ERROR"

    def test_a_paid_trade(self, shop: Shop) -> None:
        shop.paid()
        answer = shop.call(CLOSE, {"out_trade_no": "T1"})
        assert (answer["sub_code"], answer["sub_msg"]) == ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")

    @pytest.mark.parametrize(("voids", "state"), [(True, "VOID"), (False, "UNOPENED")])
    def test_a_code_nobody_scanned(self, shop: Shop, voids: bool, state: str) -> None:
        shop.simulated.control("rules", close_voids_unopened=voids)
        shop.precreated()
        assert shop.call(CLOSE, {"out_trade_no": "T1"})["sub_code"] == "ACQ.TRADE_NOT_EXIST"
        assert shop.simulated.alipay.orders()[0].state == state

    @pytest.mark.parametrize("method", [CLOSE, CANCEL, QUERY])
    def test_a_number_is_needed(self, shop: Shop, method: str) -> None:
        assert shop.call(method, {})["sub_code"] == "ACQ.INVALID_PARAMETER"


class TestCancel:
    @pytest.mark.parametrize("precreated", [True, False])
    def test_nothing_there(self, shop: Shop, precreated: bool) -> None:
        if precreated:
            shop.precreated()
        answer = {"code": "10000", "msg": "Success", "out_trade_no": "T1", "retry_flag": "N"}
        assert shop.call(CANCEL, {"out_trade_no": "T1"}) == answer
        assert shop.call(CANCEL, {"out_trade_no": "T1"}) == answer
        assert [one.state for one in shop.simulated.alipay.orders()] == ["VOID"] * precreated

    def test_unpaid(self, shop: Shop) -> None:
        made = shop.call(CREATE, order(buyer_id=BUYER))
        answer = shop.call(CANCEL, {"out_trade_no": "T1"})
        assert answer == {**made, "action": "close", "retry_flag": "N"}
        assert shop.call(CANCEL, {"out_trade_no": "T1"}) == answer

    def test_paid(self, shop: Shop) -> None:
        shop.paid()
        answer = shop.call(CANCEL, {"out_trade_no": "T1"})
        assert (answer["action"], answer["gmt_refund_pay"]) == ("refund", "2026-01-01 00:00:00")
        assert shop.call(CANCEL, {"out_trade_no": "T1"}) == answer
        assert shop.state() == "TRADE_CLOSED"
        told = shop.simulated.told()[-1]
        assert (told["trade_status"], told["refund_fee"]) == ("TRADE_CLOSED", "10.00")

    def test_partly_refunded_under_the_orders_own_number(self, shop: Shop) -> None:
        shop.paid()
        refund = {"out_trade_no": "T1", "out_request_no": "T1", "refund_amount": "4.00"}
        shop.call("alipay.trade.refund", refund)
        assert shop.call(CANCEL, {"out_trade_no": "T1"})["action"] == "refund"
        assert shop.simulated.alipay.orders()[0].refunded_fee == 1000

    async def test_a_day_later(self, shop: Shop) -> None:
        shop.paid()
        await shop.simulated.advance(DAY + 1)
        assert shop.call(CANCEL, {"out_trade_no": "T1"})["sub_code"] == "ACQ.TRADE_CANCEL_TIME_OUT"

    async def test_finished(self, shop: Shop) -> None:
        shop.paid()
        await shop.simulated.advance(365 * DAY)
        assert shop.call(CANCEL, {"out_trade_no": "T1"})["sub_code"] == "ACQ.TRADE_HAS_FINISHED"

    def test_no_money_left(self, shop: Shop) -> None:
        shop.paid()
        shop.simulated.control("account", pid="default", balance=999)
        assert shop.call(CANCEL, {"out_trade_no": "T1"})["sub_code"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"
