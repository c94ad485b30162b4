"""Deliveries, test notifications and the history: https://developer.apple.com/documentation/appstoreservernotifications"""

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from tests.vkpay_simulator.providers.appleiap.shop import START_MS, TOKEN, Shop, Simulated, ok

HOUR = 3600
DAY_MS = 86_400_000
SPAN = {"startDate": START_MS - DAY_MS, "endDate": START_MS + DAY_MS}
HISTORY = "/inApps/v1/notifications/history"


def history(shop: Shop, token: str = "", **filters: Any) -> Any:
    path = f"{HISTORY}?paginationToken={token}" if token else HISTORY
    return ok(shop.send("POST", path, SPAN | filters))


def types(shop: Shop, answer: Any) -> list[str]:
    return [shop.verified(one["signedPayload"])["notificationType"] for one in answer["notificationHistory"]]


class TestDelivery:
    async def test_the_form(self, simulated: Simulated, shop: Shop) -> None:
        shop.buys(app_account_token=TOKEN)
        await simulated.settle()
        ((_, url, body),) = simulated.arrived
        assert url == "http://127.0.0.1:8000/pay/vk-pay-notify/appleiap_app-plus/-/default"
        assert list(json.loads(body)) == ["signedPayload"]
        (said,) = shop.told()
        assert (said["version"], said["signedDate"]) == ("2.0", START_MS)
        assert "subtype" not in said
        assert sorted(said["data"]) == ["bundleId", "bundleVersion", "environment", "signedTransactionInfo"]
        (delivery,) = simulated.world.deliveries.values()
        assert (delivery.event, delivery.subject) == ("ONE_TIME_CHARGE", TOKEN)

    async def test_production_names_the_app(self, simulated: Simulated, production: Shop) -> None:
        production.buys()
        await simulated.settle()
        assert production.told()[0]["data"]["appAppleId"] == production.node["appAppleId"]

    async def test_the_sandbox_comes_once(self, simulated: Simulated, shop: Shop) -> None:
        simulated.status = 500
        shop.buys()
        await simulated.advance(400 * HOUR)
        assert len(simulated.arrived) == 1

    async def test_production_comes_six_times(self, simulated: Simulated, production: Shop) -> None:
        simulated.status = 503
        production.buys()
        await simulated.advance(400 * HOUR)
        hours = [(at - START_MS) // (HOUR * 1000) for at, _, _ in simulated.arrived]
        assert hours == [0, 1, 13, 37, 85, 157]
        assert len({body for _, _, body in simulated.arrived}) == 1

    @pytest.mark.parametrize(("status", "attempts"), [(200, 1), (206, 1), (207, 6), (302, 6), (404, 6)])
    async def test_what_counts_as_delivered(
        self, simulated: Simulated, production: Shop, status: int, attempts: int
    ) -> None:
        simulated.status = status
        production.buys()
        await simulated.advance(400 * HOUR)
        assert len(simulated.arrived) == attempts

    async def test_an_address_of_ones_own(self, simulated: Simulated, shop: Shop, production: Shop) -> None:
        url = "http://127.0.0.1:8000/apple"
        simulated.control("account", sandbox_notify_url=url)
        shop.buys()
        production.buys()
        await simulated.settle()
        assert [arrived[1] == url for arrived in simulated.arrived] == [True, False]
        simulated.control("account", sandbox_notify_url=None)
        shop.buys()
        await simulated.settle()
        assert simulated.arrived[-1][1] != url

    async def test_no_address(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("account", sandbox_notify_url="")
        shop.buys()
        await simulated.settle()
        assert simulated.arrived == []
        assert shop.code("POST", "v1/notifications/test") == 4040007
        assert "no address" in simulated.control("notify", type="TEST")["error"]

    async def test_any_notification_there_is(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.buys()
        shop.simulated.control("notify", type="PRICE_CHANGE", transaction_id=one["transactionId"])
        token = {"externalPurchaseId": "SANDBOX-1", "bundleId": "com.example.default"}
        simulated.control(
            "notify",
            type="EXTERNAL_PURCHASE_TOKEN",
            subtype="CREATED",
            content={"externalPurchaseToken": token},
        )
        simulated.control("notify", type="SOMETHING_NEW")
        await simulated.settle()
        assert shop.events()[1:] == ["PRICE_CHANGE", "EXTERNAL_PURCHASE_TOKEN.CREATED", "SOMETHING_NEW"]
        assert shop.told()[2]["externalPurchaseToken"] == token
        assert "data" not in shop.told()[2]

    async def test_a_signature_that_does_not_hold(self, simulated: Simulated, shop: Shop) -> None:
        shop.buys()
        (delivery,) = simulated.world.deliveries.values()
        spoilt = simulated.apple.spoil_outgoing(delivery.build(0))
        with pytest.raises(InvalidSignature):
            shop.verified(json.loads(spoilt.body)["signedPayload"])


class TestTest:
    async def test_it_is_sent_and_its_state_told(self, simulated: Simulated, shop: Shop) -> None:
        token = ok(shop.send("POST", "/inApps/v1/notifications/test"))["testNotificationToken"]
        path = f"v1/notifications/test/{token}"
        assert shop.code("GET", path) == 4040008
        await simulated.settle()
        assert shop.events() == ["TEST"]
        answer = shop.get(path)
        attempt = {"attemptDate": START_MS, "sendAttemptResult": "SUCCESS"}
        assert (answer["sendAttempts"], answer["firstSendAttemptResult"]) == ([attempt], "SUCCESS")
        assert shop.verified(answer["signedPayload"])["notificationType"] == "TEST"
        await simulated.advance(200 * DAY_MS // 1000)
        assert shop.code("GET", path) == 4040008

    def test_no_token(self, shop: Shop) -> None:
        assert shop.code("GET", "v1/notifications/test/x") == 4000020
        assert shop.code("GET", "v1/notifications/test/x_1") == 4040008

    @pytest.mark.parametrize(
        ("status", "result"),
        [
            (500, "UNSUCCESSFUL_HTTP_RESPONSE_CODE"),
            (301, "CIRCULAR_REDIRECT"),
            (None, "TIMED_OUT"),
        ],
    )
    async def test_how_an_attempt_went(
        self, simulated: Simulated, shop: Shop, status: int | None, result: str
    ) -> None:
        simulated.status = status
        token = ok(shop.send("POST", "/inApps/v1/notifications/test"))["testNotificationToken"]
        await simulated.settle()
        answer = shop.get(f"v1/notifications/test/{token}")
        assert [one["sendAttemptResult"] for one in answer["sendAttempts"]] == [result]


class TestHistory:
    async def test_pages(self, simulated: Simulated, shop: Shop) -> None:
        for _ in range(21):
            shop.buys()
        await simulated.settle()
        first = history(shop)
        assert (len(first["notificationHistory"]), first["hasMore"]) == (20, True)
        second = history(shop, first["paginationToken"])
        assert (len(second["notificationHistory"]), second["hasMore"]) == (1, False)

    async def test_filters(self, simulated: Simulated, shop: Shop) -> None:
        alices, bobs = shop.buys(payer="alice"), shop.subscribes(payer="bob")
        await simulated.settle()
        simulated.status = 500
        shop.does("refund", alices)
        await simulated.settle()
        assert types(shop, history(shop)) == ["ONE_TIME_CHARGE", "SUBSCRIBED", "REFUND"]
        assert types(shop, history(shop, transactionId=alices["transactionId"])) == [
            "ONE_TIME_CHARGE", "REFUND",
        ]  # fmt: skip
        assert types(shop, history(shop, originalTransactionId=bobs["transactionId"])) == ["SUBSCRIBED"]
        assert types(shop, history(shop, notificationType="REFUND")) == ["REFUND"]
        pair = {"notificationType": "SUBSCRIBED", "notificationSubtype": "RESUBSCRIBE"}
        assert types(shop, history(shop, **pair)) == []
        assert types(shop, history(shop, onlyFailures=True)) == ["REFUND"]
        assert types(shop, history(shop, endDate=START_MS - 1)) == []

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"startDate": None}, 4000015),
            ({"startDate": "1"}, 4000015),
            ({"endDate": True}, 4000016),
            ({"startDate": START_MS - 31 * DAY_MS}, 4000012),
            ({"endDate": START_MS - DAY_MS}, 4000013),
            ({"notificationType": "NONE"}, 4000018),
            ({"notificationSubtype": "UPGRADE"}, 4000018),
            ({"notificationType": "REFUND", "notificationSubtype": "UPGRADE"}, 4000018),
            ({"notificationType": "REFUND", "transactionId": "1"}, 4000019),
            ({"transactionId": "x"}, 4000006),
            ({"transactionId": 1}, 4000006),
            ({"transactionId": "1"}, 4040010),
        ],
        ids=str,
    )
    def test_what_is_wrong(self, shop: Shop, change: dict[str, Any], code: int) -> None:
        assert shop.code("POST", "v1/notifications/history", SPAN | change) == code

    def test_production_keeps_180_days(self, production: Shop) -> None:
        old = SPAN | {"startDate": START_MS - 180 * DAY_MS}
        assert ok(production.send("POST", HISTORY, old))["notificationHistory"] == []

    def test_a_page_that_was_not_given_out(self, shop: Shop) -> None:
        assert shop.code("POST", "v1/notifications/history?paginationToken=x", SPAN) == 4000014

    def test_another_content_type(self, shop: Shop) -> None:
        answer = shop.send("POST", HISTORY, b"{}", **{"Content-Type": "text/plain"})
        assert (answer.status, answer.body) == (415, b"")
