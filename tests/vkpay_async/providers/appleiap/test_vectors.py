"""Apple's own test data: signed texts, certificates, the App Store's real chain, receipts of Xcode."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.vkpay_async.providers.appleiap.conftest import NOW_MS, quiet
from tests.vkpay_async.providers.appleiap.pki import b64
from vkpay_async.crypto.pem import load_certificate
from vkpay_async.errors import NotificationMismatch, SignatureInvalid, VKPayError
from vkpay_async.providers.appleiap.chain import Chains
from vkpay_async.providers.appleiap.receipts import transaction_id_of
from vkpay_async.providers.appleiap.roots import APPLE_ROOT_CA_G3
from vkpay_async.providers.appleiap.verifier import App, Verifier
from vkpay_async.providers.base import Env

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "apple.json").read_text(encoding="utf-8")
)
SIGNED, CHAIN, REAL, XCODE = (VECTORS[name] for name in ("signed", "chain", "apple_chain", "xcode"))
AT_MS = VECTORS["effective_date"] * 1000
XCODE_BUNDLE = "com.example.naturelab.backyardbirds.example"
ENV = Env(now_ms=lambda: NOW_MS, nonce=lambda: "n" * 32)


def certificate(text: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(text))


def verifier(
    environment: str = "Sandbox", bundle: str = "com.example", app: int | None = 1234, *, local: bool = False
) -> Verifier:
    app_ = App(bundle_ids={environment: frozenset({bundle})}, app_apple_id=app)
    return Verifier(roots=[certificate(VECTORS["test_ca"])], app=app_, env=ENV, local=local)


def chain(*x5c: str, root: str = CHAIN["root"], at_ms: int = AT_MS) -> Any:
    header = b64(json.dumps({"alg": "ES256", "x5c": x5c}).encode()).encode()
    return Chains([certificate(root)]).verify(header, at_ms)


class TestSignedTexts:
    def test_a_notification(self) -> None:
        told = quiet(verifier().notification(SIGNED["testNotification"]))
        assert (told.notification_type, told.data.app_apple_id) == ("TEST", 1234)

    def test_a_transaction_and_a_renewal(self) -> None:
        assert quiet(verifier().transaction(SIGNED["transactionInfo"])).signed_date == 1672956154000
        assert quiet(verifier().renewal_info(SIGNED["renewalInfo"])).environment == "Sandbox"

    @pytest.mark.parametrize(
        ("name", "whose", "code"),
        [
            ("testNotification", ("Production", "com.example", 1234), "INVALID_ENVIRONMENT"),
            ("testNotification", ("Production", "com.other", 1234), "INVALID_APP_IDENTIFIER"),
            ("wrongBundleId", ("Sandbox", "com.examplex", 1234), "INVALID_APP_IDENTIFIER"),
            ("missingX5CHeaderClaim", ("Sandbox", "com.example", 1234), "VERIFICATION_FAILURE"),
        ],
    )
    def test_what_is_not_for_us(self, name: str, whose: tuple[str, str, int], code: str) -> None:
        with pytest.raises((NotificationMismatch, SignatureInvalid)) as caught:
            quiet(verifier(*whose).notification(SIGNED[name]))
        assert caught.value.code == code

    def test_what_is_signed_by_nobody_is_not_believed(self) -> None:
        """Payloads of ``LocalTesting`` under a key that nobody knows, as Apple's tests make them."""
        unsigned = b64(b'{"alg":"none"}')
        for name, payload in VECTORS["payloads"].items():
            token = f"{unsigned}.{b64(json.dumps(payload).encode())}.{'A' * 86}"
            ours = verifier("LocalTesting")
            read = ours.notification if "Notification" in name else ours.transaction
            with pytest.raises(VKPayError):
                quiet(read(token))


class TestChain:
    def test_the_leafs_key(self) -> None:
        found = chain(CHAIN["leaf"], CHAIN["intermediate"], CHAIN["root"])
        pem = found.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        assert pem == CHAIN["leaf_public_key"]

    def test_the_app_stores_own(self) -> None:
        """Under the root that is pinned here."""
        pinned = load_certificate(APPLE_ROOT_CA_G3)
        assert pinned == certificate(REAL["root"])
        root = base64.b64encode(pinned.public_bytes(Encoding.DER)).decode()
        found = chain(REAL["leaf"], REAL["intermediate"], REAL["root"], root=root)
        assert found.not_after < 1_900_000_000_000

    @pytest.mark.parametrize(
        ("x5c", "code"),
        [
            (
                ("leaf_under_intermediate_without_mark", "intermediate_without_mark", "root"),
                "VERIFICATION_FAILURE",
            ),
            (("leaf_without_mark", "intermediate", "root"), "VERIFICATION_FAILURE"),
            (("intermediate", "root"), "INVALID_CHAIN_LENGTH"),
        ],
    )
    def test_a_mark_or_a_certificate_is_missing(self, x5c: tuple[str, ...], code: str) -> None:
        with pytest.raises(SignatureInvalid) as caught:
            chain(*(CHAIN[name] for name in x5c))
        assert caught.value.code == code

    @pytest.mark.parametrize("leaf", ["abc", base64.b64encode(b"abc").decode(), ""])
    def test_no_certificate(self, leaf: str) -> None:
        with pytest.raises(SignatureInvalid) as caught:
            chain(leaf, CHAIN["intermediate"], CHAIN["root"])
        assert caught.value.code == "INVALID_CERTIFICATE"

    def test_another_root(self) -> None:
        with pytest.raises(SignatureInvalid, match="root_cert"):
            chain(CHAIN["leaf"], CHAIN["intermediate"], CHAIN["root"], root=REAL["root"])

    def test_when_it_has_run_out(self) -> None:
        with pytest.raises(SignatureInvalid, match="not valid at 2042"):
            chain(CHAIN["leaf"], CHAIN["intermediate"], CHAIN["root"], at_ms=2280946846_000)


class TestXcode:
    def test_only_where_it_is_asked_for(self) -> None:
        with pytest.raises(SignatureInvalid):
            quiet(verifier("Xcode", XCODE_BUNDLE).transaction(XCODE["signed-transaction"]))

    def test_a_transaction(self) -> None:
        ours = verifier("Sandbox", XCODE_BUNDLE, local=True)
        found = quiet(ours.transaction(XCODE["signed-transaction"]))
        assert (found.transaction_id, found.product_id) == ("0", "pass.premium")
        assert (int(found.purchase_date), int(found.expires_date)) == (1697679936049, 1700358336049)
        assert (found.is_upgraded, found.environment) == (False, "Xcode")

    def test_a_renewal_and_an_app(self) -> None:
        ours = verifier("Sandbox", XCODE_BUNDLE, local=True)
        assert quiet(ours.renewal_info(XCODE["signed-renewal-info"])).auto_renew_product_id == "pass.premium"
        app = quiet(ours.app_transaction(XCODE["signed-app-transaction"]))
        assert (app.receipt_type, int(app.original_purchase_date)) == ("Xcode", -62135769600000)

    def test_another_bundle_all_the_same(self) -> None:
        with pytest.raises(NotificationMismatch):
            quiet(verifier("Sandbox", "com.other", local=True).transaction(XCODE["signed-transaction"]))


class TestReceipts:
    def test_the_number_in_a_receipt(self) -> None:
        assert transaction_id_of(XCODE["app-receipt-empty"]) is None
        assert transaction_id_of(XCODE["app-receipt-with-transaction"]) == "0"
        assert transaction_id_of(VECTORS["transaction_receipt"]) == "33993399"
