"""Paging and filters: https://developer.apple.com/documentation/appstoreserverapi/get-transaction-history"""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import COINS, PREMIUM, START_MS, Shop

Query = tuple[tuple[str, str], ...]


def page(shop: Shop, one: dict[str, Any], *query: tuple[str, str], version: str = "v2") -> Any:
    return shop.get(f"{version}/history/{one['transactionId']}", *query)


def numbers(shop: Shop, answer: Any) -> list[str]:
    return [shop.verified(jws)["transactionId"] for jws in answer["signedTransactions"]]


class TestPages:
    def test_twenty_to_a_page(self, shop: Shop) -> None:
        bought = [shop.buys() for _ in range(41)]
        first = page(shop, bought[0])
        assert (first["bundleId"], first["environment"]) == ("com.example.default", "Sandbox")
        assert first["appAppleId"] == shop.node["appAppleId"]
        found, answer = numbers(shop, first), first
        sizes = [len(found)]
        while answer["hasMore"]:
            answer = page(shop, bought[0], ("revision", answer["revision"]))
            sizes.append(len(answer["signedTransactions"]))
            found += numbers(shop, answer)
        assert sizes == [20, 20, 1]
        assert found == [one["transactionId"] for one in bought]

    def test_the_last_revision_leads_to_what_is_newer(self, shop: Shop) -> None:
        bought = shop.buys()
        last = page(shop, bought)["revision"]
        assert page(shop, bought, ("revision", last))["signedTransactions"] == []
        newer = shop.buys()
        shop.does("refund", bought)
        answer = page(shop, bought, ("revision", last))
        assert numbers(shop, answer) == [newer["transactionId"], bought["transactionId"]]
        assert page(shop, bought, ("revision", answer["revision"]))["hasMore"] is False

    def test_the_newest_first(self, shop: Shop) -> None:
        bought = [shop.buys() for _ in range(25)]
        newest = ("sort", "DESCENDING")
        answer = page(shop, bought[0], newest)
        found = numbers(shop, answer)
        found += numbers(shop, page(shop, bought[0], newest, ("revision", answer["revision"])))
        assert found == [one["transactionId"] for one in reversed(bought)]

    def test_any_number_of_the_customer(self, shop: Shop) -> None:
        first, _ = shop.buys(), shop.buys(payer="somebody else")
        app = shop.info(first)["appTransactionId"]
        assert numbers(shop, shop.get(f"v2/history/{app}")) == [first["transactionId"]]

    def test_version_1_leaves_out_finished_consumables(self, shop: Shop) -> None:
        kept, finished, refunded = (shop.buys() for _ in range(3))
        for one in (finished, refunded):
            shop.send("POST", f"/inApps/v1/transactions/{one['transactionId']}/finish")
        shop.does("refund", refunded)
        found = numbers(shop, page(shop, kept, version="v1"))
        assert found == [kept["transactionId"], refunded["transactionId"]]
        assert len(numbers(shop, page(shop, kept))) == 3


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ((), "coins late lifetime sub shared"),
            ((("productId", COINS), ("productId", "none")), "coins late"),
            (
                (("productType", "CONSUMABLE"), ("productType", "NON_CONSUMABLE")),
                "coins late lifetime shared",
            ),
            ((("productType", "AUTO_RENEWABLE"),), "sub"),
            ((("productType", "NON_RENEWABLE"),), ""),
            ((("inAppOwnershipType", "FAMILY_SHARED"),), "shared"),
            ((("subscriptionGroupIdentifier", "21000000"),), "sub"),
            ((("startDate", str(START_MS + 60_000)),), "late"),
            ((("endDate", str(START_MS + 60_000)),), "coins lifetime sub shared"),
            ((("revoked", "True"),), "coins"),  # as Apple's Python library writes it
            ((("revoked", "false"),), "late lifetime sub shared"),
            ((("excludeRevoked", "true"), ("productId", COINS)), "late"),
        ],
        ids=str,
    )
    def test_what_is_left(self, shop: Shop, query: Query, found: str) -> None:
        bought = {
            "coins": shop.buys(),
            "lifetime": shop.buys("com.example.lifetime", type="Non-Consumable"),
            "sub": shop.subscribes(),
            "shared": shop.buys("com.example.level", type="Non-Consumable", family_shared=True),
        }
        shop.simulated.world.clock.move_to(START_MS + 60_000)
        bought["late"] = shop.buys()
        shop.does("refund", bought["coins"])
        answer = page(shop, bought["late"], *query)
        assert sorted(numbers(shop, answer)) == sorted(bought[one]["transactionId"] for one in found.split())

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("sort=UP", 4000021),
            ("startDate=yesterday", 4000015),
            ("endDate=1.5", 4000016),
            ("productType=Consumable", 4000022),
            ("productId=", 4000023),
            ("subscriptionGroupIdentifier=", 4000024),
            ("excludeRevoked=1", 4000025),
            ("inAppOwnershipType=MINE", 4000026),
            ("revoked=maybe", 4000030),
            ("revision=x", 4000005),
            ("revision=%C3%A9", 4000005),
        ],
    )
    def test_what_is_none(self, shop: Shop, query: str, code: int) -> None:
        assert shop.code("GET", f"v2/history/{shop.buys()['transactionId']}?{query}") == code

    def test_nobodys_history(self, shop: Shop) -> None:
        assert shop.code("GET", "v2/history/2000000000000000") == 4040010
        assert shop.code("GET", "v1/history/x") == 4000006

    def test_a_bare_question_mark(self, shop: Shop) -> None:
        assert shop.get(f"v1/transactions/{shop.buys()['transactionId']}")  # what the npm library sends


