"""What a customer bought, page by page: https://developer.apple.com/documentation/appstoreserverapi/get-transaction-history

A ``revision`` holds the change that a page ended with: what changed afterwards comes on later pages, also when it stood
on an earlier one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from vkpay_simulator.providers.appleiap import lookups
from vkpay_simulator.providers.appleiap.errors import AppleError
from vkpay_simulator.providers.appleiap.gate import Call, Reply
from vkpay_simulator.providers.appleiap.models import (
    AUTO_RENEWABLE,
    CONSUMABLE,
    FAMILY_SHARED,
    NON_CONSUMABLE,
    NON_RENEWING,
    PURCHASED,
    Transaction,
)
from vkpay_simulator.providers.appleiap.queries import about_app
from vkpay_simulator.providers.appleiap.signer import Signer

PAGE, OLD_REFUNDS = 20, 50
TYPE_NAMES = {
    "AUTO_RENEWABLE": AUTO_RENEWABLE,
    "NON_RENEWABLE": NON_RENEWING,
    "CONSUMABLE": CONSUMABLE,
    "NON_CONSUMABLE": NON_CONSUMABLE,
}
OWNERSHIPS = frozenset({PURCHASED, FAMILY_SHARED})
LONGEST_FILTER = 255
_MARK = "vkrev1:"

Filter = Callable[[Transaction], bool]


def token_of(position: int) -> str:
    """An opaque text for a place in an order."""
    return base64.urlsafe_b64encode(f"{_MARK}{position}".encode()).decode().rstrip("=")


def position_of(token: str, code: int) -> int:
    """Raises :class:`AppleError` for a text that was not given out here."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    number = text.removeprefix(_MARK)
    if number == text or not (number.isascii() and number.isdigit()) or len(number) > LONGEST_FILTER:
        raise AppleError(code, "Give the text back as it came with the page before.")
    return int(number)


class History:
    """Each method is an endpoint."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def newest(self, call: Call) -> Reply:
        return self._history(call, lambda _: True)

    def oldest(self, call: Call) -> Reply:
        """Version 1 leaves out consumables that the app has dealt with."""
        return self._history(
            call,
            lambda one: one.product.type != CONSUMABLE or not one.finished or one.revocation is not None,
        )

    def refunds(self, call: Call) -> Reply:
        customer = lookups.customer(call, call.param("id"))
        found = sorted(
            (one for one in customer.transactions if one.revocation is not None and one.revocation.refund),
            key=lambda one: one.revocation.at_ms if one.revocation else 0,
        )
        revision = call.one("revision")
        begun = position_of(revision, 4000005) if revision else 0
        page = found[begun : begun + PAGE]
        end = begun + len(page)
        return Reply({**self._signed(call, page), "revision": token_of(end), "hasMore": end < len(found)})

    def old_refunds(self, call: Call) -> Reply:
        one = lookups.original(call, call.param("id"), malformed=4000008)
        found = [one for one in one.customer.transactions if one.revocation and one.revocation.refund]
        return Reply(self._signed(call, found[:OLD_REFUNDS]))

    def _history(self, call: Call, shown: Filter) -> Reply:
        filters = [shown, *_filters(call)]
        descending = _sort(call) == "DESCENDING"
        revision = call.one("revision")
        after = position_of(revision, 4000005) if revision else None
        customer = lookups.customer(call, call.param("id"))
        found = [
            one
            for one in customer.transactions
            if all(holds(one) for holds in filters) and _beyond(one, after, descending)
        ]
        found.sort(key=lambda one: one.changed, reverse=descending)
        page = found[:PAGE]
        end = page[-1].changed if page else after if after is not None else call.store.changes
        return Reply(
            {
                "revision": token_of(end),
                "hasMore": len(found) > PAGE,
                **about_app(call),
                **self._signed(call, page),
            }
        )

    def _signed(self, call: Call, page: list[Transaction]) -> dict[str, Any]:
        return {"signedTransactions": [self._signer.transaction(call.app, call.store, one) for one in page]}


def _beyond(one: Transaction, after: int | None, descending: bool) -> bool:
    if after is None:
        return True
    return one.changed < after if descending else one.changed > after


def _sort(call: Call) -> str:
    sort = call.one("sort") or "ASCENDING"
    if sort not in ("ASCENDING", "DESCENDING"):
        raise AppleError(4000021, f"sort {sort[:40]!r}: it is ASCENDING or DESCENDING.")
    return sort


def _filters(call: Call) -> list[Filter]:
    start, end = _moment(call, "startDate", 4000015), _moment(call, "endDate", 4000016)
    kinds = _named(call, "productType", 4000022, frozenset(TYPE_NAMES))
    ownership = _named(call, "inAppOwnershipType", 4000026, OWNERSHIPS)
    products = _texts(call, "productId", 4000023)
    groups = _texts(call, "subscriptionGroupIdentifier", 4000024)
    revoked = _flag(call, "revoked", 4000030)
    if _flag(call, "excludeRevoked", 4000025):
        revoked = False
    types = {TYPE_NAMES[kind] for kind in kinds}
    filters: list[tuple[object, Filter]] = [
        (start is not None, lambda one: one.purchase_ms >= (start or 0)),
        (end is not None, lambda one: one.purchase_ms < (end or 0)),
        (types, lambda one: one.product.type in types),
        (ownership, lambda one: one.ownership in ownership),
        (products, lambda one: one.product.product_id in products),
        (groups, lambda one: one.product.type == AUTO_RENEWABLE and one.product.group in groups),
        (revoked is not None, lambda one: (one.revocation is not None) is revoked),
    ]
    return [holds for wanted, holds in filters if wanted]


def _moment(call: Call, name: str, code: int) -> int | None:
    text = call.one(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise AppleError(code, f"{name} {text[:40]!r} is no time in milliseconds.")
    return int(text)


def _named(call: Call, name: str, code: int, known: frozenset[str]) -> list[str]:
    given = call.query.get(name, [])
    if unknown := set(given) - known:
        raise AppleError(
            code, f"{name} {sorted(unknown)[0][:40]!r}: it is one of {', '.join(sorted(known))}."
        )
    return given


def _texts(call: Call, name: str, code: int) -> list[str]:
    given = call.query.get(name, [])
    if any(not text or len(text) > LONGEST_FILTER for text in given):
        raise AppleError(code, f"{name} is empty or too long.")
    return given


def _flag(call: Call, name: str, code: int) -> bool | None:
    """Apple's own Python client writes ``True``."""
    text = call.one(name)
    if text is None:
        return None
    if text.lower() not in ("true", "false"):
        raise AppleError(code, f"{name} {text[:40]!r}: it is true or false.")
    return text.lower() == "true"
