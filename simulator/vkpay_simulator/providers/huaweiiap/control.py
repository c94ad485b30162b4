"""``/_sim/huaweiiap/…``: the customer, and Huawei's own decisions. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request, Route
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.huaweiiap.accounts import App, Apps
from vkpay_simulator.providers.huaweiiap.errors import UNREADABLE
from vkpay_simulator.providers.huaweiiap.models import Purchase
from vkpay_simulator.providers.huaweiiap.orders import Orders
from vkpay_simulator.providers.huaweiiap.rules import Rules
from vkpay_simulator.providers.huaweiiap.sales import BY_HUAWEI, BY_USER, Sales

Text = Annotated[str, Meta(min_length=1, max_length=256)]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; unknown fields are errors."""


class Bought(Body):
    """What the customer buys in the app; ``price`` in fen for all pieces. ``product_type``: 0 consumable, 1 non-consumable,
    3 non-renewing subscription. A product is on sale as soon as it is named here."""

    product_id: Text
    price: Annotated[int, Meta(ge=0)]
    pid: str = "default"
    product_type: Literal["0", "1", "3"] = "0"
    quantity: Annotated[int, Meta(ge=1)] = 1
    developer_payload: Text | None = None
    environment: Literal["NORMAL", "SANDBOX"] = "NORMAL"
    payer: str = "buyer"


class Named(Body):
    """Which purchase: its ``purchaseOrderId``, or the ``developerPayload`` it was made with."""

    purchase: str


class GivenBack(Named):
    """``by_user``: the customer asked for it."""

    by_user: bool = True


class Wished(Named):
    reason: Literal[
        "LEGAL", "UNINTENDED_PURCHASE", "UNSATISFIED_WITH_PURCHASE", "FULFILLMENT_ISSUE", "OTHER"
    ] = "UNINTENDED_PURCHASE"


class AccountChange(Body):
    """``notify_url``: what AppGallery Connect was told; empty for the merchant's usual one."""

    pid: str = "default"
    activated: bool | None = None
    notify_url: str | None = None


class RulesChange(Body):
    """As in :class:`Rules`."""

    pauses: list[Annotated[float, Meta(ge=0)]] | None = None


B = TypeVar("B", bound=Body)


class Control:
    """The handlers."""

    def __init__(self, apps: Apps, sales: Sales, orders: Orders, rules: Rules) -> None:
        self._apps = apps
        self._sales = sales
        self._orders = orders
        self._rules = rules

    def routes(self) -> list[Route]:
        handlers = {
            "purchase": json_handler(Bought, self._purchase),
            "device": json_handler(Named, self._device),
            "refund": json_handler(GivenBack, self._refund),
            "request-refund": json_handler(Wished, self._wish),
            "account": json_handler(AccountChange, self._account),
            "rules": json_handler(RulesChange, self._change_rules),
        }
        return [
            Route(
                method="POST", path=f"/_sim/huaweiiap/{name}", operation=f"huaweiiap.{name}", handler=handler
            )
            for name, handler in handlers.items()
        ]

    def _purchase(self, body: Bought) -> dict[str, Any]:
        app = self._apps.of(body.pid)
        one = self._sales.buy(
            app,
            product_id=body.product_id,
            product_type=body.product_type,
            price=body.price,
            quantity=body.quantity,
            payload=body.developer_payload,
            environment=body.environment,
            payer=body.payer,
        )
        return self._on_device(app, one)

    def _device(self, body: Named) -> dict[str, Any]:
        return self._on_device(*self._sales.find(body.purchase))

    def _refund(self, body: GivenBack) -> dict[str, Any]:
        app, one = self._sales.find(body.purchase)
        self._sales.give_back(app, one, BY_USER if body.by_user else BY_HUAWEI)
        return self._on_device(app, one)

    def _wish(self, body: Wished) -> dict[str, Any]:
        app, one = self._sales.find(body.purchase)
        return {"refundBatchNo": self._sales.wish(app, one, body.reason).batch}

    def _account(self, body: AccountChange) -> dict[str, Any]:
        app = self._apps.of(body.pid)
        if body.activated is not None:
            app.activated = body.activated
        if body.notify_url is not None:
            app.own_url = body.notify_url or None
        return {
            "pid": app.pid,
            "app_id": app.app_id,
            "activated": app.activated,
            "notify_url": app.notify_url,
        }

    def _change_rules(self, body: RulesChange) -> dict[str, Any]:
        if body.pauses is not None:
            self._rules.pauses = tuple(body.pauses)
        return {"pauses": self._rules.pauses}

    def _on_device(self, app: App, one: Purchase) -> dict[str, Any]:
        """What the app on the phone has of a purchase."""
        return {
            "purchaseOrderId": one.number,
            "purchaseToken": one.token,
            "state": one.state,
            "jwsPurchaseOrder": self._orders.signed(app, one),
        }


def json_handler(model: type[B], act: Callable[[B], dict[str, Any]]) -> Handler:
    """A handler that reads a body of the model and answers with what ``act`` gives."""

    def handle(request: Request) -> Answer:
        try:
            return _answer(act(_read(request, model)), 200)
        except SimulatorError as error:
            return _answer({"error": str(error)}, error.status)

    return handle


def _read(request: Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(request.body, type=model)
    except UNREADABLE as error:
        known = ", ".join(model.__struct_fields__)
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error


def _answer(value: object, status: int) -> Answer:
    headers = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)
