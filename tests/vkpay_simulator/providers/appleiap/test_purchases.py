"""What a purchase says of itself: https://developer.apple.com/documentation/appstoreserverapi/jwstransactiondecodedpayload"""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import COINS, START_MS, TOKEN, Shop, Simulated, ok

NO_NUMBERS = ["abc", "1" * 33, "12a"]


class TestTransaction:
    def test_a_consumable(self, shop: Shop) -> None:
        bought = shop.buys(app_account_token=TOKEN.upper(), quantity=2)
        said = shop.info(bought)
        assert said == {
            "transactionId": bought["transactionId"],
            "originalTransactionId": bought["transactionId"],
            "bundleId": "com.example.default",
            "productId": COINS,
            "purchaseDate": START_MS,
            "originalPurchaseDate": START_MS,
            "quantity": 2,
            "type": "Consumable",
            "appAccountToken": TOKEN,
            "inAppOwnershipType": "PURCHASED",
            "signedDate": START_MS,
            "environment": "Sandbox",
            "transactionReason": "PURCHASE",
            "storefront": "CHN",
            "storefrontId": "143465",
            "price": 12000,
            "currency": "CNY",
            "appTransactionId": said["appTransactionId"],
        }
        assert said["transactionId"].startswith("200000")
        assert len(said["transactionId"]) == 16

    def test_what_the_phone_has(self, shop: Shop) -> None:
        bought = shop.buys()
        said = shop.verified(bought["signedTransaction"])
        assert said["deviceVerification"]
        assert shop.info(bought).items() <= said.items()
        assert shop.does("device", bought)["transactionId"] == bought["transactionId"]

    def test_what_a_family_shares_has_no_price(self, shop: Shop) -> None:
        said = shop.info(shop.buys("com.example.lifetime", type="Non-Consumable", family_shared=True))
        assert said["inAppOwnershipType"] == "FAMILY_SHARED"
        assert not {"price", "currency"} & said.keys()

    def test_signed_when_it_is_asked_for(self, shop: Shop) -> None:
        bought = shop.buys()
        shop.simulated.world.clock.move_to(START_MS + 5000)
        said = shop.info(bought)
        assert (said["purchaseDate"], said["signedDate"]) == (START_MS, START_MS + 5000)

    def test_an_offer(self, shop: Shop) -> None:
        offer = {"type": 3, "identifier": "SPRING", "discount": "ONE_TIME"}
        said = shop.info(shop.buys(offer=offer))
        assert [said[name] for name in ("offerType", "offerIdentifier", "offerDiscountType")] == [
            3, "SPRING", "ONE_TIME",
        ]  # fmt: skip

    def test_something_that_is_sold_once(self, shop: Shop) -> None:
        shop.buys("com.example.lifetime", type="Non-Consumable")
        refused = shop.simulated.control("purchase", product_id="com.example.lifetime", type="Non-Consumable")
        assert refused["status"] == 409
        assert "another payer" in refused["error"]

    @pytest.mark.parametrize(
        ("path", "code"),
        [("2000000000000000", 4040010), *((number, 4000006) for number in NO_NUMBERS)],
    )
    def test_numbers_that_are_none(self, shop: Shop, path: str, code: int) -> None:
        assert shop.code("GET", f"v1/transactions/{path}") == code
        assert shop.code("GET", f"v1/transactions/appTransactions/{path}") == code
        assert shop.code("POST", f"v1/transactions/{path}/finish") == code

    def test_an_app_transactions_number(self, shop: Shop) -> None:
        number = shop.info(shop.buys())["appTransactionId"]
        assert shop.code("GET", f"v1/transactions/{number}") == 4000048
        answer = shop.get(f"v1/transactions/appTransactions/{number}")
        said = shop.verified(answer["signedAppTransactionInfo"])
        assert (said["appTransactionId"], said["receiptType"]) == (number, "Sandbox")
        assert said["appAppleId"] == shop.node["appAppleId"]
        assert "deviceVerification" not in said

    def test_another_apps_purchase_is_not_there(self, simulated: Simulated, shop: Shop) -> None:
        bought = simulated.shop("certs").buys()
        assert shop.code("GET", f"v1/transactions/{bought['transactionId']}") == 4040010


class TestFinish:
    def test_twice_is_once(self, shop: Shop) -> None:
        one = shop.buys()
        path = f"/inApps/v1/transactions/{one['transactionId']}/finish"
        before = shop.get(f"v2/history/{one['transactionId']}")["revision"]
        assert shop.send("POST", path).status == 200
        after = shop.get(f"v2/history/{one['transactionId']}")["revision"]
        assert after != before
        assert shop.send("POST", path).status == 200
        assert shop.get(f"v2/history/{one['transactionId']}")["revision"] == after


class TestToken:
    def test_it_is_set_for_every_transaction_of_the_original(self, shop: Shop) -> None:
        first = shop.subscribes()
        second = shop.does("renew", first)
        path = f"v1/transactions/{first['transactionId']}/appAccountToken"
        assert ok(shop.send("PUT", f"/inApps/{path}", {"appAccountToken": TOKEN.upper()})) is None
        assert {shop.info(one)["appAccountToken"] for one in (first, second)} == {TOKEN}

    def test_and_for_no_other(self, shop: Shop) -> None:
        one, other = shop.buys(), shop.buys()
        path = f"v1/transactions/{one['transactionId']}/appAccountToken"
        assert ok(shop.send("PUT", f"/inApps/{path}", {"appAccountToken": TOKEN})) is None
        assert "appAccountToken" not in shop.info(other)

    @pytest.mark.parametrize("token", ["", "no uuid", 1, None])
    def test_no_uuid(self, shop: Shop, token: Any) -> None:
        path = f"v1/transactions/{shop.buys()['transactionId']}/appAccountToken"
        assert shop.code("PUT", path, {"appAccountToken": token}) == 4000183

    def test_the_wrong_number(self, shop: Shop) -> None:
        first = shop.subscribes()
        second = shop.does("renew", first)
        shared = shop.buys("com.example.lifetime", type="Non-Consumable", family_shared=True)
        app = shop.info(first)["appTransactionId"]
        for number, code in (
            (second["transactionId"], 4000187),
            (shared["transactionId"], 4000185),
            (app, 4000048),
            ("2000000000000000", 4040005),
            ("x", 4000006),
        ):
            path = f"v1/transactions/{number}/appAccountToken"
            assert shop.code("PUT", path, {"appAccountToken": TOKEN}) == code


class TestLookup:
    def test_an_order_of_production(self, production: Shop) -> None:
        bought = production.buys()
        answer = production.get(f"v1/lookup/{bought['orderId']}")
        assert answer["status"] == 0
        assert (
            production.verified(answer["signedTransactions"][0])["transactionId"] == bought["transactionId"]
        )
        assert production.get("v1/lookup/MNONE00000") == {"status": 1}

    def test_the_sandbox_has_none(self, shop: Shop) -> None:
        answer = shop.send("GET", f"/inApps/v1/lookup/{shop.buys()['orderId']}")
        assert (answer.status, answer.body) == (404, b"")
