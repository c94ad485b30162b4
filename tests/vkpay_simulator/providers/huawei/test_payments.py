"""An order's life: prepayment, the buyer's phone, query, close."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.huawei.shop import NOTIFY_URL, PREPAY, Shop, Simulated
from vkpay_simulator.providers.base import SimulatorError

CANCELLED, FAILED, DONE, REPEATED = 1001930000, 1001930001, 1001930002, 1001930010


def test_a_prepayment_is_ten_minutes_good(shop: Shop) -> None:
    data = shop.prepay().data
    assert data["mercOrderNo"] == "T1"
    assert data["prepayId"].startswith("1260101000000")
    assert len(data["prepayId"]) == 26


def test_a_query_finds_an_order_once_its_cashier_is_open(simulated: Simulated, shop: Shop) -> None:
    shop.prepay()
    assert shop.query().code == "MERC_ORDER_NOT_EXIST"
    simulated.huawei.scan("T1")
    opened = shop.query().data
    assert opened["orderStatus"] == "TRX_APPLY"
    assert "payerAmount" not in opened
    by_number = shop.get(f"/api/v2/aggr/transactions/orders/{opened['sysTransOrderNo']}")
    assert by_number.data["mercOrderNo"] == "T1"


def test_a_paid_order(shop: Shop) -> None:
    paid = shop.paid(payload="p|1", payer={"userClientIp": "203.0.113.7"})
    payer = paid.pop("payer")
    assert payer == {"openId": payer["openId"], "userClientIp": "203.0.113.7", "userClientIpMatched": True}
    assert {name: value for name, value in paid.items() if name not in ("sign", "sysTransOrderNo")} == {
        "resultCode": "000000",
        "resultDesc": "Success.",
        "mercNo": shop.node["mchId"],
        "appId": shop.node["appId"],
        "mercOrderNo": "T1",
        "orderStatus": "TRX_SUCCESS",
        "payload": "p|1",
        "currency": "CNY",
        "totalAmount": 1000,
        "payerAmount": 1000,
        "promotionAmount": 0,
        "finishTime": "2026-01-01T00:00:00.000+0800",
        "paymentTools": "AGMT",
    }
    assert len(paid["sysTransOrderNo"]) == 26


def test_huawei_pays_a_part(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", promotion_percent=10)
    paid = shop.paid()
    assert (paid["totalAmount"], paid["payerAmount"], paid["promotionAmount"]) == (1000, 900, 100)
    (promotion,) = paid["promotionDetail"]
    assert promotion["promotionStatus"] == "PROMO_SUCCESS"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"totalAmount": 0}, "INVALID_ARGUMENTS"),
        ({"totalAmount": -1}, "INVALID_ARGUMENTS"),
        ({"totalAmount": "5"}, "INVALID_ARGUMENTS"),
        ({"totalAmount": 5.5}, "INVALID_ARGUMENTS"),
        ({"totalAmount": None}, "INVALID_ARGUMENTS"),
        ({"mercOrderNo": "T" * 47}, "INVALID_ARGUMENTS"),
        ({"mercOrderNo": ""}, "INVALID_ARGUMENTS"),
        ({"tradeSummary": "x" * 129}, "INVALID_ARGUMENTS"),
        ({"currency": "USD"}, "INVALID_ARGUMENTS"),
        ({"payload": "p" * 256}, "INVALID_ARGUMENTS"),
        ({"callbackUrl": "ftp://m.example/"}, "INVALID_ARGUMENTS"),
        ({"callbackUrl": "http://m.example/notify"}, "INVALID_ARGUMENTS"),
        ({"callbackUrl": "http://[/"}, "INVALID_ARGUMENTS"),
        ({"callbackUrl": "https://" + "m" * 600}, "INVALID_ARGUMENTS"),
        ({"expireTime": "2026-01-01 01:00:00"}, "INVALID_ARGUMENTS"),
        ({"expireTime": "2026-13-01T01:00:00.000+0800"}, "INVALID_ARGUMENTS"),
        ({"expireTime": "2026-07-01T00:00:00.000+0800"}, "INVALID_ARGUMENTS"),
        ({"allocationType": "SOMETIME"}, "INVALID_ARGUMENTS"),
        ({"allocationType": "DELAY_ORDER_ALLOCATION"}, "MERC_NOT_SUPPORT_ALLOCATION"),
        ({"goodsDetail": [{"quantity": 1}]}, "INVALID_ARGUMENTS"),
        ({"mercNo": "10100000000"}, "INVALID_MERCNO"),
        ({"appId": "5765880207853000"}, "INVALID_APPID"),
        ({"callbackUrl": "https://m.example/notify"}, "000000"),
        ({"expireTime": "2026-06-29T23:59:00.000+0800"}, "000000"),
        ({"allocationType": "NO_ALLOCATION", "currency": None}, "000000"),
    ],
)
def test_a_field_of_a_prepayment(shop: Shop, changed: dict[str, Any], code: str) -> None:
    answer = shop.prepay(**changed)
    assert answer.code == code
    assert bool(answer.explain) == (code != "000000")


def test_the_app_has_its_own_path(simulated: Simulated) -> None:
    app = simulated.shop(node="app-harmony")
    assert app.prepay().code == "INVALID_APPID"
    assert app.post("/api/v2/aggr/preorder/create/app", app.order()).code == "000000"


def test_a_number_is_used_once(shop: Shop) -> None:
    shop.prepay()
    again = shop.prepay()
    assert again.code == "CHECK_TRANSACTION_ORDER_STATUS"
    assert "take a new one" in again.explain


def test_the_numbers_of_two_merchants_are_their_own(shop: Shop, sm2_shop: Shop) -> None:
    shop.paid()
    assert sm2_shop.prepay().code == "000000"
    number = shop.query().data["sysTransOrderNo"]
    assert sm2_shop.get(f"/api/v2/aggr/transactions/orders/{number}").code == "PAY_ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sign": "AAAA"}, FAILED),
        ({"prepay_id": "1"}, FAILED),
        ({"auth_id": "120000000000000000"}, FAILED),
        ({"merc_no": "10100000000"}, FAILED),
        ({"app_id": "5765880207853000"}, FAILED),
        ({"noncestr": "n" * 33}, FAILED),
        ({"noncestr": ""}, FAILED),
        ({"timestamp": 1767196800000}, FAILED),
        ({"reserved": "true"}, FAILED),
        ({"reserved": "{"}, FAILED),
        ({"reserved": {"sandbox_flag": True}}, FAILED),
        ({"reserved": '{"sandbox_flag": "true"}'}, FAILED),
        ({"reserved": '{"sandbox_flag": true}'}, 0),
        ({"app_id": None}, 0),
    ],
)
def test_the_phone_checks_the_order_string(shop: Shop, changed: dict[str, Any], code: int) -> None:
    prepay_id = shop.prepay().data["prepayId"]
    result = shop.request_payment(changed.pop("prepay_id", prepay_id), **changed)
    assert result["code"] == code
    assert bool(result["why"]) == bool(code)


def test_an_order_string_is_json(simulated: Simulated) -> None:
    for text in ("", "prepay", "[]", json.dumps(json.dumps({"prepay_id": "1"}))):
        assert simulated.control("request-payment", order_str=text)["code"] == FAILED


def test_an_order_string_of_another_merchant(shop: Shop, sm2_shop: Shop) -> None:
    assert sm2_shop.request_payment(shop.prepay().data["prepayId"])["code"] == FAILED


async def test_a_prepayment_that_is_too_old(simulated: Simulated, shop: Shop) -> None:
    prepay_id = shop.prepay().data["prepayId"]
    await simulated.world.advance(600)
    assert shop.request_payment(prepay_id, outcome="cancel")["code"] == CANCELLED
    await simulated.world.advance(1)
    assert shop.request_payment(prepay_id, noncestr="2")["code"] == FAILED


async def test_a_cashier_that_was_open_can_be_paid_after_ten_minutes(
    simulated: Simulated, shop: Shop
) -> None:
    shop.prepay()
    simulated.huawei.scan("T1")
    await simulated.world.advance(3600)
    assert simulated.huawei.pay("T1").state == "SUCCESS"


async def test_control_pays_what_the_phone_could(simulated: Simulated, shop: Shop) -> None:
    shop.prepay()
    await simulated.world.advance(601)
    with pytest.raises(SimulatorError, match="older than 10 minutes"):
        simulated.huawei.pay("T1")


def test_a_cashier_can_be_opened_again_with_another_nonce(shop: Shop) -> None:
    prepay_id = shop.prepay().data["prepayId"]
    assert shop.request_payment(prepay_id, outcome="cancel")["code"] == CANCELLED
    assert shop.query().data["orderStatus"] == "TRX_APPLY"
    assert shop.request_payment(prepay_id)["code"] == REPEATED
    assert shop.request_payment(prepay_id, noncestr="2")["code"] == 0
    assert shop.request_payment(prepay_id, noncestr="3")["code"] == DONE


def test_the_bank_refuses(simulated: Simulated, shop: Shop) -> None:
    prepay_id = shop.prepay().data["prepayId"]
    assert shop.request_payment(prepay_id, outcome="fail")["code"] == FAILED
    assert shop.query().data["orderStatus"] == "TRX_FAILED"
    (told,) = simulated.told()
    assert (told["orderStatus"], told["payerAmount"], told["promotionAmount"]) == ("TRX_FAILED", 0, 0)
    assert shop.request_payment(prepay_id, noncestr="2")["code"] == FAILED


def test_a_payment_that_waits_for_the_bank(simulated: Simulated, shop: Shop) -> None:
    prepay_id = shop.prepay().data["prepayId"]
    assert shop.request_payment(prepay_id, outcome="wait") == {"code": 0, "why": "", "state": "PROC"}
    assert shop.query().data["orderStatus"] == "TRX_PROC"
    assert shop.close().code == "CHECK_ORDER_STATUS"
    with pytest.raises(SimulatorError, match="being paid already"):
        simulated.huawei.scan("T1")
    assert simulated.huawei.pay("T1").state == "SUCCESS"


def test_a_payment_that_waits_is_given_up(simulated: Simulated, shop: Shop) -> None:
    shop.request_payment(shop.prepay().data["prepayId"], outcome="wait")
    assert simulated.huawei.cancel("T1").state == "FAILED"


async def test_payments_take_their_time(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", pay_delay_s=30)
    shop.request_payment(shop.prepay().data["prepayId"])
    await simulated.world.advance(29)
    assert shop.query().data["orderStatus"] == "TRX_PROC"
    await simulated.world.advance(1)
    assert shop.query().data["orderStatus"] == "TRX_SUCCESS"
    assert len(simulated.notified) == 1


def test_an_unknown_outcome(shop: Shop) -> None:
    assert "choose one of" in shop.request_payment(shop.prepay().data["prepayId"], outcome="maybe")["error"]


def test_closing(simulated: Simulated, shop: Shop) -> None:
    assert shop.close().code == "MERC_ORDER_NOT_EXIST"
    prepay_id = shop.prepay().data["prepayId"]
    assert shop.close().code == "000000"
    assert shop.close().code == "000000"
    assert shop.query().code == "MERC_ORDER_NOT_EXIST"
    assert shop.request_payment(prepay_id)["code"] == FAILED
    with pytest.raises(SimulatorError, match="is CLOSED"):
        simulated.huawei.pay("T1")


def test_closing_after_the_cashier_was_open(simulated: Simulated, shop: Shop) -> None:
    shop.prepay()
    simulated.huawei.scan("T1")
    assert shop.close().code == "000000"
    assert shop.query().data["orderStatus"] == "TRX_FAILED"


def test_a_paid_order_is_not_closed(shop: Shop) -> None:
    shop.paid()
    assert shop.close().code == "CHECK_ORDER_STATUS"


@pytest.mark.parametrize(("expire", "seconds"), [(None, 7200), ("2026-01-01T00:05:00.000+0800", 300)])
async def test_orders_expire(simulated: Simulated, shop: Shop, expire: str | None, seconds: int) -> None:
    shop.prepay(expireTime=expire)
    simulated.huawei.scan("T1")
    await simulated.world.advance(seconds - 1)
    assert shop.query().data["orderStatus"] == "TRX_APPLY"
    await simulated.world.advance(1)
    assert shop.query().data["orderStatus"] == "TRX_FAILED"
    assert shop.close().code == "000000"


async def test_a_time_that_is_over_closes_at_once(simulated: Simulated, shop: Shop) -> None:
    assert shop.prepay(expireTime="2025-12-31T23:59:59.000+0800").code == "000000"
    await simulated.world.agenda.run_due()
    assert simulated.huawei.orders()[0].state == "EXPIRED"


async def test_what_is_paid_does_not_expire(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    await simulated.world.advance(8000)
    assert shop.query().data["orderStatus"] == "TRX_SUCCESS"


def test_channels(simulated: Simulated, shop: Shop) -> None:
    shop.prepay()
    with pytest.raises(SimulatorError, match="use one of AGMT"):
        simulated.huawei.pay("T1", channel="GOLD")
    view = simulated.huawei.pay("T1", payer="me", channel="ACCT")
    assert (view.payer, view.state, view.total_fee) == ("me", "SUCCESS", 1000)
    assert shop.query().data["paymentTools"] == "ACCT"


def test_a_partner_pays_for_a_sub_merchant(simulated: Simulated, partner: Shop) -> None:
    own, bare = partner.account.subs.values()
    body = partner.order(appId=None, mercNo=None) | {
        "spAppId": partner.node["appId"],
        "spMercNo": partner.node["mchId"],
        "subMercNo": own.merc_no,
        "subAppId": own.app_id,
    }
    path = "/api/v2/partner/aggr/preorder/create/fa"
    prepay_id = partner.post(path, body).data["prepayId"]
    assert partner.request_payment(prepay_id, app_id=own.app_id)["code"] == 0
    paid = partner.get("/api/v2/partner/aggr/transactions/merc-orders/T1").data
    parties = {name: paid[name] for name in ("spMercNo", "subMercNo", "spAppId", "subAppId")}
    assert parties == {name: body[name] for name in parties}
    assert paid["payer"] == {"spOpenId": paid["payer"]["spOpenId"]}
    assert partner.account.balances[own.merc_no] == 100_000_000 + 1000
    other = {"mercOrderNo": "T2", "subMercNo": bare.merc_no}
    assert partner.post(path, body | other).code == "INVALID_APPID"
    assert partner.post(path, {n: v for n, v in (body | other).items() if n != "subAppId"}).code == "000000"
    assert partner.post(path, body | {"subMercNo": "10200000000"}).code == "INVALID_SUB_MERCNO"
    closing = {"mercOrderNo": "T2", "subMercNo": bare.merc_no}
    assert partner.post("/api/v1/partner/aggr/transactions/orders/close", closing).code == "000000"
    (told,) = simulated.told()
    assert told["subMercNo"] == own.merc_no


def test_orders_are_named_for_faults(simulated: Simulated, shop: Shop) -> None:
    paid = shop.paid()
    shop.refund()
    subject = simulated.huawei.subject_of
    assert subject(shop.request("POST", PREPAY, shop.order()), "prepay") == "T1"
    number = {"sysTransOrderNo": paid["sysTransOrderNo"]}
    refund = {"mercRefundOrderNo": "R1", "callbackUrl": NOTIFY_URL}
    assert subject(shop.request("POST", "/api", number), "refund") == "T1"
    assert subject(shop.request("POST", "/api", refund), "refund") == "T1"
    assert subject(shop.request("POST", "/api", b"["), "refund") is None


def test_control_wants_one_order(simulated: Simulated, shop: Shop, sm2_shop: Shop) -> None:
    with pytest.raises(SimulatorError, match="create it first"):
        simulated.huawei.pay("T1")
    shop.prepay()
    sm2_shop.prepay()
    with pytest.raises(SimulatorError, match="name one of"):
        simulated.huawei.pay("T1")
    assert simulated.huawei.pay("T1", pid="certs").pid == "certs"


async def test_the_buyer_pays_and_the_bank_takes_its_time(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", pay_delay_s=5)
    shop.prepay()
    assert simulated.huawei.pay("T1").state == "PROC"
    await simulated.world.advance(5)
    assert shop.query().data["orderStatus"] == "TRX_SUCCESS"


async def test_the_bank_refuses_at_once(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", pay_delay_s=5)
    assert shop.request_payment(shop.prepay().data["prepayId"], outcome="fail")["code"] == FAILED
    await simulated.world.advance(5)
    assert shop.query().data["orderStatus"] == "TRX_FAILED"


def test_giving_up_before_paying_changes_nothing(simulated: Simulated, shop: Shop) -> None:
    shop.prepay()
    assert simulated.huawei.cancel("T1").state == "PREPAID"


def test_a_refund_that_is_on_its_way_stands_in_the_view(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    shop.refund(400)
    (view,) = simulated.huawei.orders()
    assert (view.refunded_fee, view.product, view.notify_url) == (400, "fa", NOTIFY_URL)
