"""Apple's App Store, simulated: its server API, its notifications, the old receipt check, and the customer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from msgspec import structs

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.jws import spoilt
from vkpay_simulator.providers.appleiap.accounts import Apps, addresses
from vkpay_simulator.providers.appleiap.control import Control
from vkpay_simulator.providers.appleiap.errors import ALL, RECEIPT_STATUSES, AppleError, unauthenticated
from vkpay_simulator.providers.appleiap.extensions import Extensions
from vkpay_simulator.providers.appleiap.gate import Gate, refusal, too_many
from vkpay_simulator.providers.appleiap.history import History
from vkpay_simulator.providers.appleiap.limits import Limits
from vkpay_simulator.providers.appleiap.notification_api import NotificationApi
from vkpay_simulator.providers.appleiap.notify import Notifier, spoil
from vkpay_simulator.providers.appleiap.numbers import Numbers
from vkpay_simulator.providers.appleiap.ocsp import OcspResponder
from vkpay_simulator.providers.appleiap.offers import Offers
from vkpay_simulator.providers.appleiap.pki import Authority
from vkpay_simulator.providers.appleiap.purchases import Purchases
from vkpay_simulator.providers.appleiap.queries import Queries
from vkpay_simulator.providers.appleiap.receipts import Receipts
from vkpay_simulator.providers.appleiap.refunds import Refunds
from vkpay_simulator.providers.appleiap.retention import Retention
from vkpay_simulator.providers.appleiap.routes import Endpoints, routes
from vkpay_simulator.providers.appleiap.rules import Rules
from vkpay_simulator.providers.appleiap.signer import Signer
from vkpay_simulator.providers.appleiap.subscriptions import Subscriptions
from vkpay_simulator.providers.appleiap.verify_receipt import VerifyReceipt, status
from vkpay_simulator.providers.appleiap.views import view
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

_JWS = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]{86}")
RETRY_MS = 1000


class AppleSim:
    """The Apple half of a simulated world. ``apps`` by merchant pid, ``rules`` may be changed at any time."""

    name: ClassVar[str] = "appleiap"

    def __init__(self, world: World) -> None:
        self._world = world
        self.rules = Rules()
        self.authority = Authority(world.ids)
        self.apps = Apps(world.ids, self.authority)
        self._limits = Limits(self.rules)
        self._signer = signer = Signer(world.clock, self.authority)
        self._receipts = Receipts(world)
        numbers = Numbers(world.ids)
        self._retention = Retention(numbers)
        notifier = Notifier(world, self.rules, signer)
        subscriptions = Subscriptions(world, self.rules, numbers, notifier)
        self._refunds = Refunds(world, subscriptions, notifier)
        self._gate = Gate(world, self.apps, self._limits, signer)
        self._control = Control(
            world,
            apps=self.apps,
            rules=self.rules,
            signer=signer,
            notifier=notifier,
            receipts=self._receipts,
            purchases=Purchases(world, numbers, subscriptions, notifier),
            subscriptions=subscriptions,
            refunds=self._refunds,
            offers=Offers(world, self.apps),
        )
        self._endpoints = Endpoints(
            queries=Queries(signer),
            history=History(signer),
            extensions=Extensions(world, subscriptions, notifier),
            notifications=NotificationApi(world, notifier),
            retention=self._retention,
            receipts=VerifyReceipt(world.clock, self._receipts),
            responder=OcspResponder(world.clock, self.authority, self.rules),
        )

    def routes(self) -> Sequence[Route]:
        return [*routes(self._gate, self._endpoints), *self._control.routes()]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.apps.open(merchant)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        return self.apps.config_row(merchant)

    def addresses(self, origin: str) -> dict[str, str]:
        """Apple has four hosts: these are the other three's places here."""
        return addresses(origin)

    def subject_of(self, request: Request, operation: str) -> str | None:
        """The token of the purchase that a path names, or else the number in it."""
        number = request.params.get("id") or request.params.get("order")
        for app in self.apps.by_pid.values():
            for store in app.stores.values():
                one = store.transactions.get(number or "")
                if one is not None and one.app_account_token:
                    return one.app_account_token
        return number

    def error_codes(self) -> frozenset[str]:
        """The API's error codes, ``401``, and ``verifyReceipt``'s statuses."""
        return ALL

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        """Raises :class:`SimulatorError` for a code that the endpoint does not have."""
        if code not in ALL:
            raise SimulatorError(f"Apple has no code {code!r}. Choose one of: {', '.join(sorted(ALL))}.")
        number = int(code)
        if (number in RECEIPT_STATUSES) != operation.endswith("verify_receipt"):
            raise SimulatorError(f"{operation} has no {code}: 21000 and above are verifyReceipt's.")
        if number in RECEIPT_STATUSES:
            return status(number, "Made by a fault that was asked for.")
        if number == 401:
            return refusal(unauthenticated("Made by a fault that was asked for."))
        if number == 4290000:
            return refusal(too_many(self._world.signing_ms() + RETRY_MS))
        return refusal(AppleError(number, "Made by a fault that was asked for."))

    def spoil_signature(self, answer: Answer) -> Answer:
        body = _JWS.sub(lambda found: spoilt(found[0].decode()).encode(), answer.body)
        return replace(answer, body=body)

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, body=spoil(outgoing.body))

    def orders(self) -> list[OrderView]:
        """Every transaction, each environment's in the order they were made."""
        return [view(*place) for place in self._control.every()]

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        raise self._not_here(out_trade_no)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        raise self._not_here(out_trade_no)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        raise self._not_here(out_trade_no)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        """``out_refund_no`` is the transaction's number: ``SUCCESS`` gives all of it back, ``CLOSED`` declines."""
        app, store, one = self._control.find(out_refund_no)
        if pid not in (None, app.pid):
            raise SimulatorError(f"The app of {pid!r} has no purchase {out_refund_no!r}.", 404)
        if status == "SUCCESS":
            self._refunds.refund(app, store, one)
        elif status == "CLOSED":
            self._refunds.decline(app, store, one)
        else:
            raise SimulatorError(
                f"Apple's refunds do not become {status!r}: SUCCESS gives the money back, CLOSED declines.",
                409,
            )
        return {"transactionId": one.transaction_id, "status": status}

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> NoReturn:
        raise SimulatorError(f"Apple has no transfers, so no {out_bill_no!r}.", 404)

    def reset(self) -> None:
        """Purchases, receipts and notifications are forgotten, rules and apps are as at the opening; keys stay."""
        self.rules.restore()
        for kept in (self._limits, self._receipts, self._retention):
            kept.clear()
        for app in self.apps.by_pid.values():
            app.restore()

    def _not_here(self, number: str) -> SimulatorError:
        made = any(one.transaction_id == number for _, _, one in self._control.every())
        if made:
            return SimulatorError(f"Transaction {number} was paid when it was made.", 409)
        return SimulatorError(
            f"The App Store knows no order {number!r} before it is bought: POST /_sim/appleiap/purchase with the "
            "order's app_account_token.",
            404,
        )
