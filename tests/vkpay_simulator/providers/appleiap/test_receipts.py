"""``verifyReceipt``: https://developer.apple.com/documentation/appstorereceipts/verifyreceipt"""

import base64
import json
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest

from tests.vkpay_simulator.providers.appleiap.shop import PREMIUM, TOKEN, Shop, Simulated
from vkpay_simulator.providers.appleiap import verify_receipt


def verify(shop: Shop, receipt: Any, **fields: Any) -> Any:
    body = json.dumps({"receipt-data": receipt, **fields}).encode()
    answer = shop.simulated.route("POST", f"{shop.prefix}/verifyReceipt", body=body)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return json.loads(answer.body)


class TestAppReceipt:
    def test_everything_is_a_text(self, shop: Shop) -> None:
        one = shop.buys(quantity=3)
        answer = verify(shop, one["appReceipt"])
        assert (answer["status"], answer["environment"]) == (0, "Sandbox")
        assert sorted(answer) == ["environment", "receipt", "status"]
        receipt = answer["receipt"]
        assert receipt["receipt_type"] == "ProductionSandbox"
        assert (receipt["bundle_id"], receipt["adam_id"]) == ("com.example.default", 0)
        assert receipt["receipt_creation_date"] == "2026-01-01 00:00:00 Etc/GMT"
        assert receipt["receipt_creation_date_ms"] == "1767225600000"
        assert receipt["receipt_creation_date_pst"] == "2025-12-31 16:00:00 America/Los_Angeles"
        (bought,) = receipt["in_app"]
        assert (bought["quantity"], bought["transaction_id"]) == ("3", one["transactionId"])
        assert (bought["is_trial_period"], bought["in_app_ownership_type"]) == ("false", "PURCHASED")

    def test_on_a_machine_without_time_zones(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        def nowhere(name: str) -> None:
            raise ZoneInfoNotFoundError(name)

        monkeypatch.setattr(verify_receipt, "ZoneInfo", nowhere)
        verify_receipt._pacific.cache_clear()
        receipt = verify(shop, shop.buys()["appReceipt"])["receipt"]
        verify_receipt._pacific.cache_clear()
        assert receipt["receipt_creation_date_pst"] == "2025-12-31 16:00:00 America/Los_Angeles"

    def test_a_finished_consumable_is_gone(self, shop: Shop) -> None:
        one = shop.buys()
        shop.send("POST", f"/inApps/v1/transactions/{one['transactionId']}/finish")
        assert verify(shop, shop.does("device", one)["appReceipt"])["receipt"]["in_app"] == []

    def test_a_subscription(self, shop: Shop) -> None:
        one = shop.subscribes(app_account_token=TOKEN)
        shop.does("renew", one)
        shop.does("renew", one, outcome="billing_failure")
        secret = {"password": shop.node["password"]}
        answer = verify(shop, one["appReceipt"], **secret)
        assert len(answer["receipt"]["in_app"]) == 1
        assert len(answer["latest_receipt_info"]) == 2
        assert answer["latest_receipt_info"][0]["app_account_token"] == TOKEN
        assert answer["pending_renewal_info"] == [
            {
                "auto_renew_product_id": PREMIUM,
                "auto_renew_status": "1",
                "expiration_intent": "2",
                "is_in_billing_retry_period": "1",
                "original_transaction_id": one["transactionId"],
                "product_id": PREMIUM,
            }
        ]
        assert verify(shop, answer["latest_receipt"], **secret)["status"] == 0
        brief = verify(shop, one["appReceipt"], **{**secret, "exclude-old-transactions": True})
        assert len(brief["latest_receipt_info"]) == 1

    def test_a_refund_and_an_offer(self, shop: Shop) -> None:
        trial = {"type": 1, "discount": "FREE_TRIAL", "period": "P1W"}
        one = shop.subscribes(offer=trial)
        shop.does("refund", one, reason=1)
        answer = verify(shop, one["appReceipt"], password=shop.node["password"])
        (bought,) = answer["receipt"]["in_app"]
        assert (bought["cancellation_reason"], bought["is_trial_period"]) == ("1", "true")
        assert bought["is_in_intro_offer_period"] == "true"

    def test_the_kind_of_ios_6(self, shop: Shop) -> None:
        one = shop.buys()
        answer = verify(shop, one["transactionReceipt"])
        assert (answer["status"], answer["receipt"]["transaction_id"]) == (0, one["transactionId"])
        assert answer["receipt"]["bid"] == "com.example.default"


class TestStatuses:
    def test_the_other_environment(self, shop: Shop, production: Shop) -> None:
        assert verify(production, shop.buys()["appReceipt"])["status"] == 21007
        assert verify(shop, production.buys()["appReceipt"])["status"] == 21008

    @pytest.mark.parametrize("receipt", [None, "", "not base64!", 5])
    def test_no_receipt(self, shop: Shop, receipt: Any) -> None:
        assert verify(shop, receipt) == {"status": 21002}

    def test_a_forged_one(self, shop: Shop) -> None:
        forged = base64.b64decode(shop.buys()["appReceipt"]).replace(
            b"com.example.coins", b"com.example.gold!"
        )
        assert verify(shop, base64.b64encode(forged).decode()) == {"status": 21003}

    def test_the_shared_secret(self, shop: Shop) -> None:
        one = shop.subscribes()
        assert verify(shop, one["appReceipt"])["status"] == 21004
        assert verify(shop, one["appReceipt"], password="wrong")["status"] == 21004
        assert verify(shop, shop.buys(payer="b")["appReceipt"], password="wrong")["status"] == 21004

    def test_no_post(self, simulated: Simulated) -> None:
        assert json.loads(simulated.route("GET", "/verifyReceipt").body) == {"status": 21000}
        assert json.loads(simulated.route("POST", "/verifyReceipt", body=b"{").body) == {"status": 21002}
