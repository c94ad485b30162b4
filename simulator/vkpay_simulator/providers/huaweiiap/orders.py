"""Purchases as the merchant's server asks for them, and the delivery that it confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vkpay_simulator.providers.huaweiiap.accounts import App
from vkpay_simulator.providers.huaweiiap.errors import (
    FAILED,
    NOT_FOUND,
    NOT_OWNED,
    SHIPPED_BEFORE,
    IapError,
)
from vkpay_simulator.providers.huaweiiap.models import NORMAL, Purchase
from vkpay_simulator.providers.huaweiiap.pki import Authority
from vkpay_simulator.providers.huaweiiap.sales import BY_USER, Sales

if TYPE_CHECKING:
    from vkpay_simulator.world import World

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PAGE = 100
AGREE = 1


class Camel(msgspec.Struct, kw_only=True, rename="camel"):
    """A body; what is unknown in it is left alone."""


class Named(Camel):
    purchase_order_id: str
    purchase_token: str


class LookedUp(Camel):
    order_no: str


class Span(Camel):
    start_time: int
    end_time: int
    continuation_token: str | None = None


class Reviewed(Camel):
    purchase_order_id: str
    pay_money: Any = None
    refund_money: Any = None


class Review(Camel):
    """``review_type``: 1 agrees, 2 refuses."""

    review_type: int
    refund_batch_no: str
    notify_time: int
    application_id: str
    review_result_list: list[Reviewed]
    remark: str | None = None


class Orders:
    """The calls about purchases."""

    def __init__(self, world: World, authority: Authority, sales: Sales) -> None:
        self._world = world
        self._authority = authority
        self._sales = sales

    def status(self, app: App, asked: Named) -> dict[str, Any]:
        one = _named(app, asked)
        return {"jwsPurchaseOrder": self.signed(app, one)}

    def confirm(self, app: App, asked: Named) -> dict[str, Any]:
        one = _named(app, asked)
        if one.shipped:
            raise IapError(SHIPPED_BEFORE, f"The delivery of {one.number} was confirmed before.")
        one.shipped = True
        return {}

    def lookup(self, app: App, asked: LookedUp) -> dict[str, Any]:
        one = app.store.purchases.get(asked.order_no)
        return {"orderStatus": 0 if one is None or one.revoked_ms is not None else 1}

    def trades(self, app: App, asked: Span) -> dict[str, Any]:
        """Purchases by when they were made, refunds by when the money went back; money of the sandbox is none."""
        now = self._world.clock.now()
        if not 0 < asked.end_time - asked.start_time <= 48 * HOUR_MS or asked.start_time < now - 180 * DAY_MS:
            raise IapError(FAILED, "startTime and endTime are at most 48 hours apart and 180 days back.")
        rows = [
            row
            for one in app.store.purchases.values()
            if one.environment == NORMAL
            for at, row in _rows(app, one)
            if asked.start_time <= at < asked.end_time
        ]
        return page_of(rows, asked.continuation_token, "orderInfoList")

    def review(self, app: App, asked: Review) -> dict[str, Any]:
        """The merchant's word on a customer's wish: where it agrees, Huawei gives the money back."""
        wish = app.store.wishes.pop(asked.refund_batch_no, None)
        if wish is None:
            raise IapError(NOT_FOUND, f"No refund {asked.refund_batch_no!r} waits for an answer.")
        if asked.review_type == AGREE and wish.purchase.revoked_ms is None:
            self._sales.give_back(app, wish.purchase, BY_USER)
        return {"returnCode": "0", "subErrCode": "200"}

    def signed(self, app: App, one: Purchase) -> str:
        return self._authority.sign(one.order(app.app_id, self._world.clock.now()))


def page_of(rows: list[dict[str, Any]], token: str | None, name: str) -> dict[str, Any]:
    """One page of a list, and the token of the next."""
    if token is not None and not token.isdecimal():
        raise IapError(FAILED, f"continuationToken {token!r} is none of ours.")
    start = int(token or 0)
    page: dict[str, Any] = {name: rows[start : start + PAGE]}
    if len(rows) > start + PAGE:
        page["continuationToken"] = str(start + PAGE)
    return page


def _named(app: App, asked: Named) -> Purchase:
    one = app.store.purchases.get(asked.purchase_order_id)
    if one is None:
        raise IapError(NOT_FOUND, f"The app of {app.pid} has no purchase {asked.purchase_order_id!r}.")
    if one.token != asked.purchase_token:
        raise IapError(NOT_OWNED, f"The token is not that of {one.number}.")
    return one


def _rows(app: App, one: Purchase) -> list[tuple[int, dict[str, Any]]]:
    common = {
        "requestId": one.number,
        "country": "CN",
        "applicationId": app.app_id,
        "orderTime": one.bought_ms,
        "tradeTime": one.bought_ms,
        "productId": one.product_id,
        "productName": one.product_id,
        "payMoney": one.yuan,
        "couponAmt": "0",
        "currency": one.currency,
        "tradeState": 0,
    }
    rows = [(one.bought_ms, common | {"tradeType": "PURCHASE"})]
    if one.revoked_ms is not None:
        back = {"tradeType": "REFUND", "refundTime": one.revoked_ms, "refundMoney": one.yuan}
        rows.append((one.revoked_ms, common | back | {"tradeTime": one.revoked_ms}))
    return rows
