"""The web side under each framework, mounted at ``/deep/pay``, behind one way of calling it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import unquote

import django
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, RawTestServer, TestClient, TestServer
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.test import AsyncClient, override_settings
from django.urls import include
from django.urls import path as django_path
from starlette.applications import Starlette
from starlette.routing import Mount
from yarl import URL

from vkpay_async import VKPay
from vkpay_async.web.aiohttp import vkpay_app, vkpay_handler
from vkpay_async.web.asgi import VKPayApp
from vkpay_async.web.django import vkpay_urls
from vkpay_async.web.front_door import FrontDoor

if not settings.configured:
    # Django's own limit is far below ours: a notification must not run into it.
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="for tests",
        LOGGING_CONFIG=None,
        DATA_UPLOAD_MAX_MEMORY_SIZE=1000,
        MIDDLEWARE=[
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
    )
    django.setup()

PREFIX = "/deep/pay"
Body = bytes | AsyncIterator[bytes]
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


Call = Callable[..., Awaitable[Answer]]


async def asgi_call(
    app: AsgiApp,
    method: str,
    target: str,
    body: Body = b"",
    headers: dict[str, str] | None = None,
    **scope: Any,
) -> Answer | None:
    """One request as a server hands it to an application. ``None`` when nothing was answered."""
    path, _, query = target.partition("?")
    pairs = [(k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()]
    whole = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("shop.example", 80),
        "client": ("203.0.113.9", 50000),
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"shop.example"), *pairs],
        **scope,
    }
    sent: list[Message] = []
    messages = _received(body)

    async def receive() -> Message:
        with contextlib.suppress(StopAsyncIteration):
            return await anext(messages)
        await asyncio.Event().wait()  # silence until the client goes
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await app(whole, receive, send)
    if not sent:
        return None
    answer = {k.decode().lower(): v.decode("latin-1") for k, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], answer, b"".join(part.get("body", b"") for part in sent[1:]))


async def _received(body: Body) -> AsyncIterator[Message]:
    """Two pieces and an empty end, as a server may cut it."""
    if isinstance(body, bytes):
        half = len(body) // 2
        yield {"type": "http.request", "body": body[:half], "more_body": True}
        yield {"type": "http.request", "body": body[half:], "more_body": True}
    else:
        async for chunk in body:
            yield {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request"}


@asynccontextmanager
async def asgi_lifespan(app: AsgiApp) -> AsyncIterator[list[Message]]:
    """Start and end, as a server tells of them. Gives what the application said."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    said: list[Message] = []
    answered = asyncio.Event()

    async def send(message: Message) -> None:
        said.append(message)
        answered.set()

    running = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, told.get, send))
    await told.put({"type": "lifespan.startup"})
    await answered.wait()
    yield said
    await told.put({"type": "lifespan.shutdown"})
    await running


@asynccontextmanager
async def aiohttp_stack(pay: VKPay, front_door: FrontDoor | None = None) -> AsyncIterator[Call]:
    app = web.Application()
    app.add_subapp(PREFIX, vkpay_app(pay, front_door=front_door))
    async with _aiohttp_calling(TestServer(app)) as call:
        yield call


@asynccontextmanager
async def aiohttp_server_stack(pay: VKPay, front_door: FrontDoor | None = None) -> AsyncIterator[Call]:
    """As ``vkpay serve`` does it, without an application."""
    server = RawTestServer(vkpay_handler(pay, front_door=front_door, prefix=PREFIX))
    async with pay, pay.jobs_running(), _aiohttp_calling(server) as call:
        yield call


@asynccontextmanager
async def _aiohttp_calling(server: BaseTestServer) -> AsyncIterator[Call]:
    async with TestClient(server) as client:

        async def call(
            method: str, path: str, body: Body = b"", headers: dict[str, str] | None = None
        ) -> Answer:
            data = io.BytesIO(body) if isinstance(body, bytes) else body
            async with client.request(method, URL(path, encoded=True), data=data, headers=headers) as reply:
                answer = {name.lower(): value for name, value in reply.headers.items()}
                return Answer(reply.status, answer, await reply.read())

        yield call


def _calling(app: AsgiApp, **scope: Any) -> Call:
    async def call(*args: Any, **more: Any) -> Answer:
        answer = await asgi_call(app, *args, **more, **scope)
        assert answer is not None
        return answer

    return call


@asynccontextmanager
async def asgi_stack(pay: VKPay, front_door: FrontDoor | None = None) -> AsyncIterator[Call]:
    """A server that was told ``--root-path /deep/pay``."""
    app = VKPayApp(pay, front_door=front_door)
    async with asgi_lifespan(app):
        yield _calling(app, root_path=PREFIX)


@asynccontextmanager
async def starlette_stack(pay: VKPay, front_door: FrontDoor | None = None) -> AsyncIterator[Call]:
    mount = Mount(PREFIX, VKPayApp(pay, front_door=front_door))
    app = Starlette(routes=[mount], lifespan=pay.lifespan)
    async with asgi_lifespan(app):
        yield _calling(app)


def django_urls(patterns: list[Any]) -> Any:
    urls = ModuleType("urls")
    urls.urlpatterns = patterns  # type: ignore[attr-defined]
    return override_settings(ROOT_URLCONF=urls)


def _mounted(pay: VKPay, front_door: FrontDoor | None) -> Any:
    return django_urls([django_path(f"{PREFIX[1:]}/", include(vkpay_urls(pay, front_door=front_door)))])


@asynccontextmanager
async def django_stack(pay: VKPay, front_door: FrontDoor | None = None) -> AsyncIterator[Call]:
    client = AsyncClient(enforce_csrf_checks=True)

    async def call(
        method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        headers = dict(headers or {})
        kind = headers.pop("Content-Type", "application/octet-stream")
        reply = await client.generic(method, path, body, kind, headers=headers)
        return Answer(reply.status_code, {k.lower(): v for k, v in reply.items()}, reply.content)

    with _mounted(pay, front_door):
        async with pay:
            yield call


@asynccontextmanager
async def django_asgi_stack(pay: VKPay, front_door: FrontDoor | None = None) -> AsyncIterator[Call]:
    """Django's whole ASGI application, as a server runs it."""
    with _mounted(pay, front_door):
        async with pay:
            yield _calling(get_asgi_application())


STREAMING = {
    "aiohttp": aiohttp_stack,
    "aiohttp-server": aiohttp_server_stack,
    "asgi": asgi_stack,
    "starlette": starlette_stack,
}
STACKS = STREAMING | {"django": django_stack, "django-asgi": django_asgi_stack}
"""Django receives a body whole before a view sees it: how slow that may be is its server's affair."""


def tasks_running() -> set[str]:
    """The names of the loop's tasks."""
    return {task.get_name() for task in asyncio.all_tasks()}
