"""The world behind a socket: the only file that speaks aiohttp for the providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from functools import lru_cache
from typing import cast

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict

from vkpay_simulator.control import Control, origin
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.explain import of_answer, of_unknown
from vkpay_simulator.faults import Target
from vkpay_simulator.handling import Endpoint, Outcome, write
from vkpay_simulator.outbound import HttpPost, open_session
from vkpay_simulator.page import Page
from vkpay_simulator.pump import Pump
from vkpay_simulator.shortcuts import Shortcuts
from vkpay_simulator.world import World

BODY_BYTES = 8 * 1024 * 1024
WORLD = web.AppKey("world", World)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(world: World) -> web.Application:
    """The simulator as an aiohttp application: every provider's endpoints, the control API at ``/_sim/``, a page at ``/``."""
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_unrouted(world)])
    app[WORLD] = world
    for method, path, endpoint in _endpoints(world):
        app.router.add_route(method, path, _routed(world, endpoint))
    app.add_routes(Page(world).routes())
    app.add_routes(Control(world).routes())
    app.cleanup_ctx.append(_running(world))
    return app


async def started(app: web.Application, shutdown_timeout: float = 60.0) -> web.AppRunner:
    """A runner of what :func:`build_app` gives, set up and without a site. It answers most requests without the application's router."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    server = cast("web.Server", runner.server)
    past = _past_the_router(app[WORLD], server.request_handler)
    server.request_handler = cast("Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]", past)
    return runner


def _endpoints(world: World) -> list[tuple[str, str, Endpoint]]:
    return [
        (route.method, route.path, Endpoint(world, provider, route))
        for provider in world.providers.values()
        for route in provider.routes()
    ]


def _past_the_router(world: World, application: Handler) -> Handler:
    find = Shortcuts(_endpoints(world)).find

    async def handle(request: web.Request) -> web.StreamResponse:
        found = find(request.method, request.raw_path.partition("?")[0])
        if found is None or hdrs.EXPECT in request.headers:
            return await application(request)
        try:
            return await _answered(world, found[0], request, found[1])
        except web.HTTPException as error:
            return _refused(world, request, error)

    return handle


def _routed(world: World, endpoint: Endpoint) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await _answered(world, endpoint, request, dict(request.match_info))

    return handle


async def _answered(
    world: World, endpoint: Endpoint, request: web.Request, params: dict[str, str]
) -> web.StreamResponse:
    body = await request.read() if request.body_exists else b""
    outcome = await endpoint.handle(_request(request, body, params))
    if outcome.answer is None:
        return _hung_up(request)
    if outcome.keep_bytes is not None:
        return await _cut_off(world, request, outcome.answer, outcome.keep_bytes)
    headers = _headers(world, outcome.answer)
    return web.Response(status=outcome.answer.status, body=outcome.answer.body, headers=headers)


def _request(request: web.Request, body: bytes, params: dict[str, str]) -> Request:
    return Request(
        method=request.method,
        target=_target(request.raw_path),
        headers=request.headers,
        body=body,
        origin=origin(request),
        params=params,
    )


def _target(raw: str) -> str:
    """The request line's target without the scheme and host that a client behind a proxy puts there."""
    if "://" not in raw.partition("?")[0]:
        return raw
    _, slash, rest = raw.partition("://")[2].partition("/")
    return slash + rest or "/"


def _headers(world: World, answer: Answer) -> CIMultiDict[str]:
    headers = answer.headers.copy()
    headers.setdefault(hdrs.DATE, _date(world.signing_ms() // 1000))
    return headers


@lru_cache(maxsize=2)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _hung_up(request: web.Request) -> web.Response:
    _close(request)
    return web.Response()


async def _cut_off(world: World, request: web.Request, answer: Answer, keep_bytes: int) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_headers(world, answer))
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[:keep_bytes])
    _close(request)
    return response


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _unrouted(world: World) -> Middleware:
    """What no route takes: an empty body with the right status, and a line in the journal that says why."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _refused(world, request, error)

    return middleware


def _refused(world: World, request: web.Request, error: web.HTTPException) -> web.Response:
    answer = Answer(status=error.status, explain=_why(world, request, error))
    if hdrs.ALLOW in error.headers:
        answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    _record(world, request, answer)
    return web.Response(status=answer.status, headers=_headers(world, answer))


def _why(world: World, request: web.Request, error: web.HTTPException) -> str:
    if error.status not in (404, 405):
        return of_answer(Answer(status=error.status), ())
    known = [
        (route.method, route.path) for provider in world.providers.values() for route in provider.routes()
    ]
    return of_unknown(request.method, request.path, known)


def _record(world: World, request: web.Request, answer: Answer) -> None:
    target = Target(provider=None, operation=None, path=request.path, out_trade_no=None)
    seen = Request(method=request.method, target=request.raw_path, headers=request.headers)
    write(world, seen, Outcome(answer=answer), target, explain=answer.explain)


def _running(world: World) -> Callable[[web.Application], AsyncIterator[None]]:
    """While the application runs, notifications can leave and real time makes things due."""

    async def context(_app: web.Application) -> AsyncIterator[None]:
        async with open_session() as session:
            world.sender.post = HttpPost(session)
            pump = Pump(world)
            yield
            await pump.stop()
            world.sender.cancel()
            await world.sender.settled()

    return context
