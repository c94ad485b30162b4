"""IAP Kit, put together: purchases, notifications, the server's calls, and the customer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import msgspec
from msgspec import structs

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Handler, Request, Route
from vkpay_simulator.jws import spoilt
from vkpay_simulator.providers.base import Merchant, OrderView, RefundView, SimulatorError
from vkpay_simulator.providers.huaweiiap.accounts import App, Apps
from vkpay_simulator.providers.huaweiiap.control import Control
from vkpay_simulator.providers.huaweiiap.errors import CODES, UNREADABLE, IapError
from vkpay_simulator.providers.huaweiiap.gate import Gate, refused
from vkpay_simulator.providers.huaweiiap.history import Asked, History, Nothing
from vkpay_simulator.providers.huaweiiap.models import Purchase
from vkpay_simulator.providers.huaweiiap.notify import Notifier, spoil
from vkpay_simulator.providers.huaweiiap.orders import LookedUp, Named, Orders, Review, Span
from vkpay_simulator.providers.huaweiiap.pki import Authority
from vkpay_simulator.providers.huaweiiap.rules import Rules
from vkpay_simulator.providers.huaweiiap.sales import BY_HUAWEI, Sales

if TYPE_CHECKING:
    from vkpay_simulator.world import World

ORDER = "/order/harmony/v1/application"
_JWS = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]{86}")


class HuaweiIapSim:
    """The simulated IAP Kit. ``apps`` by merchant pid; ``rules`` may be changed at any time."""

    name: ClassVar[str] = "huaweiiap"

    def __init__(self, world: World) -> None:
        self.rules = Rules()
        self.authority = Authority(world.ids)
        self.apps = Apps(world.ids, self.authority)
        self._gate = Gate(world, self.apps)
        notifier = Notifier(world, self.authority, self.rules)
        self._sales = Sales(world, self.apps, notifier)
        self._orders = Orders(world, self.authority, self._sales)
        self._history = History(world, notifier)
        self._control = Control(self.apps, self._sales, self._orders, self.rules)

    def routes(self) -> Sequence[Route]:
        guard, orders, history = self._gate.guard, self._orders, self._history
        table: dict[str, tuple[str, Handler]] = {
            "order_status": (f"{ORDER}/order/status/query", guard(Named, orders.status)),
            "confirm": (f"{ORDER}/purchase/shipped/confirm", guard(Named, orders.confirm)),
            "lookup": ("/harmony/v1/application/order/lookup", guard(LookedUp, orders.lookup)),
            "trade_orders": (f"{ORDER}/trade/orders/query", guard(Span, orders.trades)),
            "test_notification": ("/harmony/v1/application/notifications/test", guard(Nothing, history.test)),
            "notification_history": (
                "/harmony/v1/application/notifications/query",
                guard(Asked, history.query),
            ),
            "refund_result": (
                "/post-sales/harmony/v1/transactions/refund/result",
                guard(Review, orders.review),
            ),
        }
        calls = [
            Route(method="POST", path=path, operation=f"huaweiiap.{name}", handler=handler)
            for name, (path, handler) in table.items()
        ]
        return [*calls, *self._control.routes()]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.apps.open(merchant)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        app: App = merchant.accounts[self.name]
        return {self.name: self.apps.config_row(app)}

    def subject_of(self, request: Request, operation: str) -> str | None:
        """The merchant's number of the purchase that the body names, or else Huawei's."""
        try:
            said = msgspec.json.decode(request.body, type=dict[str, Any])
        except UNREADABLE:
            return None
        named = next((said[key] for key in ("purchaseOrderId", "orderNo", "purchase") if said.get(key)), None)
        if named is None:
            return said.get("developer_payload")
        app = self._gate.claimed(request)
        one = app.store.purchases.get(str(named)) if app else None
        return (one and one.payload) or str(named)

    def error_codes(self) -> frozenset[str]:
        return CODES

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code not in CODES:
            raise SimulatorError(f"huaweiiap has no code {code!r}: use one of {', '.join(sorted(CODES))}.")
        return refused(IapError(code, "Made by a fault that was asked for."))

    def spoil_signature(self, answer: Answer) -> Answer:
        return replace(answer, body=_JWS.sub(lambda found: spoilt(found[0].decode()).encode(), answer.body))

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, body=spoil(outgoing.body))

    def orders(self) -> list[OrderView]:
        return [_view(app, one) for app, one in self._sales.every()]

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
        """``out_refund_no`` names the purchase; only ``SUCCESS`` can become of it."""
        app, one = self._sales.find(out_refund_no, pid)
        if status != "SUCCESS":
            raise SimulatorError(
                f"Huawei gives a purchase back or does not, it knows no {status!r}: SUCCESS.", 409
            )
        self._sales.give_back(app, one, BY_HUAWEI)
        return {"purchaseOrderId": one.number, "status": status}

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> NoReturn:
        raise SimulatorError(f"IAP Kit has no transfers, so no {out_bill_no!r}.", 404)

    def reset(self) -> None:
        """Purchases and notifications are forgotten; apps and keys stay."""
        self.rules.restore()
        for app in self.apps.by_pid.values():
            app.restore()

    def _not_here(self, number: str) -> SimulatorError:
        if any(number in (one.number, one.payload) for _, one in self._sales.every()):
            return SimulatorError(f"Purchase {number} was paid when it was made.", 409)
        return SimulatorError(
            f"IAP Kit knows no order {number!r} before it is bought: POST /_sim/huaweiiap/purchase with the order's "
            "number as developer_payload.",
            404,
        )


def _view(app: App, one: Purchase) -> OrderView:
    """``out_trade_no`` is Huawei's number: the merchant's stands in ``alias``."""
    return OrderView(
        provider="huaweiiap",
        pid=app.pid,
        out_trade_no=one.number,
        alias=one.payload,
        transaction_id=one.number,
        product=one.product_id,
        state=one.state,
        total_fee=one.price,
        refunded_fee=0 if one.revoked_ms is None else one.price,
        created_ms=one.bought_ms,
        paid_ms=one.bought_ms,
        notify_url=app.notify_url,
        payer=one.payer,
        refunds=_given_back(one),
        detail={"environment": one.environment, "type": one.product_type, "shipped": one.shipped},
    )


def _given_back(one: Purchase) -> tuple[RefundView, ...]:
    """Nobody but Huawei gives a purchase back, all of it; it goes by the purchase's number."""
    if one.revoked_ms is None:
        return ()
    return (
        RefundView(out_refund_no=one.number, amount=one.price, state=one.state, created_ms=one.revoked_ms),
    )
