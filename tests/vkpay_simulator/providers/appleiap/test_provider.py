"""What the simulator's control side asks of the provider."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.vkpay_simulator.providers.appleiap.shop import (
    COINS,
    PREMIUM,
    RENEWABLE,
    START_MS,
    TOKEN,
    Shop,
    Simulated,
)
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.appleiap.errors import ALL, MESSAGES, RECEIPT_STATUSES
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.rows import config_row

ES256 = ec.ECDSA(hashes.SHA256())
SEPARATOR = "\u2063"


class TestConfigRow:
    def test_addresses_of_all_four_hosts(self, simulated: Simulated) -> None:
        node = config_row(simulated.world, "default", "http://127.0.0.1:9")["appleiap"]["app-plus"]
        assert [node[name] for name in ("baseUrl", "sandboxBaseUrl", "receiptUrl", "sandboxReceiptUrl")] == [
            "http://127.0.0.1:9",
            "http://127.0.0.1:9/sandbox",
            "http://127.0.0.1:9/verifyReceipt",
            "http://127.0.0.1:9/sandbox/verifyReceipt",
        ]

    def test_each_merchant_is_an_app_of_its_own(self, simulated: Simulated) -> None:
        simulated.world.add_merchant(pid="Shop_7 é")
        nodes = [simulated.shop(pid).node for pid in ("default", "certs", "partner", "Shop_7 é")]
        for name in ("bundleId", "appAppleId", "issuerId", "keyId", "privateKey", "password"):
            assert len({node[name] for node in nodes}) == 4
        assert nodes[3]["bundleId"] == "com.example.Shop-7--"

    def test_no_secret_in_the_repr(self, simulated: Simulated) -> None:
        shop = simulated.shop()
        shown = repr(simulated.apple.apps.by_pid["default"])
        assert shop.node["password"] not in shown
        assert "private" not in shown.lower()


class TestOrders:
    def test_every_transaction(self, simulated: Simulated, shop: Shop, production: Shop) -> None:
        one = shop.buys(app_account_token=TOKEN, quantity=2)
        production.buys(payer="bob")
        shop.does("refund", one, percentage=25_000)
        second, first = simulated.apple.orders()
        assert (first.out_trade_no, first.transaction_id) == (one["transactionId"],) * 2
        assert (first.state, first.total_fee, first.refunded_fee) == ("REFUNDED", 1200, 300)
        assert (first.product, first.payer, first.paid_ms) == (COINS, "buyer", START_MS)
        assert first.detail["app_account_token"] == TOKEN
        assert (second.state, second.detail["environment"]) == ("PURCHASED", "Production")
        assert second.refunded_fee == 0

    def test_what_a_family_lost_cost_nothing(self, simulated: Simulated, shop: Shop) -> None:
        shop.does("revoke", shop.buys("l", type="Non-Consumable", family_shared=True))
        (order,) = simulated.apple.orders()
        assert (order.state, order.refunded_fee) == ("REVOKED", 0)

    @pytest.mark.parametrize("act", ["pay", "scan", "cancel"])
    def test_nothing_is_paid_later(self, simulated: Simulated, shop: Shop, act: str) -> None:
        with pytest.raises(SimulatorError, match="/_sim/appleiap/purchase") as caught:
            getattr(simulated.apple, act)("T1")
        assert caught.value.status == 404
        with pytest.raises(SimulatorError, match="paid when") as caught:
            getattr(simulated.apple, act)(shop.buys()["transactionId"])
        assert caught.value.status == 409

    def test_no_transfers(self, simulated: Simulated) -> None:
        with pytest.raises(SimulatorError) as caught:
            simulated.apple.settle_transfer("B1", "confirm")
        assert caught.value.status == 404

    def test_reset(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        simulated.control("account", released=False, notify_url="http://127.0.0.1:1/x")
        simulated.control("rules", ocsp="revoked", rates={"history": 1})
        node = dict(shop.node)
        simulated.world.reset()
        assert simulated.apple.orders() == []
        assert simulated.control("account")["released"] is True
        assert "/pay/" in simulated.control("account")["notify_url"]
        rules = simulated.control("rules")
        assert (rules["ocsp"], rules["rates"]["history"]) == ("good", 50)
        assert shop.code("GET", f"v1/transactions/{one['transactionId']}") == 4040010
        assert simulated.shop().node == node


class TestControl:
    def test_by_the_token_too(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes(app_account_token=TOKEN)
        newest = shop.does("renew", one)
        found = simulated.control("device", transaction_id=TOKEN.upper())
        assert found["transactionId"] == newest["transactionId"]

    @pytest.mark.parametrize(
        ("what", "body", "says"),
        [
            ("purchase", {}, "product_id"),
            ("purchase", {"product_id": "x", "price": -1}, "price"),
            ("purchase", {"product_id": "x", "quantity": 11}, "quantity"),
            ("purchase", {"product_id": "x", "app_account_token": "x"}, "app_account_token"),
            ("purchase", {"product_id": "x", "pid": "nobody"}, "certs"),
            ("purchase", {"product_id": "x", "prize": 1}, "prize"),
            ("refund", {"transaction_id": "1"}, "purchase"),
            ("account", {"pid": "nobody"}, "certs"),
            ("rules", {"rates": {"everything": 1}}, "history"),
            ("rules", {"ocsp": "maybe"}, "ocsp"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, simulated: Simulated, what: str, body: dict[str, Any], says: str
    ) -> None:
        refused = simulated.control(what, **body)
        assert refused["status"] in (400, 404)
        assert says in refused["error"]


class TestFaults:
    def request(self, shop: Shop, one: dict[str, Any]) -> Request:
        return Request(
            method="GET",
            target=f"/sandbox/inApps/v1/transactions/{one['transactionId']}",
            headers={},  # type: ignore[arg-type]
            params={"id": one["transactionId"]},
        )

    def test_every_code(self, simulated: Simulated, shop: Shop) -> None:
        request = self.request(shop, shop.buys())
        assert simulated.apple.error_codes() == ALL
        for code, message in MESSAGES.items():
            answer = simulated.apple.business_error(request, "appleiap.transaction", str(code))
            assert answer.status == code // 10000
            assert json.loads(answer.body) == {"errorCode": code, "errorMessage": message}
        for status in RECEIPT_STATUSES:
            answer = simulated.apple.business_error(request, "appleiap.verify_receipt", str(status))
            assert json.loads(answer.body) == {"status": status}
        assert simulated.apple.business_error(request, "appleiap.transaction", "401").status == 401

    def test_a_code_of_another_endpoint(self, simulated: Simulated, shop: Shop) -> None:
        request = self.request(shop, shop.buys())
        for operation, code in (
            ("appleiap.transaction", "21005"),
            ("appleiap.verify_receipt", "5000000"),
            ("appleiap.transaction", "ORDER_NOT_EXIST"),
        ):
            with pytest.raises(SimulatorError):
                simulated.apple.business_error(request, operation, code)

    def test_too_many_says_when(self, simulated: Simulated, shop: Shop) -> None:
        request = self.request(shop, shop.buys())
        answer = simulated.apple.business_error(request, "appleiap.transaction", "4290000")
        assert answer.headers["Retry-After"] == str(START_MS + 1000)

    def test_a_spoilt_answer(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.subscribes()
        answer = shop.send("GET", f"/inApps/v1/subscriptions/{one['transactionId']}")
        spoilt = json.loads(simulated.apple.spoil_signature(answer).body)
        last = spoilt["data"][0]["lastTransactions"][0]
        for name in ("signedTransactionInfo", "signedRenewalInfo"):
            with pytest.raises(InvalidSignature):
                shop.verified(last[name])
        plain = Answer(body=b'{"status":1}')
        assert simulated.apple.spoil_signature(plain).body == plain.body

    def test_what_a_request_is_about(self, simulated: Simulated, shop: Shop) -> None:
        one = shop.buys(app_account_token=TOKEN)
        assert simulated.apple.subject_of(self.request(shop, one), "transaction") == TOKEN
        other = shop.buys()
        assert simulated.apple.subject_of(self.request(shop, other), "transaction") == other["transactionId"]


class TestOffers:
    def signature(self, shop: Shop, **changes: Any) -> dict[str, Any]:
        given = {"key_id": shop.node["keyId"], "nonce": TOKEN, "timestamp": START_MS} | changes
        fields = (shop.node["bundleId"], given["key_id"], PREMIUM, "half", TOKEN, TOKEN, str(START_MS))
        signed = shop.key.sign(SEPARATOR.join(fields).encode(), ES256)
        return given | {"signature": base64.b64encode(signed).decode()}

    def bought(self, shop: Shop, offer: dict[str, Any], **fields: Any) -> Any:
        wanted = {"product_id": PREMIUM, "type": RENEWABLE, "app_account_token": TOKEN, "offer": offer}
        return shop.simulated.control("purchase", **wanted | fields)

    def test_seven_fields_between_invisible_separators(self, shop: Shop) -> None:
        offer = {"type": 2, "identifier": "half", "signature": self.signature(shop)}
        assert self.bought(shop, offer)["transaction"]["offerIdentifier"] == "half"

    @pytest.mark.parametrize(
        "change",
        [
            {"timestamp": START_MS + 1},
            {"timestamp": START_MS - 90_000_000},
            {"nonce": "other"},
            {"key_id": "AAAAAAAAAA"},
        ],
        ids=str,
    )
    def test_a_field_that_was_not_signed(self, shop: Shop, change: dict[str, Any]) -> None:
        offer = {"type": 2, "identifier": "half", "signature": self.signature(shop) | change}
        assert "StoreKit refuses" in self.bought(shop, offer)["error"]
        offer["signature"] = self.signature(shop) | {"signature": "no base64"}
        assert "StoreKit refuses" in self.bought(shop, offer)["error"]

    def jws(self, shop: Shop, **claims: Any) -> str:
        usual = {"aud": "promotional-offer", "nonce": TOKEN, "productId": PREMIUM, "offerIdentifier": "half"}
        return shop.token(exp=None, **usual | claims)

    def test_a_jws(self, shop: Shop) -> None:
        offer = {"type": 2, "identifier": "half", "jws": self.jws(shop)}
        assert "error" not in self.bought(shop, offer)
        eligible = self.jws(
            shop, aud="introductory-offer-eligibility", allowIntroductoryOffer=True, transactionId="1"
        )
        assert "error" not in self.bought(shop, {"type": 1, "jws": eligible}, payer="b")

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "appstoreconnect-v1"},
            {"nonce": "x"},
            {"exp": int(START_MS / 1000) + 60},
            {"iat": None},
            {"bid": "com.example.other"},
            {"productId": None},
            {"productId": "com.example.other"},
            {"offerIdentifier": "whole"},
            {"kid": "AAAAAAAAAA"},
        ],
        ids=str,
    )
    def test_a_jws_that_is_wrong(self, shop: Shop, claims: dict[str, Any]) -> None:
        usual = {"aud": "promotional-offer", "nonce": TOKEN, "productId": PREMIUM, "offerIdentifier": "half"}
        jws = shop.token(**{"exp": None} | usual | claims)
        assert "StoreKit refuses" in self.bought(shop, {"type": 2, "identifier": "half", "jws": jws})["error"]

    def test_no_jws(self, shop: Shop) -> None:
        assert "cannot be read" in shop.simulated.control("storekit", jws="x")["error"]
