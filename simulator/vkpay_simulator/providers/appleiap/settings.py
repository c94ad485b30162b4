"""The bodies of ``/_sim/appleiap/…``. JSON in, JSON out; unknown fields are errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.appleiap.errors import UNREADABLE
from vkpay_simulator.providers.base import SimulatorError

Environment = Literal["Production", "Sandbox"]
Type = Literal["Consumable", "Non-Consumable", "Non-Renewing Subscription", "Auto-Renewable Subscription"]
Milliunits = Annotated[int, Meta(ge=0)]
Period = Annotated[str, Meta(pattern=r"^P[1-9]\d?[DWMY]$")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object."""


class OfferSignature(Body):
    """The older signature of a promotional offer. ``timestamp`` in milliseconds."""

    key_id: str
    nonce: str
    timestamp: int
    signature: str


class OfferTaken(Body):
    """``type``: 1 introductory, 2 promotional, 3 code, 4 win-back. A ``signature`` or ``jws`` is checked as StoreKit does."""

    type: Annotated[int, Meta(ge=1, le=4)]
    identifier: str | None = None
    discount: Literal["FREE_TRIAL", "PAY_AS_YOU_GO", "PAY_UP_FRONT", "ONE_TIME"] | None = None
    period: Period | None = None
    signature: OfferSignature | None = None
    jws: str | None = None


class Bought(Body):
    """What the customer buys on the phone. ``price`` in milliunits for one piece: 6000 is 6 yuan. A product is on sale
    as soon as it is named here. ``payer`` names the customer."""

    product_id: str
    pid: str = "default"
    environment: Environment = "Sandbox"
    type: Type = "Consumable"
    price: Milliunits = 6000
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] = "CNY"
    quantity: Annotated[int, Meta(ge=1, le=10)] = 1
    app_account_token: Uuid | None = None
    payer: str = "buyer"
    storefront: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] = "CHN"
    period: Period = "P1M"
    group: str = "21000000"
    offer: OfferTaken | None = None
    family_shared: bool = False


class Named(Body):
    """Which purchase: the number of its transaction, or the app account token it was made with."""

    transaction_id: str


class Renewed(Named):
    """``billing_failure`` and ``grace_period``: the card is refused, and the App Store goes on trying."""

    outcome: Literal["success", "billing_failure", "grace_period"] = "success"


class GivenBack(Named):
    """``percentage`` in thousandths of a percent."""

    reason: Literal[0, 1] = 0
    percentage: Annotated[int, Meta(ge=1, le=100_000)] = 100_000


class AskedForUse(Named):
    reason: Literal[
        "UNINTENDED_PURCHASE", "FULFILLMENT_ISSUE", "UNSATISFIED_WITH_PURCHASE", "LEGAL", "OTHER"
    ] = "UNINTENDED_PURCHASE"


class Expired(Named):
    reason: Literal["VOLUNTARY", "BILLING_RETRY", "PRICE_INCREASE", "PRODUCT_NOT_FOR_SALE"] | None = (
        "VOLUNTARY"
    )


class Changed(Named):
    """What the customer changes about a subscription. ``price`` is one that the merchant raised, ``accepted`` or not yet."""

    auto_renew: bool | None = None
    product_id: str | None = None
    price: Milliunits | None = None
    accepted: bool = False


class Told(Body):
    """Any notification: of a transaction, or with a ``content`` (``data``, ``summary`` …) of one's own."""

    type: str
    subtype: str | None = None
    pid: str = "default"
    environment: Environment = "Sandbox"
    transaction_id: str | None = None
    content: dict[str, Any] | None = None


class SignedRequest(Body):
    """A JWS for StoreKit."""

    jws: str


class AccountChange(Body):
    """What App Store Connect knows of an app. An empty address: none is set up; ``null``: the merchant's usual one."""

    pid: str = "default"
    released: bool | None = None
    notify_url: str | msgspec.UnsetType | None = msgspec.UNSET
    sandbox_notify_url: str | msgspec.UnsetType | None = msgspec.UNSET


class RulesChange(Body):
    """As in :class:`Rules`; ``rates`` are merged into those there are."""

    rates: dict[str, Annotated[float, Meta(gt=0)]] | None = None
    rate_window_s: Annotated[int, Meta(ge=1)] | None = None
    pauses: list[Annotated[float, Meta(ge=0)]] | None = None
    ocsp: Literal["good", "revoked", "unavailable"] | None = None
    renew_automatically: bool | None = None
    sandbox_renewals: Annotated[int, Meta(ge=0)] | None = None


B = TypeVar("B", bound=Body)


def json_handler(model: type[B], act: Callable[[Request, B], Any]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(request, _read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body, type=model)
    except UNREADABLE as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error
