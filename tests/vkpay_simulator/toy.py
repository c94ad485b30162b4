"""A provider small enough to read at once, and honest: signed answers, states, notifications with re-sends.

The core is tested with it, so that its tests say nothing about WeChat Pay or Alipay.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import structs
from multidict import CIMultiDict

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.world import World

# specs of WeChat Pay: 15 re-sends in 24 h 4 min
PAUSES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)


class Toy:
    """``name`` is a parameter, so that one world can have two of them."""

    name: ClassVar[str] = "toy"

    def __init__(self, world: World) -> None:
        self.world = world
        self._orders: dict[tuple[str, str], OrderView] = {}

    def routes(self) -> Sequence[Route]:
        base = f"/{self.name}"
        made: list[tuple[str, str, str, Callable[[Request], Answer]]] = [
            ("POST", f"{base}/orders", "create", self._create),
            ("GET", f"{base}/orders/{{out_trade_no}}", "query", self._query),
            ("POST", f"{base}/orders/{{out_trade_no}}/close", "close", self._close),
            ("GET", f"{base}/echo/{{rest:.*}}", "echo", self._echo),
            ("POST", f"{base}/broken", "broken", self._broken),
            ("GET", f"/_sim/{self.name}/settings", "settings", self._echo),
        ]
        return [
            *(
                Route(method=method, path=path, operation=operation, handler=handler)
                for method, path, operation, handler in made
            ),
            Route(
                method="GET",
                path=f"{base}/gateway",
                operation="gateway",
                handler=self._echo,
                operation_of=lambda request: request.query["method"],
            ),
        ]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.world.ids.hex(16)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        row: dict[str, Any] = {"h5": {"appId": merchant.accounts[self.name], "key": "line 1\nline 2\n"}}
        if merchant.kind == "partner":
            row["subMerchants"] = [{"subMchid": "1"}, {"subMchid": "2"}]
        return {self.name: row}

    def subject_of(self, request: Request, operation: str) -> str | None:
        if operation == "create":
            return str(msgspec.json.decode(request.body)["out_trade_no"])
        return request.params.get("out_trade_no")

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code != "SYSTEM_ERROR":
            raise SimulatorError(f"{self.name} has no code {code!r}: use SYSTEM_ERROR.")
        return self._signed(400, {"code": code, "operation": operation})

    def spoil_signature(self, answer: Answer) -> Answer:
        answer.headers["Toy-Signature"] = "spoilt"
        return answer

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, headers={**outgoing.headers, "Toy-Signature": "spoilt"})

    def orders(self) -> list[OrderView]:
        return list(self._orders.values())

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        order = self._order(pid, out_trade_no)
        if order.state != "OPEN":
            raise SimulatorError(f"{out_trade_no} is {order.state}: only an open order can be paid.", 409)
        paid = self._keep(
            structs.replace(
                order, state="PAID", paid_ms=self.world.clock.now(), payer=payer, detail={"channel": channel}
            )
        )
        self._notify(paid)
        return paid

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._keep(structs.replace(self._order(pid, out_trade_no), payer=payer))

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._keep(structs.replace(self._order(pid, out_trade_no), payer=None))

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        if not out_refund_no.startswith(self.name):
            raise SimulatorError(f"{self.name} has no refund {out_refund_no!r}.", 404)
        if status != "SUCCESS":
            raise SimulatorError("This toy only succeeds.", 409)
        return {"provider": self.name, "status": status}

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        return {"provider": self.name, "outcome": outcome, "pid": pid}

    def reset(self) -> None:
        self._orders.clear()

    def _create(self, request: Request) -> Answer:
        asked = msgspec.json.decode(request.body)
        order = self._keep(
            OrderView(
                provider=self.name,
                pid=asked.get("pid", "default"),
                out_trade_no=asked["out_trade_no"],
                transaction_id=self.world.ids.digits(28),
                product="toy",
                state="OPEN",
                total_fee=asked["total_fee"],
                refunded_fee=0,
                created_ms=self.world.clock.now(),
                paid_ms=None,
                notify_url=asked.get("notify_url"),
                payer=None,
            )
        )
        self.world.agenda.after(7200, lambda: self._expire(order))
        return self._signed(200, {"transaction_id": order.transaction_id})

    def _query(self, request: Request) -> Answer:
        found = [o for (_, number), o in self._orders.items() if number == request.params["out_trade_no"]]
        if not found:
            answer = self._signed(404, {"code": "NOT_FOUND"})
            answer.explain = "No such order."
            return answer
        return self._signed(200, {"state": found[0].state})

    def _close(self, request: Request) -> Answer:
        self._keep(structs.replace(self._order("default", request.params["out_trade_no"]), state="CLOSED"))
        return Answer(status=204)

    def _echo(self, request: Request) -> Answer:
        return self._signed(200, {"target": request.target, "origin": request.origin, "path": request.path})

    def _broken(self, request: Request) -> Answer:
        raise ZeroDivisionError

    def _expire(self, order: OrderView) -> None:
        if self._orders[order.pid, order.out_trade_no].state == "OPEN":
            self._keep(structs.replace(order, state="EXPIRED"))

    def _order(self, pid: str | None, out_trade_no: str) -> OrderView:
        return self._orders[pid or "default", out_trade_no]

    def _keep(self, order: OrderView) -> OrderView:
        self._orders[order.pid, order.out_trade_no] = order
        return order

    def _notify(self, order: OrderView) -> None:
        if order.notify_url:
            self.world.notify(
                Delivery(
                    id=self.world.ids.uuid(),
                    provider=self.name,
                    event="PAID",
                    subject=order.out_trade_no,
                    url=order.notify_url,
                    build=lambda attempt: self._outgoing(order, attempt),
                    accepts=lambda status, body: status == 200 and body == b"ok",
                    pauses=PAUSES,
                    timeout_s=0.5,
                )
            )

    def _outgoing(self, order: OrderView, attempt: int) -> Outgoing:
        answer = self._signed(200, {"out_trade_no": order.out_trade_no, "attempt": attempt})
        return Outgoing(headers=dict(answer.headers), body=answer.body)

    def _signed(self, status: int, value: dict[str, Any]) -> Answer:
        body = msgspec.json.encode(value)
        return Answer(
            status=status,
            body=body,
            headers=CIMultiDict(
                {
                    "Content-Type": "application/json; charset=utf-8",
                    "Request-ID": self.world.ids.hex(8),
                    "Toy-Signature": sign(body),
                }
            ),
        )


class Other(Toy):
    name: ClassVar[str] = "other"


def sign(body: bytes) -> str:
    return hmac.new(b"for tests", body, hashlib.sha256).hexdigest()
