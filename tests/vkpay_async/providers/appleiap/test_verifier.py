"""What is believed of a signed text, failure by failure; and that a known chain costs nothing."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.vkpay_async.providers.appleiap.conftest import (
    APP_APPLE_ID,
    BUNDLE,
    NOW_MS,
    Clock,
    bought,
    quiet,
)
from tests.vkpay_async.providers.appleiap.pki import (
    INTERMEDIATE,
    LEAF,
    Pki,
    b64,
    chain,
    issue,
    unb64,
)
from vkpay_async.errors import NotificationInvalid, NotificationMismatch, SignatureInvalid, VKPayError
from vkpay_async.providers.appleiap import chain as chains
from vkpay_async.providers.appleiap.provider import AppleProvider

Make = Callable[..., AppleProvider]
OVER = datetime(2025, 1, 1, tzinfo=UTC)
WHILE_VALID = 1_730_000_000_000
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


def code_of(provider: AppleProvider, signed: str) -> Any:
    with pytest.raises(VKPayError) as caught:
        quiet(provider.verify_transaction(signed))
    return caught.value.code


def tampered(signed: str) -> str:
    head, payload, signature = signed.split(".")
    changed = unb64(payload).replace(b'"price": 6000', b'"price": 6001')
    assert changed != unb64(payload)
    return f"{head}.{b64(changed)}.{signature}"


class TestMatrix:
    """As Apple's own libraries judge, offline."""

    def test_a_good_one(self, provider: AppleProvider, pki: Pki) -> None:
        found = quiet(provider.verify_transaction(pki.sign(bought())))
        assert (found.product_id, found.price, found.currency) == ("com.example.shop.coins100", 6000, "CNY")

    def test_changed_on_its_way(self, provider: AppleProvider, pki: Pki) -> None:
        with pytest.raises(SignatureInvalid, match="does not hold"):
            quiet(provider.verify_transaction(tampered(pki.sign(bought()))))

    def test_signed_by_another_key(self, provider: AppleProvider, pki: Pki) -> None:
        with pytest.raises(SignatureInvalid, match="does not hold"):
            quiet(provider.verify_transaction(pki.sign(bought(), key=issue("x").key)))

    def test_another_root(self, provider: AppleProvider) -> None:
        assert code_of(provider, Pki().sign(bought())) == "VERIFICATION_FAILURE"

    @pytest.mark.parametrize("length", [0, 1, 2, 4])
    def test_the_number_of_certificates(self, provider: AppleProvider, pki: Pki, length: int) -> None:
        x5c = (pki.x5c * 2)[:length]
        wanted = "INVALID_CHAIN_LENGTH" if length else "VERIFICATION_FAILURE"
        assert code_of(provider, pki.sign(bought(), x5c=x5c)) == wanted

    @pytest.mark.parametrize("place", [0, 1])
    @pytest.mark.parametrize("text", ["abc", "!!!!", "YWJj", ""])
    def test_no_certificate(self, provider: AppleProvider, pki: Pki, place: int, text: str) -> None:
        x5c = [text if at == place else one for at, one in enumerate(pki.x5c)]
        assert code_of(provider, pki.sign(bought(), x5c=x5c)) == "INVALID_CERTIFICATE"

    def test_the_root_that_comes_with_it_is_not_looked_at(self, provider: AppleProvider, pki: Pki) -> None:
        assert quiet(provider.verify_transaction(pki.sign(bought(), x5c=[*pki.x5c[:2], "no certificate"])))

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "HS256"},
            {"alg": "RS256"},
            {"alg": None},
            {"x5c": None},
            {"x5c": "text"},
            {"x5c": [1, 2, 3]},
        ],
        ids=str,
    )
    def test_another_header(self, provider: AppleProvider, pki: Pki, header: dict[str, Any]) -> None:
        assert code_of(provider, pki.sign(bought(), **header)) == "VERIFICATION_FAILURE"

    @pytest.mark.parametrize(
        "text",
        ["", ".", "..", "a.b", "a.b.c.d", f"é.{'a' * 8}.{'A' * 86}", f"a.b.{'A' * 86}", f"!.!.{'A' * 86}"],
    )
    def test_no_token(self, provider: AppleProvider, text: str) -> None:
        with pytest.raises(SignatureInvalid):
            quiet(provider.verify_transaction(text))

    def test_no_json(self, provider: AppleProvider, pki: Pki) -> None:
        assert code_of(provider, pki.sign(b"\xff{")) == "VERIFICATION_FAILURE"

    @pytest.mark.parametrize(
        "change",
        [{"quantity": "abc"}, {"quantity": "1"}, {"price": 1.5}, {"purchaseDate": "today"}, {"type": 1}],
        ids=str,
    )
    def test_a_field_of_another_type(self, provider: AppleProvider, pki: Pki, change: dict[str, Any]) -> None:
        with pytest.raises(NotificationInvalid):
            quiet(provider.verify_transaction(pki.sign(bought(**change))))

    def test_unknown_fields_and_words(self, provider: AppleProvider, pki: Pki) -> None:
        signed = pki.sign(bought(type="Something new", somethingNew={"a": [1]}, offerDiscountType="NEW"))
        found = quiet(provider.verify_transaction(signed))
        assert (found.type, found.offer_discount_type) == ("Something new", "NEW")

    def test_claims_of_other_tokens_mean_nothing(self, provider: AppleProvider, pki: Pki) -> None:
        signed = pki.sign(bought() | {"exp": 1, "nbf": 9_999_999_999, "aud": "somebody"})
        assert quiet(provider.verify_transaction(signed)).transaction_id


