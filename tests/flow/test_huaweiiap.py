"""In-app purchases of HarmonyOS through a whole life, against the simulator."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from vkpay_async import (
    AuthenticationFailed,
    InvalidArgument,
    NotificationMismatch,
    ProviderError,
    ResourceNotFound,
    SignatureInvalid,
)
from vkpay_async.models import TradeState

PAY_TYPE = "huaweiiap_app-harmony"


async def order(shop: Any, number: str = "T1", **more: Any) -> Any:
    return await shop.pay.create_payment(
        provider="huaweiiap",
        platform="app-harmony",
        out_trade_no=number,
        total_fee=600,
        subject="100 coins",
        type="goods",
        **more,
    )


async def control(shop: Any, what: str, **body: Any) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{shop.sim.url}/_sim/huaweiiap/{what}", json=body) as answer,
    ):
        said = await answer.json()
    assert answer.status == 200, said
    return said


async def buys(shop: Any, payment: Any, **more: Any) -> Any:
    """The customer, on the phone."""
    given = {
        "product_id": "coins",
        "price": 600,
        "developer_payload": payment.to_client()["orderInfo"]["developerPayload"],
    }
    return await control(shop, "purchase", **(given | more))


async def settled(shop: Any) -> None:
    await shop.sim.advance(0)
    await shop.pay.idle()


async def test_the_device_brings_the_purchase(shop: Any) -> None:
    payment = await order(shop)
    assert payment.pay_type == PAY_TYPE
    assert (await shop.pay.query_payment(out_trade_no="T1")).trade_state is TradeState.NOTPAY
    shop.sim.fault(lose_notify=1)
    bought = await buys(shop, payment)
    for _ in range(3):
        status = await shop.pay.verify_purchase(
            out_trade_no="T1", signed_transaction=bought["jwsPurchaseOrder"]
        )
        assert (status.order_paid, status.finish, status.environment) == (True, True, "NORMAL")
    assert shop.shipped == ["T1"]
    huawei = shop.pay.provider(PAY_TYPE)
    assert await huawei.confirm(bought["purchaseOrderId"], bought["purchaseToken"]) is True
    assert await huawei.confirm(bought["purchaseOrderId"], bought["purchaseToken"]) is False
    assert (await huawei.order_status(bought["purchaseOrderId"], bought["purchaseToken"])).shipped
    assert (await shop.pay.query_payment(out_trade_no="T1")).order_paid
    await shop.sim.advance(61)
    await settled(shop)
    assert shop.runs == 1


async def test_the_notification_comes_first(shop: Any) -> None:
    await buys(shop, await order(shop))
    await settled(shop)
    assert shop.shipped == ["T1"]
    (delivery,) = shop.sim.deliveries()
    assert delivery.state == "delivered"
    status = await shop.pay.query_payment(out_trade_no="T1", pay_order_info=True)
    assert (status.order_paid, status.pay_order.notify_mode) == (True, 1)


async def test_copies_and_forgeries(shop: Any) -> None:
    payment = await order(shop)
    shop.sim.fault("bad_signature", operation="huaweiiap.notify")
    await buys(shop, payment)
    await settled(shop)
    assert shop.shipped == []
    shop.sim.fault("duplicate_notify", copies=5)
    await shop.sim.advance(60)
    await settled(shop)
    assert shop.shipped == ["T1"]


async def test_a_forged_state_moves_nothing(shop: Any) -> None:
    shop.sim.fault("bad_signature", operation="huaweiiap.order_status")
    await buys(shop, await order(shop))
    await settled(shop)
    assert shop.shipped == []
    await shop.sim.advance(60)
    await settled(shop)
    assert shop.shipped == ["T1"]


async def test_money_goes_back(shop: Any) -> None:
    bought = await buys(shop, await order(shop))
    await settled(shop)
    await control(shop, "refund", purchase="T1")
    await settled(shop)
    kept = await shop.pay.orders.require("T1")
    (refund,) = kept.refund_list
    assert (kept.status, refund.refund_fee, refund.state) == (3, 600, "SUCCESS")
    status = await shop.pay.verify_purchase(
        out_trade_no="T1",
        signed_transaction=(await control(shop, "device", purchase="T1"))["jwsPurchaseOrder"],
    )
    assert (status.order_paid, status.trade_state, status.msg) == (False, TradeState.CLOSED, "订单已退款")
    assert bought["state"] == "PURCHASED"


async def test_what_pays_another_order(shop: Any) -> None:
    first, second = await order(shop, "T1"), await order(shop, "T2", productid="gems")
    cheap = await buys(shop, first, price=1, payer="a")
    with pytest.raises(NotificationMismatch, match="amount"):
        await shop.pay.verify_purchase(out_trade_no="T1", signed_transaction=cheap["jwsPurchaseOrder"])
    with pytest.raises(NotificationMismatch, match="order number"):
        await shop.pay.verify_purchase(out_trade_no="T2", signed_transaction=cheap["jwsPurchaseOrder"])
    coins = await buys(shop, second, payer="b")
    with pytest.raises(NotificationMismatch, match="product"):
        await shop.pay.verify_purchase(out_trade_no="T2", signed_transaction=coins["jwsPurchaseOrder"])
    sandbox = await buys(shop, first, environment="SANDBOX", payer="c")
    with pytest.raises(NotificationMismatch, match="sandbox"):
        await shop.pay.verify_purchase(out_trade_no="T1", signed_transaction=sandbox["jwsPurchaseOrder"])
    with pytest.raises(SignatureInvalid):
        await shop.pay.verify_purchase(
            out_trade_no="T1", signed_transaction=cheap["jwsPurchaseOrder"][:-4] + "AAAA"
        )
    await settled(shop)
    assert shop.shipped == []


async def test_a_named_product_counts_and_not_its_price(shop: Any) -> None:
    payment = await order(shop, productid="coins")
    assert payment.to_client()["orderInfo"]["productId"] == "coins"
    bought = await buys(shop, payment, price=550)
    status = await shop.pay.verify_purchase(out_trade_no="T1", signed_transaction=bought["jwsPurchaseOrder"])
    assert status.order_paid


async def test_bought_twice(shop: Any) -> None:
    payment = await order(shop)
    for payer in ("a", "b"):
        await buys(shop, payment, payer=payer)
        await settled(shop)
    assert shop.shipped == ["T1"]
    assert shop.runs == 1


async def test_bought_twice_and_the_second_given_back(shop: Any) -> None:
    """Huawei is told that it was heard: the order's own purchase stays, and a person sees the other."""
    payment = await order(shop)
    await buys(shop, payment, payer="a")
    await settled(shop)
    second = await buys(shop, payment, payer="b")
    await settled(shop)
    await control(shop, "refund", purchase=second["purchaseOrderId"])
    await settled(shop)
    assert [delivery.state for delivery in shop.sim.deliveries()] == ["delivered"] * 3
    assert await shop.status("T1") == 1
    errors = [str(one.error) for one in await shop.pay.orders.events("T1") if one.state == "unmatched"]
    assert ["was given back" in text for text in errors] == [False, True]


