"""Transactions one by one: https://developer.apple.com/documentation/appstoreserverapi/get-transaction-info"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from vkpay_simulator.providers.appleiap import lookups
from vkpay_simulator.providers.appleiap.errors import AppleError
from vkpay_simulator.providers.appleiap.gate import Call, Reply
from vkpay_simulator.providers.appleiap.models import FAMILY_SHARED, Subscription
from vkpay_simulator.providers.appleiap.signer import Signer

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
STATUSES = frozenset("12345")


class NewToken(msgspec.Struct, kw_only=True):
    app_account_token: Any = msgspec.field(default=None, name="appAccountToken")


class Queries:
    """Each method is an endpoint."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def transaction(self, call: Call) -> Reply:
        one = lookups.transaction(call, call.param("id"))
        return Reply({"signedTransactionInfo": self._signer.transaction(call.app, call.store, one)})

    def app_transaction(self, call: Call) -> Reply:
        customer = lookups.customer(call, call.param("id"))
        signed = self._signer.app_transaction(call.app, call.store, customer)
        return Reply({"signedAppTransactionInfo": signed})

    def statuses(self, call: Call) -> Reply:
        wanted = call.query.get("status", [])
        if unknown := set(wanted) - STATUSES:
            raise AppleError(4000031, f"status {', '.join(sorted(unknown))}: it is 1 to 5.")
        customer = lookups.customer(call, call.param("id"))
        groups: dict[str, list[dict[str, Any]]] = {}
        for one in customer.subscriptions:
            if not wanted or str(one.status) in wanted:
                groups.setdefault(one.latest.product.group, []).append(self._last(call, one))
        data = [
            {"subscriptionGroupIdentifier": group, "lastTransactions": last} for group, last in groups.items()
        ]
        return Reply({**about_app(call), "data": data})

    def lookup(self, call: Call) -> Reply:
        if call.store.sandbox:
            raise AppleError(None, "Orders are looked up in production only.", status=404)
        found = call.store.orders.get(call.param("order"), [])
        if not found:
            return Reply({"status": 1})
        signed = [self._signer.transaction(call.app, call.store, one) for one in found]
        return Reply({"status": 0, "signedTransactions": signed})

    def finish(self, call: Call) -> Reply:
        one = lookups.transaction(call, call.param("id"))
        if not one.finished:
            one.finished = True
            call.store.touch(one)
        return Reply(None)

    def set_token(self, call: Call) -> Reply:
        token = call.body(NewToken).app_account_token
        if not (isinstance(token, str) and UUID.fullmatch(token)):
            raise AppleError(4000183, "appAccountToken has to be a UUID.")
        number = lookups.checked(call.param("id"))
        one = call.store.transactions.get(number)
        if one is None:
            absent = call.store.customer_of(number) is None
            raise AppleError(4040005 if absent else 4000048, lookups.elsewhere(call, number))
        if one.original_transaction_id != number:
            raise AppleError(4000187, f"The original number is {one.original_transaction_id}.")
        if one.ownership == FAMILY_SHARED:
            raise AppleError(4000185)
        for same in one.customer.transactions:
            if same.original_transaction_id == number:
                same.app_account_token = token.lower()
                call.store.touch(same)
        return Reply(None)

    def _last(self, call: Call, one: Subscription) -> dict[str, Any]:
        return {
            "status": one.status,
            "originalTransactionId": one.original_transaction_id,
            "signedTransactionInfo": self._signer.transaction(call.app, call.store, one.latest),
            "signedRenewalInfo": self._signer.renewal(call.store, one),
        }


def about_app(call: Call) -> dict[str, Any]:
    return {
        "environment": call.store.environment,
        "bundleId": call.app.bundle_id,
        "appAppleId": call.app.app_apple_id,
    }
