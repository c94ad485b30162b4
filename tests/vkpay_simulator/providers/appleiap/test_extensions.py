"""Renewal dates that the merchant moves."""

import uuid
from typing import Any

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import PREMIUM, Shop, Simulated, ok

DAY_MS = 86_400_000
IDENTIFIER = str(uuid.UUID(int=1))
ASKED = {"extendByDays": 30, "extendReasonCode": 3, "requestIdentifier": "r1"}
FOR_ALL = ASKED | {"requestIdentifier": IDENTIFIER, "productId": PREMIUM}


def extend(shop: Shop, one: dict[str, Any]) -> str:
    return f"v1/subscriptions/extend/{one['originalTransactionId']}"


class TestOne:
    async def test_the_date_moves(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        before = shop.info(one)["expiresDate"]
        answer = ok(shop.send("PUT", f"/inApps/{extend(shop, one)}", ASKED))
        assert answer == {
            "originalTransactionId": one["transactionId"],
            "webOrderLineItemId": shop.info(one)["webOrderLineItemId"],
            "success": True,
            "effectiveDate": before + 30 * DAY_MS,
        }
        await simulated.advance(DAY_MS // 1000)
        assert shop.events() == ["SUBSCRIBED.INITIAL_BUY", "RENEWAL_EXTENDED"]
        assert shop.last(one)["status"] == 1

    async def test_two_times_a_year(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        for _ in range(2):
            ok(shop.send("PUT", f"/inApps/{extend(shop, one)}", ASKED | {"extendByDays": 90}))
        assert shop.code("PUT", extend(shop, one), ASKED) == 4030005
        simulated.control("rules", renew_automatically=False)
        await simulated.advance(366 * DAY_MS // 1000)
        ok(shop.send("PUT", f"/inApps/{extend(shop, one)}", ASKED))

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"extendByDays": 0}, 4000009),
            ({"extendByDays": 91}, 4000009),
            ({"extendByDays": "30"}, 4000009),
            ({"extendByDays": True}, 4000009),
            ({"extendReasonCode": 4}, 4000010),
            ({"extendReasonCode": None}, 4000010),
            ({"requestIdentifier": ""}, 4000011),
            ({"requestIdentifier": "x" * 129}, 4000011),
        ],
        ids=str,
    )
    def test_a_body_that_is_wrong(self, shop: Shop, change: dict[str, Any], code: int) -> None:
        assert shop.code("PUT", extend(shop, shop.subscribes()), ASKED | change) == code

    def test_what_may_not_be_extended(self, shop: Shop) -> None:
        trial = {"type": 1, "discount": "FREE_TRIAL", "period": "P1W"}
        ended = shop.subscribes(payer="ended")
        shop.does("expire", ended)
        for one, code in (
            (shop.buys(), 4030004),
            (shop.subscribes(payer="trial", offer=trial), 4030004),
            (ended, 4030004),
            (shop.subscribes(payer="family", family_shared=True), 4030007),
            ({"originalTransactionId": "2000000000000000"}, 4040005),
            ({"originalTransactionId": "x"}, 4000008),
        ):
            assert shop.code("PUT", extend(shop, one), ASKED) == code

    def test_no_body(self, shop: Shop) -> None:
        assert shop.code("PUT", extend(shop, shop.subscribes()), b"{") == 4000000


class TestAll:
    async def test_what_was_forgotten_meanwhile(self, simulated: Simulated, shop: Shop) -> None:
        shop.subscribes()
        ok(shop.send("POST", "/inApps/v1/subscriptions/extend/mass", FOR_ALL))
        simulated.apple.reset()
        await simulated.advance(2)
        path = f"v1/subscriptions/extend/mass/{PREMIUM}/{IDENTIFIER}"
        assert shop.code("GET", path) == 4040009

    async def test_everybody_who_has_the_product(self, simulated: Simulated, shop: Shop) -> None:
        for payer in ("a", "b"):
            shop.subscribes(payer=payer)
        abroad = shop.subscribes(payer="c", storefront="USA")
        spoilt = shop.subscribes(payer="d")
        shop.does("renew", spoilt, outcome="billing_failure")
        shop.subscribes(payer="e", family_shared=True)
        begun = ok(
            shop.send(
                "POST",
                "/inApps/v1/subscriptions/extend/mass",
                FOR_ALL | {"storefrontCountryCodes": ["CHN"]},
            )
        )
        assert begun == {"requestIdentifier": IDENTIFIER}
        path = f"v1/subscriptions/extend/mass/{PREMIUM}/{IDENTIFIER}"
        assert shop.get(path) == {"requestIdentifier": IDENTIFIER, "complete": False}
        await simulated.advance(2)
        answer = shop.get(path)
        assert (answer["complete"], answer["succeededCount"], answer["failedCount"]) == (True, 2, 1)
        assert shop.events()[-4:] == [
            "RENEWAL_EXTENDED",
            "RENEWAL_EXTENDED",
            "RENEWAL_EXTENSION.FAILURE",
            "RENEWAL_EXTENSION.SUMMARY",
        ]
        summary = shop.told()[-1]["summary"]
        assert (summary["succeededCount"], summary["failedCount"], summary["productId"]) == (2, 1, PREMIUM)
        assert shop.info(abroad)["expiresDate"] - shop.info(abroad)["purchaseDate"] < DAY_MS

    async def test_once_for_one_identifier(self, simulated: Simulated, shop: Shop) -> None:
        shop.subscribes()
        for _ in range(2):
            ok(shop.send("POST", "/inApps/v1/subscriptions/extend/mass", FOR_ALL))
            await simulated.advance(2)
        assert shop.events().count("RENEWAL_EXTENDED") == 1

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"requestIdentifier": "r1"}, 4000011),
            ({"productId": ""}, 4000023),
            ({"productId": None}, 4000023),
            ({"storefrontCountryCodes": []}, 4000027),
            ({"storefrontCountryCodes": "CHN"}, 4000027),
            ({"storefrontCountryCodes": ["China"]}, 4000028),
            ({"extendByDays": 91}, 4000009),
        ],
        ids=str,
    )
    def test_a_body_that_is_wrong(self, shop: Shop, change: dict[str, Any], code: int) -> None:
        assert shop.code("POST", "v1/subscriptions/extend/mass", FOR_ALL | change) == code

    def test_a_status_of_nothing(self, shop: Shop) -> None:
        assert shop.code("GET", f"v1/subscriptions/extend/mass/{PREMIUM}/{IDENTIFIER}") == 4040009
        assert shop.code("GET", f"v1/subscriptions/extend/mass/{PREMIUM}/r1") == 4000011
