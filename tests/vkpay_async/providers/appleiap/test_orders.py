"""An order's way: made without asking anybody, paid by what a device brings, asked after, given back by Apple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.vkpay_async.providers.appleiap.conftest import (
    BUNDLE,
    COINS,
    KEY,
    NOW_MS,
    TOKEN,
    Apple,
    Clock,
    bought,
    order,
    quiet,
    ref,
    subscribed,
)
from tests.vkpay_async.providers.appleiap.pki import Pki, private_pem
from tests.vkpay_async.providers.appleiap.test_api import ok
from tests.vkpay_async.providers.appleiap.test_errors import said
from tests.vkpay_async.providers.appleiap.test_receipts import IN_APP, RECEIPT, receipt
from vkpay_async.config import Material
from vkpay_async.errors import (
    ConfigError,
    InvalidArgument,
    NotificationMismatch,
    ResourceNotFound,
    SignatureInvalid,
)
from vkpay_async.models import (
    PurchaseProof,
    RefundRef,
    RefundRequest,
    RefundState,
    TradeState,
    TransferRef,
    TransferRequest,
)
from vkpay_async.providers.appleiap.provider import FRESH_MS, AppleProvider
from vkpay_async.providers.appleiap.signing import app_account_token

Make = Callable[..., AppleProvider]
NUMBER = "2000000000000101"


class TestMaking:
    def test_nobody_is_asked(self, provider: AppleProvider) -> None:
        info = quiet(provider.create(provider.prepared(order())))
        assert info.app_account_token == info.provider_order_no == app_account_token(BUNDLE, "A1")
        assert info.to_client() == {"appAccountToken": info.app_account_token, "quantity": 1}
        assert quiet(provider.create(order())) == info

    def test_a_product(self, provider: AppleProvider) -> None:
        wanted = order(options={"appleiap": {"product_id": COINS, "quantity": 3}})
        prepared = provider.prepared(wanted)
        assert prepared.expand_data == {"product_id": COINS, "quantity": 3}
        assert prepared.total_fee == 600
        assert quiet(provider.create(prepared)).to_client()["productId"] == COINS

    def test_as_vk_uni_pays_front_ends_name_it(self, provider: AppleProvider) -> None:
        prepared = provider.prepared(order(options={"productid": COINS}))
        assert prepared.expand_data == {"product_id": COINS, "quantity": 1}

    @pytest.mark.parametrize("given", [0, 1800])
    def test_a_price_that_is_known(self, make: Make, given: int) -> None:
        provider = make(products={COINS: 600})
        wanted = order(total_fee=given, options={"appleiap": {"product_id": COINS, "quantity": 3}})
        assert provider.prepared(wanted).total_fee == 1800

    def test_a_price_that_is_another(self, make: Make) -> None:
        with pytest.raises(InvalidArgument, match="1 × 600") as caught:
            make(products={COINS: 600}).prepared(
                order(total_fee=1, options={"appleiap": {"product_id": COINS}})
            )
        assert caught.value.code == 1003

    @pytest.mark.parametrize(
        "options",
        [
            {"appleiap": {"product": COINS}},
            {"appleiap": [COINS]},
            {"appleiap": {"product_id": ""}},
            {"appleiap": {"product_id": 5}},
            {"appleiap": {"quantity": 0}},
            {"appleiap": {"quantity": 11}},
            {"appleiap": {"quantity": True}},
        ],
        ids=str,
    )
    def test_options_that_are_wrong(self, provider: AppleProvider, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidArgument, match="appleiap"):
            provider.prepared(order(options=options))

    def test_nothing_is_to_be_closed(self, provider: AppleProvider) -> None:
        assert quiet(provider.close(ref())) is None


class TestSignedTransaction:
    def proof(self, pki: Pki, **changes: Any) -> PurchaseProof:
        return PurchaseProof(signed_transaction=pki.sign(bought(**changes)))

    def test_it_pays(self, provider: AppleProvider, pki: Pki) -> None:
        trade = quiet(provider.purchase(ref(), self.proof(pki)))
        assert (trade.out_trade_no, trade.provider_order_no, trade.total_fee) == ("A1", TOKEN, 600)
        assert (trade.state, trade.environment) == (TradeState.SUCCESS, "Production")

    def test_the_token_is_the_purchases_not_the_callers(self, provider: AppleProvider, pki: Pki) -> None:
        """Whether it is the order's is for the match to say."""
        other = "11111111-1111-4111-8111-111111111111"
        trade = quiet(provider.purchase(ref(), self.proof(pki, appAccountToken=other)))
        assert trade.provider_order_no == other

    def test_without_a_token(self, make: Make, pki: Pki) -> None:
        proof = self.proof(pki, appAccountToken=None)
        with pytest.raises(NotificationMismatch, match="link_without_token"):
            quiet(make().purchase(ref(), proof))
        trade = quiet(make(link_without_token=True).purchase(ref(), proof))
        assert (trade.out_trade_no, trade.provider_order_no) == ("A1", None)

    def test_one_that_was_given_back(self, provider: AppleProvider, pki: Pki) -> None:
        trade = quiet(provider.purchase(ref(), self.proof(pki, revocationDate=NOW_MS)))
        assert (trade.state, trade.state.paid, trade.description) == (TradeState.CLOSED, False, "订单已退款")

    def test_somebody_elses_of_the_family(self, provider: AppleProvider, pki: Pki) -> None:
        with pytest.raises(NotificationMismatch, match="allow_family_shared"):
            quiet(provider.purchase(ref(), self.proof(pki, inAppOwnershipType="FAMILY_SHARED")))

    def test_a_forged_one(self, provider: AppleProvider) -> None:
        with pytest.raises(SignatureInvalid):
            quiet(provider.purchase(ref(), self.proof(Pki())))

    def test_what_was_signed_long_ago_is_asked_about(self, provider: AppleProvider, pki: Pki) -> None:
        """It may have been given back since."""
        old = self.proof(pki, signedDate=NOW_MS - FRESH_MS - 1)
        now = ok(signedTransactionInfo=pki.sign(bought(revocationDate=NOW_MS)))
        apple = Apple(now)
        assert apple(provider.purchase(ref(), old)).state is TradeState.CLOSED
        assert apple.requests[0].url.endswith(f"/transactions/{NUMBER}")
        assert quiet(provider.purchase(ref(), self.proof(pki, signedDate=NOW_MS - FRESH_MS)))

    def test_or_believed_where_nobody_can_be_asked(self, make: Make, pki: Pki) -> None:
        provider = make(private_key=None, issuer_id=None)
        assert quiet(provider.purchase(ref(), self.proof(pki, signedDate=NOW_MS - 10 * FRESH_MS)))


