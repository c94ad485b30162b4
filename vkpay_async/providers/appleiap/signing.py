"""What we sign with the in-app purchase key: API tokens, and offers for StoreKit.

https://developer.apple.com/documentation/appstoreserverapi/generating-json-web-tokens-for-api-requests
https://developer.apple.com/documentation/storekit/generating-jws-to-sign-app-store-requests
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from vkpay_async.crypto.jws import sign_der, sign_es256
from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Value
from vkpay_async.providers.base import Env

AUDIENCE = "appstoreconnect-v1"
LIFE_S = 20 * 60
"""Apple takes an hour at most."""

RENEWED_BEFORE_S = 2 * 60
SEPARATOR = "\u2063"
_NAMESPACE = bytes.fromhex("20dceb40e60b583f8b83536fe1a9402e")


class PromotionalOffer(Value, frozen=True, kw_only=True):
    """What the app hands to StoreKit for an offer, within 24 hours. ``timestamp`` in milliseconds."""

    offer_identifier: str
    key_identifier: str
    nonce: str
    signature: str
    timestamp: int

    def to_client(self) -> dict[str, Any]:
        """As ``uni.requestVirtualPayment`` takes it (``promotionalOffer``)."""
        return {
            "offerIdentifier": self.offer_identifier,
            "keyIdentifier": self.key_identifier,
            "nonce": self.nonce,
            "signature": self.signature,
            "timestamp": self.timestamp,
        }


class Signer:
    """One app's in-app purchase key."""

    def __init__(
        self, *, key: EllipticCurvePrivateKey, key_id: str, issuer_id: str, bundle_id: str, env: Env
    ) -> None:
        self._key = key
        self._key_id = key_id
        self._issuer_id = issuer_id
        self._bundle_id = bundle_id
        self._env = env
        self._token = ""
        self._renew_at = 0

    def __repr__(self) -> str:
        return f"Signer(key_id={self._key_id!r}, key=***)"

    def authorization(self) -> str:
        """The ``Authorization`` header; one token serves until shortly before its end."""
        now = self._env.now_ms() // 1000
        if not self._renew_at - LIFE_S <= now < self._renew_at:
            claims = {
                "iss": self._issuer_id,
                "iat": now,
                "exp": now + LIFE_S,
                "aud": AUDIENCE,
                "bid": self._bundle_id,
            }
            self._token = self._signed(claims)
            self._renew_at = now + LIFE_S - RENEWED_BEFORE_S
        return f"Bearer {self._token}"

    def promotional_offer(
        self, product_id: str, offer_identifier: str, *, app_account_token: str = ""
    ) -> PromotionalOffer:
        """The older signature, over seven fields; valid for 24 hours. ``app_account_token`` is that of the purchase, if any."""
        nonce, now = uuid_of(self._env.nonce()), self._env.now_ms()
        fields = (
            self._bundle_id,
            self._key_id,
            _required(product_id, "product_id"),
            _required(offer_identifier, "offer_identifier"),
            app_account_token.lower(),
            nonce,
            str(now),
        )
        return PromotionalOffer(
            offer_identifier=offer_identifier,
            key_identifier=self._key_id,
            nonce=nonce,
            signature=sign_der(self._key, SEPARATOR.join(fields).encode()),
            timestamp=now,
        )

    def promotional_offer_jws(
        self, product_id: str, offer_identifier: str, *, transaction_id: str | None = None
    ) -> str:
        """A promotional offer as a JWS. ``transaction_id`` may be any of the customer's, or an app transaction's."""
        claims = {
            "productId": _required(product_id, "product_id"),
            "offerIdentifier": _required(offer_identifier, "offer_identifier"),
        }
        if transaction_id is not None:
            claims["transactionId"] = transaction_id
        return self._request("promotional-offer", claims)

    def introductory_offer_jws(self, product_id: str, transaction_id: str, *, allowed: bool) -> str:
        """Whether a customer is to have the introductory offer."""
        claims = {
            "productId": _required(product_id, "product_id"),
            "allowIntroductoryOffer": allowed,
            "transactionId": _required(transaction_id, "transaction_id"),
        }
        return self._request("introductory-offer-eligibility", claims)

    def advanced_commerce_jws(self, request: Mapping[str, Any]) -> str:
        """An in-app request of Advanced Commerce, with its ``operation``, ``version`` and ``requestInfo``."""
        try:
            encoded = msgspec.json.encode(request)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidArgument(f"request cannot be written as JSON: {error}") from error
        return self._request("advanced-commerce-api", {"request": base64.b64encode(encoded).decode("ascii")})

    def _request(self, audience: str, claims: Mapping[str, Any]) -> str:
        """A request to StoreKit has no end of its own."""
        common = {
            "iss": self._issuer_id,
            "iat": self._env.now_ms() // 1000,
            "aud": audience,
            "bid": self._bundle_id,
            "nonce": uuid_of(self._env.nonce()),
        }
        return self._signed({**claims, **common})

    def _signed(self, claims: Mapping[str, Any]) -> str:
        return sign_es256(self._key, {"kid": self._key_id, "typ": "JWT"}, claims)


def uuid_of(nonce: str) -> str:
    """A random UUID out of 32 fresh characters."""
    return _uuid(hashlib.sha256(nonce.encode()).digest(), version=4)


def app_account_token(bundle_id: str, out_trade_no: str) -> str:
    """The UUID (version 5) by which Apple will know an order: always the same for the same order of an app.

    A payment that is created once more keeps the token that a purchase may be under way with.
    """
    name = f"{bundle_id}\n{out_trade_no}".encode()
    return _uuid(hashlib.sha1(_NAMESPACE + name, usedforsecurity=False).digest(), version=5)


def _uuid(digest: bytes, *, version: int) -> str:
    raw = bytearray(digest[:16])
    raw[6] = raw[6] & 0x0F | version << 4
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _required(text: str, name: str) -> str:
    if not isinstance(text, str) or not text:
        raise InvalidArgument(f"{name} must be a non-empty string")
    return text
