"""Subscriptions in the course of time."""

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import PREMIUM, RENEWABLE, START_MS, Shop, Simulated
from vkpay_simulator.providers.appleiap.periods import after

DAY = 86400
MINUTE_MS = 60_000


class TestSandboxTime:
    @pytest.mark.parametrize(
        ("period", "minutes"),
        [("P1W", 3), ("P1M", 5), ("P2M", 10), ("P3M", 15), ("P6M", 30), ("P1Y", 60), ("P3D", 2)],
    )
    def test_how_long_a_period_is(self, shop: Shop, period: str, minutes: int) -> None:
        said = shop.info(shop.subscribes(period=period))
        assert said["expiresDate"] == START_MS + minutes * MINUTE_MS

    async def test_twelve_renewals_and_then_the_end(self, simulated: Simulated, shop: Shop) -> None:
        first = shop.subscribes()
        await simulated.advance(12 * 300)
        assert shop.events() == ["SUBSCRIBED.INITIAL_BUY", *["DID_RENEW"] * 12]
        assert shop.last(first)["status"] == 1
        await simulated.advance(300)
        assert shop.events()[-1] == "EXPIRED.VOLUNTARY"
        assert shop.last(first)["status"] == 2
        await simulated.advance(DAY)
        assert len(shop.events()) == 14

    async def test_a_renewal_is_a_transaction_of_its_own(self, simulated: Simulated, shop: Shop) -> None:
        first = shop.subscribes(app_account_token="0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33")
        await simulated.advance(301)
        told = shop.told()[-1]["data"]
        said = shop.verified(told["signedTransactionInfo"])
        assert said["originalTransactionId"] == first["transactionId"] != said["transactionId"]
        assert (said["transactionReason"], said["purchaseDate"]) == ("RENEWAL", START_MS + 5 * MINUTE_MS)
        assert said["expiresDate"] == START_MS + 10 * MINUTE_MS
        assert said["appAccountToken"] == "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33"
        assert told["status"] == 1
        renewal = shop.verified(told["signedRenewalInfo"])
        assert "bundleId" not in renewal
        assert (renewal["autoRenewStatus"], renewal["renewalDate"]) == (1, said["expiresDate"])

    async def test_it_can_be_left_to_the_tests(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("rules", renew_automatically=False)
        shop.subscribes()
        await simulated.advance(DAY)
        assert shop.events() == ["SUBSCRIBED.INITIAL_BUY"]


class TestProductionTime:
    @pytest.mark.parametrize(
        ("period", "days"),
        [("P1W", 7), ("P3D", 3), ("P1M", 31), ("P2M", 59), ("P6M", 181), ("P1Y", 365)],
    )
    def test_the_calendars(self, production: Shop, period: str, days: int) -> None:
        said = production.info(production.subscribes(period=period))
        assert said["expiresDate"] == START_MS + days * DAY * 1000

    async def test_the_last_day_of_a_shorter_month(self, simulated: Simulated, production: Shop) -> None:
        await simulated.advance(30 * DAY)
        said = production.info(production.subscribes())
        assert (said["expiresDate"] - said["purchaseDate"]) // 1000 == 28 * DAY

    async def test_a_failed_card(self, simulated: Simulated, production: Shop) -> None:
        one = production.subscribes()
        production.does("renew", one, outcome="grace_period")
        assert production.last(one)["status"] == 4
        renewal = production.verified(production.last(one)["signedRenewalInfo"])
        assert renewal["isInBillingRetryPeriod"] is True
        assert renewal["gracePeriodExpiresDate"] == START_MS + 16 * DAY * 1000
        await simulated.advance(17 * DAY)
        assert production.last(one)["status"] == 3
        await simulated.advance(61 * DAY)
        assert production.last(one)["status"] == 2
        assert production.events() == [
            "SUBSCRIBED.INITIAL_BUY",
            "DID_FAIL_TO_RENEW.GRACE_PERIOD",
            "GRACE_PERIOD_EXPIRED",
            "EXPIRED.BILLING_RETRY",
        ]

    async def test_a_card_that_works_again(self, simulated: Simulated, production: Shop) -> None:
        one = production.subscribes()
        production.does("renew", one, outcome="billing_failure")
        await simulated.advance(10 * DAY)
        again = production.does("renew", one)
        assert production.info(again)["purchaseDate"] == START_MS + 10 * DAY * 1000
        await simulated.settle()
        assert production.events()[1:] == ["DID_FAIL_TO_RENEW", "DID_RENEW.BILLING_RECOVERY"]
        await simulated.advance(55 * DAY)
        assert production.last(one)["status"] == 1


class TestChanges:
    async def test_auto_renewal_off(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("change", one, auto_renew=False)
        assert shop.verified(shop.last(one)["signedRenewalInfo"])["expirationIntent"] == 1
        await simulated.advance(301)
        assert shop.events()[1:] == ["DID_CHANGE_RENEWAL_STATUS.AUTO_RENEW_DISABLED", "EXPIRED.VOLUNTARY"]

    async def test_another_product_next_time(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("change", one, product_id="com.example.basic")
        shop.does("change", one, product_id=PREMIUM)
        shop.does("change", one, product_id="com.example.basic")
        await simulated.advance(301)
        assert shop.events()[1:] == [
            "DID_CHANGE_RENEWAL_PREF.DOWNGRADE",
            "DID_CHANGE_RENEWAL_PREF",
            "DID_CHANGE_RENEWAL_PREF.DOWNGRADE",
            "DID_RENEW",
        ]
        newest = shop.verified(shop.last(one)["signedTransactionInfo"])
        assert newest["productId"] == "com.example.basic"

    async def test_an_upgrade_is_at_once(self, simulated: Simulated, shop: Shop) -> None:
        old = shop.subscribes()
        await simulated.advance(150)
        new = shop.buys("com.example.pro", type=RENEWABLE, price=60000)
        await simulated.settle()
        assert shop.events()[1:] == ["DID_CHANGE_RENEWAL_PREF.UPGRADE"]
        said = shop.info(old)
        assert (said["isUpgraded"], said["revocationPercentage"]) == (True, 50000)
        assert new["originalTransactionId"] == old["transactionId"]
        assert "isUpgraded" not in shop.info(new)

    async def test_an_offer_on_a_running_one(self, simulated: Simulated, shop: Shop) -> None:
        shop.subscribes()
        offer = {"type": 2, "identifier": "half", "discount": "PAY_UP_FRONT", "period": "P3M"}
        shop.buys("com.example.pro", type=RENEWABLE, offer=offer)
        await simulated.settle()
        assert shop.events()[1:] == ["OFFER_REDEEMED.UPGRADE"]

    async def test_again_after_the_end(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        assert "already" in simulated.control("purchase", product_id=PREMIUM, type=RENEWABLE)["error"]
        shop.does("expire", one, reason="PRICE_INCREASE")
        again = shop.subscribes()
        await simulated.settle()
        assert shop.events()[1:] == ["EXPIRED.PRICE_INCREASE", "SUBSCRIBED.RESUBSCRIBE"]
        assert again["originalTransactionId"] == one["transactionId"]
        assert shop.last(one)["status"] == 1

    async def test_a_price_that_rises(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("change", one, price=9000)
        renewal = shop.verified(shop.last(one)["signedRenewalInfo"])
        assert (renewal["renewalPrice"], renewal["priceIncreaseStatus"]) == (9000, 0)
        shop.does("change", one, price=9000, accepted=True)
        await simulated.advance(301)
        assert shop.events()[1:] == ["PRICE_INCREASE.PENDING", "PRICE_INCREASE.ACCEPTED", "DID_RENEW"]
        assert shop.verified(shop.last(one)["signedTransactionInfo"])["price"] == 9000

    @pytest.mark.parametrize("what", ["renew", "expire"])
    def test_what_is_over_stays_over(self, shop: Shop, what: str) -> None:
        one = shop.subscribes()
        shop.does("expire", one)
        assert shop.does(what, one)["status"] == 409
        assert shop.does("change", one, auto_renew=True)["status"] == 409
        assert shop.does("change", one, product_id="com.example.basic")["status"] == 409
        assert shop.does("renew", one, outcome="billing_failure")["status"] == 409

    def test_a_period_that_is_none_has_no_end(self) -> None:
        with pytest.raises(ValueError, match="P1W, P1M"):
            after(START_MS, "P1X", sandbox=False)

    @pytest.mark.parametrize("period", ["P1X", "1M", "P0D", "P100D", ""])
    def test_no_period(self, simulated: Simulated, period: str) -> None:
        said = simulated.control("purchase", product_id=PREMIUM, type=RENEWABLE, period=period)
        assert (said["status"], "period" in said["error"]) == (400, True)

    def test_only_subscriptions(self, shop: Shop) -> None:
        assert "Auto-Renewable" in shop.does("renew", shop.buys())["error"]


class TestStatuses:
    def test_by_group_and_status(self, shop: Shop) -> None:
        one = shop.subscribes()
        shop.buys("com.example.news", type=RENEWABLE, group="22000000")
        shop.does("expire", one)
        number = one["transactionId"]
        answer = shop.get(f"v1/subscriptions/{number}")
        assert [group["subscriptionGroupIdentifier"] for group in answer["data"]] == ["21000000", "22000000"]
        answer = shop.get(f"v1/subscriptions/{number}", ("status", "1"), ("status", "3"))
        assert [group["subscriptionGroupIdentifier"] for group in answer["data"]] == ["22000000"]
        assert shop.get(f"v1/subscriptions/{shop.buys(payer='b')['transactionId']}")["data"] == []

    @pytest.mark.parametrize("status", ["0", "6", "active", ""])
    def test_no_status(self, shop: Shop, status: str) -> None:
        number = shop.subscribes()["transactionId"]
        assert shop.code("GET", f"v1/subscriptions/{number}?status={status}") == 4000031
