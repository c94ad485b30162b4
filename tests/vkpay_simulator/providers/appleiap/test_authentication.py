"""Who may call: https://developer.apple.com/documentation/appstoreserverapi/generating-json-web-tokens-for-api-requests"""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import START_S, Shop, Simulated, ok

PATH = "/inApps/v1/transactions/2000000000000000"
NOW = int(START_S)


def asked(shop: Shop, token: str) -> Any:
    return shop.send("GET", PATH, token=token)


class TestToken:
    @pytest.mark.parametrize(
        "claims",
        [
            {},
            {"iat": None},  # as Apple's own Python library has it
            {"exp": NOW + 3600},
            {"iat": NOW + 30},
            {"exp": NOW - 30},
        ],
        ids=str,
    )
    def test_a_good_one_reaches_the_endpoint(self, shop: Shop, claims: dict[str, Any]) -> None:
        assert asked(shop, shop.token(**claims)).status == 404

    @pytest.mark.parametrize(
        ("claims", "why"),
        [
            ({"aud": "appstoreconnect-v2"}, "aud"),
            ({"iss": "somebody"}, "iss"),
            ({"bid": "com.example.other"}, "bid"),
            ({"exp": NOW - 120}, "ended"),
            ({"exp": None}, "ended"),
            ({"exp": NOW + 3700}, "at most"),
            ({"iat": None, "exp": NOW + 3700}, "at most"),
            ({"iat": NOW + 120}, "ahead"),
            ({"kid": "AAAAAAAAAA"}, "keyId"),
            ({"alg": "HS256"}, "ES256"),
            ({"alg": "none"}, "ES256"),
        ],
        ids=str,
    )
    def test_a_bad_one_is_401_without_json(self, shop: Shop, claims: dict[str, Any], why: str) -> None:
        answer = asked(shop, shop.token(**claims))
        assert answer.status == 401
        assert not answer.body.startswith(b"{")
        assert why in answer.explain

    def test_the_key_of_another_merchant(self, simulated: Simulated, shop: Shop) -> None:
        shop.key = simulated.shop("certs").key
        assert "does not hold" in asked(shop, shop.token()).explain

    @pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "e30.e30.AA", "W10.e30.AA", "é.e30.AA"])
    def test_no_token_at_all(self, shop: Shop, token: str) -> None:
        assert asked(shop, token or " ").status == 401

    def test_another_scheme(self, simulated: Simulated) -> None:
        answer = simulated.route("GET", PATH, headers={"Authorization": "Basic eA=="})
        assert (answer.status, "Bearer" in answer.explain) == (401, True)


class TestEnvironments:
    def test_each_has_its_own_purchases(self, shop: Shop, production: Shop) -> None:
        bought = production.buys()
        number = bought["transactionId"]
        assert production.info(bought)["environment"] == "Production"
        assert shop.code("GET", f"v1/transactions/{number}") == 4040010
        assert "Production" in shop.send("GET", f"/inApps/v1/transactions/{number}").explain

    def test_apples_own_host_names(self, simulated: Simulated, shop: Shop) -> None:
        bought = shop.buys()
        target = f"/inApps/v1/transactions/{bought['transactionId']}"
        headers = {"Authorization": f"Bearer {shop.token()}"}
        for host, status in (("api.storekit-sandbox.apple.com", 200), ("api.storekit.apple.com", 404)):
            answer = simulated.route("GET", target, headers=headers, origin=f"https://{host}")
            assert answer.status == status

    def test_an_app_that_was_never_released(self, simulated: Simulated, shop: Shop, production: Shop) -> None:
        bought = shop.buys()
        simulated.control("account", released=False)
        assert production.send("GET", PATH).status == 401
        assert ok(shop.send("GET", f"/inApps/v1/transactions/{bought['transactionId']}"))
        assert "released" in simulated.control("purchase", product_id="x", environment="Production")["error"]


class TestLimits:
    def test_a_tenth_of_it_in_the_sandbox(self, simulated: Simulated, shop: Shop, production: Shop) -> None:
        simulated.control("rules", rates={"lookup": 1, "transaction": 1}, rate_window_s=60)
        statuses = [shop.send("GET", PATH).status for _ in range(8)]
        assert statuses == [404] * 6 + [429] * 2
        assert {production.send("GET", PATH).status for _ in range(60)} == {404}
        assert production.code("GET", "v1/transactions/1") == 4290000
        assert shop.send("GET", "/inApps/v1/history/1").status == 404

    def test_when_to_come_again_in_milliseconds(self, simulated: Simulated, shop: Shop) -> None:
        simulated.control("rules", rates={"transaction": 0.01}, rate_window_s=60)
        answers = [shop.send("GET", PATH) for _ in range(2)]
        assert answers[1].headers["Retry-After"] == str((NOW + 60) * 1000)

    def test_real_rates_are_the_documented_ones(self, simulated: Simulated) -> None:
        rates = simulated.control("rules")["rates"]
        assert (rates["history"], rates["set_token"], rates["test_notification"]) == (50, 20, 1)
