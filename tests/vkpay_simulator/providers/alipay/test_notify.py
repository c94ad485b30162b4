"""Notifications: which are sent, where to, what stands in them, how they are signed and repeated."""

import json
import re
from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import NOTIFY_URL, Shop, form_of, order
from vkpay_simulator.delivery import Delivery

DAY = 86400
BUYER = "2088000000012345"
MONEY = {
    "buyer_pay_amount": "10.00",
    "fund_bill_list": '[{"amount":"10.00","fundChannel":"ALIPAYACCOUNT"}]',
    "gmt_payment": "2026-01-01 00:00:00",
    "invoice_amount": "10.00",
    "point_amount": "0.00",
    "receipt_amount": "10.00",
}


def always(shop: Shop, trade_no: str, state: str) -> dict[str, str]:
    app_id = shop.node["appId"]
    return {
        "app_id": app_id,
        "auth_app_id": app_id,
        "buyer_id": BUYER,
        "charset": "utf-8",
        "gmt_create": "2026-01-01 00:00:00",
        "notify_time": "2026-01-01 00:00:00",
        "notify_type": "trade_status_sync",
        "out_trade_no": "T1",
        "seller_id": shop.pid,
        "sign_type": "RSA2",
        "subject": "一斤茶叶",
        "total_amount": "10.00",
        "trade_no": trade_no,
        "trade_status": state,
        "version": "1.0",
    }


def told(shop: Shop) -> dict[str, str]:
    """The last notification, verified, without what differs from world to world."""
    fields = shop.simulated.told()[-1]
    shop.verify_form(fields)
    for name in ("sign", "buyer_logon_id", "seller_email", "notify_id"):
        assert fields.pop(name)
    return fields


def refund(shop: Shop, amount: str, number: str) -> None:
    biz = {"out_trade_no": "T1", "refund_amount": amount, "out_request_no": number}
    shop.call("alipay.trade.refund", biz, notify_url="http://127.0.0.1:8000/elsewhere")


class TestComposition:
    def test_paid(self, shop: Shop) -> None:
        trade_no = shop.paid()
        assert told(shop) == always(shop, trade_no, "TRADE_SUCCESS") | MONEY

    def test_what_was_asked_for_comes_back(self, shop: Shop) -> None:
        shop.paid(body="茶叶", passback_params="a%3D1")
        assert told(shop).items() >= {"body": "茶叶", "passback_params": "a%3D1"}.items()

    async def test_refunds(self, shop: Shop) -> None:
        trade_no = shop.paid()
        await shop.simulated.advance(1.25)
        refund(shop, "4.00", "R1")
        part = {
            **MONEY,
            "gmt_refund": "2026-01-01 00:00:01.250",
            "notify_time": "2026-01-01 00:00:01",
            "out_biz_no": "R1",
            "refund_fee": "4.00",
        }
        assert told(shop) == always(shop, trade_no, "TRADE_SUCCESS") | part
        refund(shop, "6.00", "R2")
        whole = {**part, "out_biz_no": "R2", "refund_fee": "10.00", "gmt_close": "2026-01-01 00:00:01"}
        assert told(shop) == always(shop, trade_no, "TRADE_CLOSED") | whole
        refund(shop, "6.00", "R2")
        assert [one.event for one in shop.simulated.notified] == ["TRADE_SUCCESS", "REFUND", "REFUND"]
        assert {one.url for one in shop.simulated.notified} == {NOTIFY_URL}

    async def test_created_closed_and_finished(self, shop: Shop) -> None:
        states = ["WAIT_BUYER_PAY", "TRADE_CLOSED", "TRADE_FINISHED", "TRADE_SUCCESS"]
        shop.simulated.control("rules", notify={"face_to_face": states})
        shop.precreated()
        trade_no = shop.simulated.alipay.scan("T1", payer=BUYER).transaction_id or ""
        assert told(shop) == always(shop, trade_no, "WAIT_BUYER_PAY")
        shop.call("alipay.trade.close", {"out_trade_no": "T1"})
        closed = {"gmt_close": "2026-01-01 00:00:00"}
        assert told(shop) == always(shop, trade_no, "TRADE_CLOSED") | closed
        shop.paid("T2")
        await shop.simulated.advance(365 * DAY)
        finished = told(shop)
        assert (finished["trade_status"], finished["receipt_amount"]) == ("TRADE_FINISHED", "10.00")
        assert "gmt_close" not in finished


