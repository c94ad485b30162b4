"""The page at ``/``: what a world holds, and buttons for what the control API does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator import actions
from vkpay_simulator.control import origin
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.ui.console import Said, Shown, page
from vkpay_simulator.ui.phones import PHONES, Phone, body_of
from vkpay_simulator.world import World

KEPT = 50
JOURNAL = 30
Given = Mapping[str, str]
Act = Callable[[Given, str], Awaitable[Any]]

_BODIES: dict[str, tuple[type[actions.Body], Callable[[World, Any], Awaitable[Any]]]] = {
    "pay": (actions.Buyer, actions.pay),
    "scan": (actions.Buyer, actions.scan),
    "cancel": (actions.Buyer, actions.cancel),
    "refund": (actions.Refund, actions.refund),
    "transfer": (actions.Transfer, actions.transfer),
    "authorization": (actions.Authorization, actions.authorization),
    "login": (actions.Login, actions.login),
    "clock": (actions.Step, actions.advance),
}


class Page:
    """The handlers. What came of a button is shown once the browser has come back with a GET."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._said: dict[str, Said] = {}
        self._numbers = itertools.count(1)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show, allow_head=False),
            web.post("/_sim/page/{act}", self.do),
        ]

    async def show(self, request: web.Request) -> web.Response:
        wanted = request.query.get("provider")
        provider = wanted if wanted in self._world.providers else None
        shown = Shown(
            clock=actions.clock(self._world),
            providers=tuple(self._world.providers),
            provider=provider,
            orders=sorted(
                actions.orders(self._world, provider=provider), key=lambda one: one.created_ms, reverse=True
            ),
            deliveries=[
                one for one in reversed(actions.deliveries(self._world)) if provider in (None, one.provider)
            ],
            journal=self._world.journal.find(provider=provider, limit=JOURNAL)[::-1],
            said=self._said.get(request.query.get("said", "")),
        )
        return web.Response(text=page(shown), content_type="text/html", headers={"Cache-Control": "no-store"})

    async def do(self, request: web.Request) -> web.Response:
        if request.headers.get("Origin", origin(request)) != origin(request):
            return web.Response(status=403, text="Only the simulator's own page may press its buttons.")
        given = {name: str(value) for name, value in (await request.post()).items()}
        narrowed = given.pop("narrowed", None)
        act = request.match_info["act"]
        number = self._keep(await self._outcome(act, given, origin(request)))
        query = urlencode({"said": number} | ({"provider": narrowed} if narrowed else {}))
        return web.Response(status=303, headers={"Location": f"/?{query}"})

    async def _outcome(self, act: str, given: Given, own: str) -> Said:
        title = f"{act} {given.get('call', '')}".strip()
        try:
            result = await self._acts(act)(given, own)
        except SimulatorError as error:
            return Said(title=title, text=str(error), failed=True)
        except msgspec.ValidationError as error:
            return Said(title=title, text=f"{error}.", failed=True)
        text = json.dumps(msgspec.to_builtins(result), ensure_ascii=False, indent=2)
        return Said(title=title, text=text)

    def _acts(self, act: str) -> Act:
        own: dict[str, Act] = {"phone": self._phone, "resend": self._resend, "reset": self._reset}
        if act in own:
            return own[act]
        if act in _BODIES:
            return lambda given, _: self._common(act, given)
        raise SimulatorError(f"There is no button {act!r}.", 404)

    async def _common(self, act: str, given: Given) -> Any:
        model, run = _BODIES[act]
        said = {name: text.strip() for name, text in given.items() if text.strip()}
        return await run(self._world, msgspec.convert(said, model))

    async def _resend(self, given: Given, _own: str) -> Any:
        return await actions.resend(self._world, given.get("id", ""))

    async def _reset(self, _given: Given, _own: str) -> dict[str, str]:
        self._world.reset()
        return {"status": "ok"}

    async def _phone(self, given: Given, own: str) -> Any:
        """A provider's own call, as if it had come over the wire; what it notifies of is on its way when this answers."""
        phone = next((one for one in PHONES if one.call == given.get("call")), None)
        route = None if phone is None else self._route(phone)
        if phone is None or route is None:
            raise SimulatorError(f"There is no call {given.get('call', '')[:80]!r} here.", 404)
        body = msgspec.json.encode(body_of(phone, given))
        request = Request(
            method="POST",
            target=route.path,
            headers=CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json"})),
            body=body,
            origin=own,
        )
        answer = await actions.notified(self._world, True, lambda: route.handler(request))
        return _read(answer)

    def _route(self, phone: Phone) -> Route | None:
        provider = self._world.providers.get(phone.provider)
        routes = () if provider is None else provider.routes()
        return next((route for route in routes if route.path == f"/_sim/{phone.call}"), None)

    def _keep(self, said: Said) -> str:
        number = str(next(self._numbers))
        self._said[number] = said
        if len(self._said) > KEPT:
            del self._said[next(iter(self._said))]
        return number


def _read(answer: Answer) -> Any:
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        found = {"error": answer.explain or answer.body.decode(errors="replace")}
    if answer.status >= 400:
        raise SimulatorError(str(found.get("error", found)) if isinstance(found, dict) else str(found))
    return found