class TestWhose:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"bundleId": "com.example.other"}, "INVALID_APP_IDENTIFIER"),
            ({"bundleId": None}, "INVALID_APP_IDENTIFIER"),
            ({"bundleId": "com.example.other", "environment": "Xcode"}, "INVALID_APP_IDENTIFIER"),
            ({"environment": "Xcode"}, "INVALID_ENVIRONMENT"),
            ({"environment": "LocalTesting"}, "INVALID_ENVIRONMENT"),
            ({"environment": "Moon"}, "INVALID_ENVIRONMENT"),
            ({"environment": None}, "INVALID_ENVIRONMENT"),
        ],
        ids=str,
    )
    def test_another_app_or_environment(
        self, provider: AppleProvider, pki: Pki, change: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(NotificationMismatch) as caught:
            quiet(provider.verify_transaction(pki.sign(bought(**change))))
        assert caught.value.code == code

    @pytest.mark.parametrize(
        ("settings", "taken"),
        [
            ({"accept_sandbox": False}, ("Production",)),
            ({"accept_sandbox": True}, ("Production", "Sandbox")),
            ({"sandbox": True}, ("Sandbox",)),
        ],
        ids=str,
    )
    def test_which_environments(
        self, make: Make, pki: Pki, settings: dict[str, Any], taken: tuple[str, ...]
    ) -> None:
        provider = make(**settings)
        for environment in ("Production", "Sandbox"):
            signed = pki.sign(bought(environment=environment))
            if environment in taken:
                assert quiet(provider.verify_transaction(signed)).environment == environment
            else:
                assert code_of(provider, signed) == "INVALID_ENVIRONMENT"

    def test_play_money_says_how_it_could_be_taken(self, make: Make, pki: Pki) -> None:
        with pytest.raises(NotificationMismatch, match="accept_sandbox"):
            quiet(make(accept_sandbox=False).verify_transaction(pki.sign(bought(environment="Sandbox"))))

    def test_a_development_build_in_the_sandbox_only(self, make: Make, pki: Pki) -> None:
        provider = make(dev_bundle_id="com.example.shop.dev")
        signed = pki.sign(bought(bundleId="com.example.shop.dev", environment="Sandbox"))
        assert quiet(provider.verify_transaction(signed)).bundle_id == "com.example.shop.dev"
        real = pki.sign(bought(bundleId="com.example.shop.dev"))
        assert code_of(provider, real) == "INVALID_APP_IDENTIFIER"

    def test_the_apples_id_counts_in_production(self, provider: AppleProvider, pki: Pki) -> None:
        def app(**changes: Any) -> str:
            said = {
                "bundleId": BUNDLE,
                "receiptType": "Production",
                "appAppleId": APP_APPLE_ID,
                "receiptCreationDate": NOW_MS,
            }
            return pki.sign(said | changes)

        assert quiet(provider.verify_app_transaction(app())).app_apple_id == APP_APPLE_ID
        assert quiet(provider.verify_app_transaction(app(receiptType="Sandbox", appAppleId=1)))
        with pytest.raises(NotificationMismatch) as caught:
            quiet(provider.verify_app_transaction(app(appAppleId=1)))
        assert caught.value.code == "INVALID_APP_IDENTIFIER"

    def test_a_request_for_a_message(self, provider: AppleProvider, pki: Pki) -> None:
        said = {
            "originalTransactionId": "1",
            "appAppleId": APP_APPLE_ID,
            "productId": "p",
            "userLocale": "zh-Hans",
            "requestIdentifier": "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33",
            "environment": "Production",
            "signedDate": NOW_MS,
        }
        assert quiet(provider.verify_realtime_request(pki.sign(said))).user_locale == "zh-Hans"
        with pytest.raises(NotificationMismatch):
            quiet(provider.verify_realtime_request(pki.sign(said | {"appAppleId": 1})))
        with pytest.raises(NotificationInvalid):
            quiet(provider.verify_realtime_request(pki.sign({"signedDate": NOW_MS})))

    def test_a_node_for_old_receipts_takes_nothing_signed(self, make: Make, pki: Pki) -> None:
        provider = make(bundle_id=None, private_key=None)
        with pytest.raises(VKPayError, match="bundle_id is not set"):
            quiet(provider.verify_transaction(pki.sign(bought())))


class TestDates:
    @pytest.mark.parametrize("which", ["leaf", "intermediate"])
    def test_signed_while_they_were_valid(self, provider: AppleProvider, pki: Pki, which: str) -> None:
        """Certificates that have run out since vouch for what they signed before, and for nothing after."""
        old = ended(pki, which)
        assert quiet(provider.verify_transaction(old.sign(bought(signedDate=WHILE_VALID))))
        for date in (NOW_MS, None):
            with pytest.raises(SignatureInvalid, match="not valid at"):
                quiet(provider.verify_transaction(old.sign(bought(signedDate=date))))

    def test_a_chain_that_was_seen_is_measured_again(self, provider: AppleProvider, pki: Pki) -> None:
        old = ended(pki, "leaf")
        assert quiet(provider.verify_transaction(old.sign(bought(signedDate=WHILE_VALID))))
        with pytest.raises(SignatureInvalid, match="not valid at"):
            quiet(provider.verify_transaction(old.sign(bought(signedDate=NOW_MS))))

    @pytest.mark.parametrize("date", [0, -1, 10**18, 1e300])
    def test_days_that_never_were(self, provider: AppleProvider, pki: Pki, date: float) -> None:
        with pytest.raises(SignatureInvalid, match="not valid at"):
            quiet(provider.verify_transaction(pki.sign(bought(signedDate=date))))

    def test_without_a_date_it_is_today(self, make: Make, pki: Pki, clock: Clock) -> None:
        assert quiet(make().verify_transaction(pki.sign(bought(signedDate=None))))
        clock.ms = 2_100_000_000_000
        with pytest.raises(SignatureInvalid):
            quiet(make().verify_transaction(pki.sign(bought(signedDate=None))))


class TestCertificates:
    """What a certificate must have, so that not every one under the root signs purchases."""

    def test_an_intermediate_without_its_mark(self, provider: AppleProvider, pki: Pki) -> None:
        other = issue("other", pki.root, ca=True, mark="1.2.840.113635.100.6.2.2")
        self.refused(provider, pki, issue("leaf", other, mark=LEAF), other)

    def test_a_leaf_without_its_mark(self, provider: AppleProvider, pki: Pki) -> None:
        self.refused(provider, pki, issue("leaf", pki.intermediate, mark="1.2.840.113635.100.6.11.2"))

    def test_an_intermediate_that_may_not_issue(self, provider: AppleProvider, pki: Pki) -> None:
        other = issue("other", pki.root, ca=False, mark=INTERMEDIATE)
        self.refused(provider, pki, issue("leaf", other, mark=LEAF), other)

    def test_a_leaf_that_the_root_itself_has_signed(self, provider: AppleProvider, pki: Pki) -> None:
        self.refused(provider, pki, issue("leaf", pki.root, mark=LEAF))

    def test_an_intermediate_of_the_same_name(self, provider: AppleProvider, pki: Pki) -> None:
        forged = issue("intermediate", issue("root", ca=True), ca=True, mark=INTERMEDIATE)
        self.refused(provider, pki, issue("leaf", forged, mark=LEAF), forged)

    def test_a_leaf_on_another_curve(self, provider: AppleProvider, pki: Pki) -> None:
        leaf = issue("leaf", pki.intermediate, mark=LEAF, curve=ec.SECP384R1())
        assert code_of(provider, pki.sign(bought(), x5c=chain(leaf, pki.intermediate, pki.root))) == (
            "VERIFICATION_FAILURE"
        )

    @pytest.mark.parametrize("critical", [True, False])
    def test_something_that_is_not_understood(
        self, provider: AppleProvider, pki: Pki, critical: bool
    ) -> None:
        leaf = issue("leaf", pki.intermediate, mark=LEAF, extra=UNKNOWN, critical=critical)
        if critical:
            self.refused(provider, pki, leaf)
        else:
            signed = pki.sign(bought(), key=leaf.key, x5c=chain(leaf, pki.intermediate, pki.root))
            assert quiet(provider.verify_transaction(signed))

    def refused(self, provider: AppleProvider, pki: Pki, leaf: Any, intermediate: Any = None) -> None:
        x5c = chain(leaf, intermediate or pki.intermediate, pki.root)
        assert code_of(provider, pki.sign(bought(), key=leaf.key, x5c=x5c)) == "VERIFICATION_FAILURE"


class TestLocal:
    def test_what_xcode_makes(self, make: Make) -> None:
        token = f"{b64(b'{}')}.{b64(json.dumps(bought(environment='Xcode', purchaseDate=1.5)).encode())}.{'A' * 86}"
        assert quiet(make(local_testing=True).verify_transaction(token)).purchase_date == 1.5
        with pytest.raises(SignatureInvalid):
            quiet(make().verify_transaction(token))

    def test_and_nothing_else_without_a_signature(self, make: Make, pki: Pki) -> None:
        provider = make(local_testing=True)
        with pytest.raises(SignatureInvalid):
            quiet(provider.verify_transaction(tampered(pki.sign(bought()))))


class TestKept:
    def test_a_chain_is_verified_once(
        self, provider: AppleProvider, pki: Pki, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quiet(provider.verify_transaction(pki.sign(bought())))

        def again(*_: Any) -> None:
            raise AssertionError("verified again")

        monkeypatch.setattr(chains, "_issued", again)
        quiet(provider.verify_transaction(pki.sign(bought(transactionId="2"))))
        with pytest.raises(AssertionError):
            quiet(provider.verify_transaction(pki.sign(bought(), kid="another header")))

    def test_a_forgery_under_a_known_chain(self, provider: AppleProvider, pki: Pki) -> None:
        quiet(provider.verify_transaction(pki.sign(bought())))
        with pytest.raises(SignatureInvalid, match="does not hold"):
            quiet(provider.verify_transaction(tampered(pki.sign(bought()))))

    def test_only_so_many(self, provider: AppleProvider, pki: Pki) -> None:
        for number in range(chains.MOST_KEPT + 5):
            quiet(provider.verify_transaction(pki.sign(bought(), kid=str(number))))
        assert len(provider._verifier._chains._kept) == chains.MOST_KEPT

    def test_a_forgery_is_not_kept(self, provider: AppleProvider) -> None:
        for _ in range(3):
            code_of(provider, Pki().sign(bought()))
        assert provider._verifier._chains._kept == {}


class TestSize:
    @pytest.mark.parametrize(
        "token",
        [
            f"{'e' * 600_000}.e30.{'A' * 86}",
            f"e30.{'e' * 600_000}.{'A' * 86}",
            f"{'.' * 600_000}",
            f"{'e' * 40_000}.e30.{'A' * 86}",
        ],
        ids=["header", "payload", "dots", "long header"],
    )
    def test_a_megabyte(self, provider: AppleProvider, token: str) -> None:
        gc.collect()
        tracemalloc.start()
        with pytest.raises(SignatureInvalid):
            quiet(provider.verify_transaction(token))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * len(token)

    @pytest.mark.parametrize("place", ["header", "payload", "unknown field"])
    def test_a_deep_one(self, provider: AppleProvider, pki: Pki, place: str) -> None:
        deep = b"[" * 90_000 + b"]" * 90_000
        if place == "header":
            token = f"{b64(deep[:12_000])}.e30.{'A' * 86}"
        elif place == "payload":
            token = pki.sign(deep)
        else:
            token = pki.sign(b'{"signedDate":1767225600000,"new":' + deep + b"}")
        with pytest.raises(VKPayError):
            quiet(provider.verify_transaction(token))


def ended(pki: Pki, which: str) -> Pki:
    """A chain of which one certificate has run out."""
    old = Pki.__new__(Pki)
    old.root = pki.root
    old.intermediate = pki.intermediate
    if which == "intermediate":
        old.intermediate = issue("old", pki.root, ca=True, mark=INTERMEDIATE, ends=OVER)
    old.leaf = issue("leaf", old.intermediate, mark=LEAF, **({"ends": OVER} if which == "leaf" else {}))
    return old
