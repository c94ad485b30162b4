"""Transfers, their query, and the balance."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, Simulated

PAYEE = {"identity": "2088000000054321", "identity_type": "ALIPAY_USER_ID"}
LOGON = {"identity": "wang@example.com", "identity_type": "ALIPAY_LOGON_ID"}


@pytest.fixture
def shop(simulated: Simulated) -> Shop:
    return simulated.shop("default", "transfer")


def order(**change: Any) -> dict[str, Any]:
    return {
        "out_biz_no": "B1",
        "trans_amount": "12.30",
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "order_title": "佣金",
        "payee_info": PAYEE,
        **change,
    }


def transfer(shop: Shop, **change: Any) -> dict[str, Any]:
    return shop.call("alipay.fund.trans.uni.transfer", order(**change))


def found(shop: Shop, **biz: str) -> dict[str, Any]:
    return shop.call("alipay.fund.trans.common.query", biz)


def balance(shop: Shop, **biz: str) -> dict[str, Any]:
    return shop.call("alipay.fund.account.query", {"account_type": "ACCTRANS_ACCOUNT", **biz})


def test_the_answer(shop: Shop) -> None:
    before = balance(shop, alipay_user_id=shop.pid)["available_amount"]
    answer = transfer(shop)
    assert list(answer) == [
        "code",
        "msg",
        "order_id",
        "out_biz_no",
        "pay_fund_order_id",
        "status",
        "trans_date",
    ]
    assert (answer["status"], answer["trans_date"]) == ("SUCCESS", "2026-01-01 00:00:00")
    assert answer["order_id"].startswith("2026010111007000000600")
    assert answer["pay_fund_order_id"].startswith("2026010111007000150600")
    assert len(answer["order_id"]) == len(answer["pay_fund_order_id"]) == 32
    assert (before, balance(shop, alipay_user_id=shop.pid)["available_amount"]) == (
        "100000000.00",
        "99999987.70",
    )


def test_a_repeat_moves_nothing(shop: Shop) -> None:
    first = transfer(shop)
    assert transfer(shop) == first
    assert balance(shop, alipay_user_id=shop.pid)["available_amount"] == "99999987.70"


@pytest.mark.parametrize(
    "change",
    [{"trans_amount": "12.31"}, {"payee_info": LOGON | {"name": "王五"}}, {"order_title": "工资"}],
)
def test_a_repeat_with_other_data(shop: Shop, change: dict[str, Any]) -> None:
    transfer(shop)
    assert transfer(shop, **change)["sub_code"] == "PAYMENT_INFO_INCONSISTENCY"


def test_a_refused_transfer_may_be_tried_again(shop: Shop) -> None:
    shop.simulated.control("account", pid="default", balance=1229)
    assert transfer(shop)["sub_code"] == "PAYER_BALANCE_NOT_ENOUGH"
    shop.simulated.control("account", pid="default", balance=1230)
    assert transfer(shop)["status"] == "SUCCESS"


RED = {"product_code": "STD_RED_PACKET"}
SCENE = {"transfer_scene_name": "佣金报酬"}
REPORT = {"info_type": "岗位", "info_content": "外卖员"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"out_biz_no": None}, "INVALID_PARAMETER"),
    ({"trans_amount": None}, "INVALID_PARAMETER"),
    ({"trans_amount": "1.001"}, "INVALID_PARAMETER"),
    ({"trans_amount": "0.09"}, "EXCEED_LIMIT_SM_MIN_AMOUNT"),
    ({**RED, "trans_amount": "0"}, "EXCEED_LIMIT_SM_MIN_AMOUNT"),
    ({"trans_amount": "100000000.01", "remark": "x"}, "EXCEED_LIMIT_SM_AMOUNT"),
    ({"trans_amount": "50000"}, "MEMO_REQUIRED_IN_TRANSFER_ERROR"),
    ({"product_code": "SOMETHING"}, "INVALID_PARAMETER"),
    ({"biz_scene": None}, "INVALID_PARAMETER"),
    ({"biz_scene": "PERSONAL_COLLECTION"}, "INVALID_PARAMETER"),
    ({"remark": "长" * 201}, "INVALID_PARAMETER"),
    ({"payee_info": None}, "INVALID_PARAMETER"),
    ({"payee_info": {"identity": "x", "identity_type": "PHONE"}}, "INVALID_PARAMETER"),
    ({"payee_info": {"identity_type": "ALIPAY_USER_ID"}}, "INVALID_PARAMETER"),
    ({"payee_info": {**PAYEE, "identity": "1"}}, "PAYEE_NOT_EXIST"),
    ({"payee_info": {**LOGON, "identity": "wang"}}, "PAYEE_NOT_EXIST"),
    ({"payee_info": LOGON}, "INVALID_PARAMETER"),
    ({"payee_info": {**PAYEE, "identity_type": "BANKCARD_ACCOUNT"}}, "PRODUCT_NOT_SIGN"),
    ({"transfer_scene_name": "礼物"}, "TRANSFER_SCENE_NAME_ILLEGAL"),
    (SCENE, "TRANSFER_SCENE_REPORT_INFO_ILLEGAL"),
    ({**SCENE, "transfer_scene_report_infos": ["x"]}, "TRANSFER_SCENE_REPORT_INFO_ILLEGAL"),
    (
        {**SCENE, "transfer_scene_report_infos": [{**REPORT, "info_content": ""}]},
        "TRANSFER_SCENE_REPORT_INFO_ILLEGAL",
    ),
]
MADE: list[dict[str, Any]] = [
    {"trans_amount": "0.1"},
    {**RED, "trans_amount": "0.01"},
    {**RED, "biz_scene": "PERSONAL_COLLECTION"},
    {"trans_amount": "50000", "remark": "年终奖"},
    {"payee_info": {**LOGON, "name": "王五"}},
    {"payee_info": {**LOGON, "identity": "13800138000", "name": "王五"}},
    {"payee_info": {"identity": "0" + "a1" * 23, "identity_type": "ALIPAY_OPEN_ID"}},
    {**SCENE, "transfer_scene_report_infos": [REPORT]},
]


@pytest.mark.parametrize(("change", "sub_code"), REFUSED, ids=lambda value: str(value)[:40])
def test_refused(shop: Shop, change: dict[str, Any], sub_code: str) -> None:
    answer = transfer(shop, **change)
    assert (answer["code"], answer["sub_code"]) == ("40004", sub_code)


@pytest.mark.parametrize("change", MADE, ids=lambda value: str(value)[:40])
def test_made(shop: Shop, change: dict[str, Any]) -> None:
    assert transfer(shop, **change)["status"] == "SUCCESS"


def test_a_product_of_the_two_may_be_missing(shop: Shop) -> None:
    shop.simulated.control("account", pid="default", products=["STD_RED_PACKET"])
    assert transfer(shop)["sub_code"] == "PRODUCT_NOT_SIGN"
    assert transfer(shop, **RED)["status"] == "SUCCESS"


def test_user_ids_are_nothing_to_an_open_id_app(shop: Shop) -> None:
    shop.simulated.control("account", pid="default", id_mode="open_id")
    assert transfer(shop)["sub_code"] == "PAYEE_NOT_EXIST"
    payee = {"identity": "0" + "a1" * 23, "identity_type": "ALIPAY_OPEN_ID"}
    assert transfer(shop, payee_info=payee)["status"] == "SUCCESS"


def test_nobody_pays_himself(shop: Shop) -> None:
    payee = {**PAYEE, "identity": shop.pid}
    assert transfer(shop, payee_info=payee)["sub_code"] == "PAYER_PAYEE_CANNOT_SAME"


def test_the_first_name_is_the_true_one(shop: Shop) -> None:
    assert transfer(shop, payee_info={**LOGON, "name": "王五"})["status"] == "SUCCESS"
    other = transfer(shop, out_biz_no="B2", payee_info={**LOGON, "name": "赵六"})
    assert other["sub_code"] == "PAYEE_USERINFO_ERROR"
    assert transfer(shop, out_biz_no="B3", payee_info={**LOGON, "name": "王五"})["status"] == "SUCCESS"


class TestQuery:
    def test_by_each_number(self, shop: Shop) -> None:
        made = transfer(shop)
        transfer(shop, out_biz_no="B2")
        scene = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
        answer = found(shop, out_biz_no="B1", **scene)
        assert answer == {
            "code": "10000",
            "msg": "Success",
            "order_fee": "0.00",
            "order_id": made["order_id"],
            "out_biz_no": "B1",
            "pay_date": "2026-01-01 00:00:00",
            "pay_fund_order_id": made["pay_fund_order_id"],
            "status": "SUCCESS",
            "trans_amount": "12.30",
        }
        assert found(shop, order_id=made["order_id"]) == answer
        assert found(shop, pay_fund_order_id=made["pay_fund_order_id"], out_biz_no="B2") == answer

    @pytest.mark.parametrize(
        ("biz", "sub_code"),
        [
            ({}, "INVALID_PARAMETER"),
            ({"out_biz_no": "B1"}, "INVALID_PARAMETER"),
            ({"order_id": "1"}, "ORDER_NOT_EXIST"),
            ({"pay_fund_order_id": "1", "out_biz_no": "B1"}, "ORDER_NOT_EXIST"),
            (
                {"out_biz_no": "B1", "product_code": "STD_RED_PACKET", "biz_scene": "DIRECT_TRANSFER"},
                "ORDER_NOT_EXIST",
            ),
            (
                {"out_biz_no": "B9", "product_code": "STD_RED_PACKET", "biz_scene": "DIRECT_TRANSFER"},
                "ORDER_NOT_EXIST",
            ),
        ],
    )
    def test_nothing_found(self, shop: Shop, biz: dict[str, str], sub_code: str) -> None:
        transfer(shop)
        assert found(shop, **biz)["sub_code"] == sub_code

    def test_of_somebody_else(self, shop: Shop) -> None:
        made = transfer(shop)
        assert found(shop.simulated.shop("certs"), order_id=made["order_id"])["sub_code"] == "ORDER_NOT_EXIST"


class TestBalance:
    def test_the_answer(self, shop: Shop) -> None:
        assert balance(shop, alipay_user_id=shop.pid) == {
            "code": "10000",
            "msg": "Success",
            "available_amount": "100000000.00",
            "freeze_amount": "0.00",
            "total_amount": "100000000.00",
        }

    @pytest.mark.parametrize(
        ("biz", "sub_code"),
        [
            ({}, "INVALID_PARAMETER"),
            ({"alipay_user_id": "2088000000000000"}, "AUTHOREE_IS_NOT_MATCH"),
            ({"alipay_open_id": "somebody"}, "AUTHOREE_IS_NOT_MATCH"),
            ({"alipay_user_id": "2088000000000000", "account_type": "CARD"}, "INVALID_PARAMETER"),
        ],
    )
    def test_refused(self, shop: Shop, biz: dict[str, str], sub_code: str) -> None:
        assert balance(shop, **biz)["sub_code"] == sub_code

    def test_payments_come_in(self, shop: Shop) -> None:
        shop.simulated.shop().paid("T1", "10.00")
        assert balance(shop, alipay_user_id=shop.pid)["available_amount"] == "100000010.00"
