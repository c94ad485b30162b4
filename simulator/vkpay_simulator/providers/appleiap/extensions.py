"""Renewal dates moved by the merchant: https://developer.apple.com/documentation/appstoreserverapi/extending-the-renewal-date-for-auto-renewable-subscriptions"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.providers.appleiap import lookups
from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.errors import AppleError
from vkpay_simulator.providers.appleiap.gate import Call, Reply
from vkpay_simulator.providers.appleiap.models import (
    ACTIVE,
    FAMILY_SHARED,
    Extension,
    Store,
    Subscription,
)
from vkpay_simulator.providers.appleiap.notify import Notifier
from vkpay_simulator.providers.appleiap.payloads import given
from vkpay_simulator.providers.appleiap.periods import DAY_MS
from vkpay_simulator.providers.appleiap.queries import UUID
from vkpay_simulator.providers.appleiap.subscriptions import Subscriptions

if TYPE_CHECKING:
    from vkpay_simulator.world import World

MOST_DAYS, LONGEST_IDENTIFIER = 90, 128
MOST_EXTENSIONS, EXTENSION_SPAN_MS = 2, 365 * DAY_MS
MASS_TAKES_S = 1.0
COUNTRY = re.compile(r"[A-Z]{3}", re.ASCII)


class Asked(msgspec.Struct, kw_only=True, rename="camel"):
    extend_by_days: Any = None
    extend_reason_code: Any = None
    request_identifier: Any = None


class AskedForAll(Asked, kw_only=True, rename="camel"):
    product_id: Any = None
    storefront_country_codes: Any = None


class Extensions:
    """Each public method is an endpoint."""

    def __init__(self, world: World, subscriptions: Subscriptions, notifier: Notifier) -> None:
        self._world = world
        self._subscriptions = subscriptions
        self._notifier = notifier

    def one(self, call: Call) -> Reply:
        number = lookups.checked(call.param("id"), 4000008)
        asked = call.body(Asked)
        _check(asked)
        transaction = lookups.original(call, number, malformed=4000008)
        subscription = transaction.subscription
        if subscription is None:
            raise AppleError(4030004, f"{number} is no subscription.")
        refused = self._refused(subscription)
        if refused is not None:
            raise refused
        until = self._subscriptions.extend(call.app, call.store, subscription, asked.extend_by_days)
        return Reply(
            {
                "originalTransactionId": number,
                "webOrderLineItemId": subscription.latest.web_order_line_item_id,
                "success": True,
                "effectiveDate": until,
            }
        )

    def mass(self, call: Call) -> Reply:
        asked = call.body(AskedForAll)
        _check(asked)
        _check_for_all(asked)
        key = asked.product_id, asked.request_identifier
        if key not in call.store.extensions:
            call.store.extensions[key] = Extension(
                product_id=asked.product_id, identifier=asked.request_identifier
            )
            app, store = call.app, call.store
            self._world.agenda.after(MASS_TAKES_S, lambda: self._extend_all(app, store, asked))
        return Reply({"requestIdentifier": asked.request_identifier})

    def status(self, call: Call) -> Reply:
        identifier = call.param("request")
        if not UUID.fullmatch(identifier):
            raise AppleError(4000011, "requestIdentifier is a UUID.")
        found = call.store.extensions.get((call.param("product"), identifier))
        if found is None:
            raise AppleError(4040009)
        done: dict[str, Any] = {}
        if found.complete_ms is not None:
            done = {
                "completeDate": found.complete_ms,
                "succeededCount": found.succeeded,
                "failedCount": found.failed,
            }
        complete = found.complete_ms is not None
        return Reply({"requestIdentifier": identifier, "complete": complete, **done})

    def _refused(self, one: Subscription) -> AppleError | None:
        """Why this subscription is not extended, if it is not."""
        if one.latest.ownership == FAMILY_SHARED:
            return AppleError(4030007)
        offer = one.latest.offer
        free = offer is not None and offer.discount == "FREE_TRIAL"
        if one.status != ACTIVE or free:
            return AppleError(4030004, f"Its status is {one.status}, or it is in a free offer.")
        since = self._world.clock.now() - EXTENSION_SPAN_MS
        if sum(at > since for at in one.extensions) >= MOST_EXTENSIONS:
            return AppleError(4030005, f"{MOST_EXTENSIONS} times in 365 days is all.")
        return None

    def _extend_all(self, app: App, store: Store, asked: AskedForAll) -> None:
        extension = store.extensions.get((asked.product_id, asked.request_identifier))
        if extension is None:
            return
        countries = asked.storefront_country_codes
        for one in store.subscriptions():
            if one.latest.product.product_id == asked.product_id and (
                countries is None or one.latest.customer.storefront in countries
            ):
                self._extend_of_all(app, store, one, asked, extension)
        extension.complete_ms = self._world.clock.now()
        self._tell(app, store, asked, extension)

    def _extend_of_all(
        self, app: App, store: Store, one: Subscription, asked: AskedForAll, extension: Extension
    ) -> None:
        if one.latest.ownership == FAMILY_SHARED:
            return  # a family is extended with the one who pays
        if self._refused(one) is None:
            extension.succeeded += 1
            self._subscriptions.extend(app, store, one, asked.extend_by_days)
        else:
            extension.failed += 1
            self._notifier.about(app, store, one.latest, "RENEWAL_EXTENSION", "FAILURE")

    def _tell(self, app: App, store: Store, asked: AskedForAll, extension: Extension) -> None:
        summary = given(
            requestIdentifier=extension.identifier,
            environment=store.environment,
            appAppleId=None if store.sandbox else app.app_apple_id,
            bundleId=app.bundle_id,
            productId=extension.product_id,
            storefrontCountryCodes=asked.storefront_country_codes,
            succeededCount=extension.succeeded,
            failedCount=extension.failed,
        )
        self._notifier.send(
            app, store, "RENEWAL_EXTENSION", "SUMMARY", None, extension.identifier, summary=summary
        )


def _check(asked: Asked) -> None:
    if not _within(asked.extend_by_days, 1, MOST_DAYS):
        raise AppleError(4000009, f"extendByDays is 1 to {MOST_DAYS}.")
    if not _within(asked.extend_reason_code, 0, 3):
        raise AppleError(4000010, "extendReasonCode is 0 to 3.")
    identifier = asked.request_identifier
    if not (isinstance(identifier, str) and 0 < len(identifier) <= LONGEST_IDENTIFIER):
        raise AppleError(4000011, f"requestIdentifier has at most {LONGEST_IDENTIFIER} characters.")


def _check_for_all(asked: AskedForAll) -> None:
    if not UUID.fullmatch(asked.request_identifier):
        raise AppleError(4000011, "requestIdentifier is a UUID.")
    if not (isinstance(asked.product_id, str) and asked.product_id):
        raise AppleError(4000023, "productId is required.")
    countries = asked.storefront_country_codes
    if countries is None:
        return
    if not (isinstance(countries, list) and countries):
        raise AppleError(4000027, "Leave storefrontCountryCodes out for all of them.")
    if not all(isinstance(one, str) and COUNTRY.fullmatch(one) for one in countries):
        raise AppleError(4000028, "Storefronts are ISO 3166-1 alpha-3 codes, such as CHN.")


def _within(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