async def test_a_customer_wants_the_money_back(shop: Any) -> None:
    bought = await buys(shop, await order(shop))
    await settled(shop)
    batch = (await control(shop, "request-refund", purchase="T1"))["refundBatchNo"]
    await settled(shop)
    huawei = shop.pay.provider(PAY_TYPE)
    answer = await huawei.request(
        "/post-sales/harmony/v1/transactions/refund/result",
        {
            "reviewType": 1,
            "refundBatchNo": batch,
            "notifyTime": 1,
            "applicationId": huawei.appid,
            "reviewResultList": [
                {"purchaseOrderId": bought["purchaseOrderId"], "payMoney": 6, "refundMoney": 6}
            ],
        },
    )
    assert answer["returnCode"] == "0"
    await settled(shop)
    assert (await shop.status("T1")) == 3


async def test_lists(shop: Any) -> None:
    bought = await buys(shop, await order(shop))
    huawei = shop.pay.provider(PAY_TYPE)
    await huawei.test_notification()
    await settled(shop)
    now = shop.sim.world.clock.now()
    (row,) = await huawei.trade_orders(now - 1000, now + 1000)
    assert (row["requestId"], row["payMoney"], row["tradeType"]) == (
        bought["purchaseOrderId"],
        "6.00",
        "PURCHASE",
    )
    told = await huawei.notification_history(now - 1000, now + 1000)
    assert [one.notification_type for one in told] == ["DID_NEW_TRANSACTION", "TEST"]


async def test_refusals(shop: Any) -> None:
    huawei = shop.pay.provider(PAY_TYPE)
    with pytest.raises(ResourceNotFound, match="1001880012"):
        await huawei.order_status("no", "no")
    with pytest.raises(InvalidArgument, match="Huawei gives money back"):
        await shop.pay.refund(out_trade_no=await _paid(shop), refund_fee=1)
    shop.sim.fault("business_code", code="1001880010", operation="huaweiiap.order_status")
    with pytest.raises(ProviderError, match="1001880010"):
        await huawei.order_status("no", "no")
    shop.sim.fault("business_code", code="401", operation="huaweiiap.order_status")
    with pytest.raises(AuthenticationFailed):
        await huawei.order_status("no", "no")


async def _paid(shop: Any) -> str:
    await buys(shop, await order(shop))
    await settled(shop)
    return "T1"
