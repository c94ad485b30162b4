"""aiohttp: ``app.add_subapp("/pay", vkpay_app(pay))``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from vkpay_async.client import VKPay

BODY_TIMEOUT_S = 10.0
"""How long a notification may take to arrive; the providers themselves give up after five seconds or so."""


def vkpay_app(pay: VKPay) -> web.Application:
    """The notify routes as a sub-application; it opens and closes ``pay`` with the application.

    Set ``notify_url`` to the public address of the prefix it is mounted under.
    """
    app = web.Application()

    async def notify(request: web.Request) -> web.Response:
        if "Content-Encoding" in request.headers:
            raise web.HTTPUnsupportedMediaType  # no provider compresses, and a small body could become a large one
        result = await pay.handle_notification(
            path=request.rel_url.raw_path,
            headers=request.headers,
            body=await _received(request, pay.config.max_notification),
            method=request.method,
        )
        reply = result.reply
        return web.Response(
            status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type}
        )

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with pay:
            yield

    app.router.add_post("/vk-pay-notify/{pay_type}/{out_trade_no}", notify)
    app.router.add_post("/transfer-notify/{pay_type}/{out_bill_no}/{pid}", notify)
    app.cleanup_ctx.append(opened)
    return app


async def _received(request: web.Request, limit: int) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _body(request, limit)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def _body(request: web.Request, limit: int) -> bytes:
    """The body, or a little more than ``limit`` of it. The root application's own limit is not asked."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)
