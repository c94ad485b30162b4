"""The control API under ``/_sim/``: JSON in, JSON out, every error with what to do."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from vkpay_simulator import actions
from vkpay_simulator.faults import Active, parse_fault
from vkpay_simulator.journal import Entry
from vkpay_simulator.providers.base import Merchant, SimulatorError
from vkpay_simulator.rows import config_row
from vkpay_simulator.world import World

log = logging.getLogger(__name__)

PREFIX = "/_sim/"
B = TypeVar("B", bound=actions.Body)
Handler = Callable[[web.Request], Awaitable[Any]]
Act = Callable[[World, B], Awaitable[Any]]


class Control:
    """The handlers. Each gives the value that goes out as JSON, or raises :class:`SimulatorError`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            _get("health", self.health),
            _get("merchants", self.merchants),
            _post("merchants", self.add_merchant, 201),
            _get("merchants/{pid}", self.merchant),
            _post("merchants/{pid}", self.change_merchant),
            _post("pay", self._acting(actions.Buyer, actions.pay)),
            _post("scan", self._acting(actions.Buyer, actions.scan)),
            _post("cancel", self._acting(actions.Buyer, actions.cancel)),
            _post("refund", self._acting(actions.Refund, actions.refund)),
            _post("transfer", self._acting(actions.Transfer, actions.transfer)),
            _post("authorization", self._acting(actions.Authorization, actions.authorization)),
            _post("login", self._acting(actions.Login, actions.login)),
            _get("orders", self.orders),
            _get("orders/{out_trade_no}", self.order),
            _get("deliveries", self.deliveries),
            _post("deliveries/{id}/resend", self.resend),
            _get("journal", self.journal),
            _get("clock", self.clock),
            _post("clock", self._acting(actions.Step, actions.advance)),
            _get("faults", self.faults),
            _post("faults", self.add_fault, 201),
            web.delete(PREFIX + "faults", _json(self.clear_faults, 200)),
            _post("reset", self.reset),
            web.route("*", PREFIX + "{rest:.*}", _json(self.unknown, 404)),
        ]

    async def health(self, _request: web.Request) -> dict[str, str]:
        return {"status": "ok"}

    async def merchants(self, _request: web.Request) -> dict[str, Any]:
        return {"merchants": [_summary(merchant) for merchant in self._world.merchants.values()]}

    async def merchant(self, request: web.Request) -> dict[str, Any]:
        return config_row(self._world, request.match_info["pid"], origin(request))

    async def add_merchant(self, request: web.Request) -> dict[str, Any]:
        body = await _read(request, actions.NewMerchant)
        merchant = self._world.add_merchant(pid=body.pid, kind=body.kind, notify_url=body.notify_url)
        return {"pid": merchant.pid, **config_row(self._world, merchant.pid, origin(request))}

    async def change_merchant(self, request: web.Request) -> dict[str, Any]:
        merchant = self._world.merchant(request.match_info["pid"])
        merchant.notify_url = (await _read(request, actions.MerchantChange)).notify_url
        return _summary(merchant)

    async def orders(self, request: web.Request) -> dict[str, Any]:
        return {"orders": actions.orders(self._world, **_query(request, "provider", "pid"))}

    async def order(self, request: web.Request) -> Any:
        number = request.match_info["out_trade_no"]
        return actions.find_order(self._world, number, **_query(request, "provider", "pid"))

    async def deliveries(self, _request: web.Request) -> dict[str, Any]:
        return {"deliveries": actions.deliveries(self._world)}

    async def resend(self, request: web.Request) -> actions.DeliveryView:
        return await actions.resend(self._world, request.match_info["id"])

    async def journal(self, request: web.Request) -> dict[str, list[Entry]]:
        asked = _query(request, "provider", "operation", "out_trade_no", "limit")
        limit = asked.pop("limit", "100")
        if not (limit.isascii() and limit.isdigit() and int(limit)):
            raise SimulatorError(f"limit={limit}: give a number from 1.")
        return {"entries": self._world.journal.find(limit=int(limit), **asked)}

    async def clock(self, _request: web.Request) -> actions.ClockView:
        return actions.clock(self._world)

    async def faults(self, _request: web.Request) -> dict[str, list[Active]]:
        return {"faults": self._world.faults.list()}

    async def add_fault(self, request: web.Request) -> Active:
        return self._world.faults.add(parse_fault(await request.read()))

    async def clear_faults(self, _request: web.Request) -> dict[str, str]:
        self._world.faults.clear()
        return {"status": "ok"}

    async def reset(self, request: web.Request) -> dict[str, str]:
        await _read(request, actions.Body)
        self._world.reset()
        return {"status": "ok"}

    async def unknown(self, request: web.Request) -> None:
        known = sorted({route.path.removeprefix(PREFIX) for route in self.routes()[:-1]})
        raise SimulatorError(
            f"There is no {request.method} {request.path}: there are {', '.join(known)}.", 404
        )

    def _acting(self, model: type[B], act: Act[B]) -> Handler:
        async def handle(request: web.Request) -> Any:
            return await act(self._world, await _read(request, model))

        return handle


def origin(request: web.Request) -> str:
    """Scheme, host and port as the client wrote them."""
    return f"{request.scheme}://{request.host}"


def _get(path: str, handler: Handler) -> web.RouteDef:
    return web.get(PREFIX + path, _json(handler, 200), allow_head=False)


def _post(path: str, handler: Handler, status: int = 200) -> web.RouteDef:
    return web.post(PREFIX + path, _json(handler, status))


def _json(handler: Handler, status: int) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return _response(await handler(request), status)
        except SimulatorError as error:
            return _response({"error": str(error)}, error.status)
        except web.HTTPRequestEntityTooLarge:
            return _response({"error": "The body is too large for a control call."}, 413)
        except Exception:
            log.exception("%s %s failed: this is a bug of the simulator", request.method, request.path)
            return _response({"error": "The simulator failed: its log has the trace. Please report it."}, 500)

    return answer


def _response(value: Any, status: int) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def _summary(merchant: Merchant) -> dict[str, str]:
    return {
        "pid": merchant.pid,
        "kind": merchant.kind,
        "name": merchant.name,
        "notifyUrl": merchant.notify_url,
    }


async def _read(request: web.Request, model: type[B]) -> B:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(model.__struct_fields__) or "none"
        raise SimulatorError(f"{error}. The body is a JSON object; its fields: {known}.") from error


def _query(request: web.Request, *known: str) -> dict[str, str]:
    if unknown := sorted(request.query.keys() - set(known)):
        raise SimulatorError(f"Unknown in the query: {', '.join(unknown)}. Known: {', '.join(known)}.")
    return dict(request.query)
