"""``wx.requestVirtualPayment``: what the phone checks, in which order, and what the user does then."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay_virtual.shop import NO, Shop, hmac_hex


def test_goods_are_paid(shop: Shop) -> None:
    done = shop.buy(buyQuantity=2)
    assert (done["errCode"], done["errMsg"]) == (0, "requestVirtualPayment:ok")
    order = shop.order()
    assert done["order"] == order
    expected = {
        "order_id": NO,
        "status": 2,
        "order_type": 0,
        "order_fee": 1980,
        "paid_fee": 1980,
        "left_fee": 1980,
        "refund_fee": 0,
        "coupon_fee": 0,
        "env_type": 1,
        "create_time": 1_767_196_800,
        "paid_time": 1_767_196_800,
        "provide_time": 0,
    }
    assert order | expected == order
    assert len(order["wx_order_id"]) >= 20
    assert order["wxpay_order_id"].startswith("42000")
    assert len(order["wxpay_order_id"]) == 28


def test_coins_are_paid_and_there_at_once(shop: Shop) -> None:
    assert shop.balance()["first_save_flag"] is True
    assert shop.buy("short_series_coin", buyQuantity=350)["errCode"] == 0
    assert shop.order()["order_fee"] == 350
    balance = shop.balance()
    assert (balance["balance"], balance["sum_save"], balance["first_save_flag"]) == (350, 350, False)


def test_the_sandbox_is_a_world_of_its_own(shop: Shop) -> None:
    shop.buy("short_series_coin", env=1)
    assert shop.order(env=1)["env_type"] == 2
    assert shop.balance()["balance"] == 0
    assert shop.call("query_order", {"openid": shop.openid, "order_id": NO})["errcode"] == 268490002


def test_the_user_gives_up(shop: Shop) -> None:
    failed = shop.buy(action="cancel")
    assert (failed["errCode"], failed["errMsg"]) == (-2, "requestVirtualPayment:fail cancel")
    assert shop.order()["status"] == 6


async def test_a_dialogue_left_open_is_closed_after_30_minutes(shop: Shop) -> None:
    assert shop.buy(action="open")["order"]["status"] == 1
    await shop.world.advance(1799)
    assert shop.order()["status"] == 1
    await shop.world.advance(1)
    assert shop.order()["status"] == 6


async def test_an_order_that_was_paid_is_not_closed_later(shop: Shop) -> None:
    shop.buy()
    await shop.world.advance(1800)
    assert shop.order()["status"] == 2


@pytest.mark.parametrize("code", [-1, -4, 1001, -15003, -15008, -15017, -15021])
def test_the_client_fails_as_it_is_asked_to_and_the_number_stays_free(shop: Shop, code: int) -> None:
    assert shop.buy(action="fail", errCode=code)["errCode"] == code
    assert shop.buy()["errCode"] == 0


def test_midas_fails_and_the_number_is_used(shop: Shop) -> None:
    assert shop.buy(action="fail", errCode=-15012)["errCode"] == -15012
    assert shop.order()["status"] == 6
    assert shop.buy()["errCode"] == -15002


def test_a_code_that_the_client_does_not_have(shop: Shop) -> None:
    failed = shop.buy(action="fail", errCode=-7)
    assert failed["errCode"] == 1001
    assert "-15012" in failed["advice"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sign_data": "{"}, -15016),
        ({"sign_data": "[" * 100_000}, -15016),
        ({"sign_data": "[]"}, -15001),
        ({"offerId": None}, -15001),
        ({"buyQuantity": 0}, -15001),
        ({"buyQuantity": "1"}, -15001),
        ({"env": 2}, -15001),
        ({"attach": None}, -15001),
        ({"outTradeNo": "T202601"}, -15001),
        ({"outTradeNo": "T" * 33}, -15001),
        ({"outTradeNo": "_T2026010100000001"}, -15001),
        ({"outTradeNo": "T2026010100000001."}, -15001),
        ({"productId": None}, -15001),
        ({"goodsPrice": None}, -15001),
        ({"activitySellingPrice": 395}, -15001),
        ({"activitySellingPrice": 991}, -15001),
        ({"currencyType": "USD"}, -15004),
        ({"offerId": "1"}, -15001),
        ({"paySig": "0"}, -15006),
        ({"openid": "o-nobody"}, -15007),
        ({"signature": "0"}, -15005),
        ({"productId": "nothing"}, -15010),
        ({"goodsPrice": 991}, -15013),
    ],
)
def test_refused(shop: Shop, changed: dict[str, Any], code: int) -> None:
    failed = shop.buy(**changed)
    assert failed["errCode"] == code
    assert failed["errMsg"].startswith("requestVirtualPayment:fail")
    assert failed["advice"]
    assert shop.sim.orders() == []


@pytest.mark.parametrize("number", ["T2026_-|", "a*b@c*d@", "T" * 32])
def test_numbers_of_every_kind(shop: Shop, number: str) -> None:
    assert shop.buy(outTradeNo=number)["errCode"] == 0


def test_a_mode_that_does_not_exist(shop: Shop) -> None:
    assert shop.buy("goods")["errCode"] == -15001


def test_the_signature_errors_have_the_words_that_were_seen(shop: Shop) -> None:
    assert shop.buy(paySig="0")["errMsg"] == "requestVirtualPayment:fail PAY_SIG_INVALID"
    assert shop.buy(signature="0")["errMsg"] == "requestVirtualPayment:fail SIGNATURE_INVALID"


def test_the_advice_names_the_key_that_was_taken_instead(shop: Shop) -> None:
    data = shop.sign_data()
    wrong = hmac_hex(shop.app.app_keys[1], b"requestVirtualPayment&" + data.encode())
    failed = shop.buy(sign_data=data, paySig=wrong)
    assert failed["errCode"] == -15006
    assert "AppKey of env 1" in failed["advice"]


def test_upper_case_signatures_are_refused(shop: Shop) -> None:
    asked = shop.ask()
    for name, code in (("paySig", -15006), ("signature", -15005)):
        failed = shop.post("/_sim/wxpay-virtual/request-virtual-payment", asked | {name: asked[name].upper()})
        assert failed["errCode"] == code


def test_sign_data_is_signed_as_it_was_passed(shop: Shop) -> None:
    asked = shop.ask(attach="附言")
    again = json.dumps(json.loads(asked["signData"]), ensure_ascii=False)
    assert again != asked["signData"]
    failed = shop.post("/_sim/wxpay-virtual/request-virtual-payment", asked | {"signData": again})
    assert failed["errCode"] == -15006


def test_a_number_works_once(shop: Shop) -> None:
    shop.buy()
    assert shop.buy()["errCode"] == -15002


def test_a_session_that_ends_between_the_order_and_the_payment(shop: Shop) -> None:
    asked = shop.ask()
    shop.post("/_sim/wxpay-virtual/expire-session", {"openid": shop.openid})
    assert shop.post("/_sim/wxpay-virtual/request-virtual-payment", asked)["errCode"] == -15007


def test_a_session_of_an_earlier_login(shop: Shop) -> None:
    asked = shop.ask()
    shop.login(shop.openid)
    assert shop.post("/_sim/wxpay-virtual/request-virtual-payment", asked)["errCode"] == -15005


def test_a_released_app_has_no_sandbox(shop: Shop) -> None:
    shop.change(released=True)
    assert shop.buy(env=1)["errCode"] == -15011
    assert shop.buy()["errCode"] == 0


def test_coins_that_are_not_published(shop: Shop) -> None:
    shop.change(coin_published=False)
    assert shop.buy("short_series_coin")["errCode"] == -15009


def test_coins_that_cost_no_whole_fen(shop: Shop) -> None:
    shop.change(rate=3)
    assert shop.buy("short_series_coin", buyQuantity=100)["errCode"] == -15001
    assert shop.buy("short_series_coin", buyQuantity=300)["order"]["order_fee"] == 10_000


def test_a_price_of_an_activity(shop: Shop) -> None:
    assert shop.buy(activitySellingPrice=396)["order"]["order_fee"] == 396
