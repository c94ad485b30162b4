"""Refunds: what is accepted, the minute between two, what is answered to a repeat, and the callback."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.huawei.shop import NOTIFY_URL, REFUNDS, Shop, Simulated
from vkpay_simulator.providers.base import SimulatorError


@pytest.fixture
def sold(shop: Shop) -> Shop:
    shop.paid()
    shop.simulated.notified.clear()
    return shop


async def test_a_refund_is_accepted_and_done_later(simulated: Simulated, sold: Shop) -> None:
    accepted = sold.refund(payload="r|1").data
    assert {name: accepted[name] for name in ("mercRefundOrderNo", "mercOrderNo", "refundAmount")} == {
        "mercRefundOrderNo": "R1",
        "mercOrderNo": "T1",
        "refundAmount": 400,
    }
    assert sold.query_refund().data["refundOrderStatus"] == "REFUND_CHL_PROC"
    await simulated.world.advance(1)
    done = sold.query_refund().data
    assert done["refundOrderStatus"] == "REFUND_SUCCESS"
    assert done["finishTime"] == "2026-01-01T00:00:01.000+0800"
    by_number = sold.get(f"{REFUNDS}/orders/{accepted['sysRefundOrderNo']}").data
    assert by_number["mercRefundOrderNo"] == "R1"
    (told,) = simulated.told()
    assert {name: value for name, value in told.items() if name not in ("sign", "callbackId", "certNo")} == {
        "mercNo": sold.node["mchId"],
        "sysRefundNo": accepted["sysRefundOrderNo"],
        "mercRefundNo": "R1",
        "refundOrderStatus": "REFUND_SUCCESS",
        "refundAmount": 400,
        "payerRefundAmount": 400,
        "promotionRefundAmount": 0,
        "currency": "CNY",
        "payload": "r|1",
        "finishTime": "2026-01-01T00:00:01.000+0800",
        "callbackTime": "2026-01-01 00:00:01",
        "dataType": "plain",
        "signType": "SM2",
    }


async def test_without_an_amount_everything_is_refunded(simulated: Simulated, sold: Shop) -> None:
    assert sold.refund(None).data["refundAmount"] == 1000
    await simulated.world.advance(1)
    repeated = sold.refund(None)
    assert repeated.code == "000000"
    assert "refundAmount" not in repeated.data
    assert sold.query().data["orderStatus"] == "TRX_SUCCESS"


async def test_refunds_are_a_minute_apart(simulated: Simulated, sold: Shop) -> None:
    sold.refund()
    concurrent = sold.refund(100, "R2")
    assert (concurrent.code, "on its way" in concurrent.explain) == ("ORDER_CONCURRENT_ERROR", True)
    await simulated.world.advance(59)
    early = sold.refund(100, "R2")
    assert (early.code, "wait 1 s" in early.explain) == ("ORDER_CONCURRENT_ERROR", True)
    await simulated.world.advance(1)
    assert sold.refund(100, "R2").code == "000000"


async def test_a_repeat_gets_the_first_answer(simulated: Simulated, sold: Shop) -> None:
    first = sold.refund().data
    await simulated.world.advance(30)
    second = sold.refund().data
    assert second["sysRefundOrderNo"] == first["sysRefundOrderNo"]
    assert second["refundAmount"] == 400
    by_number = sold.refund(mercOrderNo=None, sysTransOrderNo=first["sysTransOrderNo"])
    assert by_number.code == "000000"
    assert sold.refund(401).code == "INVALID_ARGUMENTS"
    assert sold.refund(mercOrderNo="T2").code == "INVALID_ARGUMENTS"
    assert simulated.huawei.orders()[0].refunded_fee == 400


async def test_no_more_than_was_paid(simulated: Simulated, sold: Shop) -> None:
    assert sold.refund(1001).code == "CHECK_AMOUNT_INVALID"
    sold.refund(600)
    await simulated.world.advance(60)
    assert sold.refund(401, "R2").code == "CHECK_AMOUNT_INVALID"
    assert sold.refund(400, "R3").code == "000000"


async def test_a_refund_that_fails_gives_the_money_back(simulated: Simulated, sold: Shop) -> None:
    before = dict(sold.account.balances)
    sold.refund()
    simulated.huawei.settle_refund("R1", "FAILED")
    assert sold.account.balances == before
    assert sold.query_refund().data["refundOrderStatus"] == "REFUND_FAILED"
    assert simulated.told()[0]["refundOrderStatus"] == "REFUND_FAILED"
    await simulated.world.advance(60)
    assert len(simulated.notified) == 1
    assert sold.refund(1000, "R2").code == "000000"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mercOrderNo": "T9"}, "MERC_ORDER_NOT_EXIST"),
        ({"mercOrderNo": None}, "INVALID_ARGUMENTS"),
        ({"sysTransOrderNo": "1"}, "PAY_ORDER_NOT_EXIST"),
        ({"refundAmount": 0}, "INVALID_ARGUMENTS"),
        ({"callbackUrl": None}, "INVALID_ARGUMENTS"),
        ({"callbackUrl": "nowhere"}, "INVALID_ARGUMENTS"),
        ({"mercRefundOrderNo": "R" * 65}, "INVALID_ARGUMENTS"),
        ({"reason": "r" * 257}, "INVALID_ARGUMENTS"),
    ],
)
def test_a_field_of_a_refund(sold: Shop, changed: dict[str, Any], code: str) -> None:
    assert sold.refund(**changed).code == code
    assert sold.query_refund().code == "MERC_ORDER_NOT_EXIST"


def test_an_unpaid_order(simulated: Simulated, shop: Shop) -> None:
    shop.prepay()
    assert shop.refund().code == "CHECK_ORDER_STATUS"


async def test_180_days(simulated: Simulated, sold: Shop) -> None:
    await simulated.world.advance(180 * 86_400)
    assert sold.refund(1).code == "000000"
    await simulated.world.advance(61)
    assert sold.refund(1, "R2").code == "NOT_IN_VALIDITY_PERIOD"


def test_the_merchants_money(simulated: Simulated, sold: Shop) -> None:
    simulated.control("account", pid="default", balance=399)
    assert sold.refund().code == "CHECK_ACCOUNT_BALANCE"
    simulated.control("account", pid="default", balance=400)
    assert sold.refund().code == "000000"
    assert sold.account.balances[sold.node["mchId"]] == 0


def test_a_number_that_was_refused_too_often(simulated: Simulated, sold: Shop) -> None:
    for _ in range(11):
        assert sold.refund(2000).code == "CHECK_AMOUNT_INVALID"
    assert sold.refund().code == "RETRY_TOO_MANY"
    assert sold.refund(number="R2").code == "000000"


@pytest.mark.parametrize("amounts", [(333, 333, 334), (1, 999), (500, 500), (1000,)])
async def test_promotions_go_back_in_their_share(
    simulated: Simulated, shop: Shop, amounts: tuple[int, ...]
) -> None:
    simulated.control("rules", promotion_percent=33)
    shop.paid()
    shares = []
    for number, amount in enumerate(amounts):
        shares.append(shop.refund(amount, f"R{number}").data["payerRefundAmount"])
        await simulated.world.advance(60)
    assert sum(shares) == 670
    assert all(abs(share - amount * 0.67) <= 1 for share, amount in zip(shares, amounts, strict=True))


def test_control_settles_one_refund_once(simulated: Simulated, sold: Shop) -> None:
    with pytest.raises(SimulatorError, match="create it first"):
        simulated.huawei.settle_refund("R1", "SUCCESS")
    sold.refund()
    with pytest.raises(SimulatorError, match="no end of a refund"):
        simulated.huawei.settle_refund("R1", "MAYBE")
    simulated.huawei.settle_refund("R1", "SUCCESS")
    with pytest.raises(SimulatorError, match="stays so"):
        simulated.huawei.settle_refund("R1", "SUCCESS")


def test_other_merchants_refunds(sold: Shop, sm2_shop: Shop) -> None:
    number = sold.refund().data["sysRefundOrderNo"]
    assert sm2_shop.query_refund().code == "MERC_ORDER_NOT_EXIST"
    assert sm2_shop.get(f"{REFUNDS}/orders/{number}").code == "PAY_ORDER_NOT_EXIST"


def test_a_partner_names_the_sub_merchant(simulated: Simulated, partner: Shop) -> None:
    sub = next(iter(partner.account.subs))
    body = partner.order(appId=None, mercNo=None) | {
        "spAppId": partner.node["appId"],
        "spMercNo": partner.node["mchId"],
        "subMercNo": sub,
    }
    partner.post("/api/v2/partner/aggr/preorder/create/fa", body)
    simulated.huawei.pay("T1", pid="partner")
    refund = {"mercOrderNo": "T1", "mercRefundOrderNo": "R1", "callbackUrl": NOTIFY_URL}
    path = REFUNDS.replace("/aggr", "/partner/aggr")
    assert partner.post(path, refund).code == "INVALID_SUB_MERCNO"
    assert partner.post(path, refund | {"subMercNo": sub}).code == "000000"
    assert partner.account.balances[sub] == 100_000_000
    assert partner.get(f"{path}/merc-orders/R1").code == "000000"


def test_transfers_have_no_public_interface(simulated: Simulated) -> None:
    with pytest.raises(SimulatorError, match="no public interface for transfers"):
        simulated.huawei.settle_transfer("B1", "confirm")
