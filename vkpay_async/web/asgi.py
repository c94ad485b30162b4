"""ASGI: ``app.mount("/pay", VKPayApp(pay))`` in Starlette and FastAPI, or served on its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vkpay_async.web.exchange import Reply, Request, below, joined_headers
from vkpay_async.web.router import Router

if TYPE_CHECKING:
    from vkpay_async.client import VKPay
    from vkpay_async.web.front_door import FrontDoor

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class _ClientGone(Exception):
    """The connection ended before the body did: nobody is left to answer."""


class VKPayApp:
    """An ASGI 3 application: the notify routes, ``/health`` and ``/ready``; ``front_door`` answers at ``/``.

    Served on its own it opens and closes ``pay``, and runs the jobs meanwhile. Mounted, it is not told of the start and the end: give the outer
    application ``lifespan=pay.lifespan``.
    """

    def __init__(self, pay: VKPay, *, front_door: FrontDoor | None = None) -> None:
        self._pay = pay
        self._router = Router(pay, front_door)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._router.answer(_request(scope), _chunks(receive))
        except _ClientGone:
            return
        await _send(reply, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as running:
            try:
                await running.enter_async_context(self._pay.lifespan())
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _request(scope: Scope) -> Request:
    path = raw_path(scope)
    root: str = scope.get("root_path", "").rstrip("/")
    mounted = f"{scope['path']}/".startswith(f"{root}/")  # servers differ on whether path holds root_path
    headers = scope["headers"]
    return Request(
        method=scope["method"],
        path=below(path, root if mounted else ""),
        full_path=path,
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=joined_headers(
            [name.decode("latin-1") for name, _ in headers], [value.decode("latin-1") for _, value in headers]
        ),
        peer=(scope.get("client") or (None,))[0],
    )


def raw_path(scope: Scope) -> str:
    """The path as it stood on the wire, or, where a server does not tell, as it must have been."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("latin-1").partition("?")[0]


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def _send(reply: Reply, send: Send) -> None:
    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": reply.body})
