"""Tokens for the API, signatures for StoreKit, and the token of an order."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.vkpay_async.providers.appleiap.conftest import BUNDLE, KEY, NOW_MS, Clock
from tests.vkpay_async.providers.appleiap.pki import unb64
from vkpay_async.errors import InvalidArgument
from vkpay_async.providers.appleiap.provider import AppleProvider
from vkpay_async.providers.appleiap.signing import app_account_token, uuid_of

ES256 = ec.ECDSA(hashes.SHA256())
ISSUER = "57246542-96fe-1a63-e053-0824d011072a"


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, once the signature holds."""
    head, payload, signature = token.split(".")
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    KEY.public_key().verify(der, f"{head}.{payload}".encode(), ES256)
    return json.loads(unb64(head)), json.loads(unb64(payload))


class TestToken:
    def test_what_it_says(self, provider: AppleProvider) -> None:
        scheme, _, token = provider._gateway.signer.authorization().partition(" ")
        header, claims = opened(token)
        assert (scheme, header) == ("Bearer", {"alg": "ES256", "kid": "2X9R4HXF34", "typ": "JWT"})
        now = NOW_MS // 1000
        assert claims == {
            "iss": ISSUER,
            "iat": now,
            "exp": now + 1200,
            "aud": "appstoreconnect-v1",
            "bid": BUNDLE,
        }

    @pytest.mark.parametrize(("later_s", "same"), [(0, True), (1079, True), (1080, False), (-121, False)])
    def test_one_serves_until_shortly_before_its_end(
        self, provider: AppleProvider, clock: Clock, later_s: int, same: bool
    ) -> None:
        """A clock that was set back makes another, too: the first one's beginning would lie ahead."""
        first = provider._gateway.signer.authorization()
        clock.ms += later_s * 1000
        assert (provider._gateway.signer.authorization() == first) is same

    def test_the_key_is_not_shown(self, provider: AppleProvider) -> None:
        assert "***" in repr(provider._gateway.signer)
        assert "key=***" in repr(provider._gateway.signer)

    def test_a_node_without_a_key(self, make: Callable[..., AppleProvider]) -> None:
        with pytest.raises(InvalidArgument, match="private_key"):
            make(private_key=None).promotional_offer("p", "o")


class TestOffers:
    def test_seven_fields(self, provider: AppleProvider) -> None:
        token = "0B0C1C0E-6F0A-4A52-9C0B-0D4B5F1C2A33"
        offer = provider.promotional_offer("com.example.vip", "half", app_account_token=token)
        nonce = uuid.UUID(offer.nonce)
        assert nonce.version == 4
        fields = (BUNDLE, "2X9R4HXF34", "com.example.vip", "half", token.lower(), str(nonce), str(NOW_MS))
        KEY.public_key().verify(base64.b64decode(offer.signature), "\u2063".join(fields).encode(), ES256)
        assert offer.to_client() == {
            "offerIdentifier": "half",
            "keyIdentifier": "2X9R4HXF34",
            "nonce": offer.nonce,
            "signature": offer.signature,
            "timestamp": NOW_MS,
        }

    def test_a_promotional_offer_as_a_jws(self, provider: AppleProvider) -> None:
        header, claims = opened(provider.promotional_offer_jws("p", "half", transaction_id="1"))
        assert header == {"alg": "ES256", "kid": "2X9R4HXF34", "typ": "JWT"}
        assert uuid.UUID(claims.pop("nonce")).version == 4
        assert claims == {
            "iss": ISSUER,
            "iat": NOW_MS // 1000,
            "aud": "promotional-offer",
            "bid": BUNDLE,
            "productId": "p",
            "offerIdentifier": "half",
            "transactionId": "1",
        }
        assert "transactionId" not in opened(provider.promotional_offer_jws("p", "half"))[1]

    def test_who_may_have_the_introductory_offer(self, provider: AppleProvider) -> None:
        _, claims = opened(provider.introductory_offer_jws("p", "1", allowed=False))
        assert (claims["aud"], claims["allowIntroductoryOffer"]) == ("introductory-offer-eligibility", False)
        assert "exp" not in claims

    def test_advanced_commerce(self, provider: AppleProvider) -> None:
        request = {"operation": "CREATE_ONE_TIME_CHARGE", "version": "1", "item": {"price": 1}}
        _, claims = opened(provider.advanced_commerce_jws(request))
        assert json.loads(base64.b64decode(claims["request"])) == request
        assert claims["aud"] == "advanced-commerce-api"

    def test_what_is_missing(self, provider: AppleProvider) -> None:
        with pytest.raises(InvalidArgument, match="product_id"):
            provider.promotional_offer("", "half")
        with pytest.raises(InvalidArgument, match="offer_identifier"):
            provider.promotional_offer_jws("p", "")
        with pytest.raises(InvalidArgument, match="transaction_id"):
            provider.introductory_offer_jws("p", "", allowed=True)
        with pytest.raises(InvalidArgument, match="JSON"):
            provider.advanced_commerce_jws({"price": object()})


class TestOrderToken:
    def test_as_the_standard_library_makes_it(self) -> None:
        space = uuid.uuid5(uuid.NAMESPACE_DNS, "vkpay-async")
        for number in ("A1", "20260101-000001", "Ü"):
            assert app_account_token(BUNDLE, number) == str(uuid.uuid5(space, f"{BUNDLE}\n{number}"))

    def test_a_random_one(self) -> None:
        made = {uuid_of(str(number)) for number in range(50)}
        assert len(made) == 50
        assert {uuid.UUID(one).version for one in made} == {4}
        assert {uuid.UUID(one).variant for one in made} == {uuid.RFC_4122}
