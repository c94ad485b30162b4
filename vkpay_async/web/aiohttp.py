"""aiohttp: ``app.add_subapp("/pay", vkpay_app(pay))``."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from vkpay_async.web.exchange import Request, below, joined_headers, text_reply
from vkpay_async.web.router import ROUTES, Router

if TYPE_CHECKING:
    from vkpay_async.client import VKPay
    from vkpay_async.web.exchange import Reply
    from vkpay_async.web.front_door import FrontDoor


def vkpay_app(pay: VKPay, *, front_door: FrontDoor | None = None, jobs: bool = True) -> web.Application:
    """The notify routes, ``/health`` and ``/ready`` as a sub-application; it opens and closes ``pay`` with the application.

    The jobs run as long as it does, unless ``jobs`` is false: then something else has to run them, as ``vkpay worker`` does.
    Set ``notify_url`` to the public address of the prefix it is mounted under. ``front_door`` answers at ``/``.
    """
    app = web.Application()
    router = Router(pay, front_door)

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with pay, pay.jobs_running() if jobs else contextlib.nullcontext():
            yield

    for route in (*ROUTES, "/", "") if front_door else ROUTES:
        _add(app, route, router)
    app.cleanup_ctx.append(opened)
    return app


def vkpay_handler(
    pay: VKPay, *, front_door: FrontDoor | None = None, prefix: str = ""
) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """For ``aiohttp.web.Server``: the same addresses below ``prefix``, without an application around them.

    An application finds its route and makes a second request of each, which costs as much as a signature's check; where
    nothing else is served there is no need for one. Whoever serves it opens ``pay``.
    """
    router, inside = Router(pay, front_door), f"{prefix}/"

    def handle(request: web.BaseRequest) -> Awaitable[web.Response]:
        path = request.rel_url.raw_path
        if prefix and path != prefix and not path.startswith(inside):
            return _elsewhere()
        return _answered(router, request, prefix)

    return handle


def _add(app: web.Application, route: str, router: Router) -> None:
    async def view(request: web.Request) -> web.Response:
        return await _answered(router, request, resource.canonical.removesuffix(route))

    resource = app.router.add_resource(route)
    resource.add_route("*", view)


async def _elsewhere() -> web.Response:
    return _response(text_reply(404, "404: Not Found"))


async def _answered(router: Router, request: web.BaseRequest, prefix: str) -> web.Response:
    content = request.content
    # Small bodies are there with their head, and need no limit of time.
    body = content.read_nowait() if content.is_eof() else content.iter_any()
    return _response(await router.answer(_request(request, prefix), body))


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)


def _request(request: web.BaseRequest, prefix: str) -> Request:
    path = request.rel_url.raw_path
    return Request(
        method=request.method,
        path=below(path, prefix) if prefix else path,
        full_path=path,
        query=request.rel_url.raw_query_string,
        headers=joined_headers(request.headers.keys(), request.headers.values()),
        peer=request.remote,
    )
