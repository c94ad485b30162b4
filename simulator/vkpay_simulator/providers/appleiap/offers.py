"""What StoreKit checks of a signature that the merchant's server made for an offer.

https://developer.apple.com/documentation/storekit/generating-a-signature-for-promotional-offers
https://developer.apple.com/documentation/storekit/generating-jws-to-sign-app-store-requests
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.exceptions import InvalidSignature

from vkpay_simulator.jws import ES256, BadToken, decode
from vkpay_simulator.providers.appleiap import signing
from vkpay_simulator.providers.appleiap.accounts import App, Apps
from vkpay_simulator.providers.appleiap.errors import UNREADABLE
from vkpay_simulator.providers.appleiap.periods import DAY_MS
from vkpay_simulator.providers.appleiap.queries import UUID
from vkpay_simulator.providers.appleiap.settings import Bought, OfferSignature
from vkpay_simulator.providers.base import SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

SEPARATOR = "\u2063"
PROMOTIONAL, INTRODUCTORY = "promotional-offer", "introductory-offer-eligibility"
REQUIRED: dict[str, dict[str, type]] = {
    PROMOTIONAL: {"productId": str, "offerIdentifier": str},
    INTRODUCTORY: {"productId": str, "allowIntroductoryOffer": bool, "transactionId": str},
    "advanced-commerce-api": {"request": str},
}
"""What each kind of JWS claims, by its ``aud``."""


class Offers:
    """Every check raises :class:`SimulatorError` that says what does not hold."""

    def __init__(self, world: World, apps: Apps) -> None:
        self._world = world
        self._apps = apps

    def check(self, app: App, bought: Bought) -> None:
        """The signature that comes with a purchase, if one does."""
        offer = bought.offer
        if offer is None:
            return
        if offer.signature is not None:
            self._check_signature(app, bought, offer.identifier or "", offer.signature)
        if offer.jws is not None:
            claims = self.claims(offer.jws)
            wanted = {"productId": bought.product_id, "bid": app.bundle_id}
            if claims["aud"] == PROMOTIONAL:
                wanted["offerIdentifier"] = offer.identifier or ""
            for name, value in wanted.items():
                if claims.get(name) != value:
                    raise _refused(f"{name} is {claims.get(name)!r} in the JWS and {value!r} in the purchase")

    def claims(self, jws: str) -> dict[str, Any]:
        """What a JWS of one of the three kinds says."""
        try:
            token = signing.read_token(jws)
            claims = msgspec.json.decode(decode(jws.split(".")[1]), type=dict[str, Any])
        except (BadToken, *UNREADABLE) as error:
            raise _refused(f"the JWS cannot be read: {error}") from error
        app = self._apps.by_key(token.header.kid)
        if app is None or token.header.alg != "ES256" or not signing.holds(token, app.public_key):
            raise _refused(f"the signature does not hold under the key {token.header.kid!r}")
        self._check_claims(app, claims)
        return claims

    def _check_claims(self, app: App, claims: dict[str, Any]) -> None:
        if (claims.get("iss"), claims.get("bid")) != (app.issuer_id, app.bundle_id):
            raise _refused("iss or bid is not the app's")
        if claims.get("aud") not in REQUIRED:
            raise _refused(f"aud is {claims.get('aud')!r}: it is one of {', '.join(REQUIRED)}")
        if not UUID.fullmatch(str(claims.get("nonce"))):
            raise _refused("nonce is no UUID")
        if "exp" in claims or not isinstance(claims.get("iat"), int):
            raise _refused("it has an iat in seconds, and no exp")
        for name, kind in REQUIRED[claims["aud"]].items():
            if not isinstance(claims.get(name), kind):
                raise _refused(f"{name} is missing or no {kind.__name__}")

    def _check_signature(self, app: App, bought: Bought, identifier: str, given: OfferSignature) -> None:
        age = self._world.signing_ms() - given.timestamp
        if not -DAY_MS < age < DAY_MS:
            raise _refused("the timestamp is more than a day away")
        text = SEPARATOR.join(
            (
                app.bundle_id,
                given.key_id,
                bought.product_id,
                identifier,
                (bought.app_account_token or "").lower(),
                given.nonce.lower(),
                str(given.timestamp),
            )
        )
        owner = self._apps.by_key(given.key_id)
        if owner is not app:
            raise _refused(f"the app has no key {given.key_id!r}")
        try:
            app.public_key.verify(base64.b64decode(given.signature, validate=True), text.encode(), ES256)
        except (InvalidSignature, binascii.Error) as error:
            raise _refused("the signature does not hold over the seven fields") from error


def _refused(why: str) -> SimulatorError:
    return SimulatorError(f"StoreKit refuses the offer: {why}.", 409)
