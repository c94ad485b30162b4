"""What the merchant says about the use of a purchase: https://developer.apple.com/documentation/appstoreserverapi/send-consumption-information"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_simulator.providers.appleiap import lookups
from vkpay_simulator.providers.appleiap.errors import UNREADABLE, AppleError
from vkpay_simulator.providers.appleiap.gate import Call, Reply
from vkpay_simulator.providers.appleiap.models import (
    AUTO_RENEWABLE,
    CONSUMABLE,
    FAMILY_SHARED,
    Transaction,
)
from vkpay_simulator.providers.appleiap.queries import UUID

ACCEPTED = 202
WHOLE = 100_000
DELIVERIES = frozenset(
    {
        "DELIVERED",
        "UNDELIVERED_QUALITY_ISSUE",
        "UNDELIVERED_WRONG_ITEM",
        "UNDELIVERED_SERVER_OUTAGE",
        "UNDELIVERED_OTHER",
    }
)
PREFERENCES = frozenset({"DECLINE", "GRANT_FULL", "GRANT_PRORATED"})

# Version 1: each number's highest value and the error when it is none.
OLD_NUMBERS = {
    "consumptionStatus": (3, 4000034),
    "platform": (2, 4000039),
    "deliveryStatus": (5, 4000036),
    "accountTenure": (7, 4000032),
    "playTime": (7, 4000040),
    "lifetimeDollarsPurchased": (7, 4000037),
    "lifetimeDollarsRefunded": (7, 4000038),
    "userStatus": (4, 4000042),
}

Fields = dict[str, Any]


def _body(call: Call) -> Fields:
    try:
        return msgspec.json.decode(call.request.body, type=dict[str, Any])
    except UNREADABLE as error:
        raise AppleError(None, f"The body cannot be read: {error}.", status=400) from error


def send(call: Call) -> Reply:
    """Version 2, for every kind of product."""
    one = lookups.transaction(call, call.param("id"))
    if one.ownership == FAMILY_SHARED:
        raise AppleError(4000185)
    fields = _body(call)
    if fields.get("customerConsented") is not True:
        raise AppleError(4000035, "Without the customer's consent nothing may be sent.")
    if not isinstance(fields.get("sampleContentProvided"), bool):
        raise AppleError(4000041, "sampleContentProvided is true or false.")
    if fields.get("deliveryStatus") not in DELIVERIES:
        raise AppleError(4000036, f"deliveryStatus is one of {', '.join(sorted(DELIVERIES))}.")
    if fields.get("refundPreference") not in (None, *PREFERENCES):
        raise AppleError(4000044, f"refundPreference is one of {', '.join(sorted(PREFERENCES))}.")
    _check_percentage(one, fields)
    return _kept(one, fields)


def send_old(call: Call) -> Reply:
    """Version 1, for consumables and auto-renewable subscriptions."""
    one = lookups.transaction(call, call.param("id"))
    if one.product.type not in (CONSUMABLE, AUTO_RENEWABLE):
        raise AppleError(4000047, f"Version 1 does not take a {one.product.type}.")
    fields = _body(call)
    if fields.get("customerConsented") is not True:
        raise AppleError(4000035, "Without the customer's consent nothing may be sent.")
    token = fields.get("appAccountToken")
    if not isinstance(token, str) or (token and not UUID.fullmatch(token)):
        raise AppleError(4000033, "appAccountToken is a UUID or an empty text.")
    if not isinstance(fields.get("sampleContentProvided"), bool):
        raise AppleError(4000041, "sampleContentProvided is true or false.")
    for name, (most, code) in OLD_NUMBERS.items():
        if not _number(fields.get(name), most):
            raise AppleError(code, f"{name} is required, 0 to {most}.")
    if "refundPreference" in fields and not _number(fields["refundPreference"], 3):
        raise AppleError(4000044, "refundPreference is 0 to 3.")
    return _kept(one, fields)


def _check_percentage(one: Transaction, fields: Fields) -> None:
    """Two of these errors have no known code: like a body that cannot be read they come without any."""
    percentage = fields.get("consumptionPercentage")
    if percentage is None:
        return
    if one.product.type == AUTO_RENEWABLE:
        raise AppleError(4000209, "Apple knows how much of a subscription's period has passed.")
    if not _number(percentage, WHOLE):
        raise AppleError(None, f"consumptionPercentage is 0 to {WHOLE}.", status=400)
    if percentage and fields["deliveryStatus"] != "DELIVERED":
        raise AppleError(None, "What was not delivered cannot have been used: send 0.", status=400)
    if fields.get("refundPreference") == "GRANT_PRORATED" and not 0 < percentage < WHOLE:
        raise AppleError(None, "GRANT_PRORATED asks for a percentage between 0 and the whole.", status=400)


def _number(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _kept(one: Transaction, fields: Fields) -> Reply:
    one.consumption = fields
    return Reply(None, ACCEPTED)
