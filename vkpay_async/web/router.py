"""Every address of the web side, for any framework: a request and its body in, a reply out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from vkpay_async.notify.routes import PAYMENT, TRANSFER, TRANSFER_AUTH, parse_path
from vkpay_async.pay_type import split_pay_type
from vkpay_async.registry import REGISTRY, about
from vkpay_async.web.cross_origin import Origins
from vkpay_async.web.exchange import Reply, Request, json_reply, text_reply

if TYPE_CHECKING:
    from vkpay_async.client import VKPay
    from vkpay_async.web.front_door import FrontDoor

BODY_TIMEOUT_S = 10.0
"""How long a body may take to arrive; the providers themselves give up after five seconds or so."""

READY_TIMEOUT_S = 2.0

ROUTES = (
    f"/{PAYMENT}/{{pay_type}}/{{out_trade_no}}",
    f"/{PAYMENT}/{{pay_type}}/-/{{pid}}",
    f"/{PAYMENT}/{{pay_type}}",
    f"/{PAYMENT}/",
    f"/{PAYMENT}",
    f"/{TRANSFER}/{{pay_type}}/{{out_bill_no}}/{{pid}}",
    f"/{TRANSFER_AUTH}/{{pay_type}}/{{out_authorization_no}}/{{pid}}",
    "/health",
    "/ready",
)

log = logging.getLogger("vkpay_async.web")

Answer = Callable[[Request, bytes], Awaitable[Reply]]
Body: TypeAlias = bytes | AsyncIterator[bytes]
"""What is there already, or comes in pieces."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What answers at an address. A body is read up to a little more than ``limit`` bytes."""

    methods: tuple[str, ...]
    answer: Answer
    limit: int = 0


class Router:
    """The notify routes, ``/health`` and ``/ready``, and at ``/`` the front door where there is one."""

    def __init__(self, pay: VKPay, front_door: FrontDoor | None = None) -> None:
        self._pay = pay
        notify = Endpoint(methods=("POST",), answer=self._notify, limit=pay.config.max_notification)
        look = ("GET", "HEAD")
        self._endpoints = {
            (PAYMENT, 3): notify,
            (PAYMENT, 4): notify,
            (PAYMENT, 2): notify,
            (PAYMENT, 1): notify,
            (TRANSFER, 4): notify,
            (TRANSFER_AUTH, 4): notify,
            ("health", 1): Endpoint(methods=look, answer=_health),
            ("ready", 1): Endpoint(methods=look, answer=self._ready),
        }
        self._origins = Origins(())
        if front_door is not None:
            self._origins = front_door.origins
            self._endpoints["", 1] = Endpoint(
                methods=("POST",), answer=front_door.answer, limit=front_door.max_body
            )

    def answer(self, request: Request, body: Body) -> Awaitable[Reply]:
        """Never raises for what a client does. A framework's own errors while reading pass through."""
        endpoint = self._find(request.path)
        if endpoint is None:
            return _not_found()
        if not self._origins or endpoint is not self._endpoints["", 1]:
            return self._answer(endpoint, request, body)
        return self._answer_to_page(endpoint, request, body)

    async def _answer_to_page(self, endpoint: Endpoint, request: Request, body: Body) -> Reply:
        if request.method == "OPTIONS":
            return self._origins.preflight(request)
        return self._origins.marked(request, await self._answer(endpoint, request, body))

    def _find(self, path: str) -> Endpoint | None:
        parts = path.removeprefix("/").split("/")
        if parts == [PAYMENT, ""]:
            parts = [PAYMENT]
        if not all(parts[1:]) or (parts[0] == PAYMENT and len(parts) == 4 and parts[2] != "-"):
            return None
        return self._endpoints.get((parts[0], len(parts)))

    async def _answer(self, endpoint: Endpoint, request: Request, body: Body) -> Reply:
        if request.method not in endpoint.methods and not self._is_check(endpoint, request):
            return text_reply(405, "405: Method Not Allowed", Allow=", ".join(endpoint.methods))
        if endpoint.limit and "content-encoding" in request.headers:
            # No provider compresses, and a small body could become a large one.
            return text_reply(415, "415: Unsupported Media Type: send the body without Content-Encoding")
        if isinstance(body, bytes):
            return await endpoint.answer(request, body)
        try:
            # Nobody waits for the body of a request that wants none.
            whole = await _received(body, endpoint.limit) if endpoint.limit else b""
        except TimeoutError:
            return text_reply(408, "408: Request Timeout")
        return await endpoint.answer(request, whole)

    def _is_check(self, endpoint: Endpoint, request: Request) -> bool:
        """Whether a provider checks the address: some do with a GET."""
        if endpoint.answer != self._notify or request.method != "GET":
            return False
        provider = split_pay_type(parse_path(request.path).pay_type)[0]
        return provider in REGISTRY and about(provider).answers_get

    async def _notify(self, request: Request, body: bytes) -> Reply:
        result = await self._pay.handle_notification(
            path=request.full_path,
            headers=request.headers,
            body=body,
            method=request.method,
            query=request.query,
        )
        reply = result.reply
        return Reply(status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type})

    async def _ready(self, request: Request, body: bytes) -> Reply:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._pay.orders.get(
                    ""
                )  # no order has this number: it asks the table and finds nothing
        except Exception as error:  # noqa: BLE001 - whatever it is, the database cannot be used
            log.warning("not ready: the database cannot be reached: %s", type(error).__name__)
            return json_reply({"status": "unavailable", "database": "unreachable"}, 503)
        return json_reply({"status": "ok", "database": "ok"})


async def _not_found() -> Reply:
    return text_reply(404, "404: Not Found")


async def _health(request: Request, body: bytes) -> Reply:
    return json_reply({"status": "ok"})


async def _received(body: AsyncIterator[bytes], limit: int) -> bytes:
    """The body, or a little more than ``limit`` of it: the endpoint then says in its own words that it is too large."""
    received = bytearray()
    async with asyncio.timeout(BODY_TIMEOUT_S):
        async for chunk in body:
            received += chunk
            if len(received) > limit:
                break
    return bytes(received)
