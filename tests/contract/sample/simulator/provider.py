"""SamplePay's server: JSON over HTTP, every body signed with HMAC-SHA256 in both directions."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs
from multidict import CIMultiDict

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.exchange import Answer, Handler, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.states import States

if TYPE_CHECKING:
    from vkpay_simulator.world import World

ORDERS = "/sample/orders"
SIGNATURE = "Sample-Signature"
PAUSES = (15, 60, 600)
STATES = States({"WAITING": {"PAID", "CLOSED"}, "PAID": set(), "CLOSED": set()})
CODES = {
    "BAD_SIGNATURE": 401,
    "BAD_REQUEST": 400,
    "NO_SUCH": 404,
    "WRONG_STATE": 409,
    "TOO_MUCH": 409,
    "SYSTEM_ERROR": 500,
}


class Refusal(Exception):
    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(slots=True, kw_only=True)
class Shop:
    pid: str
    number: str
    key: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Order:
    """``refunds`` by the merchant's number. Amounts in fen."""

    shop: Shop
    out_trade_no: str
    total: int
    notify_url: str
    created_ms: int
    state: str = "WAITING"
    number: str | None = None
    paid_ms: int | None = None
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def refunded(self) -> int:
        return sum(refund["amount"] for refund in self.refunds.values())

    def shown(self) -> dict[str, Any]:
        return {
            "out_trade_no": self.out_trade_no,
            "state": self.state,
            "total": self.total,
            "shop": self.shop.number,
            "number": self.number,
            "paid_at": self.paid_ms,
        }

    def view(self) -> OrderView:
        return OrderView(
            provider="samplepay",
            pid=self.shop.pid,
            out_trade_no=self.out_trade_no,
            transaction_id=self.number,
            product="code",
            state=self.state,
            total_fee=self.total,
            refunded_fee=self.refunded,
            created_ms=self.created_ms,
            paid_ms=self.paid_ms,
            notify_url=self.notify_url,
            payer=None,
        )


Work = Callable[[Shop, Request, dict[str, Any]], dict[str, Any]]


