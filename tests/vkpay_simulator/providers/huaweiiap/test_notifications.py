"""What the merchant's server is told, and how often."""

import json

import pytest

from tests.vkpay_simulator.providers.huaweiiap.shop import APPLICATION, START_MS, Shop, Simulated, names

DAY_MS = 86_400_000
HISTORY = f"{APPLICATION}/notifications/query"


async def test_a_purchase_is_told(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    await simulated.settle()
    ((at, url, body),) = simulated.arrived
    assert (at, url.endswith("/vk-pay-notify/huaweiiap_app-harmony/-/default")) == (START_MS, True)
    assert list(json.loads(body)) == ["jwsNotification"]
    (told,) = shop.arrived()
    assert len(told.pop("notificationRequestId")) == 36
    assert told == {
        "notificationType": "DID_NEW_TRANSACTION",
        "notificationMetaData": {
            "applicationId": shop.node["appId"],
            "environment": "NORMAL",
            "currentProductId": "coins",
            "type": "0",
            **names(one),
        },
        "notificationVersion": "v3",
        "signedTime": START_MS,
    }


async def test_a_refund_is_told(simulated: Simulated, shop: Shop) -> None:
    shop.buys()
    simulated.control("refund", purchase="T1")
    await simulated.settle()
    told = shop.arrived()[1]
    assert (told["notificationType"], told["notificationSubtype"]) == ("REVOKE", "REFUND_TRANSACTION")


async def test_a_wish_is_told(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    batch = simulated.control("request-refund", purchase="T1")["refundBatchNo"]
    await simulated.settle()
    told = shop.arrived()[1]
    assert told["notificationType"] == "REFUND_REQUEST"
    assert told["notificationMetaData"]["refundRequestData"] == {
        "refundReason": "UNINTENDED_PURCHASE",
        "applyAmount": 600,
        "currency": "CNY",
        "applyType": 1,
        "refundBatchNo": batch,
        "refundOrders": [{**names(one), "payAmount": 600}],
    }


@pytest.mark.parametrize("status", [None, 201, 500])
async def test_until_200_it_comes_again(simulated: Simulated, shop: Shop, status: int | None) -> None:
    simulated.control("rules", pauses=[60, 300])
    simulated.status = status
    shop.buys()
    await simulated.world.advance(100_000)
    assert [at - START_MS for at, _, _ in simulated.arrived] == [0, 60_000, 360_000]
    assert len({body for _, _, body in simulated.arrived}) == 1
    (history,) = shop.ask(HISTORY, {"startTime": START_MS, "endTime": START_MS + DAY_MS})[
        "notificationHistory"
    ]
    assert history["sendResult"] == 0


async def test_the_sandbox_sends_once_and_is_not_in_the_history(simulated: Simulated, shop: Shop) -> None:
    simulated.status = 500
    shop.buys(environment="SANDBOX")
    await simulated.world.advance(100_000)
    (told,) = shop.arrived()
    assert told["notificationMetaData"]["environment"] == "SANDBOX"
    assert (
        shop.ask(HISTORY, {"startTime": START_MS, "endTime": START_MS + DAY_MS})["notificationHistory"] == []
    )


async def test_the_history(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    simulated.control("refund", purchase="T1")
    shop.ask(f"{APPLICATION}/notifications/test")
    await simulated.settle()
    span = {"startTime": START_MS, "endTime": START_MS + DAY_MS}

    def types(**more: object) -> list[str]:
        found = shop.ask(HISTORY, span | more)["notificationHistory"]
        return [shop.verified(row["jwsNotification"])["notificationType"] for row in found]

    assert types() == ["DID_NEW_TRANSACTION", "REVOKE", "TEST"]
    assert types(notificationType="TEST") == ["TEST"]
    assert types(sendResult=0) == []
    assert types(purchaseOrderIdList=[one["purchaseOrderId"]]) == ["DID_NEW_TRANSACTION", "REVOKE"]
    assert shop.code(HISTORY, span | {"endTime": START_MS + 31 * DAY_MS}) == "1001880006"


async def test_addresses_and_rules(simulated: Simulated, shop: Shop) -> None:
    mine = "http://127.0.0.1:9/mine"
    assert simulated.control("account", notify_url=mine)["notify_url"] == mine
    shop.buys()
    await simulated.settle()
    assert simulated.arrived[0][1] == mine
    assert simulated.control("account", notify_url="")["notify_url"] != mine
    assert simulated.control("rules") == {"pauses": [60.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0]}
