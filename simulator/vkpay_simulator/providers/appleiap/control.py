"""The customer, and Apple's own decisions, played by the control API: ``POST /_sim/appleiap/…``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.exchange import Request, Route
from vkpay_simulator.providers.appleiap import payloads, settings
from vkpay_simulator.providers.appleiap.accounts import App, Apps
from vkpay_simulator.providers.appleiap.models import (
    PRODUCTION,
    SANDBOX,
    Offer,
    Product,
    Store,
    Subscription,
    Transaction,
)
from vkpay_simulator.providers.appleiap.notify import Notifier
from vkpay_simulator.providers.appleiap.offers import Offers
from vkpay_simulator.providers.appleiap.purchases import Purchases
from vkpay_simulator.providers.appleiap.receipts import Receipts
from vkpay_simulator.providers.appleiap.refunds import Refunds
from vkpay_simulator.providers.appleiap.routes import route
from vkpay_simulator.providers.appleiap.rules import RATES, Rules
from vkpay_simulator.providers.appleiap.signer import Signer
from vkpay_simulator.providers.appleiap.subscriptions import Subscriptions
from vkpay_simulator.providers.base import SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

DEVICE = {
    "deviceVerification": "c2ltdWxhdGVkIGRldmljZQ==",
    "deviceVerificationNonce": "1f7e6f3a-2f0b-4a5e-8d0a-5f0e4c3b2a19",
}
Found = tuple[App, Store, Transaction]


class Control:
    """The handlers of ``/_sim/appleiap/``."""

    def __init__(
        self,
        world: World,
        *,
        apps: Apps,
        rules: Rules,
        signer: Signer,
        notifier: Notifier,
        receipts: Receipts,
        purchases: Purchases,
        subscriptions: Subscriptions,
        refunds: Refunds,
        offers: Offers,
    ) -> None:
        self._clock = world.clock
        self._apps = apps
        self._rules = rules
        self._signer = signer
        self._notifier = notifier
        self._receipts = receipts
        self._purchases = purchases
        self._subscriptions = subscriptions
        self._refunds = refunds
        self._offers = offers

    def routes(self) -> list[Route]:
        handler = settings.json_handler
        table = {
            "purchase": handler(settings.Bought, self.purchase),
            "device": handler(settings.Named, self.device),
            "renew": handler(settings.Renewed, self.renew),
            "refund": handler(settings.GivenBack, self.refund),
            "reverse-refund": handler(settings.Named, self.reverse),
            "decline-refund": handler(settings.Named, self.decline),
            "ask-consumption": handler(settings.AskedForUse, self.ask),
            "revoke": handler(settings.Named, self.revoke),
            "expire": handler(settings.Expired, self.expire),
            "change": handler(settings.Changed, self.change),
            "notify": handler(settings.Told, self.notify),
            "storekit": handler(settings.SignedRequest, self.storekit),
            "account": handler(settings.AccountChange, self.account),
            "rules": handler(settings.RulesChange, self.rules),
        }
        return [route("POST", f"/_sim/appleiap/{name}", name, act) for name, act in table.items()]

    def purchase(self, request: Request, body: settings.Bought) -> dict[str, Any]:
        self._signer.origin = request.origin
        app = self._apps.of(body.pid)
        store = app.stores[body.environment]
        if body.environment == PRODUCTION and not app.released:
            raise SimulatorError(f"{app.bundle_id} was never released: buy in the Sandbox.", 409)
        self._offers.check(app, body)
        product = Product(
            product_id=body.product_id,
            type=body.type,
            price=body.price,
            currency=body.currency,
            period=body.period,
            group=body.group,
        )
        one = self._purchases.buy(
            app,
            store,
            self._purchases.customer(store, body.payer, body.storefront),
            product,
            quantity=body.quantity,
            token=body.app_account_token and body.app_account_token.lower(),
            offer=_offer(body.offer),
            shared=body.family_shared,
        )
        return self._on_device(app, store, one)

    def device(self, _request: Request, body: settings.Named) -> dict[str, Any]:
        """What the app on the phone has of a purchase: also of one made before."""
        return self._on_device(*self.find(body.transaction_id))

    def renew(self, _request: Request, body: settings.Renewed) -> dict[str, Any]:
        app, store, one = self.find(body.transaction_id)
        subscription = _subscription(one)
        if body.outcome == "success":
            self._subscriptions.renew(app, store, subscription)
        else:
            self._subscriptions.fail(app, store, subscription, grace=body.outcome == "grace_period")
        return self._on_device(app, store, subscription.latest)

    def refund(self, _request: Request, body: settings.GivenBack) -> dict[str, Any]:
        app, store, one = self.find(body.transaction_id)
        self._refunds.refund(app, store, one, reason=body.reason, percentage=body.percentage)
        return self._shown(app, store, one)

    def reverse(self, _request: Request, body: settings.Named) -> dict[str, Any]:
        found = self.find(body.transaction_id)
        self._refunds.reverse(*found)
        return self._shown(*found)

    def decline(self, _request: Request, body: settings.Named) -> dict[str, Any]:
        found = self.find(body.transaction_id)
        self._refunds.decline(*found)
        return self._shown(*found)

    def ask(self, _request: Request, body: settings.AskedForUse) -> dict[str, Any]:
        found = self.find(body.transaction_id)
        self._refunds.ask(*found, body.reason)
        return self._shown(*found)

    def revoke(self, _request: Request, body: settings.Named) -> dict[str, Any]:
        found = self.find(body.transaction_id)
        self._refunds.revoke(*found)
        return self._shown(*found)

    def expire(self, _request: Request, body: settings.Expired) -> dict[str, Any]:
        app, store, one = self.find(body.transaction_id)
        self._subscriptions.expire(app, store, _subscription(one), body.reason)
        return self._shown(app, store, one)

    def change(self, _request: Request, body: settings.Changed) -> dict[str, Any]:
        app, store, one = self.find(body.transaction_id)
        subscription = _subscription(one)
        if body.auto_renew is not None:
            self._subscriptions.set_auto_renew(app, store, subscription, body.auto_renew)
        if body.product_id is not None:
            product = replace(subscription.next_product, product_id=body.product_id)
            self._subscriptions.choose(app, store, subscription, product)
        if body.price is not None:
            self._subscriptions.raise_price(app, store, subscription, body.price, accepted=body.accepted)
        return self._shown(app, store, one)

    def notify(self, _request: Request, body: settings.Told) -> dict[str, Any]:
        if body.transaction_id is not None:
            app, store, one = self.find(body.transaction_id)
            sent = self._notifier.about(app, store, one, body.type, body.subtype, **(body.content or {}))
        else:
            app = self._apps.of(body.pid)
            store = app.stores[body.environment]
            content = body.content or {"data": self._notifier.app_data(app, store)}
            sent = self._notifier.send(app, store, body.type, body.subtype, None, body.type, **content)
        if sent is None:
            raise SimulatorError("The app has no address for notifications: set one with account.", 409)
        return {"delivery": sent.delivery, "signedPayload": sent.signed_payload}

    def storekit(self, _request: Request, body: settings.SignedRequest) -> dict[str, Any]:
        """The claims of a signed request, if StoreKit would take it."""
        return self._offers.claims(body.jws)

    def account(self, _request: Request, body: settings.AccountChange) -> dict[str, Any]:
        app = self._apps.of(body.pid)
        if body.released is not None:
            app.released = body.released
        for environment, url in ((PRODUCTION, body.notify_url), (SANDBOX, body.sandbox_notify_url)):
            if url is None:
                app.notify_urls.pop(environment, None)
            elif url is not msgspec.UNSET:
                app.notify_urls[environment] = str(url)
        return {
            "pid": app.pid,
            "bundle_id": app.bundle_id,
            "app_apple_id": app.app_apple_id,
            "released": app.released,
            "notify_url": app.notify_url(PRODUCTION),
            "sandbox_notify_url": app.notify_url(SANDBOX),
        }

    def rules(self, _request: Request, body: settings.RulesChange) -> dict[str, Any]:
        rules = self._rules
        if unknown := sorted((body.rates or {}).keys() - RATES.keys()):
            raise SimulatorError(f"No rate for {', '.join(unknown)}: there are {', '.join(sorted(RATES))}.")
        rules.rates |= body.rates or {}
        for name in ("rate_window_s", "pauses", "ocsp", "renew_automatically", "sandbox_renewals"):
            value = getattr(body, name)
            if value is not None:
                setattr(rules, name, value)
        return {name: getattr(rules, name) for name in Rules.__slots__}

    def find(self, number: str) -> Found:
        """A purchase by its transaction's number or its token. Raises :class:`SimulatorError` (404)."""
        found = [place for place in self.every() if number == place[2].transaction_id]
        found = found or [place for place in self.every() if number.lower() == place[2].app_account_token]
        if not found:
            raise SimulatorError(
                f"The App Store knows no purchase {number!r}: make one with POST /_sim/appleiap/purchase.",
                404,
            )
        return found[-1]

    def every(self) -> Iterator[Found]:
        for app in self._apps.by_pid.values():
            for store in app.stores.values():
                for one in store.transactions.values():
                    yield app, store, one

    def _on_device(self, app: App, store: Store, one: Transaction) -> dict[str, Any]:
        shown = self._shown(app, store, one) | {
            "signedTransaction": self._signer.transaction(app, store, one, **DEVICE),
            "signedAppTransaction": self._signer.app_transaction(app, store, one.customer, **DEVICE),
            "appReceipt": self._receipts.app_receipt(app, store, one.customer),
            "transactionReceipt": self._receipts.transaction_receipt(app, store, one),
        }
        if one.subscription is not None:
            shown["signedRenewalInfo"] = self._signer.renewal(store, one.subscription)
        return shown

    def _shown(self, app: App, store: Store, one: Transaction) -> dict[str, Any]:
        return {
            "transactionId": one.transaction_id,
            "originalTransactionId": one.original_transaction_id,
            "orderId": one.order_id,
            "consumption": one.consumption,
            "transaction": payloads.transaction(app, store, one, self._clock.now()),
        }


def _offer(taken: settings.OfferTaken | None) -> Offer | None:
    if taken is None:
        return None
    return Offer(type=taken.type, identifier=taken.identifier, discount=taken.discount, period=taken.period)


def _subscription(one: Transaction) -> Subscription:
    if one.subscription is None:
        raise SimulatorError(
            f"Transaction {one.transaction_id} is a {one.product.type}: this is for Auto-Renewable Subscriptions.",
            409,
        )
    return one.subscription
