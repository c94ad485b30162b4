"""Purchases: made, asked for, delivered, given back, listed."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.huaweiiap.shop import (
    APPLICATION,
    ORDER,
    REVIEW,
    START_MS,
    Shop,
    Simulated,
    names,
)

STATUS, CONFIRM = f"{ORDER}/order/status/query", f"{ORDER}/purchase/shipped/confirm"
HOUR_MS = 3_600_000


def order_of(shop: Shop, one: Any) -> dict[str, Any]:
    return shop.verified(shop.ask(STATUS, names(one))["jwsPurchaseOrder"])


def trades(shop: Shop, start: int = START_MS, end: int = START_MS + 48 * HOUR_MS) -> list[dict[str, Any]]:
    found, token = [], None
    while True:
        body = {"startTime": start, "endTime": end} | ({"continuationToken": token} if token else {})
        page = shop.ask(f"{ORDER}/trade/orders/query", body)
        found += page["orderInfoList"]
        token = page.get("continuationToken")
        if token is None:
            return found


def test_what_is_signed(shop: Shop) -> None:
    one = shop.buys(quantity=2, price=1200)
    assert shop.verified(one["jwsPurchaseOrder"]) == order_of(shop, one)
    assert order_of(shop, one) == {
        "environment": "NORMAL",
        "purchaseOrderId": one["purchaseOrderId"],
        "purchaseToken": one["purchaseToken"],
        "applicationId": shop.node["appId"],
        "productId": "coins",
        "productType": "0",
        "quantity": 2,
        "purchaseTime": START_MS,
        "finishStatus": "2",
        "needFinish": True,
        "price": 1200,
        "currency": "CNY",
        "developerPayload": "T1",
        "countryCode": "CN",
        "signedTime": START_MS,
    }


def test_a_delivery_is_confirmed_once(shop: Shop) -> None:
    one = shop.buys()
    assert shop.ask(CONFIRM, names(one)) == {}
    order = order_of(shop, one)
    assert (order["finishStatus"], order["needFinish"]) == ("1", False)
    assert shop.code(CONFIRM, names(one)) == "1001880020"


@pytest.mark.parametrize("path", [STATUS, CONFIRM])
def test_purchases_that_are_not_there(shop: Shop, path: str) -> None:
    one = shop.buys()
    assert shop.code(path, {"purchaseOrderId": "no", "purchaseToken": "no"}) == "1001880012"
    assert shop.code(path, names(one) | {"purchaseToken": "no"}) == "1001880008"


def test_a_consumable_waits_for_its_delivery(shop: Shop) -> None:
    one = shop.buys()
    assert shop.buys()["status"] == 409
    assert shop.buys(payer="another")["state"] == "PURCHASED"
    shop.ask(CONFIRM, names(one))
    assert shop.buys()["state"] == "PURCHASED"


def test_what_is_owned_is_not_bought_again(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys(product_type="1")
    assert shop.buys(product_type="1")["status"] == 409
    simulated.control("refund", purchase=one["purchaseOrderId"])
    assert shop.buys(product_type="1")["state"] == "PURCHASED"


def test_money_goes_back_once(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    lookup = {"orderNo": one["purchaseOrderId"]}
    assert shop.ask(f"{APPLICATION}/order/lookup", lookup) == {"orderStatus": 1}
    assert simulated.control("refund", purchase="T1", by_user=False)["state"] == "REFUNDED"
    order = order_of(shop, one)
    assert (order["purchaseOrderRevocationReasonCode"], order["revocationTime"]) == ("0", START_MS)
    assert shop.ask(f"{APPLICATION}/order/lookup", lookup) == {"orderStatus": 0}
    assert simulated.control("refund", purchase="T1")["status"] == 409
    assert simulated.control("request-refund", purchase="T1")["status"] == 409


@pytest.mark.parametrize(("agrees", "state"), [(1, "REFUNDED"), (2, "PURCHASED")])
def test_a_customer_asks_for_the_money(simulated: Simulated, shop: Shop, agrees: int, state: str) -> None:
    one = shop.buys()
    batch = simulated.control("request-refund", purchase="T1", reason="OTHER")["refundBatchNo"]
    review = {
        "reviewType": agrees,
        "refundBatchNo": batch,
        "notifyTime": START_MS,
        "applicationId": shop.node["appId"],
        "reviewResultList": [{"purchaseOrderId": one["purchaseOrderId"], "payMoney": 6, "refundMoney": 6}],
    }
    answer = shop.ask(REVIEW, review)
    assert answer == {"returnCode": "0", "subErrCode": "200"}
    assert simulated.control("device", purchase="T1")["state"] == state
    assert shop.code(REVIEW, review) == "1001880012"


def test_the_list_of_trades(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys(price=605)
    shop.buys(environment="SANDBOX", payer="tester")
    simulated.control("refund", purchase=one["purchaseOrderId"])
    bought, back = trades(shop)
    assert bought == {
        "requestId": one["purchaseOrderId"],
        "country": "CN",
        "applicationId": shop.node["appId"],
        "orderTime": START_MS,
        "tradeTime": START_MS,
        "productId": "coins",
        "productName": "coins",
        "payMoney": "6.05",
        "couponAmt": "0",
        "currency": "CNY",
        "tradeState": 0,
        "tradeType": "PURCHASE",
    }
    assert (back["tradeType"], back["refundMoney"], back["refundTime"]) == ("REFUND", "6.05", START_MS)
    assert trades(shop, START_MS - HOUR_MS, START_MS) == []


def test_many_trades_come_by_pages(shop: Shop) -> None:
    bought = [shop.buys(payer=f"p{number}")["purchaseOrderId"] for number in range(201)]
    assert [row["requestId"] for row in trades(shop)] == bought


@pytest.mark.parametrize(
    "wrong",
    [
        {"endTime": START_MS},
        {"endTime": START_MS + 48 * HOUR_MS + 1},
        {"startTime": START_MS - 181 * 24 * HOUR_MS, "endTime": START_MS - 180 * 24 * HOUR_MS},
        {"continuationToken": "x"},
    ],
)
def test_spans_that_are_too_long(shop: Shop, wrong: dict[str, Any]) -> None:
    asked = {"startTime": START_MS, "endTime": START_MS + HOUR_MS} | wrong
    assert shop.code(f"{ORDER}/trade/orders/query", asked) == "1001880006"