class TestNumber:
    def test_apple_says_what_it_is(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(ok(signedTransactionInfo=pki.sign(bought())))
        trade = apple(provider.purchase(ref(), PurchaseProof(transaction_id=NUMBER)))
        assert (trade.transaction_id, trade.total_fee) == (NUMBER, 600)

    def test_a_number_that_is_none(self, provider: AppleProvider) -> None:
        with pytest.raises(ResourceNotFound, match="few seconds"):
            Apple(said(4040010))(provider.purchase(ref(), PurchaseProof(transaction_id=NUMBER)))


class TestReceipt:
    proof = PurchaseProof(transaction_receipt=RECEIPT, transaction_identifier=NUMBER)

    def bought(self, provider: AppleProvider, order: Any = None, **in_app: Any) -> Any:
        return Apple(receipt(IN_APP | in_app))(
            provider.purchase(order or ref(expand_data={"product_id": COINS, "quantity": 1}), self.proof)
        )

    def test_it_pays(self, provider: AppleProvider) -> None:
        trade = self.bought(provider)
        assert (trade.out_trade_no, trade.transaction_id, trade.product_id) == ("A1", NUMBER, COINS)
        assert (trade.provider_order_no, trade.total_fee, trade.quantity) == (None, None, 1)
        assert (trade.environment, trade.success_time) == ("Production", NOW_MS)

    def test_the_price_of_the_config(self, make: Make) -> None:
        trade = self.bought(make(products={COINS: 600}), ref(), quantity="2")
        assert trade.total_fee == 1200

    def test_without_any_price(self, provider: AppleProvider) -> None:
        with pytest.raises(NotificationMismatch, match="products"):
            self.bought(provider, ref())

    def test_one_that_was_given_back(self, provider: AppleProvider) -> None:
        trade = self.bought(provider, cancellation_date_ms=str(NOW_MS))
        assert (trade.state, trade.raw_state) == (TradeState.CLOSED, "REFUND_FULL")

    def test_a_receipt_whose_time_is_over(self, provider: AppleProvider, clock: Clock) -> None:
        clock.ms += 86_400_000
        assert self.bought(provider).state is TradeState.SUCCESS
        clock.ms += 1
        trade = self.bought(provider)
        assert (trade.state, trade.raw_state) == (TradeState.CLOSED, "RECEIPT_EXPIRED")

    def test_another_apps(self, make: Make) -> None:
        with pytest.raises(NotificationMismatch, match="is of the app"):
            self.bought(make(bundle_id="com.example.other"))

    def test_another_environments(self, make: Make) -> None:
        provider = make(accept_sandbox=False)
        with pytest.raises(NotificationMismatch, match="environment Sandbox"):
            Apple(receipt(IN_APP, environment="Sandbox"))(
                provider.purchase(ref(expand_data={"product_id": COINS}), self.proof)
            )

    def test_with_nothing_but_the_shared_secret(self, make: Make) -> None:
        """As vk-uni-pay configures it."""
        provider = make(bundle_id=None, private_key=None, issuer_id=None, app_apple_id=None)
        assert self.bought(provider).transaction_id == NUMBER
        assert provider.appid == "appleiap"


class TestAsking:
    def test_before_it_was_bought(self, provider: AppleProvider) -> None:
        with pytest.raises(ResourceNotFound, match="verify_purchase"):
            quiet(provider.query(ref()))

    def test_afterwards(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(ok(signedTransactionInfo=pki.sign(bought(appAccountToken=None))))
        trade = apple(provider.query(ref(transaction_id=NUMBER)))
        assert (trade.out_trade_no, trade.state, trade.provider_order_no) == ("A1", TradeState.SUCCESS, TOKEN)

    def test_a_renewal_that_was_kept_and_not_paid(self, provider: AppleProvider, pki: Pki) -> None:
        apple = Apple(ok(signedTransactionInfo=pki.sign(subscribed())))
        kept = ref(provider_order_no=None, expand_data={"transaction_id": "5"})
        assert apple(provider.query(kept)).provider_order_no is None
        assert apple.requests[0].url.endswith("/transactions/5")

    def test_where_nobody_can_be_asked(self, make: Make) -> None:
        provider = make(private_key=None, issuer_id=None, bundle_id=None)
        trade = quiet(provider.query(ref(transaction_id=NUMBER)))
        assert (trade.state, trade.total_fee, trade.transaction_id) == (TradeState.SUCCESS, 600, NUMBER)


class TestGivenBack:
    def ask(self, provider: AppleProvider, pki: Pki, number: str, **changes: Any) -> Any:
        apple = Apple(ok(signedTransactionInfo=pki.sign(bought(**changes))))
        return apple(provider.query_refund(RefundRef(order=ref(), out_refund_no=number)))

    def test_it_stands(self, provider: AppleProvider, pki: Pki) -> None:
        revoked = {"revocationDate": 5, "revocationPercentage": 50_000, "revocationType": "REFUND_PRORATED"}
        refund = self.ask(provider, pki, f"{NUMBER}-5", **revoked)
        assert (refund.state, refund.refund_fee) == (RefundState.SUCCESS, 300)
        assert (refund.out_trade_no, refund.out_refund_no) == ("A1", f"{NUMBER}-5")

    @pytest.mark.parametrize("changes", [{}, {"revocationDate": 6}], ids=str)
    def test_it_was_taken_back(self, provider: AppleProvider, pki: Pki, changes: dict[str, Any]) -> None:
        refund = self.ask(provider, pki, f"{NUMBER}-5", **changes)
        assert (refund.state, refund.out_refund_no) == (RefundState.CLOSED, f"{NUMBER}-5")


class TestNotOurs:
    def test_only_apple_gives_back(self, provider: AppleProvider) -> None:
        request = RefundRequest(order=ref(), out_refund_no="R1", refund_fee=1, total_fee=600)
        with pytest.raises(InvalidArgument, match="reportaproblem"):
            quiet(provider.refund(request))

    def test_and_it_sends_no_money(self, provider: AppleProvider) -> None:
        for flow in (
            lambda: provider.transfer(TransferRequest(out_bill_no="B1", transfer_amount=1)),
            lambda: provider.query_transfer(TransferRef(out_bill_no="B1")),
        ):
            with pytest.raises(InvalidArgument, match="wxpay or alipay"):
                quiet(flow())


class TestSettings:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"app_apple_id": None}, "app_apple_id is not set"),
            ({"key_id": ""}, "key_id is not set"),
            ({"issuer_id": None}, "issuer_id is not set"),
            ({"bundle_id": None}, "bundle_id is not set"),
            ({"private_key": Material("no key")}, "private_key cannot be used"),
            ({"root_cert": Material("no certificate")}, "root_cert cannot be used"),
            ({"base_url": "api.test"}, "base_url must start with"),
            ({"sandbox_base_url": "ftp://x"}, "sandbox_base_url must start with"),
        ],
        ids=str,
    )
    def test_a_mistake_is_named(self, make: Make, changes: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigError, match=f"appleiap.app-plus: {says}"):
            make(**changes)

    def test_the_sandbox_needs_no_apple_id(self, make: Make) -> None:
        assert make(sandbox=True, app_apple_id=None)

    def test_as_uni_pay_names_the_key(self, make: Make) -> None:
        provider = make(private_key=None, key_id="", app_id="AAAAAAAAAA", app_cert=Material(private_pem(KEY)))
        assert "AAAAAAAAAA" in repr(provider._gateway.signer)

    def test_apples_root_is_pinned(self, make: Make, pki: Pki) -> None:
        with pytest.raises(SignatureInvalid, match="G3"):
            quiet(make(root_cert=None).verify_transaction(pki.sign(bought())))
