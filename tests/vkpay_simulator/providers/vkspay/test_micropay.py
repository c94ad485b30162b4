"""Code payments."""

import pytest

from tests.vkpay_simulator.providers.vkspay.merchant import CODE, Shop, Simulated

ALIPAY_CODE = "2812345678901234"


@pytest.mark.parametrize(
    ("code", "wallet"), [(CODE, "wxpay"), (ALIPAY_CODE, "alipay"), ("3" + "0" * 23, "alipay")]
)
def test_a_code_pays_at_once_and_nobody_is_notified(
    simulated: Simulated, shop: Shop, code: str, wallet: str
) -> None:
    content = shop.micropay(code)
    assert content["return_code"] == "SUCCESS"
    number = content["data"]["out_trade_no"]
    assert content["data"] == {"out_trade_no": number, "pay_chnl": wallet}
    assert shop.call("orderquery", out_trade_no=number)["data"]["pay_chnl"] == wallet
    assert simulated.notified == []


async def test_a_password_takes_five_seconds(simulated: Simulated, shop: Shop) -> None:
    content = shop.micropay("100012345678901234", out_trade_no="T1")
    assert content["return_code"] == "PAYING"
    assert shop.state("T1") == "PAYING"
    await simulated.world.advance(5)
    assert shop.state("T1") == "SUCCESS"


async def test_a_password_that_nobody_types(simulated: Simulated, shop: Shop) -> None:
    for number, code in (("T1", "100112345678901234"), ("T2", "2501123456789012")):
        assert shop.micropay(code, out_trade_no=number)["return_code"] == "PAYING"
    await simulated.world.advance(3600)
    assert shop.state("T1") == "PAYING"
    simulated.vkspay.pay("T1")
    simulated.vkspay.cancel("T2")
    assert (shop.state("T1"), shop.state("T2")) == ("SUCCESS", "CLOSED")


def test_a_refused_payment_closes_the_order(shop: Shop) -> None:
    content = shop.micropay("100212345678901234", out_trade_no="T1")
    assert content == {"return_code": "FAIL", "return_msg": "支付失败"}
    assert shop.state("T1") == "CLOSED"


def test_an_answer_is_lost_after_paying_or_before_anything(shop: Shop) -> None:
    for number, head, after in (("T1", "1003", "SUCCESS"), ("T2", "1004", "ORDERNOTEXIST")):
        assert shop.micropay(head + "1" * 14, out_trade_no=number)["return_code"] == "SYSTEMERROR"
        assert shop.state(number) == after


def test_which_code_does_what_can_be_set(simulated: Simulated, shop: Shop) -> None:
    simulated.control("rules", codes={"13": "waiting"}, pay_delay_s=1)
    assert shop.micropay()["return_code"] == "PAYING"
    assert shop.micropay("100212345678901234")["return_code"] == "SUCCESS"
    assert "paying, waiting" in simulated.control("rules", codes={"13": "sometimes"})["error"]


def test_code_and_number_work_once(shop: Shop) -> None:
    assert shop.micropay(out_trade_no="T1")["return_code"] == "SUCCESS"
    assert shop.micropay(out_trade_no="T2")["return_msg"] == "参数错误:auth_code已使用"
    assert shop.micropay(ALIPAY_CODE, out_trade_no="T1")["return_msg"] == "参数错误:out_trade_no重复"
    assert shop.state("T2") == "ORDERNOTEXIST"


@pytest.mark.parametrize(
    "field", ["total_fee", "auth_code", "pay_chnl", "client_ip", "cashier", "kuantai", "source", "pay_cate"]
)
def test_all_that_the_observed_request_holds_is_required(
    simulated: Simulated, shop: Shop, field: str
) -> None:
    assert shop.micropay(**{field: None})["return_msg"] == f"参数错误:缺少{field}"
    assert simulated.vkspay.orders() == []
    assert shop.micropay()["return_code"] == "SUCCESS"


@pytest.mark.parametrize("code", ["12345", "164567890123456789", "13456789012345678x", "2" * 25])
def test_what_is_no_code_is_refused(shop: Shop, code: str) -> None:
    assert shop.micropay(code)["return_msg"] == "参数错误:auth_code格式错误"