class SampleSim:
    """The SamplePay half of a simulated world."""

    name: ClassVar[str] = "samplepay"

    def __init__(self, world: World) -> None:
        self._world = world
        self._shops: dict[str, Shop] = {}
        self._orders: dict[tuple[str, str], Order] = {}

    def routes(self) -> Sequence[Route]:
        one = ORDERS + "/{out_trade_no}"
        table: list[tuple[str, str, str, Work]] = [
            ("POST", ORDERS, "create", self._create),
            ("GET", one, "query", lambda shop, request, _body: self._get(shop, request).shown()),
            ("POST", f"{one}/close", "close", self._close),
            ("POST", f"{one}/refunds", "refund", self._refund),
            ("GET", f"{one}/refunds/{{out_refund_no}}", "query_refund", self._query_refund),
        ]
        return [
            Route(method=method, path=path, operation=name, handler=self._guarded(work))
            for method, path, name, work in table
        ]

    def open_account(self, merchant: Merchant) -> None:
        shop = Shop(pid=merchant.pid, number=self._world.ids.digits(8), key=self._world.ids.hex(32))
        merchant.accounts[self.name] = self._shops[shop.number] = shop

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        shop: Shop = merchant.accounts[self.name]
        return {self.name: {"h5": {"appId": "sample", "mchId": shop.number, "key": shop.key}}}

    def subject_of(self, request: Request, operation: str) -> str | None:
        if operation == "create":
            return str(_body(request).get("out_trade_no", "")) or None
        return request.params.get("out_trade_no")

    def error_codes(self) -> frozenset[str]:
        return frozenset(CODES)

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code not in CODES:
            raise SimulatorError(
                f"SamplePay has no code {code!r}. Choose one of: {', '.join(sorted(CODES))}."
            )
        return self._answer(
            self._shop(request), CODES[code], {"code": code, "message": "asked for by a fault"}
        )

    def spoil_signature(self, answer: Answer) -> Answer:
        spoilt = CIMultiDict(answer.headers)
        spoilt[SIGNATURE] = "0" * 64
        return replace(answer, headers=spoilt)

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, headers=outgoing.headers | {SIGNATURE: "0" * 64})

    def orders(self) -> list[OrderView]:
        return [order.view() for order in self._orders.values()]

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        order = self._payable(out_trade_no, pid)
        order.state = STATES.check(order.state, "PAID")
        order.number, order.paid_ms = self._world.ids.digits(20), self._world.clock.now()
        self._world.notify(
            Delivery(
                id=f"sample-{order.number}",
                provider=self.name,
                event="PAID",
                subject=out_trade_no,
                url=order.notify_url,
                build=lambda _attempt: self._outgoing(order),
                accepts=lambda status, body: status == 200 and body == b"ok",
                pauses=PAUSES,
            )
        )
        return order.view()

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._payable(out_trade_no, pid).view()

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._payable(out_trade_no, pid).view()

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        found = [
            order.refunds[out_refund_no] for order in self._orders.values() if out_refund_no in order.refunds
        ]
        if not found:
            raise SimulatorError(f"SamplePay knows no refund {out_refund_no!r}.", 404)
        return found[0]

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError("SamplePay has no transfers.", 404)

    def reset(self) -> None:
        self._orders.clear()

    def _guarded(self, work: Work) -> Handler:
        def handle(request: Request) -> Answer:
            shop = self._shop(request)
            try:
                self._authenticate(shop, request)
                return self._answer(shop, 200, work(self._known(shop), request, _body(request)))
            except Refusal as refused:
                answer = self._answer(
                    shop, CODES[refused.code], {"code": refused.code, "message": str(refused)}
                )
                answer.explain = str(refused)
                return answer

        return handle

    def _shop(self, request: Request) -> Shop | None:
        return self._shops.get(request.headers.get("Sample-Shop", ""))

    @staticmethod
    def _known(shop: Shop | None) -> Shop:
        assert shop is not None  # it has been authenticated
        return shop

    @staticmethod
    def _authenticate(shop: Shop | None, request: Request) -> None:
        signed = f"{request.method} {request.target}\n".encode() + request.body
        if shop is None or not hmac.compare_digest(
            request.headers.get(SIGNATURE, "").encode(), _sign(shop, signed).encode()
        ):
            raise Refusal(
                "BAD_SIGNATURE", "No shop of that number, or not its key: take both of its config row."
            )

    def _answer(self, shop: Shop | None, status: int, content: dict[str, Any]) -> Answer:
        body = json.dumps(content).encode()
        headers = CIMultiDict({"Content-Type": "application/json"})
        if shop is not None:
            headers[SIGNATURE] = _sign(shop, body)
        return Answer(status=status, body=body, headers=headers)

    def _outgoing(self, order: Order) -> Outgoing:
        body = json.dumps(order.shown()).encode()
        return Outgoing(
            headers={SIGNATURE: _sign(order.shop, body), "Content-Type": "application/json"}, body=body
        )

    def _create(self, shop: Shop, _request: Request, body: dict[str, Any]) -> dict[str, Any]:
        number, total = body.get("out_trade_no"), body.get("total")
        if not isinstance(number, str) or not isinstance(total, int) or total < 1:
            raise Refusal("BAD_REQUEST", "out_trade_no is a text, total a whole number of fen from 1 on.")
        order = self._orders.setdefault(
            (shop.number, number),
            Order(
                shop=shop,
                out_trade_no=number,
                total=total,
                notify_url=str(body.get("notify_url")),
                created_ms=self._world.clock.now(),
            ),
        )
        if order.total != total or order.state != "WAITING":
            raise Refusal("WRONG_STATE", f"Order {number} is {order.state}, of {order.total} fen.")
        return order.shown() | {"code": f"sample://pay/{number}"}

    def _close(self, shop: Shop, request: Request, _body: dict[str, Any]) -> dict[str, Any]:
        order = self._get(shop, request)
        if order.state != "WAITING":
            raise Refusal("WRONG_STATE", f"Order {order.out_trade_no} is {order.state}.")
        order.state = STATES.check(order.state, "CLOSED")
        return order.shown()

    def _refund(self, shop: Shop, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        order, number, amount = self._get(shop, request), body.get("out_refund_no"), body.get("amount")
        if not isinstance(number, str) or not isinstance(amount, int) or amount < 1:
            raise Refusal("BAD_REQUEST", "out_refund_no is a text, amount a whole number of fen from 1 on.")
        if order.state != "PAID":
            raise Refusal("WRONG_STATE", f"Order {order.out_trade_no} is {order.state}.")
        if number not in order.refunds and order.refunded + amount > order.total:
            raise Refusal("TOO_MUCH", f"{order.total - order.refunded} fen are left.")
        made = {
            "out_refund_no": number,
            "amount": amount,
            "number": self._world.ids.digits(20),
            "made_at": self._world.clock.now(),
        }
        return order.refunds.setdefault(number, made)

    def _query_refund(self, shop: Shop, request: Request, _body: dict[str, Any]) -> dict[str, Any]:
        order, number = self._get(shop, request), request.params["out_refund_no"]
        if number not in order.refunds:
            raise Refusal("NO_SUCH", f"Order {order.out_trade_no} has no refund {number}.")
        return order.refunds[number]

    def _get(self, shop: Shop, request: Request) -> Order:
        number = request.params["out_trade_no"]
        order = self._orders.get((shop.number, number))
        if order is None:
            raise Refusal("NO_SUCH", f"Shop {shop.number} has no order {number}.")
        return order

    def _payable(self, out_trade_no: str, pid: str | None) -> Order:
        found = [
            order
            for order in self._orders.values()
            if order.out_trade_no == out_trade_no and pid in (None, order.shop.pid)
        ]
        if not found:
            raise SimulatorError(f"SamplePay knows no order {out_trade_no!r}.", 404)
        if found[0].state != "WAITING":
            raise SimulatorError(f"SamplePay order {out_trade_no} is {found[0].state}: create another.", 409)
        return found[0]


def _sign(shop: Shop, content: bytes) -> str:
    return hmac.new(shop.key.encode(), content, hashlib.sha256).hexdigest()


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
