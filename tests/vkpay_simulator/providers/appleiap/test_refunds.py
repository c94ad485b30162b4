"""Apple gives money back, and takes that back."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import START_MS, Shop, Simulated
from vkpay_simulator.providers.base import SimulatorError

V2 = {"customerConsented": True, "sampleContentProvided": False, "deliveryStatus": "DELIVERED"}
V1 = {
    "customerConsented": True,
    "appAccountToken": "",
    "sampleContentProvided": True,
    "consumptionStatus": 1,
    "platform": 1,
    "deliveryStatus": 0,
    "accountTenure": 7,
    "playTime": 7,
    "lifetimeDollarsPurchased": 1,
    "lifetimeDollarsRefunded": 1,
    "userStatus": 1,
}


class TestRefund:
    async def test_in_full(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.buys()
        shop.does("refund", one, reason=1)
        await simulated.settle()
        assert shop.events() == ["ONE_TIME_CHARGE", "REFUND"]
        said = shop.verified(shop.told()[-1]["data"]["signedTransactionInfo"])
        assert (said["revocationDate"], said["revocationReason"]) == (START_MS, 1)
        assert said["revocationType"] == "REFUND_FULL"
        assert "revocationPercentage" not in said

    async def test_it_is_taken_back(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("refund", one)
        assert shop.last(one)["status"] == 5
        shop.does("reverse-refund", one)
        assert shop.last(one)["status"] == 1
        assert "revocationDate" not in shop.info(one)
        await simulated.advance(301)
        assert shop.events() == ["SUBSCRIBED.INITIAL_BUY", "REFUND", "REFUND_REVERSED", "DID_RENEW"]

    def test_an_earlier_period_of_a_subscription(self, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("renew", one)
        for what in ("refund", "reverse-refund"):
            shop.does(what, one)
            assert shop.last(one)["status"] == 1

    async def test_a_refunded_subscription_is_not_renewed(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("refund", one)
        await simulated.advance(3600)
        assert shop.events() == ["SUBSCRIBED.INITIAL_BUY", "REFUND"]
        shop.does("reverse-refund", one)
        assert shop.last(one)["status"] == 2

    async def test_declined_and_asked_about(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.buys()
        shop.does("ask-consumption", one, reason="LEGAL")
        shop.does("decline-refund", one)
        await simulated.settle()
        assert shop.events()[1:] == ["CONSUMPTION_REQUEST", "REFUND_DECLINED"]
        assert shop.told()[1]["data"]["consumptionRequestReason"] == "LEGAL"

    async def test_a_family_loses_what_it_shared(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.buys("com.example.lifetime", type="Non-Consumable", family_shared=True)
        assert shop.does("refund", one)["status"] == 409
        shop.does("revoke", one)
        await simulated.settle()
        assert shop.events()[1:] == ["REVOKE"]
        assert shop.info(one)["revocationType"] == "FAMILY_REVOKE"

    def test_what_cannot_be(self, shop: Shop) -> None:
        one = shop.buys()
        assert shop.does("revoke", one)["status"] == 409
        assert shop.does("reverse-refund", one)["status"] == 409
        shop.does("refund", one)
        assert shop.does("refund", one)["status"] == 409

    def test_through_the_common_control(self, simulated: Simulated, shop: Shop) -> None:
        one, other = shop.buys(), shop.buys()
        assert simulated.apple.settle_refund(one["transactionId"], "SUCCESS")["status"] == "SUCCESS"
        assert "revocationDate" in shop.info(one)
        simulated.apple.settle_refund(other["transactionId"], "CLOSED")
        assert "revocationDate" not in shop.info(other)
        for number, status, pid, code in (
            (other["transactionId"], "ABNORMAL", None, 409),
            (other["transactionId"], "SUCCESS", "certs", 404),
            ("2000000000000000", "SUCCESS", None, 404),
        ):
            with pytest.raises(SimulatorError) as caught:
                simulated.apple.settle_refund(number, status, pid=pid)
            assert caught.value.status == code


class TestConsumption:
    def send(self, shop: Shop, body: Any, *, version: str = "v2", **fields: Any) -> Any:
        number = shop.buys(**fields)["transactionId"]
        return shop.send("PUT", f"/inApps/{version}/transactions/consumption/{number}", body)

    @pytest.mark.parametrize(
        ("version", "body"),
        [
            ("v2", V2),
            ("v2", V2 | {"consumptionPercentage": 1, "refundPreference": "GRANT_PRORATED"}),
            ("v2", V2 | {"deliveryStatus": "UNDELIVERED_OTHER", "consumptionPercentage": 0}),
            ("v1", V1),
            ("v1", V1 | {"refundPreference": 3, "appAccountToken": "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33"}),
        ],
        ids=str,
    )
    def test_taken_without_a_word(self, shop: Shop, version: str, body: dict[str, Any]) -> None:
        answer = self.send(shop, body, version=version)
        assert (answer.status, answer.body) == (202, b"")

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"customerConsented": False}, 4000035),
            ({"customerConsented": "true"}, 4000035),
            ({"sampleContentProvided": None}, 4000041),
            ({"deliveryStatus": 0}, 4000036),
            ({"refundPreference": "MAYBE"}, 4000044),
        ],
        ids=str,
    )
    def test_a_field_that_is_wrong(self, shop: Shop, change: dict[str, Any], code: int) -> None:
        number = shop.buys()["transactionId"]
        assert shop.code("PUT", f"v2/transactions/consumption/{number}", V2 | change) == code

    @pytest.mark.parametrize(
        "change",
        [
            {"consumptionPercentage": 100_001},
            {"consumptionPercentage": 5, "deliveryStatus": "UNDELIVERED_OTHER"},
            {"consumptionPercentage": 0, "refundPreference": "GRANT_PRORATED"},
        ],
        ids=str,
    )
    def test_errors_whose_code_nobody_knows(self, shop: Shop, change: dict[str, Any]) -> None:
        answer = self.send(shop, V2 | change)
        assert answer.status == 400
        assert answer.explain
        assert not answer.body

    @pytest.mark.parametrize(
        ("name", "most", "code"),
        [
            ("consumptionStatus", 3, 4000034),
            ("platform", 2, 4000039),
            ("deliveryStatus", 5, 4000036),
            ("accountTenure", 7, 4000032),
            ("playTime", 7, 4000040),
            ("lifetimeDollarsPurchased", 7, 4000037),
            ("lifetimeDollarsRefunded", 7, 4000038),
            ("userStatus", 4, 4000042),
            ("refundPreference", 3, 4000044),
        ],
    )
    def test_version_1_field_by_field(self, shop: Shop, name: str, most: int, code: int) -> None:
        assert self.send(shop, V1 | {name: most}, version="v1").status == 202
        answer = self.send(shop, V1 | {name: most + 1}, version="v1")
        assert json.loads(answer.body)["errorCode"] == code

    def test_what_it_is_not_for(self, shop: Shop) -> None:
        shared = self.send(shop, V2, product_id="l", type="Non-Consumable", family_shared=True)
        assert json.loads(shared.body)["errorCode"] == 4000185
        renewing = self.send(
            shop, V2 | {"consumptionPercentage": 1}, type="Auto-Renewable Subscription", product_id="s"
        )
        assert json.loads(renewing.body)["errorCode"] == 4000209
        lasting = self.send(shop, V1, version="v1", product_id="n", type="Non-Consumable")
        assert json.loads(lasting.body)["errorCode"] == 4000047
        consent = self.send(shop, V1 | {"customerConsented": False}, version="v1")
        assert json.loads(consent.body)["errorCode"] == 4000035
        token = self.send(shop, V1 | {"appAccountToken": "x"}, version="v1")
        assert json.loads(token.body)["errorCode"] == 4000033
        sample = self.send(shop, V1 | {"sampleContentProvided": 1}, version="v1")
        assert json.loads(sample.body)["errorCode"] == 4000041
        assert self.send(shop, b"[]").status == 400
