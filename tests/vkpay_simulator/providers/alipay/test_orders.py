"""Orders from the first call on: what is a trade and when, who buys, repeats, barcodes, bad terms."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import NOTIFY_URL, Shop, order

BUYER = "2088000000012345"
CREATE, PRECREATE, PAY = "alipay.trade.create", "alipay.trade.precreate", "alipay.trade.pay"
CLOSE, CANCEL, QUERY = "alipay.trade.close", "alipay.trade.cancel", "alipay.trade.query"
ZEROS = {
    "buyer_pay_amount": "0.00",
    "invoice_amount": "0.00",
    "point_amount": "0.00",
    "receipt_amount": "0.00",
}


def barcode(number: str = "T1", code: str = "2812345678901234", **biz: Any) -> dict[str, Any]:
    return order(number, scene="bar_code", auth_code=code, **biz)


class TestPrecreate:
    def test_a_code_is_no_trade_before_somebody_scans_it(self, shop: Shop) -> None:
        made = shop.precreated()
        assert sorted(made) == ["code", "msg", "out_trade_no", "qr_code"]
        assert made["qr_code"].startswith("https://qr.alipay.com/bax")
        assert shop.query() == {
            "code": "40004",
            "msg": "Business Failed",
            "sub_code": "ACQ.TRADE_NOT_EXIST",
            "sub_msg": "交易不存在",
            "out_trade_no": "T1",
            **ZEROS,
        }
        shop.simulated.alipay.scan("T1", payer=BUYER)
        waiting = shop.query()
        assert waiting["trade_status"] == "WAIT_BUYER_PAY"
        assert waiting["buyer_user_id"] == BUYER
        assert waiting.items() >= ZEROS.items()
        assert "send_pay_date" not in waiting

    def test_the_answer_once_it_is_paid(self, shop: Shop) -> None:
        trade_no = shop.paid(store_id="S1", terminal_id="P1", passback_params="a%3D1")
        answer = shop.query()
        assert answer.pop("buyer_logon_id").partition("***@")[1]
        assert answer == {
            "code": "10000",
            "msg": "Success",
            "buyer_pay_amount": "10.00",
            "buyer_user_id": BUYER,
            "fund_bill_list": [{"amount": "10.00", "fund_channel": "ALIPAYACCOUNT"}],
            "invoice_amount": "10.00",
            "out_trade_no": "T1",
            "passback_params": "a%3D1",
            "point_amount": "0.00",
            "receipt_amount": "10.00",
            "send_pay_date": "2026-01-01 00:00:00",
            "store_id": "S1",
            "terminal_id": "P1",
            "total_amount": "10.00",
            "trade_no": trade_no,
            "trade_status": "TRADE_SUCCESS",
        }
        assert len(trade_no) == 28
        assert trade_no.startswith("202601012200141234")

    def test_a_repeat_is_the_same_code(self, shop: Shop) -> None:
        assert shop.precreated()["qr_code"] == shop.precreated()["qr_code"]
        assert len(shop.simulated.alipay.orders()) == 1

    def test_trade_no_wins_over_out_trade_no(self, shop: Shop) -> None:
        trade_no = shop.paid()
        assert shop.call(QUERY, {"trade_no": trade_no, "out_trade_no": "none"})["out_trade_no"] == "T1"
        assert shop.call(QUERY, {"trade_no": "1", "out_trade_no": "T1"})["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_sellers_do_not_see_each_others_orders(self, shop: Shop) -> None:
        shop.paid()
        assert shop.simulated.shop("certs").state() == "ACQ.TRADE_NOT_EXIST"

    def test_an_app_of_the_open_id_kind_never_sees_a_user_id(self, shop: Shop) -> None:
        shop.simulated.control("account", pid="default", id_mode="open_id")
        shop.paid()
        answer = shop.query()
        assert len(answer["buyer_open_id"]) == 47
        assert "buyer_user_id" not in answer
        told = shop.simulated.told()[0]
        assert told["buyer_open_id"] == answer["buyer_open_id"]
        assert "buyer_id" not in told


@pytest.mark.parametrize(
    ("method", "extra"),
    [(PRECREATE, {}), (CREATE, {"buyer_id": BUYER}), (PAY, {"scene": "bar_code", "auth_code": "2850" * 4})],
    ids=["precreate", "create", "pay"],
)
class TestRepeats:
    def call(self, shop: Shop, method: str, extra: dict[str, str], **biz: Any) -> str:
        answer = shop.call(method, {**order(), **extra, **biz})
        code: str = answer.get("sub_code", answer["code"])
        return code

    @pytest.mark.parametrize("change", [{"total_amount": "10.01"}, {"subject": "咖啡"}])
    def test_other_terms(
        self, shop: Shop, method: str, extra: dict[str, str], change: dict[str, str]
    ) -> None:
        shop.precreated()
        shop.simulated.alipay.scan("T1", payer=BUYER)
        assert self.call(shop, method, extra, **change) == "ACQ.CONTEXT_INCONSISTENT"
        assert self.call(shop, method, extra) == "10000"

    def test_paid(self, shop: Shop, method: str, extra: dict[str, str]) -> None:
        shop.paid()
        assert self.call(shop, method, extra) == "ACQ.TRADE_HAS_SUCCESS"

    def test_closed(self, shop: Shop, method: str, extra: dict[str, str]) -> None:
        shop.precreated()
        shop.simulated.alipay.scan("T1")
        shop.call(CLOSE, {"out_trade_no": "T1"})
        assert self.call(shop, method, extra) == "ACQ.TRADE_HAS_CLOSE"


class TestCreate:
    def test_the_trade_is_there_at_once(self, shop: Shop) -> None:
        made = shop.call(CREATE, order(buyer_id=BUYER))
        assert sorted(made) == ["code", "msg", "out_trade_no", "trade_no"]
        assert shop.state() == "WAIT_BUYER_PAY"
        assert shop.call(CREATE, order(buyer_id=BUYER)) == made

    def test_another_buyer(self, shop: Shop) -> None:
        shop.call(CREATE, order(buyer_id=BUYER))
        again = shop.call(CREATE, order(buyer_id="2088000000054321"))
        assert again["sub_code"] == "ACQ.TRADE_BUYER_NOT_MATCH"

    @pytest.mark.parametrize(
        ("buyer", "sub_code"),
        [
            ({}, "ACQ.INVALID_PARAMETER"),
            ({"buyer_id": "208800000001234"}, "ACQ.BUYER_NOT_EXIST"),
            ({"buyer_open_id": "short"}, "ACQ.BUYER_NOT_EXIST"),
            ({"buyer_open_id": "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"}, None),
            ({"op_buyer_open_id": "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"}, None),
            ({"buyer_logon_id": "zhangsan@example.com"}, None),
        ],
    )
    def test_who_may_be_the_buyer(self, shop: Shop, buyer: dict[str, str], sub_code: str | None) -> None:
        answer = shop.call(CREATE, order(product_code="JSAPI_PAY", op_app_id=shop.node["appId"], **buyer))
        assert answer.get("sub_code") == sub_code
        if sub_code is None:
            # The same person again is no other buyer.
            assert shop.call(CREATE, order(product_code="JSAPI_PAY", **buyer)) == answer

    def test_a_logon_id_is_shown_masked(self, shop: Shop) -> None:
        shop.call(CREATE, order(buyer_logon_id="zhangsan@example.com"))
        assert shop.query()["buyer_logon_id"] == "zha***@example.com"

    def test_the_seller_cannot_buy(self, shop: Shop) -> None:
        assert shop.call(CREATE, order(buyer_id=shop.pid))["sub_code"] == "ACQ.BUYER_SELLER_EQUAL"

    def test_user_ids_are_nothing_to_an_open_id_app(self, shop: Shop) -> None:
        shop.simulated.control("account", pid="default", id_mode="open_id")
        assert shop.call(CREATE, order(buyer_id=BUYER))["sub_code"] == "ACQ.BUYER_NOT_EXIST"

    def test_an_open_id_given_out_leads_back_to_its_person(self, shop: Shop) -> None:
        shop.paid("T1")
        shop.simulated.control("account", pid="default", id_mode="open_id")
        open_id = shop.query("T1")["buyer_open_id"]
        shop.call(CREATE, order("T2", buyer_open_id=open_id))
        assert shop.simulated.alipay.orders()[1].payer == BUYER


class TestBarcode:
    def test_paid_at_once(self, shop: Shop) -> None:
        answer = shop.call(PAY, barcode(), notify_url=NOTIFY_URL)
        assert sorted(answer) == [
            "buyer_logon_id",
            "buyer_pay_amount",
            "buyer_user_id",
            "code",
            "fund_bill_list",
            "gmt_payment",
            "invoice_amount",
            "msg",
            "out_trade_no",
            "point_amount",
            "receipt_amount",
            "total_amount",
            "trade_no",
        ]
        assert (answer["code"], answer["receipt_amount"]) == ("10000", "10.00")
        assert shop.simulated.told()[0]["trade_status"] == "TRADE_SUCCESS"

    async def test_the_buyer_types_the_password_later(self, shop: Shop) -> None:
        answer = shop.call(PAY, barcode(code="2500000000000001"))
        assert (answer["code"], answer["msg"]) == ("10003", " order success pay inprocess")
        assert answer.items() >= ZEROS.items()
        assert "gmt_payment" not in answer
        assert shop.call(PAY, barcode(code="2500000000000001"))["trade_no"] == answer["trade_no"]
        await shop.simulated.advance(4)
        assert shop.state() == "WAIT_BUYER_PAY"
        await shop.simulated.advance(1)
        assert shop.state() == "TRADE_SUCCESS"

    async def test_cancelled_before_the_password(self, shop: Shop) -> None:
        shop.call(PAY, barcode(code="2500000000000001"))
        assert shop.call(CANCEL, {"out_trade_no": "T1"})["action"] == "close"
        await shop.simulated.advance(60)
        assert shop.state() == "TRADE_CLOSED"
        assert shop.call(PAY, barcode(code="2899000000000001"))["sub_code"] == "ACQ.TRADE_HAS_CLOSE"

    async def test_the_buyer_gives_up(self, shop: Shop) -> None:
        shop.call(PAY, barcode(code="2500000000000001"))
        assert shop.simulated.alipay.cancel("T1").state == "WAIT_BUYER_PAY"
        await shop.simulated.advance(60)
        assert shop.state() == "WAIT_BUYER_PAY"

    async def test_the_buyer_does_nothing(self, shop: Shop) -> None:
        shop.call(PAY, barcode(code="2501000000000001"))
        await shop.simulated.advance(60)
        assert shop.state() == "WAIT_BUYER_PAY"
        assert shop.simulated.alipay.pay("T1").state == "TRADE_SUCCESS"

    @pytest.mark.parametrize(
        ("code", "answer", "sub_code", "state"),
        [
            ("2502000000000001", "20000", "isp.unknow-error", "TRADE_SUCCESS"),
            ("2503000000000001", "40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", "ACQ.TRADE_NOT_EXIST"),
            ("2504000000000001", "40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "ACQ.TRADE_NOT_EXIST"),
            ("2505000000000001", "20000", "isp.unknow-error", "ACQ.TRADE_NOT_EXIST"),
            ("2400000000000001", "40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", "ACQ.TRADE_NOT_EXIST"),
            ("28000000000000012345678901", "40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", "ACQ.TRADE_NOT_EXIST"),
        ],
    )
    def test_codes_that_fail(self, shop: Shop, code: str, answer: str, sub_code: str, state: str) -> None:
        failed = shop.call(PAY, barcode(code=code))
        assert (failed["code"], failed["sub_code"]) == (answer, sub_code)
        assert shop.state() == state
        if answer == "40004":
            assert failed.items() >= {"out_trade_no": "T1", **ZEROS}.items()

    def test_a_face_payment_code(self, shop: Shop) -> None:
        answer = shop.call(PAY, barcode(code="fp" + "a1" * 16 + "b") | {"scene": "security_code"})
        assert answer["code"] == "10000"

    def test_a_code_works_once(self, shop: Shop) -> None:
        shop.call(PAY, barcode("T1"))
        assert shop.call(PAY, barcode("T2"))["sub_code"] == "ACQ.PAYMENT_AUTH_CODE_INVALID"
        assert len(shop.simulated.alipay.orders()) == 1

    @pytest.mark.parametrize("change", [{"auth_code": ""}, {"scene": "cash"}])
    def test_fields_of_its_own(self, shop: Shop, change: dict[str, str]) -> None:
        assert shop.call(PAY, barcode() | change)["sub_code"] == "ACQ.INVALID_PARAMETER"

    def test_the_scene_is_the_bar_code_unless_told(self, shop: Shop) -> None:
        assert shop.call(PAY, barcode() | {"scene": ""})["code"] == "10000"

    async def test_another_try_after_the_buyer_gave_up(self, shop: Shop) -> None:
        shop.call(PAY, barcode(code="2500000000000001"))
        shop.simulated.alipay.cancel("T1")
        shop.call(PAY, barcode(code="2500000000000002"))
        await shop.simulated.advance(5)
        assert shop.state() == "TRADE_SUCCESS"

    @pytest.mark.parametrize("product", ["PRE_AUTH", "GENERAL_WITHHOLDING", "CYCLE_PAY_AUTH"])
    def test_other_contracts(self, shop: Shop, product: str) -> None:
        assert shop.call(PAY, barcode(product_code=product))["sub_code"] == "ACQ.ACCESS_FORBIDDEN"


LONG = "长" * 300
GOODS = {"goods_id": "g", "goods_name": "茶", "quantity": 1, "price": 10.00}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"out_trade_no": None}, "INVALID_PARAMETER"),
    ({"out_trade_no": "订单"}, "INVALID_PARAMETER"),
    ({"out_trade_no": "1" * 65}, "INVALID_PARAMETER"),
    ({"out_trade_no": ["T1"]}, "INVALID_PARAMETER"),
    ({"total_amount": None}, "INVALID_PARAMETER"),
    ({"total_amount": "1.001"}, "INVALID_PARAMETER"),
    ({"total_amount": "-1"}, "INVALID_PARAMETER"),
    ({"total_amount": "１"}, "INVALID_PARAMETER"),
    ({"total_amount": "0"}, "TOTAL_FEE_EXCEED"),
    ({"total_amount": "100000000.01"}, "TOTAL_FEE_EXCEED"),
    ({"subject": None}, "INVALID_PARAMETER"),
    ({"subject": LONG}, "INVALID_PARAMETER"),
    ({"subject": "a/b"}, "INVALID_PARAMETER"),
    ({"subject": "a=b"}, "INVALID_PARAMETER"),
    ({"subject": "a&b"}, "INVALID_PARAMETER"),
    ({"body": LONG}, "INVALID_PARAMETER"),
    ({"product_code": "QUICK_WAP_WAY"}, "INVALID_PARAMETER"),
    ({"seller_id": "2088000000000000"}, "SELLER_NOT_EXIST"),
    ({"discountable_amount": "1.00", "undiscountable_amount": "8.00"}, "INVALID_PARAMETER"),
    ({"timeout_express": "1.5h"}, "INVALID_PARAMETER"),
    ({"timeout_express": "16d"}, "INVALID_PARAMETER"),
    ({"qr_code_timeout_express": "1c"}, "INVALID_PARAMETER"),
    ({"time_expire": "tomorrow"}, "INVALID_PARAMETER"),
    ({"time_expire": "2025-12-31 23:59:59"}, "NOW_TIME_AFTER_EXPIRE_TIME_ERROR"),
    ({"enable_pay_channels": "balance", "disable_pay_channels": "pcredit"}, "INVALID_PARAMETER"),
    ({"extend_params": []}, "INVALID_PARAMETER"),
    ({"extend_params": "{"}, "INVALID_PARAMETER"),
    ({"goods_detail": {}}, "INVALID_PARAMETER"),
    ({"goods_detail": ["tea"]}, "INVALID_PARAMETER"),
    ({"goods_detail": [{**GOODS, "goods_id": ""}]}, "INVALID_PARAMETER"),
    ({"goods_detail": [{**GOODS, "price": "x"}]}, "INVALID_PARAMETER"),
    ({"goods_detail": [{**GOODS, "goods_category": "1" * 25}]}, "INVALID_PARAMETER"),
    ({"extend_params": {"sys_service_provider_id": "1" * 65}}, "INVALID_PARAMETER"),
    ({"royalty_info": "tea"}, "INVALID_PARAMETER"),
    ({"qr_pay_mode": "5"}, "INVALID_PARAMETER"),
]
RIGHT: list[dict[str, Any]] = [
    {"total_amount": 10.01},
    {"total_amount": 10},
    {"total_amount": "100000000"},
    {"total_amount": "0.1"},
    {"out_trade_no": "a-b_1" * 12},
    {"product_code": "FACE_TO_FACE_PAYMENT"},
    {"discountable_amount": "1.00", "undiscountable_amount": "9.00"},
    {"discountable_amount": "20.00"},
    {"qr_pay_mode": 4, "integration_type": "ALIAPP", "goods_type": "1"},
    {"timeout_express": "15d", "qr_code_timeout_express": "1m"},
    {"extend_params": '{"hb_fq_num":"3"}', "goods_detail": [GOODS]},
]


@pytest.mark.parametrize(("change", "sub_code"), WRONG, ids=lambda value: str(value)[:40])
def test_orders_that_are_refused(shop: Shop, change: dict[str, Any], sub_code: str) -> None:
    answer = shop.call(PRECREATE, order() | change)
    assert (answer["code"], answer["sub_code"]) == ("40004", f"ACQ.{sub_code}")
    assert shop.simulated.alipay.orders() == []


@pytest.mark.parametrize("change", RIGHT, ids=lambda value: str(value)[:40])
def test_orders_that_are_taken(shop: Shop, change: dict[str, Any]) -> None:
    assert shop.call(PRECREATE, order() | change)["code"] == "10000"


def test_the_seller_may_be_named(shop: Shop) -> None:
    assert shop.precreated(seller_id=shop.pid)["qr_code"] == shop.precreated()["qr_code"]