@pytest.mark.parametrize(
    ("method", "biz", "closed"),
    [
        ("alipay.trade.precreate", {}, False),
        ("alipay.trade.create", {"buyer_id": BUYER}, False),
        ("alipay.trade.create", {"buyer_id": BUYER, "product_code": "JSAPI_PAY"}, True),
        ("alipay.trade.page.pay", {"product_code": "FAST_INSTANT_TRADE_PAY"}, False),
        ("alipay.trade.wap.pay", {"product_code": "QUICK_WAP_PAY"}, True),
    ],
)
def test_which_products_tell_of_a_closed_trade(
    shop: Shop, method: str, biz: dict[str, str], closed: bool
) -> None:
    shop.send(shop.params(method, order(**biz), notify_url=NOTIFY_URL))
    shop.simulated.alipay.scan("T1")
    shop.call("alipay.trade.close", {"out_trade_no": "T1"})
    assert [one.event for one in shop.simulated.notified] == ["TRADE_CLOSED"] * closed


async def test_nobody_is_told_without_a_notify_url_or_about_what_was_no_trade(shop: Shop) -> None:
    shop.call("alipay.trade.precreate", order("T1"))
    shop.simulated.alipay.pay("T1")
    shop.simulated.control("rules", notify={"face_to_face": ["TRADE_CLOSED"]})
    shop.precreated("T2")
    await shop.simulated.advance(DAY)
    assert shop.simulated.notified == []


class TestDelivery:
    @pytest.fixture
    def delivery(self, shop: Shop) -> Delivery:
        shop.paid()
        return shop.simulated.notified[0]

    def test_its_face(self, delivery: Delivery) -> None:
        assert (delivery.provider, delivery.event, delivery.subject) == ("alipay", "TRADE_SUCCESS", "T1")
        assert delivery.url == NOTIFY_URL
        assert re.fullmatch(r"20260101002220000000123\d{11}", delivery.id)
        assert form_of(delivery)["notify_id"] == delivery.id
        content_type = delivery.build(0).headers["Content-Type"]
        assert content_type == "application/x-www-form-urlencoded; charset=utf-8"

    def test_the_schedule_is_the_classic_one(self, delivery: Delivery) -> None:
        minutes = [pause / 60 for pause in delivery.pauses]
        assert minutes == [4, 10, 10, 60, 120, 360, 900]

    @pytest.mark.parametrize(
        ("status", "body", "accepted"),
        [
            (200, b"success", True),
            (200, b"success\n", False),
            (200, b"SUCCESS", False),
            (200, b'"success"', False),
            (200, b"", False),
            (201, b"success", False),
            (500, b"success", False),
        ],
    )
    def test_what_acknowledges_it(self, delivery: Delivery, status: int, body: bytes, accepted: bool) -> None:
        assert delivery.accepts(status, body) is accepted

    async def test_a_repetition_is_signed_anew(self, shop: Shop, delivery: Delivery) -> None:
        first = form_of(delivery)
        await shop.simulated.advance(240)
        again = form_of(delivery, 1)
        shop.verify_form(again)
        assert again["notify_time"] == "2026-01-01 00:04:00"
        changed = {name for name in first if first[name] != again[name]}
        assert changed == {"notify_time", "sign"}

    async def test_a_repetition_tells_what_happened_then(self, shop: Shop, delivery: Delivery) -> None:
        refund(shop, "10.00", "R1")
        assert form_of(delivery, 1)["trade_status"] == "TRADE_SUCCESS"

    def test_a_spoilt_one_does_not_verify(self, shop: Shop, delivery: Delivery) -> None:
        outgoing = delivery.build(0)
        spoilt = shop.simulated.alipay.spoil_outgoing(outgoing)
        assert len(spoilt.body) == len(outgoing.body)
        assert spoilt.headers == outgoing.headers
        head, _, signature = outgoing.body.partition(b"&sign=")
        assert spoilt.body.startswith(head + b"&sign=")
        assert not spoilt.body.endswith(signature)


def test_an_order_in_gbk_is_told_in_gbk(shop: Shop) -> None:
    shop.charset = "gbk"
    shop.paid()
    delivery = shop.simulated.notified[0]
    outgoing = delivery.build(0)
    assert outgoing.headers["Content-Type"].endswith("charset=gbk")
    fields: dict[str, Any] = form_of(delivery, charset="gbk")
    assert (fields["charset"], fields["subject"]) == ("gbk", "一斤茶叶")
    shop.verify_form(fields)


def test_the_channel_of_the_payment(shop: Shop) -> None:
    shop.precreated()
    shop.simulated.alipay.pay("T1", channel="PCREDIT")
    bill = json.loads(shop.simulated.told()[0]["fund_bill_list"])
    assert bill == [{"amount": "10.00", "fundChannel": "PCREDIT"}]