class TestRefunds:
    def test_pages_by_the_date_of_the_refund(self, shop: Shop) -> None:
        bought = [shop.buys() for _ in range(22)]
        for one in reversed(bought):
            shop.simulated.world.clock.move_to(shop.simulated.world.clock.now() + 1000)
            shop.does("refund", one)
        number = bought[0]["transactionId"]
        first = shop.get(f"v2/refund/lookup/{number}")
        second = shop.get(f"v2/refund/lookup/{number}", ("revision", first["revision"]))
        assert (first["hasMore"], second["hasMore"]) == (True, False)
        found = numbers(shop, first) + numbers(shop, second)
        assert found == [one["transactionId"] for one in reversed(bought)]

    def test_none(self, shop: Shop) -> None:
        shop.buys("com.example.x", type="Non-Consumable", family_shared=True)
        answer = shop.get(f"v2/refund/lookup/{shop.buys()['transactionId']}")
        assert (answer["signedTransactions"], answer["hasMore"]) == ([], False)

    def test_version_1_by_the_original_number(self, shop: Shop) -> None:
        first = shop.subscribes()
        second = shop.does("renew", first)
        shop.does("refund", second)
        answer = shop.get(f"v1/refund/lookup/{first['transactionId']}")
        assert numbers(shop, answer) == [second["transactionId"]]
        assert shop.code("GET", f"v1/refund/lookup/{second['transactionId']}") == 4040005
        assert shop.code("GET", "v1/refund/lookup/x") == 4000008

    @pytest.mark.parametrize(("number", "query", "code"), [("x", "", 4000006), ("2", "", 4040010)])
    def test_wrong_ones(self, shop: Shop, number: str, query: str, code: int) -> None:
        assert shop.code("GET", f"v2/refund/lookup/{number}{query}") == code
        assert shop.code("GET", f"v2/refund/lookup/{shop.buys()['transactionId']}?revision=x") == 4000005

    def test_a_refunded_subscription_names_its_product(self, shop: Shop) -> None:
        one = shop.subscribes()
        shop.does("refund", one, percentage=25000, reason=1)
        said = shop.info(one)
        assert said["productId"] == PREMIUM
        assert (said["revocationType"], said["revocationPercentage"], said["revocationReason"]) == (
            "REFUND_PRORATED", 25000, 1,
        )  # fmt: skip
